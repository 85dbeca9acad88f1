#!/bin/sh
# The main road: backups in a row of a busy server with three tablespaces; each unpacks with a
# plain tar, verifies, starts unaided with the original's tablespaces out of reach, and is whole.
#
# PG_BASETAR_ROUNDS: how many backups (default 6; the table below is gone through in turn).
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
rounds=${PG_BASETAR_ROUNDS:-6}

# codec output suffix unpacked-with
table='
none file tar    gnu
gzip file tar.gz bsdtar
none pipe tar    busybox
gzip pipe tar.gz gnu
none file tar    bsdtar
gzip file tar.gz busybox
'

take() { # CODEC OUTPUT ARCHIVE
	case $2 in
	file) backup main -c fast -Z "$1" -l 'main road' -o "$3" ;;
	pipe)
		rm -f "$T/done"
		{ backup main -c fast -Z "$1" -l 'main road' && touch "$T/done"; } | cat >"$3"
		[ -e "$T/done" ]
		;;
	esac
	clean main
	case $1 in
	gzip) gzip -t "$3" ;;
	esac
}

# The order of the members, as plain tar lists it.
order() { # ARCHIVE
	tar -tf "$1" >"$T/list"
	[ "$(head -n 1 "$T/list")" = backup_label ]
	[ "$(tail -n 1 "$T/list")" = backup_manifest ]
	sed -n '/^global\/pg_control$/,$p' "$T/list" >"$T/tail"
	sed -n 2p "$T/tail" | grep -q '^pg_wal/[0-9A-F]\{24\}$'
	fails grep -v -e '^global/pg_control$' -e '^pg_wal/' -e '^backup_manifest$' "$T/tail"
	grep -qx 'pg_wal/' "$T/list"
	grep -qx 'pg_wal/archive_status/' "$T/list"
	lines 3 '^pg_basetar_tblspc/[0-9]*/$' "$T/list"
	lines 0 '^pg_basetar_tblspc/[0-9]*/[^P]' "$T/list"
	lines 3 '^pg_tblspc/[0-9]' "$T/list"
	lines 0 'postmaster\.\(pid\|opts\)$' "$T/list"
}

whole() { # ARCHIVE UNPACKED-WITH
	restore copy "$1" "$2"
	for link in "$T"/copy/data/pg_tblspc/*; do
		[ "$(readlink "$link")" = "../pg_basetar_tblspc/$(basename "$link")" ]
	done
	verify copy
	cluster_start copy
	sound copy
	rm -rf "$T/copy"
}

cluster_init main -k
cluster_set main max_wal_size=64MB
cluster_start main
load_init main 3
load_start main

round=0
while [ "$round" -lt "$rounds" ]; do
	while read -r codec output suffix with; do
		[ "$round" -lt "$rounds" ] || break
		[ -n "$codec" ] || continue
		round=$((round + 1))
		archive=$T/out/$round.$suffix
		echo "$archive $with" >>"$T/taken"
		t "backup $round under load: $codec to a $output" take "$codec" "$output" "$archive"
	done <<-EOT
		$table
	EOT
done
t 'the load ran all the time' loaded main
load_stop main
cluster_stop main
for space in spc1 spc2 spc3; do
	mv "$T/main/$space" "$T/main/$space.away"
done
while read -r archive with; do
	t "members in order: ${archive##*/}" order "$archive"
	t "whole, unpacked with $with: ${archive##*/}" whole "$archive" "$with"
done <"$T/taken"

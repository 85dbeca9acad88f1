#!/bin/sh
# --split: an archive for each tablespace, laid out as pg_basebackup -Ft does, restored by hand to
# new places.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/splits.sh
. "$top/tests/e2e/lib/splits.sh"

# The files of $1, with one suffix less.
names() {
	find "$1" -mindepth 1 -printf '%f\n' | sed "s/\\.tar${2:-}\$/.tar/" | sort
}

# --------------------------------------------------------------------------- the layout

files() { # SUFFIX
	[ "$(stat -c %a "$dir")" = 700 ]
	[ "$(find "$dir" -type f -perm 600 | wc -l)" -eq 5 ]
	[ "$(find "$dir" -mindepth 1 | wc -l)" -eq 5 ]
	[ "$(names "$dir" "$1" | grep -c '^[1-9][0-9]*\.tar$')" -eq 3 ]
	[ -s "$dir/base.tar$1" ]
	grep -q '"Manifest-Checksum"' "$dir/backup_manifest"
	for file in "$dir"/*.tar.gz; do
		[ ! -e "$file" ] || gzip -t "$file"
	done
}

# What differs by intent, and the spelling of names.
members() { # ARCHIVE
	tar -tf "$1" | sed 's|^\./||' | grep -v -e '^pg_basetar.info$' \
		-e '^pg_wal/[0-9A-F]\{24\}$' -e '^pg_wal/archive_status/[0-9A-F]\{24\}.done$' | sort
}

as_pg_basebackup() {
	taken
	rm -rf "$T/out/server"
	at main pg_basebackup -Ft -X fetch -c fast -D "$T/out/server"
	names "$T/out/server" >"$T/names"
	names "$dir" | diff "$T/names" -
	for file in "$T/out/server"/*.tar; do
		members "$file" >"$T/members"
		members "$dir/${file##*/}" | diff "$T/members" -
	done
	tar -xOf "$T/out/server/base.tar" tablespace_map | sort >"$T/map"
	tar -xOf "$dir/base.tar" tablespace_map | sort | diff "$T/map" -
	rm -rf "$T/out/server"
}

base_in_order() {
	tar -tf "$dir/base.tar" >"$T/list"
	[ "$(head -n 3 "$T/list" | tr '\n' ' ')" = 'backup_label tablespace_map pg_basetar.info ' ]
	lines 1 '^pg_tblspc/' "$T/list"
	lines 0 '^backup_manifest$' "$T/list"
	lines 0 '^pg_basetar_tblspc' "$T/list"
	sed -n '/^global\/pg_control$/,$p' "$T/list" >"$T/tail"
	fails grep -v -e '^global/pg_control$' -e '^pg_wal/' "$T/tail"
	for file in "$dir"/[0-9]*.tar; do
		tar -tf "$file" >"$T/list"
		[ "$(head -n 1 "$T/list")" = "$(version_dir main)/" ]
		fails grep -v "^$(version_dir main)/" "$T/list"
		[ $(($(stat -c %s "$file") % 10240)) -eq 0 ]
	done
	grep -q "\"pg_tblspc/[0-9]*/$(version_dir main)/5/[0-9]*\"" "$dir/backup_manifest"
	grep -q '"tablespace_map"' "$dir/backup_manifest"
	tar -xOf "$dir/base.tar" pg_basetar.info | grep -qx 'layout: split'
}

# ------------------------------------------------------------------------- restored

whole() { # UNPACKED-WITH
	restore_split copy "$dir" "$1"
	verify_split copy "$dir"
	cluster_start copy
	for oid in $(sql copy "select oid from pg_tablespace where spcname ~ '^spc'"); do
		[ "$(sql copy "select pg_tablespace_location($oid)")" = "$T/copy/$oid" ]
	done
	sound copy
	rm -rf "$T/copy"
}

# Of the standard tools' own kind: the tablespaces at their old places, the map as it is.
unedited() {
	cluster_stop main
	mv "$T/main" "$T/original"
	cluster_dir main
	as_server mkdir -m 700 "$T/main/data"
	unpack gnu "$dir/base.tar.gz" "$T/main/data"
	while read -r oid place; do
		as_server mkdir -m 700 "$place"
		unpack gnu "$dir/$oid.tar.gz" "$place"
	done <"$T/main/data/tablespace_map"
	cluster_start main
	sound main
	rm -rf "$T/main"
	mv "$T/original" "$T/main"
	cluster_start main
}

one_table() { # NAME
	[ "$(sql "$1" 'select sum(g) from t')" -eq 500500 ]
}

version() { # MAJOR
	rm -rf "$dir"
	cluster_init old "$1"
	cluster_start old
	as_server mkdir "$T/old/a space"
	sql old "create tablespace space location '$T/old/a space'"
	sql old 'create table t tablespace space as select generate_series(1, 1000) g'
	captured backup old -c fast --split -z -o "$dir"
	[ "$rc" -eq 0 ]
	clean old
	cluster_stop old
	as_server mv "$T/old/a space" "$T/old/away"
	restore_split copy "$dir" gnu "$1"
	[ "$1" -gt 16 ] || verify_split copy "$dir" -n # from 17 on manifests have another version
	cluster_start copy
	one_table copy
	cluster_stop copy
	rm -rf "$T/old" "$T/copy"
}

in_place() {
	sql main 'alter system set allow_in_place_tablespaces = on'
	sql main 'select pg_reload_conf()' >/dev/null
	sql main 'create tablespace here location $$$$'
	sql main 'create table t tablespace here as select generate_series(1, 1000) g'
	oid=$(sql main "select oid from pg_tablespace where spcname = 'here'")
	taken
	[ ! -e "$dir/$oid.tar" ]
	tar -tf "$dir/base.tar" | grep -q "^pg_tblspc/$oid/$(version_dir main)/5/[0-9]"
	restore_split copy "$dir"
	verify_split copy "$dir"
	cluster_start copy
	one_table copy
	cluster_stop copy
	rm -rf "$T/copy"
	sql main 'drop table t'
	sql main 'drop tablespace here'
}

inside() { # the data directory: sent once
	as_server mkdir "$T/main/data/inner"
	sql main "create tablespace inner_space location '$T/main/data/inner'"
	sql main 'create table t tablespace inner_space as select generate_series(1, 1000) g'
	oid=$(sql main "select oid from pg_tablespace where spcname = 'inner_space'")
	taken
	tar -tf "$dir/$oid.tar" | grep -q "^$(version_dir main)/5/[0-9]"
	tar -tf "$dir/base.tar" | grep '^inner/' >"$T/list"
	printf '%s\n' inner/ "inner/$(version_dir main)/" | diff - "$T/list"
	restore_split copy "$dir"
	verify_split copy "$dir" -i inner
	cluster_start copy
	one_table copy
	cluster_stop copy
	rm -rf "$T/copy"
	sql main 'drop table t'
	sql main 'drop tablespace inner_space'
	as_server rmdir "$T/main/data/inner"
}

no_tablespaces() {
	cluster_init plain
	cluster_start plain
	sql plain 'create table t as select generate_series(1, 1000) g'
	rm -rf "$dir"
	backup plain -c fast --split -o "$dir" --no-manifest
	[ "$(find "$dir" -mindepth 1 -printf '%f ')" = 'base.tar ' ]
	tar -tf "$dir/base.tar" >"$T/list"
	lines 0 '^tablespace_map$' "$T/list"
	rm -rf "$dir"
	as_server mkdir "$dir" # an empty one is as good
	backup plain -c fast --split -o "$dir/" --no-sync
	restore_split copy "$dir"
	verify_split copy "$dir"
	cluster_start copy
	one_table copy
	cluster_stop copy
	cluster_stop plain
	rm -rf "$T/copy" "$T/plain"
}

wal_none() {
	taken -X none --no-wait-archive
	tar -tf "$dir/base.tar" >"$T/list"
	lines 0 '^pg_wal/[0-9A-F]' "$T/list"
	[ "$(tail -n 1 "$T/list")" = global/pg_control ]
}

# Of a standby whose own tablespaces lie in its data directory, reached by relative links.
of_a_standby() {
	backup main -c fast -o "$T/out/first.tar"
	restore standby "$T/out/first.tar"
	rm "$T/out/first.tar"
	follows standby main
	cluster_start standby
	rm -rf "$dir"
	backup standby -c fast --split -z -o "$dir"
	clean standby
	cluster_stop standby
	tar -xOf "$dir/base.tar.gz" tablespace_map | grep -q ' \.\./pg_basetar_tblspc/'
	restore_split copy "$dir"
	verify_split copy "$dir"
	as_server rm "$T/copy/data/standby.signal"
	cluster_start copy
	sound copy
	rm -rf "$T/copy" "$T/standby"
}

by_root() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	mkdir -m 700 "$T/roots"
	env -i -C / timeout 60 "$BIN" -D "$T/main/data" -c fast --split -z -o "$T/roots/dir"
	[ "$(find "$T/roots/dir" -user root -group root | wc -l)" -eq 6 ]
	clean main
	fails env -i -C / timeout 60 "$BIN" -D "$T/main/data" --split -o "$T/roots/none/dir"
	[ "$(find "$T/roots" -mindepth 1 -maxdepth 1)" = "$T/roots/dir" ]
	rm -rf "$T/roots"
}

of_all() { # SIGUSR1 tells of all archives, not of the one being written
	slow 2M
	wait_until 60 sent_more_than "$(stat -c %s "$T/first")"
	kill -TERM "$pid"
	ends
}

sent_more_than() { # BYTES
	asked && tail -n 1 "$T/stderr" | awk -v than="$1" '{ sub(/^pg_basetar: /, "")
		for (i = 2; i <= NF; i++) if ($i ~ /^MB,/) exit !($(i - 1) * 1000000 > than); exit 1 }'
}

cluster_init main -k
cluster_set main max_wal_size=64MB
cluster_start main
load_init main 2

t 'the files: plain' taken
t 'their names and modes' files ''
t 'the same files and members as pg_basebackup -Ft' as_pg_basebackup
t 'members in order' base_in_order
cp "$(find "$dir" -name '[0-9]*.tar' | sort | head -n 1)" "$T/first"
t 'asked how far it is' of_all

load_start main
t 'under load: plain' taken
t 'whole, unpacked with GNU tar' whole gnu
t 'under load: gzip' taken -Z gzip
t 'their names and modes' files .gz
t 'whole, unpacked with bsdtar' whole bsdtar
t 'under load: gzip, 3 jobs' taken -z -j 3
t 'whole, unpacked with busybox tar' whole busybox
load_stop main
t 'at rest: gzip' taken -z
t 'restored to where it was' unedited
t 'tablespaces in pg_tblspc itself' in_place
t 'a tablespace inside the data directory' inside
t 'a cluster without tablespaces, no manifest, an empty directory' no_tablespaces
t 'WAL left to the archive' wal_none
t 'of a standby' of_a_standby
t 'run by root' by_root
cluster_stop main
for major in $(majors slice); do
	t "a cluster of $major, unpacked to new places" version "$major"
done

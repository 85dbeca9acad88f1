#!/bin/sh
# restore: the same trees as by hand, with tablespaces where they shall be, and they start.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/restored.sh
. "$top/tests/e2e/lib/restored.sh"
export PGUSER=postgres

# whole NAME FROM OPTION...: restored, the same, and starts.
whole() {
	restored "$@"
	[ "$rc" -eq 0 ]
	says_only_where
	same "$1" "$2"
	as_server pg_verifybackup -i tablespace_map "$T/$1/data" | grep -qx 'backup successfully verified'
	cluster_start "$1"
	sound "$1"
	rm -rf "${T:?}/$1"
}

one() { # SUFFIX OPTION...
	suffix=$1
	shift
	made "$T/out/one$suffix" "$@"
	whole one "$T/out/one$suffix"
}

piped() {
	cluster_dir piped
	# shellcheck disable=SC2046 # words
	as_server "$BIN" -D "$T/main/data" -c fast -z |
		as_server "$BIN" restore - -D "$T/piped/data" $(moved piped)
	as_server pg_verifybackup "$T/piped/data" | grep -qx 'backup successfully verified'
	cluster_start piped
	sound piped
}

split() { # OPTION...
	rm -rf "$T/out/set"
	made "$T/out/set" --split "$@"
	whole split "$T/out/set"
	# the map that replay goes by names the new places, and no other
	restored split "$T/out/set"
	[ "$(grep -c "$T/split/" "$T/split/data/tablespace_map")" -eq 3 ]
	lines 3 '' "$T/split/data/tablespace_map"
	rm -rf "$T/split"
}

stock() { # OPTION...
	rm -rf "$T/out/stock"
	captured at main pg_basebackup -Ft -c fast -D "$T/out/stock" "$@"
	[ "$rc" -eq 0 ]
	whole stock "$T/out/stock"
}

stopped() {
	captured as_server "$BIN" -D "$T/main/data" --offline -o "$T/out/stopped.tar"
	[ "$rc" -eq 0 ]
	whole stopped "$T/out/stopped.tar"
	captured as_server "$BIN" -D "$T/main/data" --offline --split -o "$T/out/cold"
	[ "$rc" -eq 0 ]
	whole cold "$T/out/cold"
}

snapshot() {
	cluster_start main
	at main pgbench -n -t 200 >/dev/null 2>&1
	cluster_stop main immediate
	cp -a "$T/main" "$T/snap"
	captured as_server "$BIN" -D "$T/snap/data" --snapshot -T "$T/main/spc1=$T/snap/spc1" \
		-T "$T/main/spc2=$T/snap/spc2" -T "$T/main/spc3=$T/snap/spc3" -o "$T/out/snap.tar"
	[ "$rc" -eq 0 ]
	rm -rf "$T/snap"
	whole snap "$T/out/snap.tar"
	cluster_start main
}

of_a_standby() {
	cluster_dir standby
	# shellcheck disable=SC2046 # words
	at main pg_basebackup -c fast -R -D "$T/standby/data" $(moved standby)
	cluster_start standby
	captured as_server "$BIN" -D "$T/standby/data" -c fast -o "$T/out/standby.tar"
	[ "$rc" -eq 0 ]
	cluster_stop standby
	cluster_dir third
	captured as_server "$BIN" restore "$T/out/standby.tar" -D "$T/third/data" \
		--archive-mode=keep -T "$T/standby/spc1=$T/third/spc1" -T "$T/standby/spc2=$T/third/spc2" \
		-T "$T/standby/spc3=$T/third/spc3"
	[ "$rc" -eq 0 ]
	grep -q 'warning: the backup has a standby.signal' "$T/stderr"
	same third "$T/out/standby.tar"
	as_server rm "$T/third/data/standby.signal"
	cluster_start third
	sound third
}

# The original's places, once it is gone.
original_places() {
	as_server mkdir "$T/aside"
	cluster_stop main
	for space in spc1 spc2 spc3; do
		mv "$T/main/$space" "$T/aside/"
	done
	cluster_dir back
	captured as_server "$BIN" restore "$T/out/one.tar" -D "$T/back/data"
	[ "$rc" -eq 0 ]
	[ -d "$T/main/spc1/$(version_dir back)" ]
	cluster_start back
	sound back
	for space in spc1 spc2 spc3; do
		rm -rf "${T:?}/main/$space"
		mv "$T/aside/$space" "$T/main/"
	done
	cluster_start main
}

without_wal() {
	captured backup main -c fast -X none --no-wait-archive -o -
	cp "$T/stdout" "$T/out/bare.tar"
	chmod 644 "$T/out/bare.tar"
	restored bare "$T/out/bare.tar"
	[ "$rc" -eq 0 ]
	grep -q 'warning: the WAL is not in the backup' "$T/stderr"
	fails cluster_start bare
	rm -rf "$T/bare"
	restored bare "$T/out/bare.tar" --restore-command="cp '$T/main/data/pg_wal/%f' '%p'"
	[ "$rc" -eq 0 ]
	says_only_where
	cluster_start bare
	sound bare
}

wal_elsewhere() {
	restored away "$T/out/one.tar" --waldir="$T/away/wal"
	[ "$rc" -eq 0 ]
	[ "$(readlink "$T/away/data/pg_wal")" = "$T/away/wal" ]
	[ -d "$T/away/wal/archive_status" ]
	cluster_start away
	sound away
}

# As root all belongs to whom it did; the group may read if it could.
by_root() {
	[ "$(id -u)" -eq 0 ] || skip 'not run as root'
	cluster_init group -g
	cluster_start group
	tablespace group spc
	captured backup group -c fast -o - >"$T/out/group.tar"
	cat "$T/stdout" >"$T/out/group.tar"
	cluster_stop group
	mkdir "$T/rooted"
	"$BIN" restore "$T/out/group.tar" -D "$T/rooted/data" -T "$T/group/spc=$T/rooted/spc"
	[ "$(find "$T/rooted/data" "$T/rooted/spc" -not -user postgres | wc -l)" -eq 0 ]
	[ "$(stat -c %a "$T/rooted/data")" = 750 ]
	[ "$(stat -c %a "$T/rooted/data/base")" = 750 ]
	[ "$(stat -c %a "$T/rooted/data/PG_VERSION")" = 640 ]
}

# A cluster that was unpacked by hand has its tablespaces inside, and so has what is restored of it.
unpacked_by_hand() {
	restore hand2 "$T/out/one.tar"
	cluster_start hand2
	captured backup hand2 -c fast -o - -l again
	cp "$T/stdout" "$T/out/again.tar"
	captured backup hand2 -c fast --split -o "$T/out/again.d"
	[ "$rc" -eq 0 ]
	at hand2 pg_basebackup -Ft -c fast -D "$T/out/again.stock"
	cluster_stop hand2
	rm -rf "$T/hand2"
	chmod 644 "$T/out/again.tar"
	for from in "$T/out/again.tar" "$T/out/again.d"; do
		cluster_dir again
		captured as_server "$BIN" restore "$from" -D "$T/again/data"
		[ "$rc" -eq 0 ]
		readlink "$T/again/data/pg_tblspc"/* | lines 3 '^\.\./pg_basetar_tblspc/[0-9]*$' -
		as_server pg_verifybackup -i pg_basetar_tblspc "$T/again/data"
		cluster_start again
		sound again
	done
	out_of_it
	rm -rf "$T/again"
}

# One of its tablespaces goes out of it.
out_of_it() {
	oid=$(sql main "select oid from pg_tablespace where spcname = 'spc1'")
	for from in "$T/out/again.tar" "$T/out/again.d"; do
		cluster_dir again
		captured as_server "$BIN" restore "$from" -D "$T/again/data" \
			-T "../pg_basetar_tblspc/$oid=$T/again/out"
		[ "$rc" -eq 0 ]
		[ "$(readlink "$T/again/data/pg_tblspc/$oid")" = "$T/again/out" ]
		[ ! -e "$T/again/data/pg_basetar_tblspc/$oid" ]
		cluster_start again
		sound again
	done
	cluster_dir again
	refused 'is in the data directory, at' "$T/out/again.stock" -D "$T/again/data" \
		-T "../pg_basetar_tblspc/$oid=$T/again/out"
	fails test -e "$T/again/data"
	captured as_server "$BIN" restore "$T/out/again.stock" -D "$T/again/data"
	[ "$rc" -eq 0 ]
	cluster_start again
	sound again
}

# A kernel, or a filter of system calls, that does not know openat2().
old_kernel() {
	cluster_dir old
	for error in ENOSYS EPERM; do
		# shellcheck disable=SC2046 # words
		captured as_server strace -f -qq -o "$T/trace" -e trace=openat2 -e "inject=openat2:error=$error" \
			"$BIN" restore "$T/out/one.tar" -D "$T/old/data" --archive-mode=keep $(moved old)
		[ "$rc" -eq 0 ]
		grep -q 'openat2.*INJECTED' "$T/trace"
		same old "$T/out/one.tar"
		rm -rf "${T:?}/old"/*
	done
}

# The tablespaces are on the same one.
file_systems() {
	restored synced "$T/out/one.tar" -v --sync-method=syncfs
	[ "$rc" -eq 0 ]
	lines 1 '^pg_basetar: syncing the file system of .*, and not [0-9]* files one by one$' "$T/stderr"
	rm -rf "$T/synced"
}

phases() {
	cluster_dir phases
	# shellcheck disable=SC2046 # words
	captured as_server "$BIN" restore "$T/out/one.tar" -D "$T/phases/data" $(moved phases) \
		--report "$T/out/report"
	[ "$rc" -eq 0 ]
	sed -n 's/^    { "phase": "\(.*\)", "seconds": [0-9.]* },\{0,1\}$/\1/p' "$T/out/report" >"$T/phases.list"
	printf '%s\n' starting restoring syncing | diff - "$T/phases.list"
	rm -rf "$T/phases"
}

under_load
t 'one archive' one .tar
t 'one archive, gzip, SHA256' one .tar.gz --manifest-checksums=SHA256
t 'one pipe, from the backup into the restore' piped
t 'a directory of archives' split
t 'a directory of archives, gzip' split -Z gzip
t 'pg_basebackup, the WAL streamed' stock -X stream
t 'pg_basebackup, the WAL fetched, gzip' stock -X fetch -z
load_stop main
cluster_stop main
t 'a stopped cluster' stopped
t 'a snapshot' snapshot
t 'a standby' of_a_standby
t 'tablespaces where they were' original_places
t 'the WAL elsewhere' wal_elsewhere
t 'the WAL is not in it' without_wal
t 'run as root' by_root
t 'a cluster that was unpacked by hand' unpacked_by_hand
t 'without openat2()' old_kernel
t 'file systems are synced, and pg_control' file_systems
t 'phases' phases

#!/bin/sh
# Sound clusters with something odd about them: what a backup sends without a finding, verify and
# restore take, and the copy starts.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"

# takes NAME ARCHIVE OPTION...: a backup that finds nothing; what it says stays in $T/stderr.
takes() {
	kind=$1
	shift
	captured backup main -o "$T/out/$kind" "$@"
	[ "$rc" -eq 0 ]
}

# gives ARCHIVE: verify and restore take it, and a server starts on what they made.
gives() {
	captured "$BIN" verify "$T/out/$1"
	[ "$rc" -eq 0 ]
	grep -q '^restorable' "$T/stdout"
	cluster_dir copy "$(cat "$T/main/data/PG_VERSION")"
	shift
	captured as_server "$BIN" restore -N "$@" -D "$T/copy/data"
	[ "$rc" -eq 0 ]
}

runs() {
	cluster_start copy
	[ "$(sql copy 'select count(*) from kept')" -eq 1000 ]
	cluster_stop copy
	rm -rf "$T/copy"
}

make_main() {
	cluster_init main
	cluster_start main
	sql main 'create table kept as select generate_series(1, 1000) i'
}

# ------------------------------------------------------------------- modes and directories

# As a cluster is that shares its directories with a group, and keeps what is the user's own in it.
oddly_moded() {
	as_server find "$T/main/data" -exec chmod g+s {} +
	as_server chmod u+s,+t "$T/main/data/base"
	as_server mkdir "$T/main/data/mine"
	as_server touch "$T/main/data/mine/note"
	as_server chmod 0555 "$T/main/data/mine"
	as_server rm -r "$T/main/data/pg_stat_tmp" "$T/main/data/pg_snapshots" "$T/main/data/pg_serial"
}

# KIND OPTION...
odd_modes() {
	kind=$1
	takes "$@"
	[ ! -s "$T/stderr" ]
	gives "$kind" "$T/out/$kind"
	[ ! -s "$T/stderr" ]
	[ -z "$(find "$T/copy" -perm /7000)" ]
	for name in pg_stat_tmp pg_snapshots pg_serial mine/note; do
		[ -e "$T/copy/data/$name" ]
	done
	runs
}

odd_modes_unpacked() {
	restore copy "$T/out/modes.tar"
	[ -d "$T/copy/data/pg_snapshots" ]
	runs
}

# Of pg_basebackup, which sends all bits, and no directory that is not there.
odd_modes_stock() {
	rm -rf "$T/out/stock"
	at main pg_basebackup -D "$T/out/stock" -Ft -c fast -X fetch
	gives stock "$T/out/stock"
	lines 1 'warning: members have set-user-ID, set-group-ID or sticky bits' "$T/stderr"
	[ -z "$(find "$T/copy" -perm /7000)" ]
	[ -d "$T/copy/data/pg_snapshots" ]
	runs
}

t 'a primary' make_main
t 'set-group-ID on all, a directory of mode 0555, three directories gone' oddly_moded
t 'that, online' odd_modes modes.tar -c fast
t 'unpacked by hand' odd_modes_unpacked
t 'split' odd_modes modes --split -c fast
t 'by pg_basebackup' odd_modes_stock
cluster_stop main
t 'offline' odd_modes stopped.tar --offline
t 'as a snapshot' odd_modes snapshot.tar --snapshot

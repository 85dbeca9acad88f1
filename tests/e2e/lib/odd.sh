# shellcheck shell=sh
# shellcheck disable=SC2154 # lib/base.sh sets rc
# For tests of sound clusters with something odd about them, "main": what a backup sends without a finding,
# verify and restore take, and the copy starts; sourced after lib/base.sh.

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
	captured as_server "$BIN" restore -N --archive-mode=keep "$@" -D "$T/copy/data"
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

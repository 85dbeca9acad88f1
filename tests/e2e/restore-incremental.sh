#!/bin/sh
# An incremental backup of pg_basebackup: restore refuses it before it writes anything, and the way
# that the hint names leads to a copy that starts.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"

make_main() { # MAJOR
	cluster_init main "$1"
	cluster_set main wal_level=replica summarize_wal=on
	cluster_start main
	bin=$(cat "$T/main/bin")
	for program in pg_basebackup pg_combinebackup; do
		[ -x "$bin/$program" ] || skip "the server of $1 comes without $program"
	done
	sql main 'create table t as select generate_series(1, 3000) g'
	chain
}

# The full one, and two after it.
chain() {
	for one in full second third; do
		rm -rf "${T:?}/main/$one"
		last=${before:+-i $before/backup_manifest}
		# shellcheck disable=SC2086 # words
		at main "$bin/pg_basebackup" -c fast -Ft -D "$T/main/$one" $last
		before=$T/main/$one
		sql main 'insert into t values (1)'
	done
	before=
}

# refused HINT OPTION...
refused() {
	hint=$1
	shift
	captured as_server "$BIN" restore -D "$T/main/copy" "$@" "$T/main/third"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'the backup is incremental: without those before it'
	tail -n 1 "$T/stderr" | grep -qF -e "$hint"
	[ ! -e "$T/main/copy" ] || empty "$T/main/copy"
	captured "$BIN" verify "$T/main/third"
	[ "$rc" -eq 3 ]
	lines 1 '' "$T/stderr"
	lines 1 'belongs to an incremental backup' "$T/stderr"
}

# restored NAME CODE OPTION...
restored() {
	name=$1
	code=$2
	shift 2
	captured as_server "$BIN" restore -D "$T/main/d.$name" "$@" "$T/main/$name"
	[ "$rc" -eq "$code" ]
}

combined() { # MAJOR [OPTION...]
	cluster_dir copy "$1"
	shift
	as_server "$bin/pg_combinebackup" -o "$T/copy/data" "$@" \
		"$T/main/d.full" "$T/main/d.second" "$T/main/d.third"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 3002 ]
	cluster_stop copy
	rm -rf "$T/main"/d.*
}

by_restore() { # MAJOR
	bin=$(cat "$T/main/bin")
	restored full 0
	restored second 3 --force
	restored third 3 --force
	combined "$1"
}

with_tablespace() {
	bin=$(cat "$T/main/bin")
	tablespace main space
	sql main 'drop table t'
	sql main 'create table t tablespace space as select generate_series(1, 3000) g'
	chain
	refused 'remove tablespace_map' -T "$T/main/space=$T/main/other"
}

unpacked() { # ARCHIVE DIRECTORY
	as_server mkdir -p -m 700 "$2"
	as_server tar -xpf "$T/main/$name/$1" -C "$2"
}

by_hand() { # MAJOR
	bin=$(cat "$T/main/bin")
	for name in full second third; do
		unpacked base.tar "$T/main/d.$name"
		unpacked pg_wal.tar "$T/main/d.$name/pg_wal"
		oid=$(cut -d ' ' -f 1 "$T/main/d.$name/tablespace_map")
		unpacked "$oid.tar" "$T/main/d.$name.space"
		as_server ln -s "$T/main/d.$name.space" "$T/main/d.$name/pg_tblspc/$oid"
		rm "$T/main/d.$name/tablespace_map"
		cp -p "$T/main/$name/backup_manifest" "$T/main/d.$name/"
	done
	combined "$1" -T "$T/main/d.third.space=$T/copy/space"
}

before=
for major in $(majors only 17 18 19); do
	t "$major: a chain of three" make_main "$major"
	[ -e "$T/main/third/base.tar" ] || {
		rm -rf "$T/main"
		continue
	}
	t "$major: the last one alone" refused 'pg_combinebackup -o NEW FULL INCREMENTAL...'
	t "$major: what the hint says" by_restore "$major"
	t "$major: with a tablespace" with_tablespace
	t "$major: what the hint says then" by_hand "$major"
	cluster_stop main
	rm -rf "$T/main" "$T/copy"
done

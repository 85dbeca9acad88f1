#!/bin/sh
# What an interrupted DROP DATABASE, or CREATE DATABASE, left in base is no database: files may be
# missing there, the first of all PG_VERSION, and it is a warning in a backup of any kind, and of verify.
# Of a database it is a finding.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
newest=$("$top/scripts/servers" --list | tail -n 1)
client=$("$top/scripts/servers" "$newest" 2>/dev/null)/pg_basebackup || client=pg_basebackup
[ -x "$client" ] || client=pg_basebackup # it serves what is not newer than itself

make_main() { # MAJOR
	cluster_init main "$1"
	cluster_set main wal_level=replica autovacuum=off
	cluster_start main
	for name in half whole; do
		sql main "create database $name"
		sql main "select oid from pg_database where datname = '$name'" >"$T/main/$name"
	done
	sql main checkpoint
}

# Releases before the one that marks it so do not tell either what became of it.
interrupt() { # MAJOR
	if [ "$1" -gt 10 ]; then
		sql main "update pg_database set datconnlimit = -2 where datname = 'half'"
	else
		sql main "delete from pg_database where datname = 'half'"
	fi
	rm "$T/main/data/base/$(cat "$T/main/half")/PG_VERSION"
	sql main checkpoint
}

no_more_files() {
	rm "$T/main/data/base/$(cat "$T/main/half")"/1[0-9]*
}

is_warned() {
	lines 1 "warning: directory \"base/$(cat "$T/main/half")\" has no file \"PG_VERSION\": an interrupted CREATE DATABASE or DROP DATABASE left it" "$T/stderr"
}

sound() { # OPTION...
	captured backup main "$@" -o "$T/main/out.tar" --force
	[ "$rc" -eq 0 ]
	is_warned
	captured "$BIN" verify "$T/main/out.tar"
	[ "$rc" -eq 0 ]
	is_warned
	grep -q '^restorable' "$T/stdout"
}

# Without its WAL a backup does not say what came or went while it was made.
sound_without_wal() {
	captured backup main -c fast -X none --no-wait-archive -o "$T/main/out.tar" --force
	[ "$rc" -eq 0 ]
	is_warned
	captured "$BIN" verify "$T/main/out.tar"
	[ "$rc" -eq 0 ]
	rm -rf "$T/main/stock"
	at main "$client" -Ft -c fast -D "$T/main/stock" -X none --no-manifest
	captured "$BIN" verify "$T/main/stock"
	[ "$rc" -eq 0 ]
}

# The copy starts, and what was a database there is in the original.
restored() { # MAJOR
	rm -rf "$T/copy"
	cluster_dir copy
	cp "$T/main/bin" "$T/copy/bin"
	captured as_server "$BIN" restore -D "$T/copy/data" "$T/main/out.tar"
	[ "$rc" -eq 0 ]
	is_warned
	cluster_start copy
	fails at copy psql -X -d half -c 'select 1'
	[ "$(at copy psql -X -qAt -d whole -c 'select 1')" -eq 1 ]
	[ "$1" -eq 10 ] || sql copy 'drop database half'
	cluster_stop copy
}

theirs() { # OPTION...
	rm -rf "$T/main/stock"
	at main "$client" -Ft -c fast -D "$T/main/stock" "$@"
	captured "$BIN" verify "$T/main/stock"
	[ "$rc" -eq 0 ]
	is_warned
}

# lost OPTION...: a database that another cause took the file from.
lost() {
	file=base/$(cat "$T/main/whole")/PG_VERSION
	mv "$T/main/data/$file" "$T/main/kept"
	captured backup main "$@" -o "$T/main/lost.tar" --force
	code=$rc
	cp "$T/stderr" "$T/main/said"
	[ "$1" != -c ] || at main "$client" -Ft -c fast -D "$T/main/theirs" -X fetch
	mv "$T/main/kept" "$T/main/data/$file"
	[ "$code" -eq 3 ]
	grep -q "^pg_basetar: file \"$file\": is missing" "$T/main/said"
	captured "$BIN" verify "$T/main/lost.tar"
	[ "$rc" -eq 3 ]
	grep -q "missing: \"$file\": is missing" "$T/stderr"
	[ "$1" = -c ] || return 0
	captured "$BIN" verify "$T/main/theirs"
	[ "$rc" -eq 3 ]
	grep -q "missing: \"$file\": is missing" "$T/stderr"
}

crash() {
	sql main 'create table t as select 1' # what a snapshot has to recover
	cluster_stop main immediate
}

shut_down() {
	cluster_start main
	cluster_stop main
}

for major in $(majors only 10 15 17 19); do
	t "$major: a server" make_main "$major"
	[ -e "$T/main/data/postmaster.pid" ] || continue
	t "$major: DROP DATABASE is interrupted" interrupt "$major"
	t "$major: a backup" sound -c fast
	t "$major: a copy" restored "$major"
	t "$major: -X none" sound_without_wal
	t "$major: without a manifest" sound -c fast --no-manifest -z
	t "$major: pg_basebackup" theirs -X fetch
	t "$major: a database that lost its version" lost -c fast
	t "$major: more files are gone" no_more_files
	t "$major: a backup" sound -c fast
	t "$major: pg_basebackup" theirs -X stream
	t "$major: a crash" crash
	t "$major: a snapshot" sound --snapshot
	t "$major: a database that lost its version" lost --snapshot
	t "$major: a clean shutdown" shut_down
	t "$major: --offline" sound --offline
	t "$major: a copy" restored "$major"
	t "$major: a database that lost its version" lost --offline
	rm -rf "$T/main" "$T/copy"
done

#!/bin/sh
# Databases that are copied and dropped while a backup runs whose WAL is left to the archive, and while
# pg_basebackup runs: what can be proved is, and the rest is said.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/databases.sh
. "$top/tests/e2e/lib/databases.sh"
export PGUSER=postgres

none_sound() {
	new_template
	hold main -v -X none --no-wait-archive -o -
	copied
	let_go
	[ "$rc" -eq 0 ]
	lines 0 warning "$T/stderr"
	grep -q 'WAL proved: [0-9]* records' "$T/stderr"
	verified "$archive" 0 'restorable with the WAL'
}

none_dropped() {
	new_template
	hold main -X none --no-wait-archive -o -
	copied
	until_in "ts/PG_[0-9_]*/$number"
	sql main 'drop database tmpl'
	refused 'all of it was'
}

# recycled: the first segments of the backup are.
recycled() {
	first=$(sql main "select pg_walfile_name(pg_current_wal_lsn())")
	for _ in 1 2 3; do
		in_database template1 'create table if not exists brief (i int)'
		in_database template1 'insert into brief select generate_series(1, 1000)'
		sql main 'select pg_switch_wal()' >/dev/null
		sql main checkpoint
	done
	[ ! -e "$T/main/data/pg_wal/$first" ]
}

# What can be proved is: the copy is in a segment that is there.
none_lacking() {
	new_template
	hold main -v -X none --no-wait-archive -o -
	recycled
	copied
	let_go
	[ "$rc" -eq 0 ]
	lines 1 warning "$T/stderr"
	grep -q "warning: .*WAL segments* .*\"$first\".* no longer in pg_wal" "$T/stderr"
	grep -q 'WAL proved in part: [1-9][0-9]* records' "$T/stderr"
	verified "$archive" 0 'restorable with the WAL'
	new_template
	hold main -X none --no-wait-archive -o -
	recycled
	copied
	until_in "ts/PG_[0-9_]*/$number"
	sql main 'drop database tmpl'
	refused 'all of it was'
}

# Of what it is copied from nobody knows: the records of that may be gone.
none_unseen() {
	new_template
	hold main -X none --no-wait-archive -o -
	sql main 'create database later template template0'
	recycled
	sql main 'create database copy template later strategy file_copy'
	let_go
	[ "$rc" -eq 0 ]
	grep -q 'warning: database [0-9]* was copied .*which is not in the backup: unless the WAL' "$T/stderr"
}

stock() { # MEANWHILE...: as it runs
	rm -rf "$T/out/set"
	at main pg_basebackup -Ft -c fast -r 32M -X fetch -D "$T/out/set" >/dev/null 2>"$T/stderr" &
	pid=$!
	wait_until 20 test -s "$T/out/set/base.tar"
	"$@"
	wait "$pid"
}

stock_second() {
	new_template
	stock copied
	verified "$T/out/set" 0 '^restorable'
}

copied_and_dropped() {
	copied
	sql main 'drop database tmpl'
}

# What it saw of the template nobody knows.
stock_dropped() {
	new_template
	stock copied_and_dropped
	verified "$T/out/set" 0 "warning: .* from the database $number, whose directory was removed" ||
		verified "$T/out/set" 3 "$number"
}

t 'a cluster with a large template1' prepared
t 'WAL left to the archive: sound' none_sound
t 'WAL left to the archive, and a template dropped between' none_dropped
t 'WAL left to the archive, and segments recycled' none_lacking
t 'WAL left to the archive, and the template made in one that is gone' none_unseen
t 'pg_basebackup, and a second tablespace: sound' stock_second
t 'pg_basebackup, and a template that is dropped' stock_dropped

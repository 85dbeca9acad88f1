#!/bin/sh
# Databases that are copied, dropped and moved while a backup runs: replay copies them again, from
# what the backup has of the template.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/databases.sh
. "$top/tests/e2e/lib/databases.sh"
export PGUSER=postgres

# ---- what is sound

# PG_VERSION is in the directory of the default tablespace only.
second_tablespace() { # [MAJOR]
	new_template
	hold main -o -
	copied
	let_go
	lines 0 warning "$T/stderr"
	restored "${1:-$packaged}"
}

# The server was asked what is whole, since the walk left the template.
is_marked() {
	[ "$(sql main "select count(*) from pg_stat_activity where query like '%insert_lsn%' and
		query_start > '$since' and pid <> pg_backend_pid()")" -gt 0 ]
}

dropped_later() {
	new_template
	sql main 'create database later template template0'
	fill later
	sql main checkpoint
	in_database tmpl 'alter table second set tablespace pg_default'
	in_database tmpl 'alter table third set tablespace pg_default'
	hold main --no-slot -o -
	copied
	until_in "base/$number"
	sleep 1 # what was asked of earlier directories has been answered
	since=$(sql main 'select clock_timestamp()')
	until_in "base/$(sql main "select oid from pg_database where datname = 'later'")"
	wait_until 2 is_marked # not only at the next watch, every 5 seconds
	sql main 'drop database tmpl'
	let_go
	restored
}

# Neither is there when all has been replayed.
dropped_both() {
	new_template
	hold main -o -
	copied
	sql main 'drop database tmpl'
	sql main 'drop database copy'
	let_go
	[ "$rc" -eq 0 ]
	verified "$archive" 0 '^restorable'
}

# Of a tablespace that had nothing of the template before, replay makes all.
tablespace_made() {
	new_template
	in_database tmpl 'drop table second, third'
	hold main -o -
	as_server mkdir -p "$T/main/during"
	sql main "create tablespace during location '$T/main/during'"
	in_database tmpl 'create table third tablespace during as select generate_series(1, 1000)'
	copied
	let_go
	[ "$rc" -eq 0 ]
	verified "$archive" 0 '^restorable'
	sql main 'drop database copy'
	in_database tmpl 'drop table third'
	sql main 'drop tablespace during'
}

# ---- what is not

# base/NUMBER was sent whole, with PG_VERSION; of the second tablespace a part.
dropped_between() {
	new_template
	hold main -o -
	copied
	until_in "ts/PG_[0-9_]*/$number"
	sql main 'drop database tmpl'
	refused 'all of it was'
}

# There the tablespaces come first.
split_dropped() {
	new_template
	start main -c fast -r 16M --split -o "$T/out/parts"
	wait_until 20 is_in "ts/PG_[0-9_]*/$number"
	copied
	sql main 'drop database tmpl'
	ends
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "from database $number, whose directory was removed before (it|all of it) was sent"
}

dropped_before() {
	new_template
	hold main -o -
	copied
	sql main 'drop database tmpl'
	refused 'it was'
}

# DROP DATABASE stands in the middle of the files, and goes on when the run is over.
is_thinned() {
	[ "$(find "$T/main/data/base/$number" -type f | wc -l)" -lt "$files" ]
}

dropped_slowly() {
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	new_template 40
	in_database tmpl 'drop table second, third'
	files=$(find "$T/main/data/base/$number" -type f | wc -l)
	hold main -o -
	copied
	until_in "base/$number"
	strace -f -qq -o /dev/null -p "$(head -n 1 "$T/main/data/postmaster.pid")" \
		-e trace=unlink,unlinkat -e inject=unlink,unlinkat:delay_enter=60000 &
	tracer=$!
	wait_until 10 grep -q 'TracerPid:.*[1-9]' "/proc/$(head -n 1 "$T/main/data/postmaster.pid")/status"
	at main psql -X -q -c 'drop database tmpl' 7<&- &
	wait_until 30 is_thinned
	cat <"$T/pipe" >>"$archive" 7<&- &
	exec 7<&-
	ends
	kill "$tracer"
	wait
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "from database $number, whose directory was removed before all of it was sent"
}

# pg_database says the same before and after.
moved_and_back() {
	new_template
	in_database tmpl 'alter table second set tablespace pg_default'
	in_database tmpl 'alter table third set tablespace pg_default'
	hold main -o -
	sql main 'alter database tmpl set tablespace ts'
	sql main 'alter database tmpl set tablespace pg_default'
	let_go
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "database $number was moved to another tablespace"
}

# ---- what is said

changed() {
	new_template
	hold main -o -
	copied
	in_database tmpl 'insert into t1 select generate_series(1, 5000)'
	let_go
	[ "$rc" -eq 0 ]
	said="warning: the database [0-9]* is copied .*database $number, which was changed"
	grep -q "$said" "$T/stderr"
	verified "$archive" 0 "$said"
}

# Reading sets hints in pages, which is a record too where there are checksums.
only_read() {
	new_template
	in_database tmpl 'create table fresh as select generate_series(1, 1000)'
	hold main -o -
	copied
	in_database tmpl 'select count(*) from fresh'
	let_go
	lines 0 warning "$T/stderr"
	verified "$archive" 0
	[ ! -s "$T/stderr" ]
}

# ---- a standby, whose replay copies and drops

follow() {
	sql main "alter system set wal_keep_size = '1GB'"
	sql main 'select pg_reload_conf()'
	cluster_dir lagging
	at main pg_basebackup -Fp -c fast -R -D "$T/lagging/data" -T "$T/main/ts=$T/lagging/ts"
	cluster_start lagging
}

replayed() {
	[ "$(sql lagging "select pg_last_wal_replay_lsn() >= '$1'")" = t ]
}

on_standby() {
	new_template
	follow
	hold lagging -o -
	copied
	until_in "ts/PG_[0-9_]*/$number"
	sql main 'drop database tmpl'
	wait_until 30 replayed "$(sql main 'select pg_current_wal_lsn()')"
	refused 'all of it was'
	new_template
	wait_until 30 replayed "$(sql main 'select pg_current_wal_lsn()')"
	hold lagging -o -
	copied
	wait_until 30 replayed "$(sql main 'select pg_current_wal_lsn()')"
	let_go
	restored
	cluster_stop lagging immediate
}

# ---- other releases

on_release() { # MAJOR
	prepared "$1"
	second_tablespace "$1"
	dropped_between
}

t 'a cluster with a large template1' prepared
t 'a template with a second tablespace: sound' second_tablespace
t 'a template is dropped soon after its walk: sound' dropped_later
t 'template and copy are dropped: sound' dropped_both
t 'the template gets a tablespace meanwhile: sound' tablespace_made
t 'a template is dropped between two of its directories' dropped_between
t 'the same with --split' split_dropped
t 'a template is dropped before its walk' dropped_before
t 'a template is being dropped when the run ends' dropped_slowly
t 'a database is moved away and back' moved_and_back
t 'a template is changed: a warning' changed
t 'a template is read: none' only_read
t 'a standby' on_standby
# DROP DATABASE has one record up to 12, another in 13 and 14, a third since 15
for major in $(majors slice 13); do
	t "version $major" on_release "$major"
done

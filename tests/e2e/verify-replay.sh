#!/bin/sh
# verify and what replay of the WAL makes: databases that are copied, tablespaces; and what a backup
# must have although no file in it tells so.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
export PGUSER=postgres
archive=$T/held.tar

# verified STATUS [PATTERN]: of $archive, and a line of what it says.
verified() {
	captured timeout 60 "$BIN" verify "${archive_or_set:-$archive}"
	cat "$T/stdout"
	[ "$rc" -eq "$1" ]
	[ $# -eq 1 ] || cat "$T/stdout" "$T/stderr" | grep -qE -e "$2"
}

# meanwhile STATEMENT...: a backup during which they run: before anything of the databases after
# the filler in template1 has been read.  One that begins with @ is for the template.
meanwhile() {
	hold main -o -
	for statement; do
		case $statement in
		@*) at main psql -X -q -d tmpl -c "${statement#@}" ;;
		*) sql main "$statement" ;;
		esac
	done
	let_go
	[ "$rc" -eq 0 ]
}

# A cluster whose template1 has the filler, so that it is sent first.
prepared() {
	cluster_init main -k --wal-segsize=1
	cluster_start main
	at main psql -X -q -d template1 -c 'create table filler as
		select g, repeat(md5(g::text), 20) from generate_series(1, 60000) g'
}

new_template() {
	sql main 'drop database if exists copy'
	sql main 'drop database if exists tmpl'
	sql main 'create database tmpl template template0'
	at main psql -X -q -d tmpl -c 'create table t as select generate_series(1, 1000)'
	number=$(sql main "select oid from pg_database where datname = 'tmpl'")
}

copied() {
	new_template
	meanwhile 'create database copy template tmpl strategy file_copy'
	verified 0 '^restorable'
	[ ! -s "$T/stderr" ]
}

# The restored server would open, with a database that nobody can connect to.
template_dropped() {
	new_template
	hold main -o -
	sql main 'create database copy template tmpl strategy file_copy'
	sql main 'drop database tmpl'
	let_go
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "database [0-9]* was copied .* from database $number, whose directory was removed"
}

# As pg_basebackup would have it, which does not look.
template_missing() {
	new_template
	hold main --no-manifest -o -
	sql main 'create database copy template tmpl strategy file_copy'
	let_go
	verified 0
	tar --delete -f "$archive" "base/$number"
	verified 3 "missing: \"base/$number/PG_VERSION\": .*is missing: the WAL at .* copies database"
}

# One that is copied from a copy: the WAL makes the first.
copied_again() {
	new_template
	meanwhile 'create database copy template tmpl strategy file_copy' \
		'create database again template copy strategy file_copy' 'drop database copy'
	sql main 'drop database again'
	verified 0 '^restorable'
}

template_changed() {
	new_template
	meanwhile 'create database copy template tmpl strategy file_copy' \
		'@insert into t select generate_series(1, 5000)'
	verified 0 "warning: the database [0-9]* is copied .*database $number, which was changed"
}

# Up to 14, and so in the last of these, all are copied so.
on_14() {
	server_of 14 # before main is given up for it
	cluster_stop main
	cluster_init main 14 -k --wal-segsize=1
	cluster_start main
	at main psql -X -q -d template1 -c 'create table filler as
		select g, repeat(md5(g::text), 20) from generate_series(1, 60000) g'
	new_template
	hold main -o -
	sql main 'create database copy template tmpl'
	sql main 'drop database tmpl'
	let_go
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "from database $number, whose directory was removed"
	meanwhile 'create database other template template0' 'drop database other'
	verified 0 '^restorable'
	cluster_stop main
	prepared
}

tablespace_made() {
	as_server mkdir "$T/main/during"
	meanwhile "create tablespace during location '$T/main/during'"
	verified 0 "warning: the WAL creates tablespace [0-9]*: .*\"$T/main/during\""
	sql main 'drop tablespace during'
}

# Recovery goes on after the stop, as far as there is WAL: that of a standby is sent whole.
received() { # LSN
	[ "$(sql lagging "select pg_last_wal_receive_lsn() >= '$1'")" = t ]
}

replayed() { # LSN
	[ "$(sql lagging "select pg_last_wal_replay_lsn() >= '$1'")" = t ]
}

after_the_stop() {
	cluster_dir lagging
	at main pg_basebackup -Fp -c fast -R -D "$T/lagging/data"
	cluster_start lagging
	sql main 'create table middle as select generate_series(1, 1000)'
	sql main checkpoint
	wait_until 30 replayed "$(sql main 'select pg_current_wal_lsn()')"
	sql lagging checkpoint
	sql lagging 'select pg_wal_replay_pause()'
	as_server mkdir "$T/main/late"
	sql main "create tablespace late location '$T/main/late'"
	wait_until 30 received "$(sql main 'select pg_current_wal_lsn()')"
	backup lagging -c fast -o - >"$archive"
	cluster_stop lagging
	sql main 'drop tablespace late'
	verified 0 "warning: the WAL creates tablespace [0-9]*: .*\"$T/main/late\""
}

# without NAME: $archive, but for that member; the manifest has no directories.
without() {
	tar --delete -f "$archive" "$1"
}

tablespace_emptied() {
	tablespace main spc1
	number=$(sql main "select oid from pg_tablespace where spcname = 'spc1'")
	rm -f "$archive"
	backup main -c fast -o - >"$archive"
	verified 0
	without "pg_basetar_tblspc/$number"
	verified 3 "missing: \"pg_tblspc/$number/$(version_dir main)\""
}

# The link of a tablespace was read, and its content was gone: the WAL drops it.
tablespace_dropped() {
	meanwhile 'drop tablespace spc1'
	verified 0 '^restorable'
}

in_a_set() { # COMMAND...
	(
		archive_or_set=$T/out/set
		rm -rf "$T/out/set"
		"$@"
	)
}

set_emptied() {
	backup main -c fast --split -o "$T/out/set"
	verified 0
	tar -cf "$T/out/set/$number.tar" -T /dev/null
	verified 3 "missing: \"pg_tblspc/$number/$(version_dir main)\""
}

a_set_emptied() {
	as_server mkdir "$T/main/spc2"
	sql main "create tablespace spc2 location '$T/main/spc2'"
	number=$(sql main "select oid from pg_tablespace where spcname = 'spc2'")
	in_a_set set_emptied
	in_a_set stock_emptied
}

stock() { # OPTION...
	at main pg_basebackup -Ft -c fast -D "$T/out/set" "$@" >/dev/null 2>&1
	verified 0
}

stock_emptied() {
	stock
	tar -cf "$T/out/set/$number.tar" -T /dev/null
	verified 3 "missing: \"pg_tblspc/$number/$(version_dir main)\""
}

wal_emptied() {
	stock -X stream
	tar -cf "$T/out/set/pg_wal.tar" -T /dev/null
	verified 3 'missing: .*pg_wal.tar'
}

# What pg_basebackup -R may write, nobody else may have.
settings_changed() {
	stock
	printf 'work_mem = 4MB\n' | as_server tee "$T/out/set/postgresql.auto.conf" >/dev/null
	(cd "$T/out/set" && tar --delete -f base.tar postgresql.auto.conf &&
		tar -rf base.tar postgresql.auto.conf && rm postgresql.auto.conf)
	verified 3 'digest: "postgresql.auto.conf"'
}

signal_added() {
	stock
	(cd "$T/out/set" && : >recovery.signal && tar -rf base.tar recovery.signal && rm recovery.signal)
	verified 3 'extra: "recovery.signal"'
}

follower_made() {
	stock -R
	[ ! -s "$T/stderr" ]
}

# Of a standby, whose own setting is in the tree.
follower_of_a_standby() {
	at main pg_basebackup -Fp -c fast -R -D "$T/standby/data" -T "$T/main/spc2=$T/standby/spc2"
	cluster_start standby
	at standby pg_basebackup -Ft -D "$T/out/set" -R >/dev/null 2>&1
	cluster_stop standby
	verified 0
}

standby_copied() {
	cluster_dir standby
	in_a_set follower_of_a_standby
}

# A cluster that was restored has its pg_basetar.info still, and a directory may name it first.
info_first() {
	rm -f "$archive"
	backup main -c fast -o - >"$archive"
	chmod 644 "$archive"
	restore copy "$archive"
	cluster_start copy
	at copy pg_basebackup -Ft -c fast -X fetch --no-manifest -D "$T/out/set" >/dev/null 2>&1
	cluster_stop copy
	verified 0
	mkdir "$T/out/tree"
	tar -xf "$T/out/set/base.tar" -C "$T/out/tree"
	tar -tf "$T/out/set/base.tar" | sed 's,/$,,' | grep -vx -e backup_label -e tablespace_map \
		-e pg_basetar.info >"$T/out/names"
	{
		printf '%s\n' backup_label
		[ ! -e "$T/out/tree/tablespace_map" ] || echo tablespace_map
		echo pg_basetar.info
		cat "$T/out/names"
	} | tar --format=ustar --no-recursion -cf "$T/out/set/base.tar" -C "$T/out/tree" \
		--owner=postgres --group=postgres -T -
	verified 0
}

t 'a cluster with a large template1' prepared
t 'a database is copied: sound' copied
t 'a database is copied, and its template dropped before it was sent' template_dropped
t 'the same, in an archive of one that does not look' template_missing
t 'a copy of a copy: sound' copied_again
t 'a database is copied, and its template changed: a warning' template_changed
t 'CREATE DATABASE of 14' on_14
t 'a tablespace is made: a warning' tablespace_made
t 'a tablespace is made after the stop of a standby: a warning' after_the_stop
t 'a tablespace without its content' tablespace_emptied
t 'one that was dropped meanwhile: sound' tablespace_dropped
t 'an archive of a tablespace without its content' a_set_emptied
t 'pg_wal.tar without WAL' in_a_set wal_emptied
t 'pg_basebackup: other settings' in_a_set settings_changed
t 'pg_basebackup: recovery.signal' in_a_set signal_added
t 'pg_basebackup -R: sound' in_a_set follower_made
t 'pg_basebackup -R of a standby: sound' standby_copied
t 'pg_basetar.info is first in the tree of a restored cluster: sound' in_a_set info_first

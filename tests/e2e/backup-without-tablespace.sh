#!/bin/sh
# A tablespace whose directory is gone, and may be: --without-tablespace leaves it out, and what is in it
# that is not temporary is found.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/odd.sh
. "$top/tests/e2e/lib/odd.sh"

# In memory, for temporary tables: after a reboot its directory is empty.
gone_tablespace() {
	cluster_start main
	tablespace main tmp
	tmp_oid=$(sql main "select oid from pg_tablespace where spcname = 'tmp'")
	echo "$tmp_oid" >"$T/tmp_oid"
	sql main 'create table other tablespace tmp as select 1 i; drop table other; checkpoint'
	rm -rf "${T:?}/main/tmp"
	captured backup main -c fast -o "$T/out/gone.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'No such file'
	grep -q "^hint: .*--without-tablespace=$tmp_oid" "$T/stderr"
}

# KIND OPTION...
without_it() {
	read -r tmp_oid <"$T/tmp_oid"
	kind=$1
	takes "$@" "--without-tablespace=$tmp_oid"
	lines 1 "warning: tablespace $tmp_oid at .* is left out" "$T/stderr"
	lines 1 '' "$T/stderr"
	gives "$kind" "$T/out/$kind"
	[ ! -e "$T/copy/data/pg_tblspc/$tmp_oid" ]
	captured "$BIN" verify "$T/out/$kind"
	lines 1 "warning: tablespace $tmp_oid at .* was left out of the backup" "$T/stderr"
	lines 1 '' "$T/stderr"
	"$BIN" info "$T/out/$kind" | grep "^tablespace $tmp_oid: *left out, was at $T/main/tmp$"
	"$BIN" info --json "$T/out/$kind" | grep -A 3 'without_tablespaces' | grep -q "$tmp_oid"
	for old in "$T/main/tmp" "$T/main//tmp/" "$tmp_oid"; do
		captured as_server "$BIN" restore "$T/out/$kind" -D "$T/none" -T "$old=$T/none.tmp"
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" "tablespace $tmp_oid, which was at \"$T/main/tmp\", was left out of the backup"
		[ ! -e "$T/none" ] && [ ! -e "$T/none.tmp" ]
	done
	cluster_start copy
	[ "$(sql copy 'select count(*) from kept')" -eq 1000 ]
	as_server mkdir "$T/copy/tmp"
	sql copy 'drop tablespace tmp'
	sql copy "create tablespace tmp location '$T/copy/tmp'"
	sql copy 'create temp table t tablespace tmp as select 1'
	cluster_stop copy
	rm -rf "$T/copy"
}

no_such_tablespace() {
	captured backup main -c fast -o "$T/out/none.tar" --without-tablespace=4711 \
		"--without-tablespace=$(cat "$T/tmp_oid")"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'symbolic link "pg_tblspc/4711" does not exist'
}

# What is not temporary is in the WAL.
not_temporary() {
	read -r tmp_oid <"$T/tmp_oid"
	as_server mkdir -p "$T/main/tmp/$(version_dir main)"
	while [ ! -e "$T/not.done" ]; do
		sql main 'create table other (i int) tablespace tmp; drop table other'
	done &
	captured backup main -c fast -r 32M -o "$T/out/not.tar" "--without-tablespace=$tmp_oid"
	touch "$T/not.done"
	wait $!
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "tablespace $tmp_oid is left out, but the WAL at"
	sql main checkpoint
}

# A database in it goes with it; no storage is to blame.
with_database() {
	read -r tmp_oid <"$T/tmp_oid"
	sql main 'create database gone tablespace tmp'
	sql main checkpoint
	captured backup main -c fast -o "$T/out/database.tar" "--without-tablespace=$tmp_oid"
	[ "$rc" -eq 3 ]
	lines 1 "database [0-9]* is in tablespace $tmp_oid, which is left out" "$T/stderr"
	lines 1 'the backup is complete, except for 1 database in a tablespace' "$T/stderr"
	lines 4 '' "$T/stderr"
	sql main 'drop database gone'
	sql main checkpoint
}

tmp_dropped() {
	cluster_start main
	sql main 'drop tablespace tmp'
	cluster_stop main
}

t 'a primary' make_main
cluster_stop main
t 'a tablespace whose directory is gone' gone_tablespace
if [ -s "$T/tmp_oid" ]; then
	t 'left out, online' without_it without.tar -c fast
	t 'split' without_it without --split -c fast
	t 'an OID that is none' no_such_tablespace
	t 'what is left out is not temporary' not_temporary
	t 'a database is left out' with_database
	rm -rf "$T/main/tmp"
	cluster_stop main
	t 'left out, offline' without_it without-stopped.tar --offline
	t 'of a snapshot' without_it without-snapshot.tar --snapshot
	t 'all as before' tmp_dropped
fi

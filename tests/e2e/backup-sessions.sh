#!/bin/sh
# The server's side of a backup at its edges: what sessions of others do meanwhile, roles and
# databases with settings of their own, servers that are slow, and what stands between.
release=15 # pg_basebackup of its servers leaves out a tablespace in place
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/chain.sh
. "$top/tests/e2e/lib/chain.sh"
archive=$T/out/base.tar

# refused PATTERN: the run that just ended was, with one error that matches and a hint.
refused() {
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$1"
	lines 1 '^hint: ' "$T/stderr"
}

# ------------------------------------------------- tablespaces in place, made meanwhile

in_place() { # STATEMENT...: by a session that allows it
	at main psql -X -q -v ON_ERROR_STOP=1 -c 'set allow_in_place_tablespaces = on' \
		-c "create tablespace inside location ''"
	for statement; do
		sql main "$statement"
	done
}

in_place_meanwhile() {
	hold main
	in_place 'create table inside tablespace inside as select generate_series(1, 10) g'
	let_go
	refused 'allow_in_place_tablespaces is off'
	clean main
}

# Its own setting is of no use to recovery.
in_place_for_a_role() {
	sql main 'alter role postgres set allow_in_place_tablespaces = on'
	captured backup main -c fast -o "$archive"
	refused 'allow_in_place_tablespaces is off'
	sql main 'alter role postgres reset allow_in_place_tablespaces'
	sql main 'drop table inside'
	sql main 'drop tablespace inside'
}

in_place_and_gone() {
	hold main
	in_place 'drop tablespace inside'
	let_go
	[ "$rc" -eq 0 ]
	restore copy "$T/held.tar"
	cluster_start copy
	cluster_stop copy
}

# pg_basebackup sends none, up to 15; the WAL tells what happened to some of them.
streaming() {
	[ "$(sql main "select phase from pg_stat_progress_basebackup")" = 'streaming database files' ]
}

in_place_and_pg_basebackup() {
	in_place 'create table inside tablespace inside as select generate_series(1, 10) g' checkpoint
	at main pg_basebackup -D "$T/out/stock" -Ft -c fast -X fetch -r 8M &
	pid=$!
	wait_until 30 streaming
	sql main 'insert into inside values (11)'
	at main psql -X -q -v ON_ERROR_STOP=1 -c 'set allow_in_place_tablespaces = on' \
		-c "create tablespace other location ''" -c "create tablespace brief location ''"
	sql main 'create table brief tablespace brief as select generate_series(1, 10) g'
	sql main 'drop table brief'
	sql main 'drop tablespace brief'
	wait "$pid"
	captured "$BIN" verify "$T/out/stock"
	[ "$rc" -eq 3 ]
	lines 1 'tablespace [0-9]* is missing: the WAL at [0-9A-F/]* changes its pages' "$T/stderr"
	lines 1 'tablespace [0-9]* is a directory in pg_tblspc, but the configuration' "$T/stderr"
	lines 2 '' "$T/stderr"
	captured "$BIN" restore "$T/out/stock" -D "$T/restored"
	[ "$rc" -eq 1 ]
	[ ! -e "$T/restored/global/pg_control" ]
	rm -r "$T/out/stock"
	sql main 'drop table inside'
	sql main 'drop tablespace inside'
	sql main 'drop tablespace other'
}

# ------------------------------------------------------------ standbys: replay and queries

# Replay of what VACUUM removes waits for no snapshot here.
vacuum_all_the_time() {
	while [ -e "$T/vacuum" ]; do
		sql main 'update v set i = i + 1'
		sql main 'vacuum v'
	done >/dev/null
}

conflicts() {
	[ "$(sql standby 'select confl_snapshot > 0 from pg_stat_database_conflicts
		where datname = current_database()')" = t ]
}

# A snapshot held for a second would be cancelled; the restartpoint writes all that changed.
standby_in_conflict() { # OPTION...
	sql main 'update t set g = g + 1'
	sql main checkpoint
	level standby main
	touch "$T/vacuum"
	vacuum_all_the_time &
	busy=$!
	captured backup standby -o "$T/out/standby.tar" "$@"
	# it is what it is meant to be: a session that holds one is cancelled
	fails sql standby 'begin isolation level repeatable read; select 1 from v limit 1; select pg_sleep(60)'
	conflicts
	rm "$T/vacuum"
	wait "$busy"
	[ "$rc" -eq 0 ]
	rm "$T/out/standby.tar"
}

standby_without_rights() {
	standby_in_conflict -U plain
	[ ! -s "$T/stderr" ]
}

standby_as_superuser() {
	standby_in_conflict -c spread
	lines 1 'warning: the backup of a standby begins with a fast restartpoint' "$T/stderr"
	lines 1 '' "$T/stderr"
	cluster_stop standby
}

# ------------------------------------------------ roles and databases with settings of their own

# with_settings SETTING...: those of the role and of the database; 0 is the least that there is.
administer() {
	PGOPTIONS='-c statement_timeout=0 -c default_transaction_read_only=off -c search_path=public' sql main "$1"
}

with_settings() {
	for setting; do
		administer "alter role plain set $setting"
		[ "${setting%=*}" = role ] || administer "alter database postgres set $setting"
	done
	captured backup main -U plain -o "$archive" --force -c "${pace:-fast}"
	administer 'alter role plain reset all'
	administer 'alter database postgres reset all'
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
}

with_limits() {
	pace=spread
	sql main 'update t set g = g + 1'
	with_settings statement_timeout=1 lock_timeout=1 idle_in_transaction_session_timeout=1
}

with_odd_transactions() {
	with_settings default_transaction_isolation=serializable default_transaction_deferrable=on \
		default_transaction_read_only=on
}

with_odd_texts() {
	with_settings "search_path=''" datestyle=german,dmy intervalstyle=iso_8601 "timezone='Asia/Kolkata'" \
		extra_float_digits=-15 client_min_messages=error row_security=off "lc_messages='C'" \
		client_encoding=latin1 standard_conforming_strings=off bytea_output=escape
}

# A role that becomes another one when it logs in: with the rights, or without.
with_another_role() {
	sql main 'create role nothing nologin'
	sql main 'grant nothing to plain'
	with_settings role=nothing
	sql main 'create role rights nologin'
	sql main 'grant execute on function pg_backup_start(text, boolean), pg_backup_stop(boolean) to rights'
	sql main 'revoke execute on function pg_backup_start(text, boolean), pg_backup_stop(boolean) from plain'
	sql main 'grant rights to plain'
	sql main 'alter role plain noinherit'
	with_settings role=rights
	sql main 'alter role plain inherit'
}

# The user's own options stay, and reach both sessions.
with_pgoptions() {
	PGOPTIONS='-c log_statement=all -c statement_timeout=5 -c work_mem=3MB'
	export PGOPTIONS
	captured backup main -c fast -o "$archive" --force
	unset PGOPTIONS
	[ "$rc" -eq 0 ]
	lines 1 'statement: .*pg_create_physical_replication_slot\|execute.*pg_create_physical_replication_slot' "$T/main/log"
	lines 1 'execute.*pg_backup_start' "$T/main/log"
}

on_a_standby() {
	sql main "alter role plain set default_transaction_isolation = serializable"
	level standby main
	captured backup standby -U plain -o "$archive" --force
	sql main 'alter role plain reset all'
	[ "$rc" -eq 0 ]
}

# ------------------------------------------------------------------ is it the right server?

# began SECONDS: postmaster.pid says that it began so long before it was ready.
began() {
	as_server sed -i "3s/.*/$(($(sed -n 3p "$T/main/data/postmaster.pid") - $1))/" "$T/main/data/postmaster.pid"
}

# As it is of one that had many temporary files to remove.
slow_start() {
	began 500
	captured backup main -U plain --no-slot -c fast -o "$archive" --force
	[ "$rc" -eq 0 ]
	began -1000
	captured backup main -U plain -c fast -o "$archive" --force
	refused 'runs a copy of this cluster.*it was started at'
	began 500
}

# The path that the server has for its data directory leads elsewhere on this host.
name_of_a_container() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root to mount'
	cluster_init inside
	as_server mkdir "$T/inside/mounted"
	unshare -m --propagation private true 2>/dev/null || skip 'cannot mount here'
	# shellcheck disable=SC2016,SC2086 # for the other shell; words
	unshare -m --propagation private sh -c 'mount --bind "$1/data" "$1/mounted" && shift && exec "$@"' \
		sh "$T/inside" $as postgres -D "$T/inside/mounted" -p "$(cat "$T/inside/port")" \
		-k "$T/inside" -c listen_addresses= >"$T/inside/log" 2>&1 &
	pid=$!
	trap 'kill -QUIT "$pid" || :' EXIT
	wait_until 60 sql inside 'select 1'
	captured backup inside -h "$T/inside" -c fast -o "$archive" --force
	kill -QUIT "$pid"
	wait "$pid" || :
	trap - EXIT
	[ "$rc" -eq 0 ]
	passes "$archive"
}

# With the right system identifier, on the same host and started later.
copy_of_it() {
	restore copy "$T/held.tar"
	cluster_set copy "port = $(cat "$T/main/port")"
	cp "$T/main/port" "$T/copy/port"
	cluster_start copy
	captured backup main -h "$T/copy" -c fast -o "$archive" --force
	refused "runs a copy of this cluster.*its data directory is \"$T/copy/data\""
	sql copy 'create role other login replication'
	sql copy 'grant execute on function pg_backup_start(text, boolean), pg_backup_stop(boolean) to other'
	captured backup main -h "$T/copy" -U other --no-slot -c fast -o "$archive" --force
	refused 'runs a copy of this cluster.*its last checkpoint is at'
	cluster_stop copy
}

# ----------------------------------------------------------------- what cannot be connected to

without_socket() {
	as_server mv "$T/main/.s.PGSQL.$(cat "$T/main/port")" "$T/main/away"
	captured backup main -c fast -o "$archive" --force
	as_server mv "$T/main/away" "$T/main/.s.PGSQL.$(cat "$T/main/port")"
	refused 'connection to server on socket .* failed'
	lines 1 '^hint: Server process [0-9]* is running, but its socket file is missing: .* -h' "$T/stderr"
}

without_database() {
	captured backup main -d nosuch -c fast -o "$archive" --force
	refused 'database "nosuch" does not exist'
	lines 1 '^hint: Name a database that exists with -d' "$T/stderr"
}

# Run as root, it is the file of the data directory's owner.
without_password() {
	as_server cp "$T/main/data/pg_hba.conf" "$T/main/hba"
	sql main "alter role plain password 'secret'"
	echo 'local all plain scram-sha-256' | as_server tee "$T/main/data/pg_hba.conf" >/dev/null
	as_server cat "$T/main/hba" | as_server tee -a "$T/main/data/pg_hba.conf" >/dev/null
	sql main 'select pg_reload_conf()' >/dev/null
	home=$(getent passwd "$owner" | cut -d : -f 6)
	[ "$(id -u)" -eq 0 ] || home=$HOME
	captured env PGHOST="$T/main" "$BIN" -D "$T/main/data" -U plain -w -c fast -o "$T/own.tar"
	as_server cp "$T/main/hba" "$T/main/data/pg_hba.conf"
	sql main 'select pg_reload_conf()' >/dev/null
	refused 'no password supplied'
	lines 1 "^hint: Put the password into \"$home/.pgpass\", a file of user $owner" "$T/stderr"
}

# ------------------------------------------------------ a server that does not get to run

# Longer than it may say nothing without being asked why; the archive is complete before it goes on.
stalled() {
	hold main -v
	backend=$(sql main "select pid from pg_stat_activity where application_name = 'pg_basetar'
		order by backend_start limit 1")
	kill -STOP "$backend"
	wait_until 60 grep -q 'warning: the server has not answered for 2[0-9] s' "$T/stderr"
	cat <"$T/pipe" >>"$T/held.tar" 7<&- &
	exec 7<&-
	sleep 1
	kill -CONT "$backend"
	ends
	[ "$rc" -eq 0 ]
	passes "$T/held.tar"
	clean main
}

cluster_init main
cluster_set main wal_keep_size=1GB checkpoint_completion_target=0.001
cluster_start main
sql main 'create table t as select g from generate_series(1, 100000) g'

standby_of main standby max_standby_streaming_delay=100ms wal_receiver_status_interval=1s >"$T/standby.log"
sql main 'create table v as select i from generate_series(1, 1000) i'
sql main 'create role plain login replication'
sql main 'grant execute on function pg_backup_start(text, boolean), pg_backup_stop(boolean) to plain'
level standby main
t 'a standby whose replay cancels queries, default options' standby_without_rights
t 'a serializable role on a standby' on_a_standby
t 'a standby whose replay cancels queries, -c spread' standby_as_superuser
t 'a role and a database with limits of 1 ms, and a spread checkpoint' with_limits
t 'a role and a database with odd transactions' with_odd_transactions
t 'a role and a database with odd texts' with_odd_texts
t 'a role that becomes another' with_another_role
t 'PGOPTIONS' with_pgoptions
t 'a backend that is stalled for twenty seconds' stalled
t 'a socket that was removed' without_socket
t 'a database that does not exist' without_database
t 'no password, and whose file is looked in' without_password
t 'a server that was slow to start' slow_start
t 'a server of a container, whose path is another directory here' name_of_a_container
t 'a copy of the cluster on the same host' copy_of_it
rm -f "$archive"
t 'a tablespace made in place meanwhile' in_place_meanwhile
t 'a role that may have some in place' in_place_for_a_role
t 'a tablespace made in place and dropped' in_place_and_gone
t 'tablespaces in place that pg_basebackup leaves out' in_place_and_pg_basebackup

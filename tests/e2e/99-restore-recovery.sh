#!/bin/sh
# restore and what a server is told of how to recover: to a moment, a position, a transaction, a name;
# and a standby that follows the original.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
export PGUSER=postgres
major=${MAJOR:-15}

# A commit each, with what will name the moment behind it.
commit() { # VALUE
	sql main "insert into t values ($1)"
	sql main 'select pg_switch_wal()' >/dev/null
}

prepared() { # MAJOR
	major=$1
	cluster_init main "$major" -k
	as_server mkdir "$T/main/archive"
	cluster_set main archive_mode=on "archive_command = 'cp %p \"$T/main/archive/%f\"'" autovacuum=off
	case $major in
	1[01]) cluster_set main hot_standby=on ;;
	esac
	cluster_start main
	sql main 'create table t (value int)'
	captured backup main -c fast -o - --no-wait-archive
	cp "$T/stdout" "$T/out/base.tar"
	chmod 644 "$T/out/base.tar"
	commit 1
	sql main 'select clock_timestamp()' >"$T/out/time"
	commit 2
	sql main 'select pg_current_wal_lsn()' >"$T/out/lsn"
	commit 3
	sql main "select pg_create_restore_point('before, ''four''')" >/dev/null
	commit 4
	at main psql -X -q -A -t -c 'begin' -c 'insert into t values (5)' -c 'select txid_current()' -c commit >"$T/out/xid"
	commit 6
	last=$(sql main 'select pg_walfile_name(pg_current_wal_lsn())')
	commit 7
	wait_until 60 test -e "$T/main/archive/$last"
}

# recovered VALUE OPTION...: the copy has all up to this value, and no other.
recovered() {
	value=$1
	shift
	cluster_dir copy "$major"
	captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/data" \
		--restore-command="cp \"$T/main/archive/%f\" '%p'" "$@"
	cat "$T/copy/data/recovery.conf" "$T/copy/data/postgresql.auto.conf" 2>/dev/null || :
	[ "$rc" -eq 0 ]
	as_server sed -i 's/^archive_mode.*/archive_mode = off/' "$T/copy/data/postgresql.conf"
	cluster_start copy
	wait_until 60 is_open copy
	[ "$(sql copy 'select max(value) from t')" = "$value" ]
	[ "$(sql copy 'select count(*) from t')" = "$value" ]
	cluster_stop copy immediate
	rm -rf "$T/copy"
}

is_open() {
	[ "$(sql "$1" 'select pg_is_in_recovery()')" = f ]
}

follows_main() {
	[ "$(sql copy 'select max(value) from t')" = 8 ]
}

standby() {
	cluster_dir copy "$major"
	captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/data" --standby \
		--restore-command="cp \"$T/main/archive/%f\" '%p'" \
		--primary-conninfo="host=$T/main port=$(cat "$T/main/port") application_name='it\\'s'"
	[ "$rc" -eq 0 ]
	as_server sed -i 's/^archive_mode.*/archive_mode = off/' "$T/copy/data/postgresql.conf"
	cluster_start copy
	sql main 'insert into t values (8)'
	wait_until 60 follows_main
	[ "$(sql copy 'select pg_is_in_recovery()')" = t ]
	[ "$(sql main 'select application_name from pg_stat_replication')" = "it's" ]
	cluster_stop copy
	rm -rf "$T/copy"
	sql main 'delete from t where value = 8'
}

# A copy recovered, and archived a timeline of its own: recovery along that of the backup is not
# led astray.
wrong_turn() {
	cluster_dir copy "$major"
	captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/data" --archive-mode=keep \
		--restore-command="cp \"$T/main/archive/%f\" '%p'"
	cluster_start copy
	wait_until 60 is_open copy
	sql copy 'insert into t values (100)'
	segment=$(sql copy 'select pg_walfile_name(pg_switch_wal())')
	wait_until 60 test -e "$T/main/archive/$segment"
	test -e "$T/main/archive/00000002.history"
	cluster_stop copy immediate
	rm -rf "$T/copy"
	sql main 'insert into t values (8)'
	segment=$(sql main 'select pg_walfile_name(pg_switch_wal())')
	wait_until 60 test -e "$T/main/archive/$segment"
	recovered 8 --target-timeline=current
}

# Of an archive of a standby its own settings go; those of ALTER SYSTEM stay.
of_a_standby() {
	sql main "alter system set work_mem = '5MB'"
	sql main "alter system set recovery_target_action = 'shutdown'"
	cluster_set main "recovery_target_xid = '999999'"
	cluster_dir standby "$major"
	at main pg_basebackup -c fast -R -D "$T/standby/data"
	as_server sed -i 's/^archive_mode.*/archive_mode = off/' "$T/standby/data/postgresql.conf"
	cluster_start standby
	captured as_server "$BIN" -D "$T/standby/data" -c fast -o -
	cp "$T/stdout" "$T/out/standby.tar"
	chmod 644 "$T/out/standby.tar"
	cluster_stop standby
	sql main 'select clock_timestamp()' >"$T/out/now"
	commit 9
	wait_until 60 test -e "$T/main/archive/$(sql main 'select pg_walfile_name(pg_current_wal_lsn() - 1)')"
	cluster_dir copy "$major"
	captured as_server "$BIN" restore "$T/out/standby.tar" -D "$T/copy/data" \
		--restore-command="cp \"$T/main/archive/%f\" '%p'" --target-time="$(cat "$T/out/now")" \
		--target-action=promote
	[ "$rc" -eq 0 ]
	[ ! -e "$T/copy/data/standby.signal" ]
	[ -e "$T/copy/data/recovery.signal" ]
	cluster_start copy
	wait_until 60 is_open copy
	[ "$(sql copy 'show work_mem')" = 5MB ]
	cluster_stop copy
}

targets() {
	t "$major: no target, all there is" recovered 7
	t "$major: a moment" recovered 1 --target-time="$(cat "$T/out/time")" --target-action=promote
	t "$major: a position" recovered 2 --target-lsn="$(cat "$T/out/lsn")" --target-action=promote
	t "$major: a name" recovered 3 --target-name="before, 'four'" --target-action=promote
	t "$major: a transaction" recovered 5 --target-xid="$(cat "$T/out/xid")" --target-action=promote
	t "$major: a timeline" recovered 7 --target-timeline=1
	t "$major: a standby" standby
}

for major in 10 11 15 18; do
	t "$major: a cluster with an archive" prepared "$major"
	case $major in
	10) ;;
	18) t "$major: a standby" standby ;; # as 15, but for what follows
	*) targets ;;
	esac
	if [ "$major" = 15 ]; then
		t "$major: an archive of a standby" of_a_standby
	else
		t "$major: the timeline of the backup, not the latest" wrong_turn
	fi
	[ ! -e "$T/main/data/postmaster.pid" ] || cluster_stop main
done

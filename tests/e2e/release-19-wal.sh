#!/bin/sh
# The WAL of PostgreSQL 19: an abandoned record is marked by another flag, and the history of a timeline
# has LSNs of a fixed width.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/by19.sh
. "$top/tests/e2e/lib/by19.sh"

# A crash leaves a record of which the end was never written; the server says so in the next page
# that it writes, and its standby has both.
abandoned() {
	cluster_init old 19 --wal-segsize=1
	cluster_set old autovacuum=off wal_keep_size=1GB
	cluster_start old
	sql old 'create table t as select generate_series(1, 1000) as a'
	cluster_dir standby 19
	by19 old pg_basebackup -D "$T/standby/data" -R -c fast -X stream
	cluster_start standby
	sql old 'insert into t select generate_series(1001, 2000)'
	wait_until 20 has_rows standby 2000
	cluster_stop standby
	sql old 'select pg_switch_wal()'
	start=$(sql old 'select pg_current_wal_insert_lsn()')
	last=$(sql old "select pg_walfile_name(pg_logical_emit_message(false, 'x', repeat('y', 1400000), true))")
	cluster_stop old immediate
	dd if=/dev/zero of="$T/old/data/pg_wal/$last" bs=1M count=1 conv=notrunc status=none
	cluster_start old
	sql old 'insert into t select generate_series(2001, 3000)'
	by19 old pg_waldump -p "$T/old/data/pg_wal" -s "$start" >"$T/waldump" 2>/dev/null || :
	grep -q OVERWRITE_CONTRECORD "$T/waldump"
	cluster_start standby
	wait_until 20 has_rows standby 3000
	sql standby 'select pg_last_wal_replay_lsn()' >"$T/replayed"
	cluster_stop standby immediate
	cluster_stop old
}

has_rows() { # NAME ROWS
	[ "$(sql "$1" 'select count(*) from t')" -eq "$2" ]
}

# All of the standby's WAL, beyond that record.
its_snapshot() {
	rm -f "$T/standby/data/postmaster.pid"
	rm -f "$archive"
	captured backup standby --snapshot -o "$archive"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	passes "$archive"
	tar -xOf "$archive" backup_manifest | sed -n 's/.*"End-LSN": "\([^"]*\)".*/\1/p' >"$T/end"
	[ "$(printf '%s\n' "$(cat "$T/end")" "$(cat "$T/replayed")" | sort | head -n 1)" = "$(cat "$T/replayed")" ]
	restore copy "$archive" gnu 19
	rm -f "$T/copy/data/standby.signal"
	cluster_set copy "primary_conninfo = ''"
	cluster_start copy
	has_rows copy 3000
	cluster_stop copy
}

is_promoted() { # NAME
	[ "$(sql "$1" 'select pg_is_in_recovery()')" = f ]
}

# Its timeline's history is written with eight digits too.
promoted() {
	cluster_start old
	cluster_start standby
	wait_until 20 has_rows standby 3000
	captured backup standby -c fast -o "$T/out/standby.tar"
	[ "$rc" -eq 0 ]
	passes "$T/out/standby.tar"
	sql standby 'select pg_promote()' >/dev/null
	wait_until 60 is_promoted standby
	cluster_stop old
	sql standby 'insert into t select generate_series(3001, 4000)'
	rm -f "$archive"
	captured backup standby -c fast -o "$archive"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	tar -xOf "$archive" pg_wal/00000002.history >"$T/history"
	lines 1 '^1	[0-9A-F]*/[0-9A-F]\{8\}	no recovery target specified$' "$T/history"
	proved_by standby "$archive"
	restore copy "$archive" gnu 19
	cluster_start copy
	has_rows copy 4000
	cluster_stop copy
	cluster_stop standby
	captured backup standby --offline --split -o "$T/out/stopped"
	[ "$rc" -eq 0 ]
	proved_by standby "$T/out/stopped"
}

t 'a standby that crashed after an abandoned record' abandoned
if [ -e "$T/replayed" ]; then
	t 'its snapshot goes on after that record' its_snapshot
	t 'a standby, and the same promoted, running and stopped' promoted
fi

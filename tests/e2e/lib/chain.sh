# shellcheck shell=sh
# For tests with standbys of standbys; sourced after lib/base.sh.

replayed() { # STANDBY LSN
	[ "$(sql "$1" "select pg_last_wal_replay_lsn() >= '$2'")" = t ]
}

# level STANDBY PRIMARY: it has what is there now.
level() {
	there=$(sql "$2" 'select pg_current_wal_flush_lsn()')
	wait_until 60 replayed "$1" "$there"
}

is_open() { # NAME
	[ "$(sql "$1" 'select pg_is_in_recovery()')" = f ]
}

on_timeline() { # NAME TIMELINE
	[ "$(sql "$1" 'select received_tli from pg_stat_wal_receiver')" -eq "$2" ]
}

# standby_of PRIMARY NAME SETTING...: made from a backup of PRIMARY, which may be a standby of
# "main" itself.
standby_of() {
	from=$1
	cluster=$2
	shift 2
	as_server rm -f "$T/out/first.tar"
	backup "$from" -c fast -o "$T/out/first.tar"
	restore "$cluster" "$T/out/first.tar"
	as_server rm "$T/out/first.tar"
	cluster_set "$cluster" archive_mode=off "$@"
	follows "$cluster" "$from"
	cluster_start "$cluster"
	level "$cluster" main
}

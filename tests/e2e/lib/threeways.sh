# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # lib/base.sh and the tests have the other end of these
# For tests that restore a backup in every way that a server can be started; sourced after
# lib/base.sh.  The original is "main", its WAL goes to $T/archive; the copy is "copy".

# original: a cluster that archives, with tablespaces, an unlogged table, and work done.
original() {
	as_server mkdir -p "$T/archive"
	cluster_init main -k --wal-segsize=1
	cluster_set main archive_mode=on "archive_command='cp %p $T/archive/%f'" wal_keep_size=1GB \
		max_wal_size=1GB
	cluster_start main
	load_init main 1
	sql main 'create table mark (text text)'
	sql main 'create unlogged table u as select generate_series(1, 1000) g'
	sql main 'create index on u (g)'
	work
}

# work: some hundred transactions more, and tables that come and go.
work() {
	load_start main
	wait_until 60 has_more "$(sql main 'select count(*) from pgbench_history')"
	load_stop main
}

has_more() {
	[ "$(sql main 'select count(*) from pgbench_history')" -gt "$(($1 + 200))" ]
}

# goes_on: what the original does after it was backed up; $T/moment is in the middle.
goes_on() {
	work
	sql main "insert into mark values ('before')"
	sql main 'select clock_timestamp()' >"$T/moment"
	sql main "insert into mark values ('after')"
	work
	sql main 'select pg_switch_wal()' >/dev/null
	wait_until 60 is_archived
}

is_archived() {
	[ "$(sql main "select last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1048576)
		from pg_stat_archiver")" = t ]
}

is_promoted() { # NAME
	[ "$(sql "$1" 'select pg_is_in_recovery()')" = f ]
}

# fresh_copy ARCHIVE: unpacked, and as no standby whatever it was.  ARCHIVE may be a directory of
# several.
fresh_copy() {
	if [ -d "$1" ]; then
		restore_split copy "$1"
	else
		restore copy "$1"
	fi
	rm -f "$T/copy/data/standby.signal"
	cluster_set copy archive_mode=off "primary_conninfo=''"
}

# has_unlogged ROWS: so many are in the copy's, and it can be used.
has_unlogged() {
	[ "$(sql copy 'select count(*) from u')" -eq "$1" ]
	[ "$(sql copy 'select count(*) from u where g = 7')" -eq $(($1 / 1000)) ]
	sql copy 'insert into u values (7)'
}

plain_start() { # ARCHIVE UNLOGGED-ROWS
	fresh_copy "$1"
	cluster_start copy
	[ "$(sql copy 'select count(*) from mark')" -eq 0 ]
	has_unlogged "$2"
	sound copy
}

has_caught_up() {
	[ "$(sql copy 'select pg_is_in_recovery() and count(*) = 2 from mark')" = t ] &&
		[ "$(sql copy 'select count(*) from pgbench_history')" -eq \
			"$(sql main 'select count(*) from pgbench_history')" ]
}

as_a_standby() { # ARCHIVE
	fresh_copy "$1"
	follows copy main
	cluster_start copy
	wait_until 60 has_caught_up
	sql copy 'select pg_promote()'
	wait_until 60 is_promoted copy
	has_unlogged 0
	sound copy
}

to_a_time() { # ARCHIVE
	fresh_copy "$1"
	recovers_to copy "restore_command = 'cp $T/archive/%f %p'" \
		"recovery_target_time = '$(cat "$T/moment")'" 'recovery_target_action = promote'
	cluster_start copy
	wait_until 60 is_promoted copy
	[ "$(sql copy "select string_agg(text, ' ') from mark")" = before ]
	has_unlogged 0
	sound copy
}

# Sets $away to a new directory on another file system: in memory, where that may be written to.
make_away() {
	away=$(as_server mktemp -d /dev/shm/pgbt.XXXXXX 2>/dev/null) || away=$T/away
	if [ "$away" = "$T/away" ]; then
		as_server mkdir "$away"
		mount -t tmpfs none "$away" 2>/dev/null ||
			skip '/dev/shm may not be written to, and only root can mount another file system'
		echo "$away" >"$T/mounted"
		chown "$owner" "$away"
	fi
	trap 'leave_away' EXIT
	[ "$(stat -c %d "$away")" -ne "$(stat -c %d "$T")" ]
}

leave_away() {
	if [ -e "$T/mounted" ]; then
		umount "$away"
		rm "$T/mounted"
	fi
	rm -rf "$away"
}

# crash NAME: kill -9 of all processes of its server.  One that it started meanwhile would go on
# writing, so it is stopped first.
crash() {
	server=$(head -n 1 "$T/$1/data/postmaster.pid")
	kill -STOP "$server"
	processes="$server $(children "$server" | tr '\n' ' ')"
	# shellcheck disable=SC2086 # words
	kill -9 $processes || : # some may have ended by themselves
	for process in $processes; do
		wait_until 60 fails kill -0 "$process"
	done
}

# segments ARCHIVE: its WAL segments, and which of them are marked as archived.
segments() {
	tar -tf "$1" >"$T/list"
	sed -n 's,^pg_wal/\([0-9A-F]\{24\}\)$,\1,p' "$T/list" >"$T/segments"
	sed -n 's,^pg_wal/archive_status/\([0-9A-F]\{24\}\)\.done$,\1,p' "$T/list" >"$T/done"
}

# marked_as CLUSTER: of the segments that were sent the archiver of the copy is told what that of
# the cluster was.
marked_as() {
	for mark in 'done' ready; do
		while read -r segment; do
			[ ! -e "$T/$1/data/pg_wal/archive_status/$segment.$mark" ] || echo "$segment"
		done <"$T/segments" >"$T/expected"
		sed -n "s,^pg_wal/archive_status/\\([0-9A-F]\\{24\\}\\)\\.$mark\$,\\1,p" "$T/list" |
			diff "$T/expected" -
	done
}

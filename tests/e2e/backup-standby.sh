#!/bin/sh
# A standby is backed up like a primary: while it replays, across a promotion of its primary,
# and no longer than it is one.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"

# Where the standby has replayed all that the primary has flushed.
level() { # STANDBY PRIMARY
	there=$(sql "$2" 'select pg_current_wal_flush_lsn()')
	wait_until 60 replayed "$1" "$there"
}

replayed() { # STANDBY LSN
	[ "$(sql "$1" "select pg_last_wal_replay_lsn() >= '$2'")" = t ]
}

in_recovery() {
	[ "$(sql "$1" 'select pg_is_in_recovery()')" = t ]
}

is_open() {
	[ "$(sql "$1" 'select pg_is_in_recovery()')" = f ]
}

standbys() { # NAME SETTING...: a standby of main, made from a backup of it
	cluster=$1
	shift
	backup main -c fast -o "$T/out/first.tar"
	restore "$cluster" "$T/out/first.tar" gnu "$major"
	rm "$T/out/first.tar"
	cluster_set "$cluster" hot_standby=on "$@"
	follows "$cluster" main
	cluster_start "$cluster"
	wait_until 60 in_recovery "$cluster"
	level "$cluster" main
}

prepare() {
	as_server mkdir -p "$T/archive"
	cluster_init main "$major" -k
	cluster_set main archive_mode=on "archive_command='cp %p $T/archive/%f'" \
		wal_level=replica hot_standby=on max_wal_size=64MB
	keeps_wal main 1000
	cluster_start main
	load_init main 1
	standbys standby
}

# Under load, with restartpoints; nothing of it stays on either server.
take() { # OPTION...
	backup standby -c fast -o "$T/out/base.tar" "$@"
	clean standby
	[ "$(sql main 'select count(*) from pg_replication_slots')" -eq 0 ]
	loaded main
	tar -xOf "$T/out/base.tar" backup_label | grep -qx 'BACKUP FROM: standby'
	tar -tf "$T/out/base.tar" >"$T/list"
	last=$(grep -E '^pg_wal/[0-9A-F]{24}$' "$T/list" | tail -n 1)
	[ -n "$last" ]
	# the last segment is not complete, and who goes on with it must archive it; unless it was
	# before it was read: then it is what the primary archived
	if grep -q "^pg_wal/archive_status/${last#pg_wal/}" "$T/list"; then
		wait_until 60 test -e "$T/archive/${last#pg_wal/}"
		tar -xOf "$T/out/base.tar" "$last" | cmp - "$T/archive/${last#pg_wal/}"
	fi
}

take_split() {
	backup standby -c fast --split -o "$T/out/split"
	clean standby
	tar -xOf "$T/out/split/base.tar" backup_label | grep -qx 'BACKUP FROM: standby'
}

# A row before this moment, one after it.
mark() {
	sql main "create table mark (text text); insert into mark values ('before')"
	moment=$(sql main 'select clock_timestamp()')
	sql main "insert into mark values ('after')"
	archived=$(sql main 'select pg_walfile_name(pg_current_wal_insert_lsn())')
	sql main 'select pg_switch_wal()' >/dev/null
	wait_until 60 test -e "$T/archive/$archived"
	level standby main
}

unpacked() {
	case $form in
	split) restore_split copy "$T/out/split" gnu "$major" ;;
	*) restore copy "$T/out/base.tar" gnu "$major" ;;
	esac
}

copy() {
	unpacked
	as_server rm -f "$T/copy/data/standby.signal" "$T/copy/data/recovery.conf"
	# it may go on with the same timeline, and must not archive that over the original's
	cluster_set copy archive_mode=off
}

verified() {
	unpacked
	case $form-$major in
	split-"$packaged") verify_split copy "$T/out/split" ;;
	split-1[0-6]) verify_split copy "$T/out/split" -n ;;
	*-"$packaged") verify copy ;;
	*-1[0-6]) verify copy -n ;;
	esac
}

starts() {
	copy
	cluster_start copy
	is_open copy
	balanced copy
	checked
}

streams() {
	copy
	follows copy main
	cluster_start copy
	wait_until 60 in_recovery copy
	level copy main
	[ "$(sql copy 'select count(*) from mark')" -eq 2 ]
	as_server "$(cat "$T/copy/bin")/pg_ctl" -D "$T/copy/data" -s promote
	wait_until 60 is_open copy
	balanced copy
	checked
}

recovers() {
	copy
	recovers_to copy "recovery_target_time = '$moment'" "recovery_target_action = 'promote'" \
		"restore_command = 'cp $T/archive/%f %p'"
	cluster_start copy
	wait_until 60 is_open copy
	[ "$(sql copy 'select text from mark')" = before ]
	balanced copy
	checked
}

# amcheck's heapallindexed came with 11; pg_amcheck asks 14 and later.
checked() {
	if [ "$major" -ge 14 ]; then
		at copy pg_amcheck --heapallindexed -d postgres >"$T/amcheck.log" 2>&1
		diff /dev/null "$T/amcheck.log"
	fi
	cluster_stop copy
	[ "$major" != "$packaged" ] || as_server pg_checksums -c -D "$T/copy/data" | grep -q '^Bad checksums:  0$'
}

for major in $(majors slice); do
	t "$major: a primary and its standby" prepare
	[ -e "$T/standby/data/postmaster.pid" ] || continue
	load_start main
	t "$major: backup under load" take
	t "$major: backup under load: split" take_split
	load_stop main
	mark
	for form in one split; do
		t "$major, $form: pg_verifybackup" verified
		t "$major, $form: starts unaided" starts
		t "$major, $form: streams from the primary, and can be promoted" streams
		t "$major, $form: recovers to a moment" recovers
	done
	cluster_stop standby
	cluster_stop main
	rm -rf "$T/main" "$T/standby" "$T/copy" "$T/out/base.tar" "$T/out/split" "$T/archive"
done

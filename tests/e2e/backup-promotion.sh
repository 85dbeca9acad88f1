#!/bin/sh
# What can happen to a standby, and to its primary, in the middle of a backup of the standby.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/chain.sh
. "$top/tests/e2e/lib/chain.sh"

# A primary with some relations, and a standby of it.
begin() { # SETTING OF THE STANDBY...
	cluster_init main -k --wal-segsize=1
	cluster_set main wal_keep_size=200MB autovacuum=off
	cluster_start main
	sql main 'create table t as select g as id, 0 as value from generate_series(1, 20000) g'
	sql main 'create table later (lsn pg_lsn)'
	standby_of main standby "$@"
}

stop_all() {
	for cluster in copy second standby main; do
		[ ! -e "$T/$cluster/data/postmaster.pid" ] || cluster_stop "$cluster"
	done
}

# The run ends with one error, and nothing of it is left.
failed() { # PATTERN
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$1"
	clean standby
}

promoted() {
	begin
	hold standby
	as_server pg_ctl -D "$T/standby/data" -s promote
	wait_until 60 is_gone
	ended
	exec 7<&-
	failed 'the standby was promoted during the backup'
	stop_all
}

# The stop of a backup is refused by the server when pages were torn for want of images.
images_off() {
	begin
	hold standby
	sql main 'alter system set full_page_writes = off'
	sql main 'select pg_reload_conf()'
	sql main 'checkpoint'
	sql main 'update t set value = 1 where id % 100 = 0'
	level standby main
	let_go
	failed 'full_page_writes=off'
	stop_all
}

# A primary writes them for its own backup, whatever the setting.
images_off_on_primary() {
	cluster_init main -k
	cluster_start main
	sql main 'create table t as select g as id, 0 as value from generate_series(1, 20000) g'
	hold main
	sql main 'alter system set full_page_writes = off'
	sql main 'select pg_reload_conf()'
	sql main 'checkpoint'
	sql main 'update t set value = 1'
	let_go
	[ "$rc" -eq 0 ]
	restore copy "$T/held.tar"
	verify copy
	cluster_start copy
	[ "$(sql copy 'select sum(value) from t')" -eq 20000 ]
	cluster_stop copy
	as_server pg_checksums -c -D "$T/copy/data" | grep -q '^Bad checksums:  0$'
	stop_all
}

# The primary of our standby is itself a standby, and is promoted.
primary_promoted() {
	begin
	standby_of standby second
	hold second --report="$T/out/report.json"
	sql main 'update t set value = 1'
	level second main
	cluster_stop main immediate
	as_server pg_ctl -D "$T/standby/data" -s promote
	wait_until 60 is_open standby
	wait_until 60 on_timeline second 2
	sql standby 'update t set value = 2'
	sql standby 'checkpoint'
	level second standby
	sql second 'checkpoint' # the stop is what has reached its disk
	let_go
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	lines 1 '^  "source": "standby",$' "$T/out/report.json"
	lines 1 '^  "start_timeline": 1,$' "$T/out/report.json"
	lines 1 '^  "stop_timeline": 2,$' "$T/out/report.json"
	restore copy "$T/held.tar"
	[ -e "$T/copy/data/pg_wal/00000002.history" ]
	as_server cp "$T/copy/data/backup_manifest" "$T/manifest"
	[ "$(grep -o '"Timeline": [0-9]*' "$T/manifest" | tr '\n' ' ')" = '"Timeline": 2 "Timeline": 1 ' ]
	verify copy
	follows copy standby
	cluster_start copy
	level copy standby
	[ "$(sql copy 'select sum(value) from t')" -eq 40000 ]
	cluster_stop copy
	as_server pg_checksums -c -D "$T/copy/data" | grep -q '^Bad checksums:  0$'
}

# The same archive, without a primary: recovery finds timeline 2 in the copy's own pg_wal.
promoted_and_recovered() {
	restore copy "$T/held.tar"
	as_server rm "$T/copy/data/standby.signal"
	recovers_to copy 'restore_command = false'
	cluster_start copy
	wait_until 60 is_open copy
	[ "$(sql copy 'select sum(value) from t')" -eq 40000 ]
	[ "$(sql copy 'select timeline_id from pg_control_checkpoint()')" -eq 3 ]
	cluster_stop copy
}

# A plain start follows the timeline to where pg_control says, and stays on it.
promoted_and_started() {
	restore copy "$T/held.tar"
	as_server rm "$T/copy/data/standby.signal"
	cluster_start copy
	[ "$(sql copy 'select sum(value) from t')" -eq 40000 ]
	[ "$(sql copy 'select timeline_id from pg_control_checkpoint()')" -eq 2 ]
	stop_all
}

has_open() { # FILE
	readlink "/proc/$pid/fd"/* | grep -qxF "$1"
}

# Recovery of a standby's copy ends where pg_control says.  While a worker stands still with
# the last relation in hand it must not be read: what is replayed meanwhile counts.
control_is_last() {
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	begin
	file=$T/standby/data/$(sql standby "select pg_relation_filepath(oid) from pg_class
		where relisshared and pg_relation_size(oid) > 0 order by 1 desc limit 1")
	trace="strace -D -f -qq -o /dev/null -P $file -e trace=pread64
		-e inject=pread64:delay_enter=8000000:when=1"
	start standby -c fast -o "$T/out/held.tar"
	trace=
	wait_until 60 has_open "$file"
	sql main 'update t set value = 1'
	sql main 'checkpoint'
	level standby main
	sql standby 'checkpoint'
	reached=$(sql standby 'select min_recovery_end_lsn from pg_control_recovery()')
	ends
	[ "$rc" -eq 0 ]
	restore copy "$T/out/held.tar"
	as_server rm "$T/copy/data/standby.signal"
	cluster_start copy
	end=$(sed -n 's/.*consistent recovery state reached at \(.*\)/\1/p' "$T/copy/log")
	[ -n "$end" ]
	[ "$(sql copy "select '$end'::pg_lsn >= '$reached'")" = t ]
	[ "$(sql copy 'select sum(value) from t')" -eq 20000 ]
	stop_all
	rm "$T/out/held.tar"
}

# ------------------------------------------------------------------- its WAL's archive

with_archive() { # MODE
	as_server mkdir -p "$T/archived"
	begin "archive_mode=$1" "archive_command='cp %p $T/archived/%f'"
}

refused() { # PATTERN OPTION...
	pattern=$1
	shift
	captured backup standby -c fast -o "$T/out/base.tar" "$@"
	[ ! -e "$T/out/base.tar" ]
	failed "$pattern"
	lines 1 '^hint: ' "$T/stderr"
}

archives_nothing() {
	with_archive on
	refused 'a standby archives WAL only if archive_mode is "always"' -X none
	captured backup standby -c fast -o "$T/out/base.tar" -v --wait-archive
	[ "$rc" -eq 0 ]
	lines 1 'the backup does not wait for the WAL archive: a standby archives' "$T/stderr"
	as_server rm "$T/out/base.tar"
	stop_all
}

waits_with_a_limit() {
	with_archive always
	# segments that it came with are marked as archived: begin after these
	sql main 'select pg_switch_wal()'
	sql main 'checkpoint'
	level standby main
	sql standby 'checkpoint'
	refused 'may never end' -X none
	refused 'may never end' --wait-archive
	sql main 'update t set value = 1 where id = 1'
	level standby main
	refused 'was not archived within 2 s' --wait-archive=2
	start standby -c fast -o "$T/out/base.tar" -X none --wait-archive=60
	wait_until 30 in_phase 'waiting for the WAL archive'
	sql main 'update t set value = 1 where id = 2'
	sql main 'select pg_switch_wal()'
	ends
	[ "$rc" -eq 0 ]
	restore copy "$T/out/base.tar"
	as_server rm "$T/copy/data/standby.signal"
	recovers_to copy "restore_command = 'cp $T/archived/%f %p'"
	cluster_start copy
	wait_until 60 is_open copy
	[ "$(sql copy 'select sum(value) from t')" -eq 2 ]
	stop_all
}

t 'it is promoted' promoted
t 'full_page_writes goes off on its primary' images_off
t 'full_page_writes goes off on a primary' images_off_on_primary
t 'its primary is promoted' primary_promoted
t 'its primary is promoted: recovery without it' promoted_and_recovered
t 'its primary is promoted: a plain start' promoted_and_started
t 'pg_control is read when all else has been' control_is_last
t 'archive_mode on archives nothing' archives_nothing
t 'archive_mode always is waited for, with a limit' waits_with_a_limit

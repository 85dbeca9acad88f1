#!/bin/sh
# restore and what a server is told of how to recover: to a moment, a position, a transaction, a name;
# and a standby that follows the original.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
export PGUSER=postgres TZ=UTC0
major=${MAJOR:-$packaged}

# A commit each, with what will name the moment after it.
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

# ------------------------------------------------------- targets that cannot be reached

piped() { # FILE COMMAND...
	file=$1
	shift
	cat <"$file" | as_server "$@"
}

# aimed FROM OPTION...: a restore to a target; FROM "-" reads one.tar of a pipe.
aimed() {
	from=$1
	shift
	rm -rf "$T/copy"
	cluster_dir copy "$major"
	if [ "$from" = - ]; then
		captured piped "$T/out/one.tar" "$BIN" restore - -D "$T/copy/data" --restore-command=false "$@"
	else
		captured as_server "$BIN" restore "$from" -D "$T/copy/data" --restore-command=false "$@"
	fi
}

# told_early PATTERN OPTION...: before a byte is written, however it is read.
told_early() {
	pattern=$1
	shift
	for from in "$T/out/one.tar" "$T/out/one.tar.gz" "$T/out/set" "$T/out/stock" -; do
		[ -e "$from" ] || [ "$from" = - ] || continue
		aimed "$from" "$@"
		[ "$rc" -eq 1 ]
		grep -v '^pg_basetar: recovery_target_time ".*" is 2' "$T/stderr" >"$T/told"
		one_error "$T/told" "$pattern"
		[ ! -e "$T/copy/data" ]
	done
}

# position KEY: of the backup one.tar.
position() {
	"$BIN" info --json "$T/out/one.tar" | sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p"
}

made_in_all_forms() { # MAJOR
	major=$1
	# shellcheck disable=SC2046 # a word or none
	cluster_init main "$major" $(small_segments "$major")
	cluster_start main
	for form in one.tar one.tar.gz; do
		captured backup main -q -c fast -o "$T/out/$form"
		[ "$rc" -eq 0 ]
	done
	captured backup main -q -c fast --split -o "$T/out/set"
	[ "$rc" -eq 0 ]
	[ "$major" -gt "$packaged" ] || at main pg_basebackup -Ft -c fast -X fetch -D "$T/out/stock"
	cluster_stop main
	start=$(position start_lsn)
	stop=$(position stop_lsn)
	[ -n "$start" ] && [ -n "$stop" ]
	echo "$start $stop" >"$T/positions"
}

too_early() {
	read -r start stop <"$T/positions"
	told_early 'recovery_target_lsn "0/28" is before the start of the backup, 0/' --target-lsn=0/28
	told_early 'recovery_target_time "2001-01-01 00:00:00.00:00" is before the start of the backup, ' --target-time=2001-01-01
	lines 1 'recovery_target_time "2001-01-01" is 2001-01-01 00:00:00+00:00$' "$T/stderr"
	told_early 'recovery_target_time ".*" is before the start of the backup, ' --target-time='3 hours ago'
	told_early 'recovery_target_time ".*" is before the start of the backup, ' --target-time='yesterday 0:00'
	told_early '"10 minutes agoo" is not a valid recovery_target_time' --target-time='10 minutes agoo'
	told_early '"soon" is not a valid recovery_target$' --target=soon
	told_early 'recovery_target and recovery_target_name exclude each other' --target=immediate --target-name=x
	told_early 'recovery_target_inclusive needs a time' --target-name=x --target-exclusive
	told_early 'primary_slot_name is for a standby only' --primary-slot=x
	told_early '"x y" is not a valid primary_slot_name' --standby '--primary-slot=x y'
	told_early 'is before the start of the backup' --target-time="$(date -u -d '-1 hour' '+%F %T UTC')"
	told_early '"yesterdayx" is not a valid recovery_target_time' --target-time=yesterdayx
	told_early '"0" is not a valid recovery_target_timeline' --target-timeline=0
	# a pipe and what is compressed tell of the end at their end: the copy is whole, and has it wrong
	for from in "$T/out/one.tar" "$T/out/set" "$T/out/stock"; do
		[ -e "$from/backup_manifest" ] || [ "$from" = "$T/out/one.tar" ] || continue
		aimed "$from" --target-lsn="$("$BIN" info --json "$from" | sed -n 's/^ *"start_lsn": "\(.*\)",$/\1/p')"
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" 'recovery_target_lsn ".*" is before the end of the backup, 0/'
		[ ! -e "$T/copy/data" ]
	done
	aimed - --target-lsn="$start" --report="$T/copy/report"
	[ "$rc" -eq 3 ]
	lines 1 "^pg_basetar: target: recovery_target_lsn \"$start\" is before the end of the backup, $stop" "$T/stderr"
	grep -q '"kind": "target"' "$T/copy/report"
	fails cluster_start copy
	grep -q 'requested recovery stop point is before consistent recovery point' "$T/copy/log"
	as_server sed -i '/^recovery_target_lsn = /d' "$T/copy/data"/*.conf
	cluster_start copy
	wait_until 60 is_open copy
	cluster_stop copy immediate
}

# What the server takes is not refused.
just_in_time() {
	read -r start stop <"$T/positions"
	before=$(echo "$stop" | sed 's,.*/,,')
	# the start of the end-of-backup record, after which recovery stops
	before=${stop%/*}/$(printf %X $((0x$before - 40)))
	for target in "lsn=$stop" "lsn=$before" 'lsn=F/28' "time=$(date -u '+%F %T+00')" \
		"time=$(date -u -d '+5 hours' '+%F %T') Asia/Tokyo" 'time=Nov 30 2099 PST' timeline=1 timeline=7; do
		aimed "$T/out/one.tar" "--target-$target"
		[ "$rc" -eq 0 ]
		lines 0 'recovery_target' "$T/stderr"
	done
	aimed "$T/out/one.tar" --target-lsn="$before" --target-action=promote
	cluster_start copy
	wait_until 60 is_open copy
	cluster_stop copy immediate
	aimed "$T/out/one.tar" --target-time="$(date -u -d '-5 hours' '+%F %T') EST" # a zone of the server's
	[ "$rc" -eq 0 ]
	lines 1 'warning: the backup started at .*: if recovery_target_time .*; name the time zone' "$T/stderr"
	TZ=XXX5 aimed "$T/out/one.tar" --target-time="$(date -u -d '-5 hours' '+%F %T')" # as the clock is there
	[ "$rc" -eq 0 ]
	cat "$T/copy/data"/recovery.conf "$T/copy/data/postgresql.auto.conf" 2>/dev/null >"$T/conf" || :
	lines 1 "^recovery_target_time = '.*-05:00'\$" "$T/conf"
	aimed "$T/out/one.tar" --target-time=now --target-exclusive
	[ "$rc" -eq 0 ]
	lines 1 'recovery_target_time "now" is 2' "$T/stderr"
	aimed "$T/out/one.tar" --target-lsn=0/28 --force
	[ "$rc" -eq 0 ]
	lines 1 'warning: recovery_target_lsn "0/28" is before the start of the backup' "$T/stderr"
}

# Recovery cannot go back to a timeline that the backup's comes from.
earlier_timeline() {
	aimed "$T/out/one.tar" --target-timeline=1
	cluster_start copy
	wait_until 60 is_open copy
	at copy "$BIN" -q -D "$T/copy/data" -c fast -o "$T/out/second.tar"
	cluster_stop copy
	aimed "$T/out/second.tar" --target-timeline=1
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'recovery_target_timeline 1 does not come from timeline 2, the timeline of the backup'
	[ ! -e "$T/copy/data" ]
	aimed "$T/out/second.tar" --target-timeline=2
	[ "$rc" -eq 0 ]
}

# A file that the release knows is restored; another makes its server refuse to start.
recovery_conf() { # MAJOR
	cluster_init main "$1"
	echo "restore_command = 'false'" | as_server tee "$T/main/data/recovery.conf"
	as_server "$BIN" -q -D "$T/main/data" --offline -o "$T/out/conf.tar"
	cluster_dir copy "$1"
	captured as_server "$BIN" restore "$T/out/conf.tar" -D "$T/copy/data"
	[ "$rc" -eq 0 ]
	if [ "$1" -lt 12 ]; then
		cmp "$T/main/data/recovery.conf" "$T/copy/data/recovery.conf"
		lines 1 'warning: the backup has a recovery.conf: the copy will recover' "$T/stderr"
	else
		[ ! -e "$T/copy/data/recovery.conf" ]
		lines 1 "warning: \"recovery.conf\" of the backup is not written: PostgreSQL $1 does not" "$T/stderr"
		lines 0 'the copy will recover' "$T/stderr"
		cluster_start copy
		cluster_stop copy
	fi
}

# What pg_basebackup -R adds is not of the original.
of_basebackup_for_a_standby() {
	rm -rf "$T/out/stock"
	cluster_init main
	cluster_start main
	at main pg_basebackup -Ft -c fast -X fetch -R -D "$T/out/stock"
	cluster_stop main
	cluster_dir copy
	captured as_server "$BIN" restore "$T/out/stock" -D "$T/copy/data"
	[ "$rc" -eq 0 ]
	lines 1 'warning: the backup has a standby.signal, of a standby or of pg_basebackup -R: ' "$T/stderr"
	[ -e "$T/copy/data/standby.signal" ]
}

# Where the copy is consistent: of all that came after the backup it has nothing.
immediate() {
	cluster_dir copy "$major"
	captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/data" --target=immediate --target-action=promote \
		--archive-mode=off --restore-command="cp \"$T/main/archive/%f\" '%p'"
	[ "$rc" -eq 0 ]
	cluster_start copy
	wait_until 60 is_open copy
	[ "$(sql copy 'select count(*) from t')" = 0 ]
	cluster_stop copy immediate
}

# What will hardly do is warned of; and -R is --standby.
warned_of() {
	cluster_dir copy "$major"
	captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/a" -R
	[ "$rc" -eq 0 ]
	lines 1 '^pg_basetar: warning: the standby gets no WAL: ' "$T/stderr"
	[ "$major" -lt 12 ] || [ -e "$T/copy/a/standby.signal" ]
	captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/b" --restore-command='cp /archive/x %p'
	lines 1 '^pg_basetar: warning: restore_command has no %f: ' "$T/stderr"
	captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/c" -R --primary-conninfo=host=x --primary-slot=s1
	[ "$rc" -eq 0 ]
	lines 0 warning "$T/stderr"
	cat "$T/copy/c/recovery.conf" "$T/copy/c/postgresql.auto.conf" 2>/dev/null >"$T/conf" || :
	lines 1 "^primary_slot_name = 's1'\$" "$T/conf"
	captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/d" -R --primary-conninfo='host=x newkeyword=1'
	[ "$rc" -eq 0 ]
	lines 1 '^pg_basetar: warning: primary_conninfo: .*invalid connection option.*does not know it' "$T/stderr"
	for conninfo in primary "host='x" 'postgresql://u:p@ss@h/' 'host = '"'"; do
		captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/e" -R --primary-conninfo="$conninfo"
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" 'option "--primary-conninfo": connection (string|URI): '
		[ ! -e "$T/copy/e" ]
	done
}

targets() {
	t "$major: no target, all there is" recovered 7
	t "$major: a moment" recovered 1 --target-time="$(cat "$T/out/time")" --target-action=promote
	t "$major: a position" recovered 2 --target-lsn="$(cat "$T/out/lsn")" --target-action=promote
	t "$major: a name" recovered 3 --target-name="before, 'four'" --target-action=promote
	t "$major: a transaction" recovered 5 --target-xid="$(cat "$T/out/xid")" --target-action=promote
	t "$major: a timeline" recovered 7 --target-timeline=1
	t "$major: before a transaction" recovered 4 --target-xid="$(cat "$T/out/xid")" --target-exclusive --target-action=promote
	t "$major: where it is consistent" immediate
	t "$major: a standby" standby
	t "$major: warnings" warned_of
}

for major in $(majors slice); do
	t "$major: a cluster with an archive" prepared "$major"
	[ -e "$T/main/data/postmaster.pid" ] || continue
	targets
	if [ "$major" = 15 ]; then
		t "$major: an archive of a standby" of_a_standby
	else
		t "$major: the timeline of the backup, not the latest" wrong_turn
	fi
	[ ! -e "$T/main/data/postmaster.pid" ] || cluster_stop main
done
for major in $(majors slice); do
	t "$major: backups in all forms" made_in_all_forms "$major"
	[ -e "$T/positions" ] || continue
	t "$major: targets before the backup" too_early
	t "$major: targets that can be reached" just_in_time
	[ "$major" != 15 ] || t "$major: an earlier timeline" earlier_timeline
	rm -rf "$T/out"/* "$T/positions"
	t "$major: recovery.conf" recovery_conf "$major"
done
t 'standby.signal of pg_basebackup' of_basebackup_for_a_standby

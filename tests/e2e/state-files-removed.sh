#!/bin/sh
# Segments of pg_xact and the like that the server itself removes, before, while and after a backup runs,
# or that pg_resetwal skipped: they are not missed; one that is lost is.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/segments.sh
. "$top/tests/e2e/lib/segments.sh"

# burnt NAME: soon its transactions, and multixacts, are in the second segment.
burnt() {
	cluster_init "$1"
	last=65533
	[ "$release" -lt 19 ] || last=32765 # of offsets of 8 bytes
	as_server pg_resetwal -x 1048570 -m "$last,1" "$T/$1/data"
	for segment in pg_xact/0000 pg_multixact/offsets/0000; do
		as_server truncate -s 262144 "$T/$1/data/$segment"
	done
	cluster_start "$1"
	sql "$1" 'create table t (i int)'
}

burn() {
	for _ in 1 2 3 4 5 6 7 8; do
		sql "$1" 'insert into t values (1)'
		sql "$1" 'begin; select * from t limit 1 for key share; savepoint a;
			select * from t limit 1 for update; commit'
	done
}

# freeze NAME: so that the first segments are not needed any more, and go away, by records after
# $position.
freeze() {
	sql "$1" 'alter database template0 allow_connections true'
	for database in postgres template0 template1; do
		position=$(sql "$1" 'select pg_current_wal_insert_lsn()')
		at "$1" psql -X -q -d "$database" -c 'vacuum freeze'
	done
}

is_truncated() {
	[ ! -e "$T/$1/data/pg_xact/0000" ] && [ ! -e "$T/$1/data/pg_multixact/offsets/0000" ]
}

# The first segments go away while the backup runs, and the second ones come.
truncated() {
	burnt x
	hold x
	burn x
	freeze x
	is_truncated x
	let_go
	[ "$rc" -eq 0 ]
	passes "$T/held.tar"
	# later ones begin with the second
	captured backup x -c fast -o "$T/x/later.tar"
	[ "$rc" -eq 0 ]
	passes "$T/x/later.tar"
	cluster_stop x immediate
}

# Recovery removes them again, but the server goes on to name the oldest transaction of the checkpoint
# before: until a vacuum advances it, that is older than what pg_xact has.
# Nor does a database that an interrupted DROP DATABASE left keep the segments.
crashed_after_truncation() {
	burnt x
	sql x 'create database half'
	burn x
	sql x "update pg_database set datconnlimit = -2 where datname = 'half'"
	freeze x
	is_truncated x
	cluster_stop x immediate
	cluster_start x
	is_truncated x
	captured backup x -c fast -o "$T/out/crashed.tar"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	tar -xOf "$T/out/crashed.tar" pg_basetar.info | grep -qx 'oldest_xid: 10485[7-9][0-9]'
	restore copy "$T/out/crashed.tar"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 8 ]
	captured backup copy -c fast -o "$T/out/again.tar"
	[ "$rc" -eq 0 ]
	passes "$T/out/again.tar"
	cluster_stop copy
	as_server mv "$T/x/data/pg_xact/0001" "$T/x/kept"
	captured backup x -c fast -o "$T/out/lost.tar"
	as_server mv "$T/x/kept" "$T/x/data/pg_xact/0001"
	found pg_xact/0001 'file "pg_xact/0001": is missing: it must hold'
	cluster_stop x immediate
}

# Where no server can be asked its catalog says what the databases had.
crashed_and_still() {
	burnt x
	burn x
	freeze x
	is_truncated x
	cluster_stop x immediate
	cluster_start x
	rm -rf "$T/out/theirs"
	at x pg_basebackup -D "$T/out/theirs" -Ft -c fast -X fetch
	passes "$T/out/theirs"
	cluster_stop x immediate
	still --snapshot
	cluster_start x
	sql x 'create database late'
	sql x 'drop database late'
	cluster_stop x
	still --offline
	still --snapshot
	as_server mv "$T/x/data/pg_xact/0001" "$T/x/kept"
	rm -f "$T/out/lost.tar"
	captured backup x --offline -o "$T/out/lost.tar"
	as_server mv "$T/x/kept" "$T/x/data/pg_xact/0001"
	found pg_xact/0001 'file "pg_xact/0001": is missing: it must hold'
	captured "$BIN" verify "$T/out/lost.tar"
	found pg_xact/0001 'missing: "pg_xact/0001": is missing: it must hold'
}

still() { # OPTION
	rm -f "$T/out/still.tar"
	captured backup x "$1" -o "$T/out/still.tar"
	[ "$rc" -eq 0 ]
	lines 0 pg_xact "$T/stderr"
	tar -xOf "$T/out/still.tar" pg_basetar.info | grep -qx 'oldest_xid: 10485[7-9][0-9]'
	passes "$T/out/still.tar"
	restore copy "$T/out/still.tar"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 8 ]
	cluster_stop copy
}

# A standby, "y", which does not write pages if it need not: so recovery must not reach more than
# when it began to.
followed() {
	burnt x
	burn x
	cluster_dir y
	at x pg_basebackup -D "$T/y/data" -R -c fast -X stream
	cluster_set y bgwriter_lru_maxpages=0
	cluster_start y
	has_replayed
}

has_replayed() {
	sql x checkpoint
	wait_until 30 is_at "$(sql x 'select pg_current_wal_lsn()')"
}

is_at() { # POSITION
	[ "$(sql y "select pg_last_wal_replay_lsn() >= '$1'")" = t ]
}

# Nothing that the standby replayed can have removed it.
lost_on_standby() { # FILE
	as_server mv "$T/y/data/$1" "$T/y/kept"
	captured backup y -c fast -o "$T/y/lost.tar"
	as_server mv "$T/y/kept" "$T/y/data/$1"
	rm "$T/y/lost.tar"
	[ "$rc" -eq 3 ]
	lines 1 "file \"$1\": is missing: it must hold" "$T/stderr"
}

# The standby removes them by records that recovery of the backup need not reach.
truncated_on_standby() {
	hold y
	freeze x
	wait_until 30 is_truncated y
	let_go
	[ "$rc" -eq 0 ]
	lines 0 warning "$T/stderr"
	stop=$("$BIN" info "$T/held.tar" | sed -n 's,^stop[a-z ]*: *\([0-9A-F]*/[0-9A-F]*\).*,\1,p')
	[ "$(sql x "select '$stop' <= pg_lsn '$position'")" = t ]
	cluster_stop x immediate
	cluster_stop y immediate
	restore copy "$T/held.tar"
	rm "$T/copy/data/standby.signal"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 8 ]
	cluster_stop copy
}

# What pg_resetwal skips has no segments, and nothing tells them from lost ones.  What the warning
# says helps.
skipped() { # OPTION NUMBER
	[ "$1" != -O ] || [ "$release" -lt 19 ] || skip 'no server of 19 starts without that segment'
	cluster_init x
	cluster_start x
	sql x 'create table t as select generate_series(1, 1000) as i'
	has_multixact x 5
	cluster_stop x
	as_server pg_resetwal "$@" "$T/x/data"
	cluster_start x
	has_multixact x 6
	rm -f "$T/x/skipped.tar"
	captured backup x -c fast -o "$T/x/skipped.tar"
	[ "$rc" -eq 3 ]
	is_advised file
	[ "$1" = -O ] || is_advised_of "$T/x/skipped.tar" # the first member is not in an archive
	sql x 'alter database template0 allow_connections true'
	at x vacuumdb --quiet --all --freeze
	rm "$T/x/skipped.tar"
	captured backup x -c fast -o "$T/x/skipped.tar"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	passes "$T/x/skipped.tar"
	cluster_stop x immediate
}

is_advised_of() { # ARCHIVE
	captured "$BIN" verify "$1"
	[ "$rc" -eq 3 ]
	is_advised missing:
}

# is_advised WORD: of the first of several missing segments.
is_advised() {
	path=$(sed -n "s,.*$1 \"\([^\"]*/0001\)\": is missing.*,\1,p" "$T/stderr")
	[ -n "$path" ]
	lines 1 "warning: file \"$path\" is not lost if pg_resetwal skipped its numbers, or if the server removed it just before a crash: then run VACUUM FREEZE in every database, template0 too, and make another backup\$" "$T/stderr"
	lines 1 'is not lost if' "$T/stderr"
}

# -c up to a number that no transaction has yet: nothing is missing.
skipped_times() {
	cluster_init x
	cluster_set x track_commit_timestamp=on
	cluster_start x
	sql x 'create table t as select 1'
	cluster_stop x
	as_server pg_resetwal -c 700,5000 "$T/x/data"
	cluster_start x
	rm -f "$T/x/skipped.tar"
	captured backup x -c fast -o "$T/x/skipped.tar"
	[ "$rc" -eq 0 ]
	passes "$T/x/skipped.tar"
	cluster_stop x immediate
}

t "segments are removed meanwhile" truncated
t "a crash before the checkpoint after their removal" crashed_after_truncation
t "the same where no server runs" crashed_and_still
t "a standby of a cluster with two segments" followed
t "a standby that lost the first segment of pg_xact" lost_on_standby pg_xact/0000
t "a standby removes segments meanwhile" truncated_on_standby
t "pg_resetwal skipped transactions" skipped -x 4194304
t "pg_resetwal skipped members of multixacts" skipped -O $((52352 * 6))
t "pg_resetwal told a commit time that is not used yet" skipped_times

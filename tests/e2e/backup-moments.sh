#!/bin/sh
# A snapshot that is not of one moment; what recovery of a copy does outside of it; what the copy
# has to archive.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/threeways.sh
. "$top/tests/e2e/lib/threeways.sh"
# shellcheck source=tests/e2e/lib/chain.sh
. "$top/tests/e2e/lib/chain.sh"
archive=$T/out/base.tar

# begin [INITDB OPTION...]: a new primary; NAME.data of others are gone.
begin() {
	for cluster in copy standby second main; do
		# of one that crashed there is the file, but no process
		[ ! -e "$T/$cluster/data/postmaster.pid" ] || cluster_stop "$cluster" immediate || :
	done
	rm -rf "$T/main" "$T/standby" "$T/second" "$T/copy" "$T/snap" "$T/out"/*
	cluster_init main --wal-segsize=1 "$@"
	cluster_set main autovacuum=off wal_keep_size=500MB max_wal_size=1GB
	cluster_start main
}

# shot NAME: its server crashes, and $T/snap is what its disk holds.
shot() {
	crash "$1"
	cp -a "$T/$1" "$T/snap"
}

taken() { # CLUSTER OPTION...
	captured backup "$@" -o "$archive"
	[ "$rc" -eq 0 ]
}

refused() { # PATTERN CLUSTER OPTION...
	pattern=$1
	shift
	captured backup "$@" -o "$archive"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$pattern"
	lines 1 '^hint: ' "$T/stderr"
	[ ! -e "$archive" ]
}

# ------------------------------------------------------- tablespaces that the WAL makes anew

anew="warning: the WAL of the backup creates tablespace [0-9]*: .*\"$T/main/space\".* never start"

of_a_standby() {
	begin
	standby_of main standby
	tablespace main space
	sql main 'create table t tablespace space as select 1'
	level standby main
	taken standby -c fast
	lines 1 "$anew" "$T/stderr"
	lines 1 '' "$T/stderr"
}

of_a_snapshot() {
	begin
	sql main checkpoint
	tablespace main space
	sql main 'create table t tablespace space as select 1'
	shot main
	taken snap --snapshot -T "$T/main/space=$T/snap/space"
	lines 1 "$anew" "$T/stderr"
	lines 1 '' "$T/stderr"
}

# --------------------------------------------------------------- what is of another moment

# The server that the snapshot knows is gone; one that was started since is at work there.
links_of_a_restarted() {
	begin
	tablespace main space
	sql main 'create table t tablespace space as select 1'
	shot main
	cluster_start main
	refused "tablespace \"$T/main/space\": .*leads out of the snapshot" snap --snapshot
	refused "tablespace \"$T/main/space\": .*leads out of the snapshot" snap --snapshot \
		-T "$T/main/space=$T/main/space"
	cluster_stop main
	refused "tablespace \"$T/main/space\": .*leads out of the snapshot" snap --snapshot
	taken snap --snapshot -T "$T/main/space=$T/snap/space"
}

doubled() {
	begin
	tablespace main one
	tablespace main two
	shot main
	refused 'are in the same directory' snap --snapshot \
		-T "$T/main/one=$T/snap/two" -T "$T/main/two=$T/snap/two"
}

# pg_wal was taken before the data were: a copy would start, and be corrupt.
earlier_wal() { # INITDB OPTION...
	begin "$@"
	cluster_stop main
	cluster_set main shared_buffers=128kB full_page_writes=off
	cluster_start main
	sql main 'create table t as select g as id, 0 as value from generate_series(1, 5000) g'
	sql main checkpoint
	sql main 'update t set value = 1 where id % 10 = 0'
	as_server cp -a "$T/main/data/pg_wal" "$T/main/wal"
	sql main 'update t set value = 2'
	sql main 'update t set value = 3'
	shot main
	as_server rm -rf "$T/snap/data/pg_wal"
	as_server mv "$T/snap/wal" "$T/snap/data/pg_wal"
	refused 'WAL ends at .*, but [0-9]* data pages have a later LSN, up to' snap --snapshot
	refused 'data pages have a later LSN' snap --snapshot --no-verify-checksums
}

# A cluster that was shut down is what it is, whatever its pages say.
later_and_stopped() {
	begin
	sql main 'create table t as select g as id from generate_series(1, 5000) g'
	file=$T/main/data/$(sql main "select pg_relation_filepath('t')")
	cluster_stop main
	printf '\0\0\0\0\0\0\0\100' | as_server dd of="$file" bs=1 seek=8192 conv=notrunc status=none
	taken main --offline
	[ ! -s "$T/stderr" ]
	# of a snapshot it may be all that tells of lost WAL
	rm "$archive"
	cluster_start main
	sql main 'update t set id = 0 where id = 1'
	shot main
	refused "data pages have a later LSN, up to 0/40000000 of block 1 in \"${file#"$T/main/data/"}\"" \
		snap --snapshot
}

# ------------------------------------------------------------------- a standby's timelines

# Its pg_control still tells of the old one, but it has replayed more of the new one.
followed() {
	begin
	standby_of main standby
	standby_of standby second bgwriter_lru_maxpages=0 shared_buffers=128MB checkpoint_timeout=1h
	sql main 'create table t as select generate_series(1, 20000) g'
	level second main
	sql second checkpoint
	cluster_stop main immediate
	as_server pg_ctl -D "$T/standby/data" -s promote
	wait_until 60 is_open standby
	sql standby 'insert into t select generate_series(1, 40000)'
	level second standby
	[ "$(sql second 'select min_recovery_end_timeline from pg_control_recovery()')" -eq 1 ]
	shot second
	cluster_stop standby immediate
	taken snap --snapshot
	restore copy "$archive"
	verify copy
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 60000 ]
	as_server pg_ctl -D "$T/copy/data" -s promote
	wait_until 60 is_open copy
	[ "$(sql copy 'select timeline_id from pg_control_checkpoint()')" -le 3 ]
	cluster_stop copy
	# as no standby, it starts as the original would
	restore copy "$archive"
	as_server rm "$T/copy/data/standby.signal"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -ge 20000 ]
	cluster_stop copy
}

# Of another server, which was promoted before what this one has replayed.
foreign_branch() {
	begin
	standby_of main standby
	standby_of main second
	as_server pg_ctl -D "$T/standby/data" -s promote
	wait_until 60 is_open standby
	sql standby 'create table other as select generate_series(1, 90000) g'
	sql main 'create table t as select generate_series(1, 30000) g'
	level second main
	sql second checkpoint
	shot second
	cp -p "$T"/standby/data/pg_wal/00000002* "$T/snap/data/pg_wal/"
	taken snap --snapshot
	[ "$(tar -xOf "$archive" backup_manifest | grep -o '"Timeline": [0-9]*')" = '"Timeline": 1' ]
	restore copy "$archive"
	as_server rm "$T/copy/data/standby.signal"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 30000 ]
	cluster_stop copy
	rm "$archive"
	segment=$(find "$T/snap/data/pg_wal" -maxdepth 1 -name '00000001*' -printf '%f\n' | sort | tail -n 2 | head -n 1)
	rm "$T/snap/data/pg_wal/$segment"
	refused "$segment" snap --snapshot
}

# ------------------------------------------------------------- what the copy has to archive

marks() { # SUFFIX: of the archive
	tar -tf "$archive" | sed -n "s,^pg_wal/archive_status/\\(.*\\)\\.$1\$,\\1,p"
}

waiting() { # COUNT
	[ "$(find "$T/main/data/pg_wal/archive_status" -name '*.ready' | wc -l)" -ge "$1" ]
}

not_archived() {
	begin
	cluster_stop main
	cluster_set main archive_mode=on archive_command=false
	cluster_start main
	sql main checkpoint
	for _ in 1 2 3; do
		sql main 'create table x as select 1; drop table x'
		sql main 'select pg_switch_wal()'
	done
	wait_until 60 waiting 3
	shot main
	taken snap --snapshot
	[ -z "$(marks 'done')" ]
	[ "$(marks ready | wc -l)" -ge 3 ]
	as_server mkdir -p "$T/archived"
	restore copy "$archive"
	cluster_set copy "archive_command='cp %p $T/archived/%f'"
	cluster_start copy
	for segment in $(marks ready); do
		wait_until 60 test -s "$T/archived/$segment"
	done
	cluster_stop copy
}

# A promoted server whose archiver did not get to the history of its timeline yet.
history_not_archived() {
	begin
	standby_of main standby archive_mode=on archive_command=false
	as_server pg_ctl -D "$T/standby/data" -s promote
	wait_until 60 is_open standby
	sql standby checkpoint
	cluster_stop standby
	taken standby --offline
	marks ready | grep -qx 00000002.history
	[ "$(marks 'done' | grep -c history)" -eq 0 ]
}

# The stop of a standby's backup is the end of a segment: that is complete.
on_a_boundary() {
	begin
	standby_of main standby
	sql main 'create table x as select 1'
	sql main 'select pg_switch_wal()'
	level standby main
	sql standby checkpoint
	taken standby -c fast
	last=$(tar -tf "$archive" | sed -n 's,^pg_wal/\([0-9A-F]\{24\}\)$,\1,p' | tail -n 1)
	tar -xOf "$archive" backup_manifest | grep -q '"End-LSN": "0/[0-9A-F]*00000"'
	marks 'done' | grep -qx "$last"
}

t 'a tablespace made since the redo of a standby' of_a_standby
t 'a tablespace made since the redo of a snapshot' of_a_snapshot
t 'links to the tablespaces of a server that was restarted' links_of_a_restarted
t 'two tablespaces in one place' doubled
t 'WAL of an earlier moment' earlier_wal
t 'WAL of an earlier moment, with checksums' earlier_wal -k
t 'a later page in a cluster that was shut down' later_and_stopped
t 'a standby that followed a promotion' followed
t 'a standby, and the timeline of another' foreign_branch
t 'segments that were not archived' not_archived
t 'a history that was not archived' history_not_archived
t "a standby's stop at the end of a segment" on_a_boundary

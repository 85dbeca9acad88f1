#!/bin/sh
# --snapshot: what the disk of a running server held at one moment.  Here that is a copy of
# all files after all its processes were killed at once; then the server goes on.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/threeways.sh
. "$top/tests/e2e/lib/threeways.sh"
pace= # no checkpoint is asked for
archive=$T/out/snapshot.tar
split=$T/out/snapshot
maps="-T $T/main/spc1=$T/snap/spc1 -T $T/main/spc2=$T/snap/spc2 -T $T/main/spc3=$T/snap/spc3"

# shot NAME: the crash of NAME under load is in $T/snap, with the process id of a live server.
# CREATE INDEX and VACUUM FULL write pages of files that nobody sees yet ahead of their WAL, and a
# snapshot that has such pages is refused (the manual, CAVEATS): they are over by then.
shot() {
	load_start main
	wait_until 60 has_more "$(sql main 'select count(*) from pgbench_history')"
	[ "$1" = main ] || wait_until 60 has_some "$1"
	touch "$T/main/load.stop"
	wait_until 60 fails kill -0 "$churn"
	crash "$1"
	cp -a "$T/$1" "$T/snap"
	[ "$1" = main ] || load_stop main
	wait
	cluster_start "$1"
	cp -p "$T/$1/data/postmaster.pid" "$T/snap/data/"
}

# shellcheck disable=SC2086 # words
taken() { # OPTION...: of the snapshot; nothing is said
	rm -f "$archive"
	captured backup snap --snapshot -o "$archive" "$@"
	[ "$rc" -eq 0 ]
	segments "$archive"
}

refused() { # PATTERN OPTION...
	pattern=$1
	shift
	rm -f "$T/out/refused.tar"
	captured backup snap --snapshot -o "$T/out/refused.tar" "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$pattern"
	lines 1 '^hint: ' "$T/stderr"
	[ ! -e "$T/out/refused.tar" ]
}

# split_taken OPTION...: the same in several archives.
split_taken() {
	rm -rf "$split"
	captured backup snap --snapshot --split -o "$split" "$@"
	[ "$rc" -eq 0 ]
	restore_split copy "$split"
	verify_split copy "$split"
}

# ---------------------------------------------------------------------------- of a primary

make_shot() {
	original
	shot main
}

live_directory() {
	captured backup main --snapshot -o "$T/out/refused.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'is running, process'
	[ ! -e "$T/out/refused.tar" ]
	sql main 'select 1'
}

# On the same file system, too: the running server has the same.
live_links() {
	refused "tablespace \"$T/main/spc1\": .*leads out of the snapshot"
	grep -q '^hint: .*-T OLD=NEW' "$T/stderr"
	refused "tablespace \"$T/main/spc2\": .*leads out" -T "$T/main/spc1=$T/snap/spc1"
	# shellcheck disable=SC2086 # words
	refused "tablespace \"$T/main/spc1\": .*leads out" ${maps#* * } -T "$T/main/spc1=$T/main/spc1"
	# shellcheck disable=SC2086 # words
	refused "no tablespace of the cluster is at \"/nowhere\"" $maps -T /nowhere=/tmp
}

take_primary() {
	# shellcheck disable=SC2086 # words
	taken $maps
	[ ! -s "$T/stderr" ]
	lines 0 '^backup_label$' "$T/list"
	lines 0 '^postmaster.pid$' "$T/list"
	tar -xOf "$archive" pg_basetar.info >"$T/info"
	lines 1 '^mode: snapshot$' "$T/info"
	lines 1 "^tablespace: [0-9]* $T/main/spc1\$" "$T/info"
	tar -xOf "$archive" global/pg_control | cmp - "$T/snap/data/global/pg_control"
	marked_as snap
	restore copy "$archive"
	verify copy
	# shellcheck disable=SC2086 # words
	split_taken $maps
}

output_inside() {
	# shellcheck disable=SC2086 # words
	captured backup snap --snapshot $maps -o "$T/snap/spc2/base.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'inside|tablespace'
	[ ! -e "$T/snap/spc2/base.tar" ]
}

# Not frozen: a server goes on writing there.
written_meanwhile() { # FILE
	# shellcheck disable=SC2086 # words
	hold snap --snapshot $maps
	as_server touch "$T/snap/$1"
	let_go
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'changed while'
	lines 1 '^hint: .*snapshot' "$T/stderr"
	fails seen_whole "$T/held.tar"
}

last_segment() {
	tail -n 1 "$T/segments"
}

control_meanwhile() {
	cp -p "$T/snap/data/global/pg_control" "$T/control"
	# shellcheck disable=SC2086 # words
	hold snap --snapshot $maps
	cp -p "$T/main/data/global/pg_control" "$T/snap/data/global/pg_control"
	let_go
	cp -p "$T/control" "$T/snap/data/global/pg_control"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'pg_control.* changed'
}

# ---------------------------------------------------------------------------- of a standby

has_some() { # NAME: it is some way behind its last restartpoint
	[ "$(sql "$1" "select pg_last_wal_replay_lsn() - redo_lsn > 3000000 from pg_control_checkpoint()")" = t ]
}

make_standby_shot() {
	rm -rf "$T/snap"
	sql main 'truncate mark'
	cluster_dir standby
	at main pg_basebackup -D "$T/standby/data" -R -c fast -X stream \
		-T "$T/main/spc1=$T/standby/spc1" -T "$T/main/spc2=$T/standby/spc2" \
		-T "$T/main/spc3=$T/standby/spc3"
	cluster_start standby
	shot standby
	set --
	for space in spc1 spc2 spc3; do
		set -- "$@" -T "$T/standby/$space=$T/snap/$space"
	done
	taken "$@"
	[ ! -s "$T/stderr" ]
	cluster_stop standby
	restore copy "$archive"
	verify copy
	split_taken "$@"
}

# ------------------------------------------------------------------------------------ links

other_file_system() {
	rm -rf "$T/snap" "$T/standby"
	crash main
	cp -a "$T/main" "$T/snap"
	oid=$(find "$T/snap/data/pg_tblspc" -lname "$T/main/spc1" -printf '%f\n')
	make_away
	cp -a "$T/snap/spc1" "$away/spc"
	cp -a "$T/snap/data/pg_wal" "$away/wal"
	ln -sfn "$away/spc" "$T/snap/data/pg_tblspc/$oid"
	set -- -T "$T/main/spc2=$T/snap/spc2" -T "$T/main/spc3=$T/snap/spc3"
	refused "tablespace \"$away/spc\": pg_tblspc/$oid leads out of the snapshot" "$@"
	rm -rf "$T/snap/data/pg_wal"
	ln -s "$away/wal" "$T/snap/data/pg_wal"
	refused 'pg_wal leads out of the snapshot' "$@" -T "$away/spc=$T/snap/spc1"
	grep -q '^hint: .*--waldir' "$T/stderr"
	refused 'directory \"/nowhere\"' "$@" -T "$away/spc=$T/snap/spc1" --waldir=/nowhere
	taken "$@" -T "$away/spc=$T/snap/spc1" --waldir="$away/wal"
	tar -tvf "$archive" | grep -q '^d.* pg_wal/$'
	plain_start "$archive" 0
	ln -sfn "$T/main/data/pg_wal" "$T/snap/data/pg_wal"
	refused 'pg_wal leads out of the snapshot' "$@" -T "$away/spc=$away/spc"
	# of a server that is not at work it may be the snapshot's: the user says so
	taken "$@" -T "$away/spc=$away/spc" --waldir="$T/main/data/pg_wal"
}

waldir_for_nothing() {
	captured backup main --snapshot --waldir="$T/main/data/pg_wal" -o "$T/out/refused.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'is neither a link nor an empty directory'
}

# ---------------------------------------------------------------------------------- damage

# Some segments behind the last checkpoint, of which the second is $middle.
make_damaged() {
	cluster_init small --wal-segsize=1
	cluster_set small autovacuum=off max_wal_size=1GB
	cluster_start small
	sql small 'create table t (g int)'
	cp "$T/small/data/pg_wal/$(sql small 'select pg_walfile_name(pg_current_wal_lsn())')" "$T/older"
	for _ in 1 2 3 4; do
		sql small 'insert into t select generate_series(1, 10000)'
	done
	crash small
	first=$(as_server pg_controldata "$T/small/data" | sed -n 's/.*REDO WAL file: *//p')
	middle=$(printf '%s%08X' "$(echo "$first" | cut -c 1-16)" $((0x$(echo "$first" | cut -c 17-) + 1)))
	echo "$middle" >"$T/middle"
	echo "$first" >"$T/first"
	chmod a+r "$T/older"
}

# The damages to a segment.

missing() {
	rm "$1"
}
short() {
	truncate -s 512k "$1"
}
stale() {
	cat "$T/older" >"$1"
}
zeroed() {
	truncate -s 0 "$1"
	truncate -s 1M "$1"
}
a_page_short() {
	dd if=/dev/zero of="$1" bs=8192 seek=9 count=1 conv=notrunc status=none
}
flipped() {
	printf XXXX | dd of="$1" bs=1 seek=500000 conv=notrunc status=none
}

damaged() { # DAMAGE WHICH PATTERN
	rm -rf "$T/snap"
	cp -a "$T/small" "$T/snap"
	segment=$(cat "$T/$2")
	"$1" "$T/snap/data/pg_wal/$segment"
	refused "$3"
	grep -q "$segment\|page at 0/\|record at 0/" "$T/stderr"
}

undamaged() {
	rm -rf "$T/snap"
	cp -a "$T/small" "$T/snap"
	taken
	[ "$(wc -l <"$T/segments")" -gt 2 ]
	restore copy "$archive"
	verify copy
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 40000 ]
	cluster_stop copy
}

# A page of the last segment that was not on the disk yet, though a later one was.
page_not_written() {
	rm -rf "$T/snap"
	cp -a "$T/small" "$T/snap"
	taken
	last=$T/snap/data/pg_wal/$(last_segment)
	dd if=/dev/zero of="$last" bs=8192 seek=5 count=1 conv=notrunc status=none
	captured backup snap --snapshot -o "$T/out/lost.tar" --no-verify-checksums
	[ "$rc" -eq 0 ]
	lines 1 'warning: WAL ends at .* recovery of the copy ends there' "$T/stderr"
	restore copy "$T/out/lost.tar"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -lt 40000 ]
	cluster_stop copy
}

shut_down() { # taken of a server that was not running
	cluster_start small
	sql small 'create unlogged table u as select generate_series(1, 1000) g'
	cluster_stop small
	rm -rf "$T/snap"
	cp -a "$T/small" "$T/snap"
	taken
	restore copy "$archive"
	cluster_start copy
	[ "$(sql copy 'select count(*) from u')" -eq 1000 ]
	cluster_stop copy
}

# Between a promotion and its checkpoint: the WAL is of two timelines.
promoted() {
	cluster_init first --wal-segsize=1
	cluster_set first autovacuum=off
	cluster_start first
	sql first 'create table t (g int)'
	cluster_dir second
	at first pg_basebackup -D "$T/second/data" -R -c fast -X stream
	cluster_start second
	sql first 'insert into t select generate_series(1, 20000)'
	wait_until 60 has_rows second 20000
	sql second 'select pg_promote()'
	wait_until 60 is_promoted second
	sql second 'insert into t select generate_series(1, 20000)'
	crash second
	as_server pg_controldata "$T/second/data" | grep -q "^Latest checkpoint's TimeLineID: *1\$"
	rm -rf "$T/snap"
	cp -a "$T/second" "$T/snap"
	taken
	[ ! -s "$T/stderr" ]
	lines 1 '^pg_wal/00000002.history$' "$T/list"
	tar -xOf "$archive" backup_manifest >"$T/manifest"
	lines 2 '"Timeline": ' "$T/manifest"
	restore copy "$archive"
	verify copy
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 40000 ]
	cluster_stop copy
	captured backup copy --offline -o "$T/out/second.tar"
	[ "$rc" -eq 0 ]
	restore copy "$T/out/second.tar"
	verify copy
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 40000 ]
	cluster_stop copy
	cluster_stop first
}

has_rows() { # NAME ROWS
	[ "$(sql "$1" 'select count(*) from t')" -eq "$2" ]
}

other_major() { # MAJOR
	cluster_init old "$1"
	cluster_start old
	sql old 'create table t as select generate_series(1, 1000) g'
	sql old 'create unlogged table u as select generate_series(1, 1000) g'
	sql old 'checkpoint'
	sql old 'insert into t select generate_series(1001, 2000)'
	sql old 'select pg_switch_wal()' >/dev/null
	sql old 'insert into t select generate_series(2001, 3000)'
	crash old
	rm -rf "$T/snap"
	cp -a "$T/old" "$T/snap"
	rm "$T/old/data/postmaster.pid" # which the next case would stop the server by
	taken
	[ ! -s "$T/stderr" ]
	restore copy "$archive" gnu "$1"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 3000 ]
	[ "$(sql copy 'select count(*) from u')" -eq 0 ]
	cluster_stop copy
}

# ------------------------------------------------------------------------- exclusive backups

# frozen NAME MAJOR: the disk of a running server at one moment is that of "snap": its processes
# stand still.
frozen() {
	postmaster=$(head -n 1 "$T/$1/data/postmaster.pid")
	cluster_dir snap "$2"
	kill -STOP "$postmaster"
	children=$(cat "/proc/$postmaster/task/$postmaster/children")
	# shellcheck disable=SC2086 # words
	kill -STOP $children
	cp -a "$T/$1/data" "$T/snap/data"
	# shellcheck disable=SC2086 # words
	kill -CONT $children "$postmaster"
}

# The restored copy has all rows.
has_all() { # ARCHIVE MAJOR ROWS
	restore copy "$1" gnu "$2"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq "$3" ]
	cluster_stop copy
}

# Recovery would begin where the backup_label says, and the copy has none: so it is refused, and each
# way out that the hint names leads to a backup.
exclusive() { # MAJOR
	# the last one runs if its case failed; that of another case may have crashed
	[ ! -e "$T/old/data/postmaster.pid" ] || cluster_stop old immediate || :
	cluster_init old "$1"
	cluster_start old
	sql old 'create table t as select generate_series(1, 1000) g'
	sql old "select pg_start_backup('exclusive', true)"
	sql old 'insert into t select generate_series(1001, 2000)'
	sql old checkpoint
	sql old 'insert into t select generate_series(2001, 3000)'
	frozen old "$1"
	captured backup snap --snapshot -o "$T/out/refused.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "exclusive backup was under way in \"$T/snap/data\""
	[ ! -e "$T/out/refused.tar" ]
	grep -q '^hint: End it on the server with SELECT pg_stop_backup(), and take another' "$T/stderr"
	grep -q 'start one in this directory, .* shut it down and use --offline' "$T/stderr"
	rm "$T/snap/data/postmaster.pid" # its process is that of the original, which is lost
	cluster_start snap
	cluster_stop snap
	rm -f "$T/out/lost.tar"
	captured backup snap --offline -o "$T/out/lost.tar"
	[ "$rc" -eq 0 ]
	has_all "$T/out/lost.tar" "$1" 3000
	sql old 'select pg_stop_backup()'
	frozen old "$1"
	taken
	[ ! -s "$T/stderr" ]
	has_all "$archive" "$1" 3000
	crashed_in_exclusive "$1"
}

# The same of a server that crashed meanwhile.  Its pg_control names that backup from then on, for
# whose end a standby would wait for ever: a copy does not.
crashed_in_exclusive() { # MAJOR
	sql old "select pg_start_backup('exclusive', true)"
	sql old 'insert into t select generate_series(3001, 4000)'
	crash old
	captured backup old --offline -o "$T/out/refused.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'exclusive backup was under way'
	grep -q '^hint: Start the server, .* shut it down' "$T/stderr"
	cluster_start old
	cluster_stop old
	rm "$archive"
	captured backup old --offline -o "$archive"
	[ "$rc" -eq 0 ]
	has_all "$archive" "$1" 4000
	as_followed "$1" 4000
	sql old checkpoint
	frozen old "$1"
	taken
	as_followed "$1" 5000
}

has_rows_more() { # ROWS
	[ "$(sql copy 'select count(*) from t')" -eq $(($1 + 1000)) ]
}

# as_followed MAJOR ROWS: the restored copy of $archive, as a standby of the original, which goes on.
as_followed() {
	[ -e "$T/old/data/postmaster.pid" ] || cluster_start old
	restore copy "$archive" gnu "$1"
	follows copy old
	cluster_set copy hot_standby=on
	sql old "insert into t select generate_series($2 + 1, $2 + 1000)"
	cluster_start copy
	wait_until 20 has_rows_more "$2"
	cluster_stop copy
}

t 'a server is killed, copied, and goes on' make_shot
t 'the directory of the server itself is refused' live_directory
t 'links to the tablespaces of the server are refused' live_links
t 'a snapshot' take_primary
t 'an output inside of a tablespace is refused' output_inside
segment=$(last_segment)
t 'a file that was sent is written to meanwhile' written_meanwhile data/PG_VERSION
t 'a file that will be sent is written to meanwhile' written_meanwhile data/pg_xact/0000
t 'WAL is written meanwhile' written_meanwhile "data/pg_wal/$segment"
t 'a checkpoint meanwhile' control_meanwhile
cluster_stop main
t 'plain start' plain_start "$archive" 0
cluster_start main
t 'the original goes on' goes_on
t 'as a standby of the original' as_a_standby "$archive"
t 'recovery to a time' to_a_time "$archive"
t 'split: plain start' plain_start "$split" 0
t 'split: as a standby of the original' as_a_standby "$split"
t 'split: recovery to a time' to_a_time "$split"

t 'the snapshot of a standby' make_standby_shot
t 'standby: plain start' plain_start "$archive" 0
t 'the original goes on behind the standby' goes_on
t 'standby: as a standby of the original' as_a_standby "$archive"
t 'standby: recovery to a time' to_a_time "$archive"
t 'standby, split: plain start' plain_start "$split" 0
t 'standby, split: as a standby of the original' as_a_standby "$split"
t 'standby, split: recovery to a time' to_a_time "$split"
sql main 'truncate mark'
t 'tablespace and WAL on other file systems' other_file_system
t '--waldir needs a link or an empty directory' waldir_for_nothing

t 'a server is killed' make_damaged
while read -r damage which pattern; do
	t "the $which segment is $damage" damaged "$damage" "$which" "$pattern"
done <<'EOT'
	missing      middle WAL ends at .* has later WAL: could not find WAL file
	short        middle unexpected WAL file size
	stale        middle WAL ends at .* has later WAL: .*recycled
	zeroed       middle WAL ends at .* has later WAL: WAL page at .*empty
	a_page_short middle WAL ends at .* has later WAL: WAL page at .*empty
	flipped      middle WAL ends at .* has later WAL: WAL record at
	missing      first  WAL ends at .* has later WAL: could not find WAL file
	short        first  unexpected WAL file size
EOT
t 'no segment is damaged' undamaged
t 'the last segment lacks a page' page_not_written
t 'a snapshot of a cluster that was shut down' shut_down
t 'a standby that was just promoted' promoted
for major in $(majors slice); do
	t "$major: a snapshot" other_major "$major"
done
for major in $(majors only 10 11 12 13 14); do # 15 has none
	t "$major: an exclusive backup was under way" exclusive "$major"
done

#!/bin/sh
# What a run does while it waits: for the checkpoint, a reader, the WAL archive, the disk.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
data=$T/main/data
archive=$T/out/base.tar
interrupted='interrupted by SIGTERM, no backup was made'

# The WAL archive takes a segment as soon as $T/go is there.
archive_stands_still() {
	rm -f "$T/go" "$archive"
}

archive_works() {
	touch "$T/go"
}

in_query() { # PATTERN: what our session on the server is doing
	[ "$(sql main "select count(*) from pg_stat_activity where state = 'active'
		and application_name like 'pg_basetar%' and query ~ '$1'")" -eq 1 ]
}

seconds() {
	date +%s
}

# failed PATTERN: the run that just ended has, with one error that matches; nothing is left.
failed() {
	case $1 in
	"$interrupted") [ "$rc" -eq 143 ] ;;
	*) [ "$rc" -eq 1 ] ;;
	esac
	sed '/^pg_basetar: .*B\/s, /d' "$T/stderr" >"$T/said" # progress
	one_error "$T/said" "$1"
	empty "$T/out"
	[ "$(find "$data/pg_replslot" -mindepth 1)" = '' ]
	clean main
}

# ------------------------------------------------------------------ for the WAL archive

# last_segment FILE: of an archive.
last_segment() {
	tar -tf "$1" | sed -n 's,^pg_wal/\([0-9A-F]\{24\}\)$,\1,p' | tail -n 1
}

# A run that waits for the WAL archive, and will wait.
waiting() { # OPTION...
	archive_stands_still
	start main -c fast "$@"
	wait_until 15 in_phase 'waiting for the WAL archive'
}

until_archived() {
	waiting --wait-archive -o "$archive"
	sleep 1
	in_phase 'waiting for the WAL archive'
	[ ! -e "$archive" ]
	archive_works
	ends
	[ "$rc" -eq 0 ]
	[ -e "$T/archived/$(last_segment "$archive")" ]
	clean main
}

limited() { # a command that fails every time
	archive_stands_still
	sql main "alter system set archive_command = '/bin/false'"
	sql main 'select pg_reload_conf()'
	before=$(seconds)
	captured backup main -c fast --wait-archive=2 -o "$archive"
	[ $(($(seconds) - before)) -lt 20 ]
	failed 'the WAL of the backup was not archived within 2 s'
	lines 1 '^hint: .*archive_command' "$T/stderr"
	sql main 'alter system reset archive_command'
	sql main 'select pg_reload_conf()'
}

interrupted_at_archive() { # OPTION...
	waiting -o "$archive" "$@"
	kill -TERM "$pid"
	ends
	failed "$interrupted"
}

# All that there is so far has been read, so nothing but a look at the pipe tells.
reader_gone() {
	rm -f "$T/pipe"
	mkfifo "$T/pipe"
	chmod 666 "$T/pipe"
	cat "$T/pipe" >"$T/held.tar" &
	reader=$!
	waiting -X none >"$T/pipe"
	kill -KILL "$reader"
	wait_until 10 is_gone
	ends
	failed 'output: Broken pipe'
	lines 1 '^hint: ' "$T/stderr"
}

archive_off() {
	cluster_start off
	captured backup off -c fast -X none -o "$archive"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'archive_mode is off'
	lines 1 '^hint: .*--no-wait-archive' "$T/stderr"
	empty "$T/out"
	clean off
	captured backup off -c fast -X none --no-wait-archive -o "$archive"
	[ "$rc" -eq 0 ]
	captured backup off -c fast -v --wait-archive --force -o "$archive"
	[ "$rc" -eq 0 ]
	lines 1 'the backup does not wait for the WAL archive: archive_mode is off' "$T/stderr"
	rm "$archive"
	cluster_stop off
}

# ------------------------------------------------------------------------- progress

# reports PHASE: each SIGUSR1 is answered by one line.
reports() {
	for n in 1 2; do
		kill -USR1 "$pid"
		wait_until 5 lines "$n" "^pg_basetar: [0-9.]* .B, [0-9.]* .B/s, after [0-9:]*, $1\$" "$T/stderr"
		sleep 0.6
		lines "$n" '' "$T/stderr"
	done
}

reports_at_checkpoint() {
	archive_stands_still
	sql main 'update t set g = g'
	start main -c spread -o "$archive"
	wait_until 30 in_query 'backup'
	reports 'waiting for the checkpoint'
	kill -TERM "$pid"
	ends
	failed "$interrupted"
}

reports_in_files() {
	hold main
	reports 'sending files'
	let_go
	[ "$rc" -eq 0 ]
}

progress_to_a_file() { # a line every 30 s, and none with -q
	archive_stands_still
	captured backup main -c fast -P -v -o "$archive"
	[ "$rc" -eq 0 ]
	lines 0 '%' "$T/stderr"
	oid=$(sql main "select oid from pg_tablespace where spcname = 'space'")
	lines 1 "^pg_basetar: tablespace $oid at \"$T/main/space\", [0-9.]* MB\$" "$T/stderr"
	captured backup main -c fast -P -q --force -o "$archive"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
}

# ----------------------------------------------------------------- for a fifo's reader

new_fifo() {
	as_server rm -f "$T/out/fifo"
	as_server mkfifo "$T/out/fifo"
}

# to_fifo: a run that has found that nobody reads its fifo.
to_fifo() {
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	new_fifo
	rm -f "$T/trace"
	trace="strace -D -f -qq -o $T/trace -e trace=openat"
	start main -c fast -o "$T/out/fifo"
	wait_until 30 grep -q 'out/fifo".*ENXIO' "$T/trace"
}

# Gone with the fifo that others may not find there.
without_reader() {
	archive_stands_still
	to_fifo
	kill -TERM "$pid"
	ends
	[ -p "$T/out/fifo" ]
	rm "$T/out/fifo"
	failed "$interrupted"
}

with_reader() { # who was asked in between how far it is
	to_fifo
	for n in 1 2 3; do
		kill -USR1 "$pid"
		wait_until 10 lines "$n" 'SIGUSR1' "$T/trace"
	done
	timeout 60 cat "$T/out/fifo" >"$T/received.tar"
	ends
	sed -i '/^pg_basetar: [0-9.]* [kMG]B, /d' "$T/stderr"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	[ -p "$T/out/fifo" ]
	rm "$T/out/fifo"
	restore copy "$T/received.tar"
	verify copy
	clean main
}

# ------------------------------------------------------------- for the disk, at the end

# syncing: a run that syncs its output, which takes three seconds.
syncing() {
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	archive_stands_still
	trace='strace -D -f -qq -o /dev/null -e trace=fsync -e inject=fsync:delay_enter=6000000'
	start main -c fast -o "$archive"
	wait_until 15 in_phase syncing
}

interrupted_at_sync() {
	syncing
	kill -TERM "$pid"
	ends
	failed "$interrupted"
}

interrupted_twice() { # the second time by force
	syncing
	kill -TERM "$pid"
	sleep 2.1 # that is what is meant by force
	kill -TERM "$pid"
	ends
	[ "$rc" -eq 143 ]
	empty "$T/out"
	clean main
}

# ------------------------------------------------------------------------- the slot

# The server would see to it as well, some time after the end of the connection.
slot_goes_first() {
	for _ in 1 2 3; do
		hold main
		wait_until 10 has_session main
		[ "$(find "$data/pg_replslot" -mindepth 1 -maxdepth 1 | wc -l)" -eq 1 ]
		kill -TERM "$pid"
		ended
		find "$data/pg_replslot" -mindepth 1 >"$T/slots"
		exec 7<&-
		[ "$rc" -eq 143 ]
		[ ! -s "$T/slots" ]
	done
}

cat >"$T/bin/archive" <<'EOT'
#!/bin/sh
until [ -e "$1/go" ]; do
	sleep 0.1
done
cp "$2" "$1/archived/$3"
EOT
chmod 755 "$T/bin/archive"
mkdir "$T/archived"
chmod 777 "$T/archived"
cluster_init off --wal-segsize=1
cluster_set off autovacuum=off
cluster_dir main
as_server cp -a "$T/off/data" "$T/main"
cluster_set main archive_mode=on "archive_command='$T/bin/archive $T %p %f'" \
	checkpoint_completion_target=0.9 bgwriter_lru_maxpages=0
cluster_start main
tablespace main space
sql main 'create table t tablespace space as select generate_series(1, 200000) g'

t 'until the WAL is archived' until_archived
t 'until the limit is over' limited
t 'for the archive: SIGTERM' interrupted_at_archive --wait-archive
t 'for the archive: SIGTERM, with -X none' interrupted_at_archive -X none
t 'for the archive: the reader goes away' reader_gone
t 'for an archive that is off' archive_off
t 'SIGUSR1 at the checkpoint' reports_at_checkpoint
t 'SIGUSR1 in the files' reports_in_files
t '-P to a file' progress_to_a_file
t 'for a reader that never comes' without_reader
t 'for a reader that comes' with_reader
t 'for the disk: SIGTERM' interrupted_at_sync
t 'for the disk: SIGTERM, twice' interrupted_twice
t 'the slot is gone before the process' slot_goes_first

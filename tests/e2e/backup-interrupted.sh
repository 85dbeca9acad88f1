#!/bin/sh
# A run that is interrupted leaves no file, no slot and no backup on the server, wherever it is:
# while the server's checkpoint spreads, in the middle of the files, at the stop.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"

# start OPTION...: the program in the background; its process id in $pid.
start() {
	# shellcheck disable=SC2086 # two lists of words
	${trace:-} $as env --default-signal=HUP,INT,TERM,PIPE \
		"$BIN" -D "$T/main/data" -j 1 -Z none "$@" </dev/null 2>"$T/stderr" 7<&- &
	pid=$!
}

in_query() { # STATE PATTERN: what our session on the server is doing, or did last
	[ "$(sql main "select count(*) from pg_stat_activity where state = '$1'
		and application_name like 'pg_basetar%' and query ~ '$2'")" -eq 1 ]
}

reads_tables() {
	find "/proc/$pid/fd" -lname "$T/main/data/base/*" 2>/dev/null | grep -q .
}

is_gone() {
	[ ! -e "/proc/$pid" ] || grep -q '^State:.Z' "/proc/$pid/status"
}

# ended SIGNAL|WHY: the process is gone, with the right status and words; nothing is left.
ended() {
	wait_until 20 is_gone
	rc=0
	wait "$pid" || rc=$?
	cat "$T/stderr"
	case $1 in
	KILL) [ "$rc" -eq 137 ] ;;
	TERM) [ "$rc" -eq 143 ] ;;
	INT) [ "$rc" -eq 130 ] ;;
	HUP) [ "$rc" -eq 129 ] ;;
	*) [ "$rc" -eq 1 ] ;;
	esac
	[ "$1" = KILL ] || one_error "$T/stderr"
	empty "$T/out"
	clean main
}

# The places.  Each leaves the run in $pid, stuck there.

at_checkpoint() {
	sql main "update pgbench_accounts set filler = 'dirty' where aid % 20 = 0"
	start -c spread -o "$T/out/base.tar"
	wait_until 30 in_query active 'backup'
}

in_files() { # standard output is a pipe that nobody empties
	rm -f "$T/pipe"
	mkfifo "$T/pipe"
	chmod 666 "$T/pipe"
	exec 7<>"$T/pipe"
	start -c fast >"$T/pipe"
	timeout 60 head -c 50000 <&7 >/dev/null # it has come, hence the backup has begun
	wait_until 30 has_session main
}

in_files_to_a_file() { # every read is held up
	strace -D -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	trace='strace -D -f -qq -o /dev/null -e trace=pread64,preadv,preadv2,read
		-e inject=pread64,preadv,preadv2,read:delay_exit=100000'
	start -c fast -o "$T/out/base.tar"
	wait_until 60 reads_tables
}

at_stop() { # the archive is never done
	start -c fast --wait-archive -o "$T/out/base.tar"
	wait_until 60 in_query idle 'backup.*stop|stop.*backup'
}

interrupt() { # PLACE SIGNAL
	"$1"
	kill -0 "$pid"
	kill -"$2" "$pid"
	ended "$2"
	exec 7<&-
}

# As timeout(1) and a terminal that closes do: the second signal is not to cost the clean-up.
twice() { # PLACE SIGNAL
	"$1"
	kill -"$2" "$pid"
	kill -"$2" "$pid"
	ended "$2"
	exec 7<&-
}

reader_gone() {
	in_files
	exec 7<&-
	ended PIPE
}

server_gone() { # PLACE
	"$1"
	cluster_stop main immediate
	cluster_start main 7<&-
	ended server
	exec 7<&-
}

session_gone() { # PLACE
	"$1"
	sql main "select count(pg_terminate_backend(pid)) from pg_stat_activity
		where application_name like 'pg_basetar%'"
	ended server
	exec 7<&-
}

cluster_init main
cluster_set main archive_mode=on "archive_command='false'" checkpoint_completion_target=0.9 \
	shared_buffers=64MB max_wal_size=1GB
cluster_start main
load_init main 2

for signal in KILL TERM INT HUP; do
	for place in at_checkpoint in_files in_files_to_a_file at_stop; do
		t "SIG$signal $(echo "$place" | tr _ ' ')" interrupt "$place" "$signal"
	done
done
for place in at_checkpoint in_files at_stop; do
	t "SIGTERM twice $(echo "$place" | tr _ ' ')" twice "$place" TERM
done
t 'the reader of the pipe goes away' reader_gone
for place in at_checkpoint in_files at_stop; do
	t "the session is terminated $(echo "$place" | tr _ ' ')" session_gone "$place"
	t "the server is stopped $(echo "$place" | tr _ ' ')" server_gone "$place"
done

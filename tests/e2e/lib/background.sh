# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # lib/base.sh and the tests have the other end of these
# For tests that do something while a backup runs; sourced after lib/base.sh.  What the run says
# is in $T/stderr, its process id in $pid.

# start NAME OPTION...: a run in the background, perhaps under $trace.  If the case fails it does
# not outlive it.
start() {
	cluster=$1
	shift
	# shellcheck disable=SC2086 # two lists of words
	${trace:-} $as "$BIN" -D "$T/$cluster/data" -j 1 -Z none "$@" </dev/null 2>"$T/stderr" 7<&- &
	pid=$!
	trap 'kill -KILL "$pid" || :' EXIT
}

# hold NAME OPTION...: a run that stands still in the middle of the files, as its output is a
# pipe that nobody empties.  $pace: what is said of the checkpoint, unless it is this.
hold() {
	rm -f "$T/pipe"
	mkfifo "$T/pipe"
	chmod 666 "$T/pipe"
	exec 7<>"$T/pipe"
	# shellcheck disable=SC2086 # words
	start "$@" ${pace--c fast} >"$T/pipe"
	timeout 60 head -c 50000 <&7 >"$T/held.tar"
}

# let_go: the run that was held goes on to its end; the archive is $T/held.tar.
let_go() {
	cat <"$T/pipe" >>"$T/held.tar" 7<&- &
	exec 7<&-
	ends
	wait
}

is_gone() {
	[ ! -e "/proc/$pid" ] || grep -q '^State:.Z' "/proc/$pid/status"
}

# ended: the run that just has, or will now; its exit status in $rc.
ended() {
	rc=0
	wait "$pid" || rc=$?
	trap - EXIT
	cat "$T/stderr"
}

# ends: the same, within a minute.
ends() {
	wait_until 60 is_gone
	ended
}

# A signal finds a handler.  (setpriv and env are the same process before.)
is_ready() {
	[ "$(cat "/proc/$pid/comm")" = pg_basetar ] &&
		grep -q '^SigCgt:.*[1-9a-f]' "/proc/$pid/status"
}

# Are there more lines in $T/stderr than $1?
said_more() {
	[ "$(wc -l <"$T/stderr")" -gt "$1" ]
}

# asked: how far it is; the answer is the last line of $T/stderr.  Fails where none comes.
asked() {
	is_ready && said=$(wc -l <"$T/stderr") && kill -USR1 "$pid" && wait_until 2 said_more "$said"
}

# in_phase PHASE: what it says it is at, when asked.
in_phase() {
	asked && tail -n 1 "$T/stderr" | grep -q ", $1\$"
}

# traced CALLS OPTION...: a backup of "main"; those system calls of its threads are in $T/trace, a
# line each with the time, of one thread in their order.
traced() {
	calls=$1
	shift
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	as_server timeout 300 strace -ff -qq -y -s 0 -ttt -e "trace=$calls" \
		-o "$T/out/trace" "$BIN" -D "$T/main/data" -c fast "$@" 2>"$T/stderr"
	cat "$T"/out/trace.* >"$T/trace"
	rm -f "$T"/out/trace.*
	clean main
}

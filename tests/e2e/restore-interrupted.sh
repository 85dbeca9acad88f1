#!/bin/sh
# restore that is killed, interrupted, or whose disk fails: it leaves no cluster, or a whole one that is
# on the disk.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/restored.sh
. "$top/tests/e2e/lib/restored.sh"
export PGUSER=postgres

is_stopped() {
	grep -q '^State:.[Tt] ' "/proc/$1/status"
}

# Every thread of $pid.
is_traced() {
	! grep -qh '^TracerPid:.0$' "/proc/$pid"/task/*/status
}

# A restore that stands still when pg_control has just got its name: $pid, in $T/last.
stands_at_the_name() {
	cluster_dir last
	# shellcheck disable=SC2046 # words
	$as strace -f -qq -o /dev/null -e inject=renameat:signal=STOP \
		"$BIN" restore -q -j 1 "$T/out/one.tar" -D "$T/last/data" $(moved last) 2>"$T/stderr" &
	tracer=$!
	wait_until 60 test -e "$T/last/data/global/pg_control"
	pid=$(children "$tracer")
	wait_until 20 is_stopped "$pid"
	kill -9 "$tracer"
	wait "$tracer" || :
}

# Of what is left then a server starts, and all of it is there.
at_the_last_moment() {
	for signal in KILL TERM; do # the latter comes too late
		stands_at_the_name
		kill "-$signal" "$pid"
		kill -CONT "$pid" || :
		wait_until 20 is_gone
		[ ! -s "$T/stderr" ]
		as_server pg_verifybackup "$T/last/data" | grep -qx 'backup successfully verified'
		cluster_start last
		sound last
	done
}

# The name is taken away again if its directory cannot be synced.
name_not_synced() {
	stands_at_the_name
	$as strace -f -qq -o "$T/trace" -e trace=fsync -e inject=fsync:error=EIO -p "$pid" &
	wait_until 20 is_traced
	kill -CONT "$pid"
	wait_until 20 is_gone
	wait
	lines 1 'fsync(.*EIO.*INJECTED' "$T/trace"
	one_error "$T/stderr" '"global/pg_control": could not fsync directory: Input/output error'
	[ ! -e "$T/last/data/global/pg_control" ]
	fails as_server timeout 20 postgres -D "$T/last/data" -k "$T/last" -p 1
}

# If that cannot be done a server can start: it is said.
name_stays() {
	stands_at_the_name
	$as strace -f -qq -o "$T/trace" -e trace=fsync,renameat -e inject=fsync:error=EROFS \
		-e inject=renameat:error=EROFS -p "$pid" &
	wait_until 20 is_traced
	kill -CONT "$pid"
	wait_until 20 is_gone
	wait
	one_error "$T/stderr" '"global/pg_control": could not fsync directory: Read-only file system'
	lines 1 "^hint: pg_control could not be removed again: a server can start on \"$T/last/data\"" \
		"$T/stderr"
	[ -e "$T/last/data/global/pg_control" ]
}

full() { # CALL ERROR PATTERN
	cluster_dir full
	# shellcheck disable=SC2046 # words
	captured as_server strace -f -qq -o /dev/null -e "inject=$1:error=$2:when=20+" \
		"$BIN" restore "$T/out/one.tar" -D "$T/full/data" $(moved full)
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$3"
	[ ! -e "$T/full/data/global/pg_control" ]
	rm -rf "$T/full"
}

failing() {
	full pwrite64 ENOSPC 'could not write: No space left'
	full fsync EIO 'could not fsync: Input/output error'
	full mkdirat EACCES 'could not create directory: Permission denied'
}

# ends_while_it_syncs [COMMAND...]: a signal finds a restore that is run by it, and syncs slowly.
ends_while_it_syncs() {
	cluster_dir insync
	rm -f "$T/trace"
	# shellcheck disable=SC2046 # words
	$as "$@" strace -D -f -qq -o "$T/trace" -e trace=fsync -e inject=fsync:delay_enter=500000 \
		"$BIN" restore -j 1 "$T/out/one.tar" -D "$T/insync/data" $(moved insync) 2>"$T/stderr" &
	pid=$!
	wait_until 20 test -s "$T/trace"
	kill -TERM "$pid"
	ends
	[ "$rc" -eq 143 ]
	one_error "$T/stderr" 'interrupted by SIGTERM, the backup was not restored'
	[ ! -e "$T/insync/data/global/pg_control" ]
	[ "$(wc -l <"$T/trace")" -lt 20 ]
	rm -rf "$T/insync"
}

# So few files may be open that room has to be made for more; a signal ends that, too.
few_descriptors() {
	for limit in 150 300; do
		cluster_dir few
		# shellcheck disable=SC2046 # words
		captured as_server sh -c "ulimit -n $limit; exec \"\$@\"" sh \
			"$BIN" restore "$T/out/one.tar" -D "$T/few/data" $(moved few)
		[ "$rc" -eq 0 ]
		as_server pg_verifybackup -q "$T/few/data"
	done
	ends_while_it_syncs sh -c "ulimit -n 300; exec \"\$@\"" sh
}

# The system tells of a write that failed by the descriptors that were open then.
synced_as_written() {
	cluster_dir synced
	# shellcheck disable=SC2046 # words
	captured as_server strace -f -qq -y -e trace=openat,fsync -o "$T/trace" \
		"$BIN" restore "$T/out/one.tar" -D "$T/synced/data" $(moved synced)
	[ "$rc" -eq 0 ]
	find "$T/synced/data" "$T/synced"/spc* \( -type f -o -type d \) | sort >"$T/made.list"
	sed -n 's/.*fsync([0-9]*<\([^>]*\)>.*/\1/p' "$T/trace" | sed 's/\.unfinished$//' |
		sort -u >"$T/synced.list"
	comm -23 "$T/made.list" "$T/synced.list" | lines 0 '' -
	[ "$(wc -l <"$T/made.list")" -gt 900 ]
	# each file is opened once, when it is made; but configuration, to see where it leads
	grep 'openat(.*O_WRONLY' "$T/trace" | grep -vc O_CREAT | grep -qx 0
	grep "openat([0-9]*<$T/synced/[^>]*>, .*O_RDONLY" "$T/trace" >"$T/reopened"
	[ "$(wc -l <"$T/reopened")" -gt 20 ]
	grep -v '\.conf"' "$T/reopened" | grep -vc O_DIRECTORY | grep -qx 0
	rm -rf "$T/synced"
}

writing=openat,openat2,mkdirat,fchmod,pwrite64,utimensat,sync_file_range,fsync,symlinkat,renameat,close

# restores_killed TRACE OPTION...: under strace, with one thread that writes.
restores_killed() {
	trace=$1
	shift
	# shellcheck disable=SC2046 # words
	captured as_server strace -f -qq -o "$trace" "$@" \
		"$BIN" restore -j 1 "$T/out/one.tar" -D "$T/killed/data" $(moved killed)
}

# Whole when pg_control has its name, and then all of it is synced; before that no cluster.
left_over() {
	if grep -q 'renameat(.* = 0$' "$T/trace"; then
		whole=$((whole + 1))
		as_server pg_verifybackup -q "$T/killed/data"
	else
		[ ! -e "$T/killed/data/global/pg_control" ]
		fails as_server timeout 20 postgres -D "$T/killed/data" -k "$T/killed" -p 1
	fi
}

# At evenly spread calls of those that write.  strace counts each by its name and thread, and another
# thread may be first: how many calls a run came to is counted, and must be spread as well.
killed() {
	cluster_dir killed
	restores_killed "$T/trace" -e "trace=$writing"
	[ "$rc" -eq 0 ]
	rm -rf "${T:?}/killed/"*
	steps=${KILLS:-8}
	rm -f "$T/came"
	sed -n 's/^\([0-9]*\) *\([a-z0-9_]*\)(.*/\1 \2/p' "$T/trace" |
		awk '{ print $2, ++n[$1, $2] }' >"$T/calls"
	awk -v "steps=$steps" -v "count=$(wc -l <"$T/calls")" '
		FNR == int(count * (done + 1) / steps) { print; done++ }' "$T/calls" >"$T/chosen"
	lines "$steps" '' "$T/chosen"
	died=0
	whole=0
	while read -r call when <&9; do
		restores_killed "$T/trace" -e "trace=$writing" -e "inject=$call:signal=KILL:when=$when"
		grep -c '^[0-9]* *[a-z0-9_]*(' "$T/trace" >>"$T/came"
		[ "$rc" -eq 0 ] || [ "$rc" -eq 137 ]
		[ "$rc" -eq 0 ] || died=$((died + 1))
		left_over
		rm -rf "${T:?}/killed/"*
	done 9<"$T/chosen"
	# which thread does what is not the same each time: a few may have come to their end
	[ $((died * 10)) -ge $((steps * 9)) ] || [ "$died" -ge $((steps - 1)) ]
	widest=$(sort -n "$T/came" | awk -v "count=$(wc -l <"$T/calls")" '
		{ if ($1 - last > most) most = $1 - last; last = $1 }
		END { printf "%d", 100 * most / count }')
	[ "$widest" -le $((300 / steps + 5)) ] # percent
	echo "# $died of $steps killed, $widest % of the calls between two at most;" \
		"$whole are whole, of the others no server started" >"$T/kills"
}

interrupted() {
	reads_a_pipe term
	head -c 5000000 "$T/out/one.tar" >&7
	wait_until 20 test -e "$T/term/data/base"
	kill -TERM "$pid"
	ends
	exec 7>&-
	[ "$rc" -eq 143 ]
	one_error "$T/stderr" 'interrupted by SIGTERM, the backup was not restored'
	[ ! -e "$T/term/data/global/pg_control" ]
}

t 'a backup of a server under load' archived_under_load
cluster_stop main
t 'a disk that is full, or fails' failing
t 'a signal when pg_control has its name: a cluster' at_the_last_moment
t 'a failing disk when pg_control has its name: none' name_not_synced
t 'nor can the name be taken away: it is said' name_stays
t 'interrupted' interrupted
t 'interrupted while it is synced' ends_while_it_syncs
t 'each file is synced as it was written' synced_as_written
t 'few files may be open' few_descriptors
t 'kill -9: no cluster, or a whole one' killed
[ ! -e "$T/kills" ] || cat "$T/kills"

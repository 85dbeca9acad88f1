# shellcheck shell=sh
# What the end-to-end tests share: throw-away clusters, load, restored copies, TAP lines.
#
# A test is a POSIX sh script that begins with `. "${0%/*}/lib/base.sh"` and consists of
#
#	t NAME COMMAND...	one case: COMMAND runs in a subshell under `set -ex`
#
# It prints TAP ("ok 1 - NAME") and exits 0, or 1 when a case failed, or 77 when nothing of
# it can run here.  Everything lives in one directory, $T, which goes away with the test, as
# do its servers.  Servers run as "postgres" when the test is run by root, else as its user.
set -eu
umask 022
export LC_ALL=C
for variable in $(env | sed -n 's/^\(PG[A-Z]*\)=.*/\1/p'); do
	unset "$variable"
done

top=${top:-$(cd "${0%/*}/../.." && pwd)} # a script elsewhere says it first
# Client programs are of the packaged release.  They serve older servers too; psql, pgbench and
# pg_amcheck also newer ones.  So are the clusters of a test that names none; one whose facts are
# of a certain release says "release=MAJOR" before it sources this file.
packaged_bin=$(sh "$top/scripts/packaged" 2>/dev/null) || packaged_bin=/nowhere/0/bin
packaged=$(basename "${packaged_bin%/bin}") # its major version
release=${release:-$packaged}
PATH=$packaged_bin:$PATH
cases=0
failed=0
first_port=$((20000 + $$ % 2000 * 20))

T=$(mktemp -d "${TMPDIR:-/tmp}/pgbt.XXXXXX")
owner=$(id -un)
become=
if [ "$owner" = root ]; then
	owner=postgres
	become='setpriv --reuid=postgres --regid=postgres --clear-groups'
fi
as="$become env HOME=$T PGUSER=postgres"

# as_server COMMAND...: run it as the user who owns the clusters.  `$as COMMAND... &` does the
# same where $! has to be the command's own process id.
as_server() (
	{ set +x; } 2>/dev/null
	# what env does takes a process more
	HOME=$T PGUSER=postgres exec $become "$@"
)

stop_servers() {
	for pidfile in "$T"/*/data/postmaster.pid; do
		[ ! -e "$pidfile" ] || cluster_stop "$(basename "${pidfile%/data/*}")" immediate
	done
}

# Processes that a failed case left running all name $T in their command line, but for a load.
kill_strays() {
	load_signal KILL
	# shellcheck disable=SC2062 # what is looked for comes from standard input: grep would find itself
	echo "$T/" | grep -laF --file=- /proc/[0-9]*/cmdline 2>/dev/null | while IFS=/ read -r _ _ process _; do
		kill -9 "$process"
	done 2>/dev/null
}

finish() {
	status=$?
	trap - EXIT
	trap '' INT TERM HUP
	set +e
	stop_servers >/dev/null 2>&1
	kill_strays
	[ ! -e "$T/mounted" ] || umount "$(cat "$T/mounted")"
	cd / && rm -rf "$T"
	[ "$status" -ne 0 ] || echo "1..$cases"
	[ "$status" -ne 0 ] || [ "$failed" -eq 0 ] || status=1
	exit "$status"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

skip_all() {
	echo "1..0 # SKIP $*"
	exit 77
}

# skip REASON: leave the case that is running.
skip() {
	echo "$*" >"$T/skipped"
	exit 77
}

# t NAME COMMAND...
t() {
	name=$1
	shift
	cases=$((cases + 1))
	rm -f "$T/skipped"
	set +e
	(
		set -ex
		"$@"
	) >"$T/case.log" 2>&1
	rc=$?
	set -e
	if [ "$rc" -eq 0 ]; then
		echo "ok $cases - $name"
	elif [ "$rc" -eq 77 ] && [ -e "$T/skipped" ]; then
		echo "ok $cases - $name # SKIP $(cat "$T/skipped")"
	else
		echo "not ok $cases - $name"
		sed 's/^/# /' "$T/case.log"
		failed=1
	fi
}

# fails COMMAND...: for "!", which `set -e` does not see.
fails() {
	status=0
	"$@" || status=$?
	[ "$status" -gt 0 ] && [ "$status" -lt 124 ] # not by timeout, not by a crash
}

# seen_whole ARCHIVE: tar finds nothing amiss, reading all of it.  From a file, be it standard input,
# it would seek over the bodies (GNU tar 1.35), and may miss a cut in the last one.
seen_whole() {
	# shellcheck disable=SC2002 # a pipe
	cat "$1" | tar -t >/dev/null
}

# children PID: the processes whose parent that is, one a line, the oldest first.
children() {
	cat /proc/[0-9]*/stat 2>/dev/null | sed 's/ (.*) . / /' | while read -r child parent _; do
		[ "$parent" != "$1" ] || echo "$child"
	done | sort -n
}

# wait_until SECONDS COMMAND...: poll until it succeeds.
wait_until() (
	{ set +x; } 2>/dev/null
	tries=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		if [ "$tries" -le 0 ]; then
			echo "waited in vain: $*" >&2
			return 1
		fi
		sleep 0.1
	done
)

# lines N PATTERN FILE: FILE has exactly N lines that match.
lines() {
	[ "$(grep -c -e "$2" "$3")" -eq "$1" ]
}

# flip FILE OFFSET: one bit, twice the same leaves the file as it was.
flip() {
	byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
	printf %b "\\0$(printf %o $((byte ^ 4)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# shellcheck source=tests/e2e/lib/clusters.sh
. "$top/tests/e2e/lib/clusters.sh"
# shellcheck source=tests/e2e/lib/copies.sh
. "$top/tests/e2e/lib/copies.sh"

# ------------------------------------------------------------------------------- backup

# backup NAME OPTION...: the program under test on that cluster, as the cluster's owner.
backup() (
	{ set +x; } 2>/dev/null
	cluster=$1
	shift
	load_signal CONT
	rc=0
	as_server timeout 300 "$BIN" -D "$T/$cluster/data" "$@" || rc=$?
	load_signal STOP
	exit "$rc"
)

# captured COMMAND...: its exit status in $rc, what it says in $T/stdout and $T/stderr.
captured() {
	rc=0
	(
		{ set +x; } 2>/dev/null
		"$@"
	) >"$T/stdout" 2>"$T/stderr" </dev/null || rc=$?
	cat "$T/stderr"
}

# one_error FILE [PATTERN]: warnings aside, it has one error line, which matches, and perhaps a hint.
one_error() {
	grep -v -e '^pg_basetar: warning: ' "$1" >"$T/error" || :
	lines 1 '' "$T/error" || lines 2 '' "$T/error"
	head -n 1 "$T/error" | grep -qiE "^pg_basetar: .*(${2:-})"
	lines 0 '^hint: ' "$T/error" || tail -n +2 "$T/error" | grep -q '^hint: '
}

# Is there a session of ours on the server?
has_session() {
	[ "$(sql "$1" "select count(*) from pg_stat_activity
		where application_name like 'pg_basetar%'")" -gt 0 ]
}

has_no_session() {
	! has_session "$1"
}

# clean NAME: the server has no backup running (that dies with its session), no slot, and
# nothing of a backup lies in its data directory.
clean() {
	wait_until 20 has_no_session "$1"
	[ "$(sql "$1" 'select count(*) from pg_replication_slots')" -eq 0 ]
	[ ! -e "$T/$1/data/backup_label" ]
	[ ! -e "$T/$1/data/tablespace_map" ]
}

# empty DIR: not even a hidden file is in it.
empty() {
	[ -z "$(find "$1" -mindepth 1)" ]
}

# ---------------------------------------------------------------------------- set-up

[ "$packaged" -gt 0 ] || skip_all 'no PostgreSQL here (scripts/install-deps)'
if [ "$release" != "$packaged" ]; then
	release_bin=$("$top/scripts/servers" "$release" 2>"$T/servers.log") ||
		skip_all "no server of version $release here: $(tail -n 1 "$T/servers.log")"
	PATH=$release_bin:$PATH # for pg_ctl and postgres
fi
BIN=${BIN:-$top/build/rel/pg_basetar}
[ -x "$BIN" ] || skip_all "no $BIN here (make)"
mkdir "$T/bin" "$T/out"
cp "$BIN" "$T/bin/pg_basetar" # where the clusters' owner can run it, too
BIN=$T/bin/pg_basetar
chmod 755 "$T" "$T/bin"
if [ "$(id -u)" -eq 0 ]; then
	chown "$owner" "$T" "$T/out"
fi
cd "$T" # where that user may be

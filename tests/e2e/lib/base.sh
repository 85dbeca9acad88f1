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
as="env HOME=$T PGUSER=postgres"
if [ "$owner" = root ]; then
	owner=postgres
	as="setpriv --reuid=postgres --regid=postgres --clear-groups $as"
fi

# as_server COMMAND...: run it as the user who owns the clusters.  `$as COMMAND... &` does the
# same where $! has to be the command's own process id.
as_server() (
	{ set +x; } 2>/dev/null
	exec $as "$@"
)

stop_servers() {
	for pidfile in "$T"/*/data/postmaster.pid; do
		[ ! -e "$pidfile" ] || cluster_stop "$(basename "${pidfile%/data/*}")" immediate
	done
}

# Processes that a failed case left running all name $T in their command line.
kill_strays() {
	for process in /proc/[0-9]*; do
		! tr '\0' ' ' <"$process/cmdline" | grep -qF "$T/" || kill -9 "${process#/proc/}"
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

# seen_whole ARCHIVE: tar finds nothing amiss, reading all of it: given a name it would seek over
# the bodies, and may miss a cut in the last one.
seen_whole() {
	tar -t <"$1" >/dev/null
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

# ------------------------------------------------------------------ releases of PostgreSQL

# majors all|slice|only [MAJOR...]: the releases that a test runs with, one a line, of the list that
# scripts/servers has:
#
#	all		every one
#	slice MAJOR...	the oldest, 15, the packaged one and the newest, and those that the test
#			names with a reason: each is a border that formats and functions have; of
#			the packaged one all client programs are there
#	only MAJOR...	those named alone, where nothing else has what is tested
#
# PG_BASETAR_MAJORS, where it is set, is taken for "all" and "slice", and of "only" leaves those
# that it names.
majors() (
	{ set +x; } 2>/dev/null
	which=$1
	shift
	releases=$("$top/scripts/servers" --list)
	case $which in
	all) wanted=${PG_BASETAR_MAJORS:-$releases} ;;
	slice) wanted=${PG_BASETAR_MAJORS:-$(echo "$releases" | sed -n '1p;$p') 15 $packaged $*} ;;
	only)
		wanted=
		for one in "$@"; do
			case " ${PG_BASETAR_MAJORS:-$one} " in
			*" $one "*) wanted="$wanted $one" ;;
			esac
		done
		;;
	esac
	# shellcheck disable=SC2086 # words
	[ -z "$wanted" ] || printf '%s\n' $wanted | sort -nu
)

# server_of MAJOR: print where its programs are.  A case whose server cannot be had is skipped with
# the reason; the test asks once for each release.
server_of() {
	[ "$1" != "$packaged" ] || { echo "$packaged_bin" && return; }
	lacking=$T/no_server.$1
	[ ! -e "$lacking" ] || skip "$(cat "$lacking")"
	asked=0
	"$top/scripts/servers" "$1" 2>"$T/servers.log" || asked=$?
	cat "$T/servers.log" >&2
	[ "$asked" -eq 77 ] || return "$asked"
	echo "no server of PostgreSQL $1: $(tail -n 1 "$T/servers.log" | sed 's/^servers: //')" >"$lacking"
	skip "$(cat "$lacking")"
}

# small_segments MAJOR: the option of initdb for the smallest WAL segments; 10 has none.
small_segments() {
	[ "$1" -eq 10 ] || echo --wal-segsize=1
}

# ---------------------------------------------------------------- clusters: $T/NAME/...

# cluster_dir NAME [MAJOR]: make $T/NAME with what cluster_start needs, but no data.
cluster_dir() {
	major=${2:-$release}
	[ ! -e "$T/$1" ] || rm -rf "${T:?}/$1"
	as_server mkdir "$T/$1"
	server_of "$major" >"$T/$1/bin"
	echo "$1" >>"$T/ports"
	echo $((first_port + $(wc -l <"$T/ports"))) >"$T/$1/port"
}

# cluster_init NAME [MAJOR] [INITDB OPTION...]: a new cluster, not started.
cluster_init() {
	cluster=$1
	major=$release
	shift
	case ${1:-} in
	[1-9][0-9])
		major=$1
		shift
		;;
	esac
	cluster_dir "$cluster" "$major"
	as_server "$(cat "$T/$cluster/bin")/initdb" -D "$T/$cluster/data" -U postgres -A trust \
		-E UTF8 --no-locale -N "$@" >"$T/$cluster/initdb.log" 2>&1 || {
		cat "$T/$cluster/initdb.log" >&2
		return 1
	}
	# shared memory in the data directory: what a killed server leaves goes away with it
	cluster_set "$cluster" fsync=off max_wal_senders=10 checkpoint_timeout=1h \
		dynamic_shared_memory_type=mmap
}

# cluster_set NAME SETTING=VALUE...: lines for postgresql.conf.
cluster_set() {
	cluster=$1
	shift
	printf '%s\n' "$@" | as_server tee -a "$T/$cluster/data/postgresql.conf" >/dev/null
}

# keeps_wal NAME MB: at least so much of its last WAL, whatever checkpoints there are.
keeps_wal() {
	case $(cat "$T/$1/data/PG_VERSION") in
	1[0-2]) cluster_set "$1" "wal_keep_segments=$2" ;; # of 1 MB or more
	*) cluster_set "$1" "wal_keep_size=$2MB" ;;
	esac
}

# cluster_start NAME [POSTGRES OPTION...]: returns when it accepts connections.
cluster_start() {
	cluster=$1
	shift
	as_server "$(cat "$T/$cluster/bin")/pg_ctl" -D "$T/$cluster/data" -l "$T/$cluster/log" -s -w -t 120 \
		-o "-p $(cat "$T/$cluster/port") -k $T/$cluster -c listen_addresses= $*" start </dev/null || {
		cat "$T/$cluster/log" >&2
		return 1
	}
}

# cluster_stop NAME [fast|immediate]
cluster_stop() {
	as_server "$(cat "$T/$1/bin")/pg_ctl" -D "$T/$1/data" -s -w -t 120 -m "${2:-fast}" stop
}

# at NAME PROGRAM ARGUMENT...: run a client program against that cluster.
at() (
	{ set +x; } 2>/dev/null
	cluster=$1
	shift
	as_server env PGHOST="$T/$cluster" PGPORT="$(cat "$T/$cluster/port")" PGDATABASE=postgres "$@"
)

# sql NAME STATEMENT: rows as plain text.
sql() {
	at "$1" psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$2"
}

# tablespace NAME SPACE: a tablespace in $T/NAME/SPACE.
tablespace() {
	as_server mkdir "$T/$1/$2"
	sql "$1" "create tablespace $2 location '$T/$1/$2'"
}

# version_dir NAME: what a server of that release makes in each tablespace, like PG_15_202209061.
version_dir() (
	{ set +x; } 2>/dev/null
	catalog=$(as_server pg_controldata "$T/$1/data" | sed -n 's/^Catalog version number: *//p')
	echo "PG_$(cat "$T/$1/data/PG_VERSION")_$catalog"
)

# recovery_settings NAME SIGNAL LINE...: for the next start; up to 11 they have a file of their own.
recovery_settings() {
	cluster=$1
	signal=$2
	shift 2
	case $(cat "$T/$cluster/data/PG_VERSION") in
	1[01])
		[ "$signal" = recovery.signal ] || set -- "$@" 'standby_mode = on' "recovery_target_timeline = 'latest'"
		printf '%s\n' "$@" | as_server tee "$T/$cluster/data/recovery.conf" >/dev/null
		;;
	*)
		cluster_set "$cluster" "$@"
		as_server touch "$T/$cluster/data/$signal"
		;;
	esac
}

# follows NAME PRIMARY: it will start as a standby of that.
follows() {
	recovery_settings "$1" standby.signal \
		"primary_conninfo = 'host=$T/$2 port=$(cat "$T/$2/port") user=postgres'"
}

# recovers_to NAME LINE...: it will start with recovery from an archive, to a target.
recovers_to() {
	cluster=$1
	shift
	recovery_settings "$cluster" recovery.signal "$@"
}

# ------------------------------------------------------------------------------- backup

# backup NAME OPTION...: the program under test on that cluster, as the cluster's owner.
backup() (
	{ set +x; } 2>/dev/null
	cluster=$1
	shift
	as_server timeout 300 "$BIN" -D "$T/$cluster/data" "$@"
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

# -------------------------------------------------------------------------------- load

# load_init NAME SCALE: pgbench tables in three tablespaces, and amcheck.
load_init() {
	for space in spc1 spc2 spc3; do
		tablespace "$1" "$space"
	done
	at "$1" pgbench -i -q -s "$2" --tablespace=spc1 --index-tablespace=spc2 >/dev/null 2>&1
	sql "$1" 'alter table pgbench_history set tablespace spc3'
	sql "$1" 'create extension amcheck'
}

# load_start NAME: pgbench -c 4, and beside it tables that come, go and are rewritten, with
# checkpoints.  Ends with load_stop, or with the server.
load_start() {
	rm -f "$T/$1/load.stop"
	cat >"$T/$1/churn.sql" <<'SQL'
create table if not exists churn (id int primary key, text text) tablespace spc1;
create table brief as select g as id, repeat('x', 500) as text from generate_series(1, 3000) g;
create index on brief (id) tablespace spc2;
insert into churn select id, text from brief on conflict do nothing;
truncate churn;
insert into churn select id, text from brief where id % 3 = 0;
vacuum full churn;
drop table brief;
delete from churn where id % 2 = 0;
vacuum churn;
checkpoint;
SQL
	at "$1" pgbench -n -c 4 -T 3600 >"$T/$1/pgbench.log" 2>&1 &
	while [ ! -e "$T/$1/load.stop" ] && at "$1" psql -X -q -f "$T/$1/churn.sql"; do
		:
	done >"$T/$1/churn.log" 2>&1 &
	churn=$!
	wait_until 60 has_history "$1"
}

has_history() {
	[ "$(sql "$1" 'select count(*) from pgbench_history')" -gt 200 ]
}

# loaded NAME: all of it is still at work.
loaded() {
	[ "$(sql "$1" "select count(*) from pg_stat_activity where application_name = 'pgbench'")" -eq 4 ]
	kill -0 "$churn"
}

# load_stop NAME: both were started by this shell, so wait can see them end.
load_stop() {
	touch "$T/$1/load.stop"
	sql "$1" "select count(pg_terminate_backend(pid)) from pg_stat_activity
		where application_name = 'pgbench'" >/dev/null
	wait
}

# ----------------------------------------------------------------------------- restore

# unpack WITH ARCHIVE DIR: with GNU tar, bsdtar or busybox tar, told nothing but xf where that
# is enough.
unpack() {
	case $1-$2 in
	gnu-*) as_server tar -xf "$2" -C "$3" ;;
	bsdtar-*) as_server bsdtar -xf "$2" -C "$3" ;;
	busybox-*.gz) as_server busybox tar -xzf "$2" -C "$3" ;;
	busybox-*) as_server busybox tar -xf "$2" -C "$3" ;;
	esac
}

# passes ARCHIVE|DIR: what is to be restored is sound, so says our own verify.
passes() {
	"$BIN" verify "$1" | grep '^restorable'
}

# restore NAME ARCHIVE [WITH [MAJOR]]: a cluster unpacked from ARCHIVE, not started.
restore() {
	passes "$2"
	cluster_dir "$1" "${4:-$release}"
	as_server mkdir -m 700 "$T/$1/data"
	unpack "${3:-gnu}" "$2" "$T/$1/data"
}

# restore_split NAME DIR [WITH [MAJOR]]: the same from a directory of archives, each tablespace to
# a new place: in tablespace_map if there is one, and by the link in pg_tblspc in any case.
restore_split() {
	passes "$2"
	cluster_dir "$1" "${4:-$release}"
	as_server mkdir -m 700 "$T/$1/data"
	unpack "${3:-gnu}" "$(echo "$2"/base.tar*)" "$T/$1/data"
	for archive_file in "$2"/[1-9]*.tar*; do
		[ -e "$archive_file" ] || continue
		oid=$(basename "${archive_file%%.tar*}")
		as_server mkdir -m 700 "$T/$1/$oid"
		unpack "${3:-gnu}" "$archive_file" "$T/$1/$oid"
		as_server ln -sfn "$T/$1/$oid" "$T/$1/data/pg_tblspc/$oid"
		[ ! -e "$T/$1/data/tablespace_map" ] ||
			as_server sed -i "s|^$oid .*|$oid $T/$1/$oid|" "$T/$1/data/tablespace_map"
	done
}

# verify_split NAME DIR [OPTION...]
verify_split() {
	cluster=$1
	split=$2
	shift 2
	as_server pg_verifybackup -i tablespace_map -m "$split/backup_manifest" "$@" \
		"$T/$cluster/data" | grep -qx 'backup successfully verified'
}

# verify NAME [OPTION...]: of an unpacked copy, before it is started.
verify() {
	cluster=$1
	shift
	as_server pg_verifybackup -i pg_basetar_tblspc "$@" "$T/$cluster/data" |
		grep -qx 'backup successfully verified'
}

# balanced NAME: pgbench's invariant over a history that is not empty.
balanced() {
	[ "$(sql "$1" "select count(*) > 100 and sum(delta) = (select sum(abalance) from pgbench_accounts)
		and sum(delta) = (select sum(tbalance) from pgbench_tellers)
		and sum(delta) = (select sum(bbalance) from pgbench_branches) from pgbench_history")" = t ]
}

# sound NAME: a started copy holds together; leaves it stopped.
sound() {
	balanced "$1"
	at "$1" pg_amcheck --heapallindexed -d postgres >"$T/amcheck.log" 2>&1
	diff /dev/null "$T/amcheck.log"
	cluster_stop "$1"
	as_server pg_checksums -c -D "$T/$1/data" | grep -q '^Bad checksums:  0$'
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

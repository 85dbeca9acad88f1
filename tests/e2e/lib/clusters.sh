# shellcheck shell=sh
# shellcheck disable=SC2154 # lib/base.sh, which sources this, has the other end of these
# Releases of PostgreSQL, and throw-away clusters of them.

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
# With PG_BASETAR_SLICE set, as scripts/check has it, "slice" is the oldest and the newest: all other
# cases run with the packaged one.  Of "only" those count that "slice" has, or else the last.
# PG_BASETAR_MAJORS, where it is set, is taken for "all" and "slice", and of "only" leaves those
# that it names.
majors() (
	{ set +x; } 2>/dev/null
	which=$1
	shift
	"$top/scripts/servers" --list >"$T/releases"
	case $which in
	all) cat "$T/releases" ;;
	slice) borders "$@" ;;
	only) of_borders "$@" ;;
	esac | of_wanted "$which" | sort -nu
)

# borders MAJOR...: those of "slice".
borders() {
	sed -n '1p;$p' "$T/releases"
	[ -n "${PG_BASETAR_SLICE:-}" ] || printf '%s\n' 15 "$packaged" "$@"
}

# of_borders MAJOR...: those of "only".
of_borders() {
	printf '%s\n' "$@" >"$T/named"
	if [ -z "${PG_BASETAR_SLICE:-}" ]; then
		cat "$T/named"
	else
		borders | grep -xFf - "$T/named" || tail -n 1 "$T/named"
	fi
}

# of_wanted WHICH: of the releases on standard input, what PG_BASETAR_MAJORS leaves or has in their place.
of_wanted() {
	echo "${PG_BASETAR_MAJORS:-}" | tr ' ' '\n' >"$T/wanted"
	case ${PG_BASETAR_MAJORS:+$1} in
	'') cat ;;
	only) grep -xFf "$T/wanted" || : ;;
	*) cat "$T/wanted" ;;
	esac
}

# server_of MAJOR: print where its programs are.  A case whose server cannot be had is skipped with
# the reason; the test asks once for each release.
server_of() {
	[ "$1" != "$packaged" ] || { echo "$packaged_bin" && return; }
	[ ! -e "$T/server.$1" ] || { cat "$T/server.$1" && return; }
	lacking=$T/no_server.$1
	[ ! -e "$lacking" ] || skip "$(cat "$lacking")"
	asked=0
	"$top/scripts/servers" "$1" >"$T/server" 2>"$T/servers.log" || asked=$?
	cat "$T/servers.log" >&2
	[ "$asked" -gt 0 ] || { mv "$T/server" "$T/server.$1" && cat "$T/server.$1" && return; }
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
	new_data_directory "$cluster" "$@"
	# shared memory in the data directory: what a killed server leaves goes away with it
	cluster_set "$cluster" fsync=off max_wal_senders=10 checkpoint_timeout=1h \
		dynamic_shared_memory_type=mmap max_logical_replication_workers=0
}

# run_initdb NAME DIRECTORY [OPTION...]
run_initdb() {
	programs=$(cat "$T/$1/bin")
	log=$T/$1/initdb.log
	directory=$2
	shift 2
	as_server "$programs/initdb" -D "$directory" -U postgres -A trust \
		-E UTF8 --no-locale -N "$@" >"$log" 2>&1 || {
		cat "$log" >&2
		return 1
	}
}

# new_data_directory NAME [INITDB OPTION...]: what initdb makes, which takes a second; or a copy of what
# it made for another test, in PG_BASETAR_TEMPLATES.  A copy has the system identifier of its original,
# so of the same options there is one for the first such cluster of a test, one for the second, and so on.
new_data_directory() {
	wanted=$1
	shift
	if [ -z "${PG_BASETAR_TEMPLATES:-}" ]; then
		run_initdb "$wanted" "$T/$wanted/data" "$@"
		return
	fi
	template=$major$(printf '%s' "$@" | tr -c 'a-z0-9=-' _)
	echo >>"$T/copied$template"
	template=$PG_BASETAR_TEMPLATES/$template.$(wc -l <"$T/copied$template")
	if [ ! -e "$template" ]; then
		run_initdb "$wanted" "$T/$wanted/data" "$@"
		as_server cp -a "$T/$wanted/data" "$template.$$"
		# another test may have been faster
		as_server mv -T "$template.$$" "$template" || as_server rm -rf "$template.$$"
		return
	fi
	as_server cp -a "$template" "$T/$wanted/data"
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
	load_signal CONT # or it would not see its server go
	as_server "$(cat "$T/$1/bin")/pg_ctl" -D "$T/$1/data" -s -w -t 120 -m "${2:-fast}" stop
}

# at NAME PROGRAM ARGUMENT...: run a client program against that cluster.
at() (
	{ set +x; } 2>/dev/null
	cluster=$1
	shift
	PGHOST=$T/$cluster PGDATABASE=postgres
	read -r PGPORT <"$T/$cluster/port"
	export PGHOST PGPORT PGDATABASE
	case $1 in
	*pg_basebackup)
		load_signal CONT
		rc=0
		as_server "$@" || rc=$?
		load_signal STOP
		exit "$rc"
		;;
	*) as_server "$@" ;;
	esac
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

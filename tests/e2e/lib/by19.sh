# shellcheck shell=sh
# shellcheck disable=SC2034 # the tests have the other end of it
# For tests of what only PostgreSQL 19 has; sourced after lib/base.sh.
[ -n "$(majors only 19)" ] || skip_all 'PostgreSQL 19 is not among PG_BASETAR_MAJORS'
archive=$T/out/base.tar

# by19 NAME PROGRAM ARGUMENT...: a client program of 19 itself.
by19() (
	{ set +x; } 2>/dev/null
	cluster=$1
	program=$2
	shift 2
	at "$cluster" "$(cat "$T/$cluster/bin")/$program" "$@"
)

# proved_by NAME FILE|DIR: as it is, by pg_verifybackup 19, the WAL too; and by ours.
proved_by() {
	server=$1
	shift
	passes "$1"
	if [ -d "$1" ]; then
		tars=$1
	else
		rm -rf "$T/out/tars"
		as_server mkdir "$T/out/tars"
		as_server cp "$1" "$T/out/tars/base.tar${1#*.tar}"
		case $1 in
		*.gz) gunzip -c "$1" ;;
		*.zst) zstd -dc "$1" ;;
		*.lz4) lz4 -dc "$1" ;;
		*) cat "$1" ;;
		esac | tar -xO backup_manifest >"$T/out/tars/backup_manifest"
		tars=$T/out/tars
	fi
	by19 "$server" pg_verifybackup "$tars" >"$T/verified"
	grep -qx 'backup successfully verified' "$T/verified"
}

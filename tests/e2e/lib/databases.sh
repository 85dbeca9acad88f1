# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # lib/base.sh and the tests have the other end of these
# For tests of databases that are copied from the template "tmpl" while a backup runs; sourced after
# lib/background.sh.
archive=$T/held.tar

# A cluster whose template1 has a filler: it is sent first, and the run stands still in it.
prepared() { # [MAJOR]
	[ ! -e "$T/main/data/postmaster.pid" ] || cluster_stop main immediate
	# shellcheck disable=SC2046 # a word or none
	cluster_init main "${1:-$packaged}" -k $(small_segments "${1:-$packaged}")
	cluster_set main autovacuum=off
	cluster_start main
	fill template1
	tablespace main ts
}

fill() { # DATABASE
	in_database "$1" 'create table filler as
		select g, repeat(md5(g::text), 20) from generate_series(1, 60000) g'
}

in_database() { # DATABASE STATEMENT
	at main psql -X -q -v ON_ERROR_STOP=1 -d "$1" -c "$2"
}

# shellcheck disable=SC2120 # of a test that calls it with none
# new_template [TABLES]: so many tables of 1 MB, and one in a second tablespace with a large file.
new_template() {
	for database in copy again tmpl later; do
		sql main "drop database if exists $database"
	done
	sql main 'create database tmpl template template0'
	number=$(sql main "select oid from pg_database where datname = 'tmpl'")
	in_database tmpl "do \$\$ begin for i in 1..${1:-1} loop execute format('create table t%s as
		select g, repeat(''x'', 500) from generate_series(1, 2000) g', i); end loop; end \$\$"
	in_database tmpl 'create table second tablespace ts as
		select g, repeat(md5(g::text), 20) from generate_series(1, 60000) g'
	in_database tmpl 'create table third tablespace ts as select generate_series(1, 1000) g'
	sql main checkpoint
}

copied() {
	case $(cat "$T/main/data/PG_VERSION") in
	1[0-4]) sql main 'create database copy template tmpl' ;;
	*) sql main 'create database copy template tmpl strategy file_copy' ;;
	esac
}

# Has the run a file of that directory open?
is_in() {
	find "/proc/$pid/fd" -lname "*/$1/*" 2>/dev/null | grep -q .
}

# until_in DIR: the run goes on until its walk is there.
until_in() {
	tries=400
	until is_in "$1"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] && [ -e "/proc/$pid" ]
		timeout 10 head -c 1000000 <&7 >>"$archive"
	done
}

verified() { # STATUS [PATTERN]
	captured timeout 60 "$BIN" verify "${1:?}"
	cat "$T/stdout"
	[ "$rc" -eq "$2" ]
	[ $# -eq 2 ] || cat "$T/stdout" "$T/stderr" | grep -qE -e "$3"
}

refused() { # WHEN
	let_go
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "database [0-9]* was copied .* from database $number, whose directory was removed before $1 sent"
}

# The restored copy, with both tables of the new database.
restored() { # [MAJOR]
	[ "$rc" -eq 0 ]
	verified "$archive" 0 '^restorable'
	restore other "$archive" gnu "${1:-$packaged}"
	cluster_start other
	[ "$(at other psql -X -A -t -d copy -c 'select (select count(*) from t1), (select count(*) from third)')" = '2000|1000' ]
	cluster_stop other immediate
}

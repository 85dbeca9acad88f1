#!/bin/sh
# restore: where tablespaces go with --tablespaces-in and -T, what is made on the way there, and that
# all that is in the way is named at once.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
export PGUSER=postgres

# A cluster with two tablespaces, its backups as a file and a set, and those of pg_basebackup.
prepared() { # MAJOR
	cluster_init main "$1" -k
	cluster_set main autovacuum=off
	cluster_start main
	for space in spc1 spc2; do
		tablespace main $space
		sql main "create table t_$space tablespace $space as select generate_series(1, 1000) as n"
	done
	sql main checkpoint
	captured backup main -q -c fast -o "$T/out/$1.tar"
	[ "$rc" -eq 0 ]
	captured backup main -q -c fast --split -o "$T/out/$1.set"
	[ "$rc" -eq 0 ]
	[ "$1" -gt "$packaged" ] || at main pg_basebackup -Ft -c fast -X fetch -D "$T/out/$1.stock"
	oids=$(sql main "select oid from pg_tablespace where spcname like 'spc%' order by 1" | tr '\n' ' ')
	echo "$oids" >"$T/oids"
	cluster_stop main
}

# holds: a server starts on the copy, and the rows of each tablespace are there.
holds() {
	cluster_start copy
	for space in spc1 spc2; do
		[ "$(sql copy "select count(*) || ' ' || sum(n) from t_$space")" = '1000 500500' ]
		sql copy "insert into t_$space values (0)"
	done
	cluster_stop copy
}

# leads WHERE...: the links of both, in the order of their OIDs.
leads() {
	for oid in $(cat "$T/oids"); do
		readlink "$T/copy/data/pg_tblspc/$oid"
	done >"$T/links"
	printf '%s\n' "$@" | diff - "$T/links"
}

# sources MAJOR: the backups that there are, "-" for a pipe.
sources() {
	for from in "$T/out/$1.tar" "$T/out/$1.set" - "$T/out/$1.stock"; do
		[ "$from" = - ] || [ -e "$from" ] || continue
		echo "$from"
	done
}

# run_by USER FROM OPTION...
run_by() {
	user=$1
	from=$2
	shift 2
	rc=0
	set -- timeout 120 "$BIN" restore "$from" -D "$T/copy/data" "$@"
	[ "$user" = root ] || set -- as_server "$@"
	"$@" >"$T/stdout" 2>"$T/stderr" <"$T/out/$MAJOR.tar" || rc=$?
	cat "$T/stderr"
}

# Who restores here.
users() {
	[ "$(id -u)" -ne 0 ] || echo root
	echo server
}

# owned MODE PATH...
owned() {
	for path in "$2" "$3" "$4"; do
		[ "$(stat -c '%U %a' "$path")" = "$owner $1" ]
	done
}

below_one_directory() { # MAJOR
	MAJOR=$1
	read -r one other <"$T/oids"
	for from in $(sources "$1"); do
		for user in $(users); do
			cluster_dir copy "$1"
			run_by "$user" "$from" --tablespaces-in="$T/copy/deep/er"
			[ "$rc" -eq 0 ]
			leads "$T/copy/deep/er/$one" "$T/copy/deep/er/$other"
			lines 1 "^pg_basetar: tablespace $one is in \"$T/copy/deep/er/$one\"\$" "$T/stderr"
			owned 700 "$T/copy/deep" "$T/copy/deep/er" "$T/copy/deep/er/$other"
			holds
		done
	done
}

# As tar leaves them, whatever the archives are.
inside() { # MAJOR
	MAJOR=$1
	read -r one other <"$T/oids"
	for from in $(sources "$1"); do
		for user in $(users); do
			cluster_dir copy "$1"
			run_by "$user" "$from" --tablespaces-in=inside
			[ "$rc" -eq 0 ]
			leads "../pg_basetar_tblspc/$one" "../pg_basetar_tblspc/$other"
			lines 1 "^pg_basetar: tablespace $one is in \"$T/copy/data/pg_basetar_tblspc/$one\"\$" "$T/stderr"
			owned 700 "$T/copy/data/pg_basetar_tblspc" "$T/copy/data/pg_basetar_tblspc/$one" "$T/copy/data"
			[ "$1" -ne "$packaged" ] || as_server pg_verifybackup -q -i pg_basetar_tblspc \
				-i tablespace_map -i postgresql.auto.conf "$T/copy/data"
			holds
		done
	done
}

# -T counts more; and what is unpacked by hand can go on from there.
mapped() { # MAJOR
	MAJOR=$1
	read -r one other <"$T/oids"
	for in in "$T/copy/all" inside; do
		cluster_dir copy "$1"
		run_by server "$T/out/$1.tar" --tablespaces-in="$in" -T "$T/main/spc1=$T/copy/a/b/c"
		[ "$rc" -eq 0 ]
		case $in in
		inside) leads "$T/copy/a/b/c" "../pg_basetar_tblspc/$other" ;;
		*) leads "$T/copy/a/b/c" "$T/copy/all/$other" ;;
		esac
		owned 700 "$T/copy/a" "$T/copy/a/b" "$T/copy/a/b/c"
		holds
	done
	captured as_server "$BIN" -q -D "$T/copy/data" --offline --force -o "$T/out/again.tar"
	[ "$rc" -eq 0 ]
	cluster_dir copy "$1"
	run_by server "$T/out/again.tar" --tablespaces-in="$T/copy/all"
	[ "$rc" -eq 0 ]
	leads "$T/copy/all/$one" "$T/copy/all/$other"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t_spc1')" -eq 1001 ]
	cluster_stop copy
}

# One line names all of them, and nothing stays of what was made.
conflicts() {
	MAJOR=$packaged
	cluster_dir copy
	as_server mkdir "$T/copy/used"
	as_server touch "$T/copy/used/x"
	for pair in "$T/main/spc1=$T/copy/used $T/main/spc2=$T/copy/data/in 1" \
		"$T/main/spc1=$T/copy/new $T/main/spc2=$T/copy/new/er 2" \
		"$T/main/spc1=$T/copy/new $T/main/spc2=$T/copy/new 3" \
		"$T/main/spc1=$T/copy/used $T/main/spc2=$T/main/data/x/y 4"; do
		# shellcheck disable=SC2086 # words
		set -- $pair
		for from in "$T/out/$packaged.tar" "$T/out/$packaged.set" - "$T/out/$packaged.stock"; do
			run_by server "$from" -T "$1" -T "$2"
			[ "$rc" -eq 1 ]
			case $3 in
			1) pattern="tablespace [0-9]*: \"$T/copy/used\": the directory is not empty; tablespace [0-9]*: \"$T/copy/data/in\" and \"$T/copy/data\" overlap\$" ;;
			2) pattern="tablespace [0-9]*: \"$T/copy/new/er\" and \"$T/copy/new\" overlap\$" ;;
			3) pattern="tablespace [0-9]*: \"$T/copy/new\" is named twice\$" ;;
			4) pattern="the directory is not empty; tablespace [0-9]*: \"$T/main/data/x/y\" is in the data directory of a cluster\$" ;;
			esac
			one_error "$T/stderr" "$pattern"
			grep -q '^hint: .*Name ' "$T/stderr"
			[ ! -e "$T/main/data/x" ]
			(cd "$T/copy" && find . -name bin -o -name port -o -print) | sort >"$T/left"
			printf '%s\n' . ./used ./used/x | diff - "$T/left"
		done
	done
}

# Neither where they were, which is used, nor by root where only the archive says.
not_named() {
	MAJOR=$packaged
	cluster_dir copy
	run_by server "$T/out/$packaged.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "\"$T/main/spc1\": the directory is not empty; tablespace [0-9]*: \"$T/main/spc2\": the directory is not empty\$"
	grep -q '^hint: Name a new or an empty directory.*-T OLD=NEW' "$T/stderr"
	[ ! -e "$T/copy/data" ]
	[ "$(id -u)" -eq 0 ] || return 0
	run_by root "$T/out/$packaged.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "was at \"$T/main/spc1\", but only the archive names that directory; tablespace [0-9]* was at \"$T/main/spc2\", but"
	grep -q '^hint: As root, .*--tablespaces-in=DIR' "$T/stderr"
	mkdir -m 755 "$T/copy/theirs"
	chown games "$T/copy/theirs"
	as_server mkdir "$T/copy/full"
	as_server touch "$T/copy/full/x"
	run_by root "$T/out/$packaged.tar" -T "$T/main/spc1=$T/copy/theirs" -T "$T/main/spc2=$T/copy/full"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "\"$T/copy/full\": the directory is not empty; \"$T/copy/theirs\": the directory belongs to user number"
	[ ! -e "$T/copy/data" ]
}

# A damaged backup leaves what was written, and an interrupted one of a pipe leaves nothing.
cut_short() {
	cluster_dir copy
	rc=0
	head -c 20000 "$T/out/$packaged.tar" | as_server "$BIN" restore - -D "$T/copy/x/data" \
		--tablespaces-in="$T/copy/y/spaces" 2>"$T/stderr" || rc=$?
	[ "$rc" -eq 1 ]
	head -c 600 "$T/out/$packaged.tar" | as_server "$BIN" restore - -D "$T/copy/z/data" \
		--waldir="$T/copy/w/a/l" 2>"$T/stderr" || rc=$?
	[ ! -e "$T/copy/z" ]
	[ ! -e "$T/copy/w" ]
}

words() {
	for value in relative ./x Inside ''; do
		captured as_server "$BIN" restore "$T/out/$packaged.tar" -D "$T/none" --tablespaces-in="$value"
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" 'option "--tablespaces-in": ("[^"]*" is neither an absolute path nor "inside"|the value is empty)'
	done
	captured as_server "$BIN" restore "$T/out/$packaged.tar" -D "$T/none" --tablespaces-in=/x --original-tablespaces
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'options "--tablespaces-in" and "--original-tablespaces" exclude each other'
}

for major in $(majors slice); do
	t "$major: a cluster, and its backups" prepared "$major"
	t "$major: below one directory" below_one_directory "$major"
	t "$major: inside" inside "$major"
	t "$major: -T counts more" mapped "$major"
	[ "$major" -ne "$packaged" ] || {
		t 'conflicts' conflicts
		t 'not named by the user' not_named
		t 'cut short' cut_short
		t 'words' words
	}
	rm -rf "$T/main" "$T/copy"
done

#!/bin/sh
# Tablespaces that are directories in pg_tblspc, in what pg_basebackup -Ft makes of a server from 16
# on: an archive of their own, and no line in tablespace_map.  Verified, described, restored, and
# what is damaged is told from it.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
set_of=$T/out/set
newest=$("$top/scripts/servers" --list | tail -n 1)
client=$("$top/scripts/servers" "$newest" 2>/dev/null)/pg_basebackup || client=pg_basebackup
[ -x "$client" ] || client=pg_basebackup # it serves what is not newer than itself

make_main() { # MAJOR
	# shellcheck disable=SC2046 # a word or none
	cluster_init main "$1" $(small_segments "$1") -g # what restore makes is open to the group as well
	cluster_set main wal_level=replica allow_in_place_tablespaces=on
	cluster_start main
	sql main "create tablespace here location ''"
	sql main 'create table t tablespace here as select generate_series(1, 3000) g'
	sql main "create tablespace vacant location ''"
	oid=$(sql main "select oid from pg_tablespace where spcname = 'here'")
	echo "$oid" >"$T/oid"
	sql main checkpoint
}

elsewhere() {
	tablespace main there
	sql main 'create table e tablespace there as select generate_series(1, 2000) g'
}

take() { # OPTION...
	rm -rf "$set_of"
	at main "$client" -Ft -c fast -D "$set_of" "$@"
	oid=$(cat "$T/oid")
	case " $* " in
	*' -z '*) ;;
	*)
		[ -e "$set_of/$oid.tar" ]
		fails grep -q "^$oid " "$set_of/base.tar" # the map has no line of it
		;;
	esac
}

# sound OPTION...: verify says so, and info where it was.
sound() {
	take "$@"
	captured timeout 120 "$BIN" verify "$set_of"
	[ "$rc" -eq 0 ]
	fails grep -v -e '^pg_basetar: warning: the backup has no manifest' \
		-e '^pg_basetar: warning: the backup has no WAL' "$T/stderr"
	grep -q '^restorable' "$T/stdout"
	captured "$BIN" info "$set_of"
	grep -q "^tablespace $oid: *pg_tblspc/$oid, [1-9]" "$T/stdout"
	captured "$BIN" info --json "$set_of"
	grep -q "\"location\": \"pg_tblspc/$oid\"" "$T/stdout"
}

# restored OPTION...: by these of restore; it starts, and has its rows.
restored() {
	oid=$(cat "$T/oid")
	rm -rf "$T/copy"
	cluster_dir copy
	cp "$T/main/bin" "$T/copy/bin"
	captured as_server timeout 120 "$BIN" restore -D "$T/copy/data" "$@" "$set_of"
	[ "$rc" -eq 0 ]
	mode=$(stat -c %a "$T/main/data")
	[ "$(stat -c %F:%a "$T/copy/data/pg_tblspc/$oid")" = "directory:$mode" ]
	[ "$(stat -c %a "$T/copy/data/pg_tblspc")" = "$mode" ]
	cluster_start copy
	[ "$(sql copy 'select count(*), sum(g) from t')" = '3000|4501500' ]
	[ "$(sql copy "select pg_tablespace_location($oid)")" = "pg_tblspc/$oid" ]
	sql copy 'create table into_it tablespace vacant as select 1 as one'
	sql copy 'insert into t values (1)'
	sql copy checkpoint
	! sql copy 'select 1 from e' >/dev/null 2>&1 || [ "$(sql copy 'select count(*) from e')" -eq 2000 ]
	cluster_stop copy
}

by_root() {
	[ "$(id -u)" -eq 0 ] || skip 'only as root'
	rm -rf "$T/copy"
	cluster_dir copy
	cp "$T/main/bin" "$T/copy/bin"
	captured timeout 120 "$BIN" restore -D "$T/copy/data" "$set_of"
	[ "$rc" -eq 0 ]
	[ -z "$(find "$T/copy/data" ! -user "$owner")" ]
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 3000 ]
	cluster_stop copy
}

streaming() {
	[ "$(sql main 'select phase from pg_stat_progress_basebackup')" = 'streaming database files' ]
}

# Its directory comes with an archive, and replay removes it.
dropped_meanwhile() {
	rm -rf "$set_of"
	sql main "create tablespace brief location ''"
	sql main 'create table b tablespace brief as select generate_series(1, 10) g'
	brief=$(sql main "select oid from pg_tablespace where spcname = 'brief'")
	at main "$client" -Ft -c fast -D "$set_of" -X fetch -r 8M &
	pid=$!
	wait_until 30 streaming
	sql main 'drop table b'
	sql main 'drop tablespace brief'
	wait "$pid"
	[ -e "$set_of/$brief.tar" ]
	captured "$BIN" verify "$set_of"
	[ "$rc" -eq 0 ]
	restored -T "$T/main/there=$T/copy/there"
	[ ! -e "$T/copy/data/pg_tblspc/$brief" ]
}

# ------------------------------------------------------------------------------- what is damaged

# refused PATTERN: verify and restore.
refused() {
	captured "$BIN" verify "$set_of"
	[ "$rc" -eq 3 ]
	grep -q "$1" "$T/stderr"
	grep -q '^NOT restorable' "$T/stdout" "$T/stderr"
	rm -rf "$T/copy"
	cluster_dir copy
	captured as_server "$BIN" restore -D "$T/copy/data" -T "$T/main/there=$T/copy/there" "$set_of" || :
	[ "$rc" -ne 0 ]
	[ ! -e "$T/copy/data/global/pg_control" ]
}

change() { # FILE COMMAND...: a file at the top of base.tar, where it is
	file=$1
	shift
	rm -rf "$T/out/tree"
	mkdir "$T/out/tree"
	tar -tf "$set_of/base.tar" | sed 's,/$,,' >"$T/out/names"
	tar -xpf "$set_of/base.tar" -C "$T/out/tree"
	"$@" "$T/out/tree/$file"
	tar -cf "$set_of/base.tar" --format=ustar --no-recursion -C "$T/out/tree" -T "$T/out/names"
}

no_archive() {
	take
	rm "$set_of/$(cat "$T/oid").tar"
	refused "missing: \"pg_tblspc/$(cat "$T/oid")/"
}

lost_line() {
	take
	change tablespace_map truncate -s 0
	refused 'size: "tablespace_map"'
}

# Nothing proves that no line was lost, but that a server which allows it starts on either.
lost_line_unproved() {
	take --no-manifest -X fetch
	change tablespace_map truncate -s 0
	change postgresql.conf sed -i '/^allow_in_place/d'
	refused 'it does not name the tablespaces of [0-9]* archives, and they may not be those of tablespaces in place'
}

not_allowed() {
	take --no-manifest -X fetch
	change postgresql.conf sed -i 's/^allow_in_place.*/include_if_exists = other.conf/'
	refused 'does not name the tablespaces of [0-9]* archives, and they may'
}

off() {
	cluster_stop main
	as_server sed -i '/^allow_in_place/d' "$T/main/data/postgresql.conf"
	cluster_start main
	take
	refused "tablespace $(cat "$T/oid") is a directory in pg_tblspc, but the configuration"
	cluster_set main "include_if_exists = 'other.conf'"
	take
	captured "$BIN" verify "$set_of"
	[ "$rc" -eq 0 ]
	grep -q "warning: tablespace $(cat "$T/oid") is a directory in pg_tblspc: recovery stops" "$T/stderr"
}

empty_archive() {
	take --no-manifest
	tar -cf "$set_of/$(cat "$T/oid").tar" -T /dev/null
	refused "missing: \"pg_tblspc/$(cat "$T/oid")/PG_"
}

to_a_stream() {
	captured at main "$client" -Ft -c fast -X fetch -D -
	[ "$rc" -ne 0 ]
	grep -q 'can only write single tablespace to stdout' "$T/stderr"
}

for major in $(majors only 16 17 18 19); do
	t "$major: a server" make_main "$major"
	[ -e "$T/main/data/postmaster.pid" ] || continue
	t "$major: -X stream" sound -X stream
	t "$major: it starts" restored
	t "$major: by root" by_root
	t "$major: -X none" sound -X none
	t "$major: --no-manifest" sound --no-manifest
	t "$major: it starts" restored
	t "$major: one elsewhere too" elsewhere
	t "$major: -X fetch -z" sound -X fetch -z
	t "$major: it starts" restored -T "$T/main/there=$T/copy/there"
	t "$major: dropped meanwhile" dropped_meanwhile
	t "$major: to standard output there is none" to_a_stream
	t "$major: an archive is lost" no_archive
	t "$major: an archive is empty" empty_archive
	t "$major: a line of the map is lost" lost_line
	t "$major: a line of the map is lost, no manifest" lost_line_unproved
	t "$major: no manifest, and not surely allowed" not_allowed
	t "$major: not allowed" off
	cluster_stop main
	rm -rf "$T/main" "$T/copy"
done

#!/bin/sh
# verify on damaged archives: a table of what is done to one, and what must be said of it.  The
# table is tests/tools/mutilate.c, and what is beside it.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/e2e/background.sh
. "$top/tests/e2e/background.sh"
# shellcheck source=tests/e2e/chain.sh
. "$top/tests/e2e/chain.sh"
#
# With PEERS=FILE, what other programs find in the same archives is written there, a line each
# with tabs between: the archive, the row's name, and the exit status of verify, of
# pg_verifybackup 15 on the unpacked tree (of archives of 15), of tar -t and of gzip -t.
mutilate=${MUTILATE:-$top/build/rel/mutilate}
[ -x "$mutilate" ] || skip_all "no $mutilate here (make unit)"
memory=409600 # KiB that verify may need, whatever it is given

# ------------------------------------------------------------------- archives of all kinds

# work NAME: three segments.
work() {
	for round in 1 2 3; do
		sql "$1" "update t set value = $round"
		sql "$1" 'insert into u select generate_series(1, 500)'
		[ "$round" -eq 3 ] || sql "$1" 'select pg_switch_wal()' >/dev/null
	done
}

# The stop of a standby is what has reached its disk.
work_behind_standby() {
	work main
	sql main checkpoint
	level standby main
	sql standby checkpoint
}

# A file of the configuration is outside of it; one has a name that needs a pax header.
make_primary() {
	cluster_init main -k --wal-segsize=1
	as_server mkdir "$T/main/etc"
	as_server mv "$T/main/data/pg_hba.conf" "$T/main/etc/"
	cluster_set main autovacuum=off wal_keep_size=200MB "hba_file = '$T/main/etc/pg_hba.conf'"
	cluster_start main
	sql main "update pg_database set datistemplate = false where datname = 'template0'"
	sql main 'drop database template0' # the rows are many, and a third shorter without it
	tablespace main spc
	sql main 'create table t tablespace spc as select g as id, 0 as value from generate_series(1, 3000) g'
	sql main 'create table u (id int)'
	sql main 'create unlogged table v (id int primary key)'
	as_server touch "$T/main/data/$(printf 'long%0110d' 0)"
}

make_other() {
	cluster_init other -k --wal-segsize=1
	as_server mkdir "$T/other/etc"
	as_server mv "$T/other/data/pg_hba.conf" "$T/other/etc/"
	cluster_set other "hba_file = '$T/other/etc/pg_hba.conf'"
	cluster_start other
	sql other 'create table other as select generate_series(1, 30000) g'
	taken other other -l another
	cluster_stop other
}

# taken ARCHIVE NAME OPTION...
taken() {
	archive=$1
	cluster=$2
	shift 2
	captured backup "$cluster" -c fast -o "$T/out/$archive.tar" "$@"
	[ "$rc" -eq 0 ]
}

# held ARCHIVE NAME COMMAND...: what COMMAND does is in the middle of the backup.
held() {
	archive=$1
	hold "$2"
	shift 2
	"$@"
	let_go
	[ "$rc" -eq 0 ]
	mv "$T/held.tar" "$T/out/$archive.tar"
}

online() {
	held online main work main
	backup main -c fast -Z gzip -o "$T/out/gzip.tar"
	ln "$T/out/online.tar" "$T/out/million.tar"
}

standbys() {
	standby_of main standby
	held standby standby work_behind_standby
	standby_of standby second
}

promotion() {
	sql main 'update t set value = 3'
	level second main
	cluster_stop main immediate
	as_server "$PG15/pg_ctl" -D "$T/standby/data" -s promote
	wait_until 60 is_open standby
	wait_until 60 on_timeline second 2
	sql standby 'update t set value = 4'
	sql standby 'checkpoint'
	level second standby
	sql second 'checkpoint'
}

two_timelines() {
	held two second promotion
	taken promoted standby
	cluster_stop second
	cluster_stop standby
}

crashed() {
	cluster_start main
	sql main checkpoint
	work main
	cluster_stop main immediate
	cp -a "$T/main" "$T/snap"
	backup snap --snapshot -T "$T/main/spc=$T/snap/spc" -o "$T/out/snapshot.tar"
}

stopped() {
	cluster_start main
	cluster_stop main
	backup main --offline -o "$T/out/offline.tar"
}

version() { # MAJOR
	cluster_init old "$1" -k --wal-segsize=1
	cluster_start old
	taken "v$1" old
	cluster_stop old
}

# ------------------------------------------------------------------------------- the table

verified() { # OPTION... FILE
	captured timeout 60 "$mutilate" peak "$T/peak" "$BIN" verify "$@"
	cat "$T/stdout"
	[ "$(cat "$T/peak")" -lt "$memory" ]
}

is_sound() { # ARCHIVE
	verified "$T/out/$1.tar"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	grep -q '^restorable, consistent from ' "$T/stdout"
}

# Through a pipe: some are too large to lie about.
mutilated() { # ROW ARCHIVE
	"$mutilate" "$1" "$T/out/$2.tar" - "$T/out/other.tar" |
		timeout 60 "$mutilate" peak "$T/peak" "$BIN" verify -
}

# by COMMAND...: its exit status.
by() {
	status=0
	timeout 60 "$@" >/dev/null 2>&1 || status=$?
	echo "$status"
}

by_pg_verifybackup() { # ARCHIVE
	case $1 in
	v1[78]) echo - ;;
	*)
		mkdir "$T/peer"
		timeout 60 tar -xf "$T/peer.tar" -C "$T/peer" >/dev/null 2>&1 || :
		by pg_verifybackup -i pg_basetar_tblspc "$T/peer"
		rm -rf "$T/peer"
		;;
	esac
}

# Those of a million members, or of lengths that no file has, are left out.
peers() { # ARCHIVE NAME STATUS
	"$mutilate" "$2" "$T/out/$1.tar" - "$T/out/other.tar" 2>/dev/null | head -c 200000000 >"$T/peer.tar"
	[ "$(wc -c <"$T/peer.tar")" -lt 200000000 ] || return 0
	gzip=-
	[ "$1" != gzip ] || gzip=$(by gzip -t <"$T/peer.tar")
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$(by_pg_verifybackup "$1")" \
		"$(by tar -tf - <"$T/peer.tar")" "$gzip" >>"$PEERS"
}

# row ARCHIVE NAME STATUS PATTERN...
row() {
	archive=$1
	name=$2
	status=$3
	shift 3
	captured mutilated "$name" "$archive"
	cat "$T/stdout"
	[ -z "${PEERS:-}" ] || peers "$archive" "$name" "$rc"
	[ "$(cat "$T/peak")" -lt "$memory" ]
	[ "$rc" -eq "$status" ]
	lines 0 '^mutilate: ' "$T/stderr"
	case $rc in
	0) [ ! -s "$T/stderr" ] ;;
	1) [ ! -s "$T/stdout" ] && one_error "$T/stderr" ;;
	3) lines 1 '' "$T/stdout" ;;
	esac
	for pattern; do
		cat "$T/stdout" "$T/stderr" | grep -qE -e "$pattern"
	done
}

rows() {
	"$mutilate" list >"$T/table"
	tab=$(printf '\t')
	while IFS=$tab read -r archive name status one two three; do
		set -- "$archive" "$name" "$status"
		[ -z "$one" ] || set -- "$@" "$one"
		[ -z "$two" ] || set -- "$@" "$two"
		[ -z "$three" ] || set -- "$@" "$three"
		t "$archive: $name" row "$@"
	done <"$T/table"
}

t 'a primary' make_primary
t 'another cluster' make_other
t 'archives of a running server' online
t 'archives of a standby' standbys
t 'an archive of two timelines' two_timelines
t 'an archive of a snapshot' crashed
t 'an archive of a stopped cluster' stopped
t 'an archive of version 17' version 17
t 'an archive of version 18' version 18
for archive in "$T/out"/*.tar; do
	t "$(basename "$archive" .tar): sound" is_sound "$(basename "$archive" .tar)"
done
rows

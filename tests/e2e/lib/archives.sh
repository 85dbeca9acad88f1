# shellcheck shell=sh
# shellcheck disable=SC2154 # lib/base.sh has the other end of these
# The archives that tests/tools/mutilate damages; sourced after lib/base.sh, background.sh and chain.sh.
mutilate=${MUTILATE:-$top/build/rel/mutilate}
[ -x "$mutilate" ] || skip_all "no $mutilate here (make unit)"

# work NAME: three segments.
work() {
	for round in 1 2 3; do
		sql "$1" "update t set value = $round"
		sql "$1" 'insert into u select generate_series(1, 500)'
		[ "$round" -eq 3 ] || sql "$1" 'select pg_switch_wal()' >/dev/null
	done
}

# The stop of a standby is what has reached its disk.
work_beyond_standby() {
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
	held standby standby work_beyond_standby
	standby_of standby second
}

promotion() {
	sql main 'update t set value = 3'
	level second main
	cluster_stop main immediate
	as_server pg_ctl -D "$T/standby/data" -s promote
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

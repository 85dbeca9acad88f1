# shellcheck shell=sh
# shellcheck disable=SC2154 # lib/base.sh, which sources this, has the other end of these
# What a copy must have kept: a load on the original, copies that are unpacked by hand, and what they
# are checked with.

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

# load_start NAME: pgbench -c 4, and at the same time tables that come, go and are rewritten, with
# checkpoints.  Both leave the processors time for the backup.  It ends with load_stop, or with the server.
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
select pg_sleep(0.1);
SQL
	at "$1" pgbench -n -c 4 -T 3600 -R 300 >"$T/$1/pgbench.log" 2>&1 &
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

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

# load_start NAME: four sessions of transfers, and at the same time tables that come, go and are
# rewritten, with checkpoints.  Both leave the processors time for the backup.  It is at work from here to the end
# of the next backup, and then as long as there is one; it ends with load_stop, or with the server.
load_start() {
	# one message of the client, so that no transaction stays open where the load rests
	cat >"$T/$1/transfer.sql" <<'SQL'
\set account random(1, 100000)
\set teller random(1, 10)
\set amount random(-5000, 5000)
begin \;
update pgbench_accounts set abalance = abalance + :amount where aid = :account \;
update pgbench_tellers set tbalance = tbalance + :amount where tid = :teller \;
update pgbench_branches set bbalance = bbalance + :amount where bid = 1 \;
insert into pgbench_history (tid, bid, aid, delta, mtime) values (:teller, 1, :account, :amount, now()) \;
commit;
SQL
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
	sql "$1" 'drop table if exists brief'
	load_sessions "$1" transfer -c 4 -R 200 -L 100
	load_sessions "$1" churn
	echo $! >"$T/$1/churn"
	wait_until 60 has_history "$1"
}

# load_sessions NAME SCRIPT OPTION...: $! is a pgbench that runs it, one more line of $T/NAME/load.
load_sessions() {
	directory=$T/$1
	script=$2
	shift 2
	$as env PGHOST="$directory" PGPORT="$(cat "$directory/port")" PGDATABASE=postgres PGAPPNAME="load $script" \
		pgbench -n -T 3600 -f "$directory/$script.sql" "$@" >"$directory/$script.log" 2>&1 &
	echo $! >>"$directory/load"
}

# load_signal SIGNAL: to every load there is.
load_signal() {
	for load in "$T"/*/load; do
		[ ! -e "$load" ] || while read -r process; do
			kill "-$1" "$process" || :
		done <"$load"
	done 2>/dev/null
}

has_history() {
	[ "$(sql "$1" 'select count(*) from pgbench_history')" -gt 200 ]
}

# churn_stop NAME: no table comes and goes any more, the transfers go on.
churn_stop() {
	load_signal CONT
	kill "$(cat "$T/$1/churn")"
	wait_until 60 has_no_churn "$1"
}

has_no_churn() {
	[ "$(sql "$1" "select count(*) from pg_stat_activity where application_name = 'load churn'")" -eq 0 ]
}

# loaded NAME: all of it is still there.
loaded() {
	[ "$(sql "$1" "select count(*) from pg_stat_activity where application_name like 'load %'")" -eq 5 ]
}

# load_stop NAME: it was started by this shell, so wait can see it end.
load_stop() {
	load_signal CONT
	sql "$1" "select count(pg_terminate_backend(pid)) from pg_stat_activity
		where application_name like 'load %'" >/dev/null
	wait
	rm -f "$T/$1/load"
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

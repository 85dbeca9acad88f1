#!/bin/sh
# Sound clusters with something odd about them: what a backup sends without a finding, verify and
# restore take, and the copy starts.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"

# takes NAME ARCHIVE OPTION...: a backup that finds nothing; what it says stays in $T/stderr.
takes() {
	kind=$1
	shift
	captured backup main -o "$T/out/$kind" "$@"
	[ "$rc" -eq 0 ]
}

# gives ARCHIVE: verify and restore take it, and a server starts on what they made.
gives() {
	captured "$BIN" verify "$T/out/$1"
	[ "$rc" -eq 0 ]
	grep -q '^restorable' "$T/stdout"
	cluster_dir copy "$(cat "$T/main/data/PG_VERSION")"
	shift
	captured as_server "$BIN" restore -N --archive-mode=keep "$@" -D "$T/copy/data"
	[ "$rc" -eq 0 ]
}

runs() {
	cluster_start copy
	[ "$(sql copy 'select count(*) from kept')" -eq 1000 ]
	cluster_stop copy
	rm -rf "$T/copy"
}

make_main() {
	cluster_init main
	cluster_start main
	sql main 'create table kept as select generate_series(1, 1000) i'
}

# ------------------------------------------------------------------- modes and directories

# As a cluster is that shares its directories with a group, and keeps what is the user's own in it.
oddly_moded() {
	as_server find "$T/main/data" -exec chmod g+s {} +
	as_server chmod u+s,+t "$T/main/data/base"
	as_server mkdir "$T/main/data/mine"
	as_server touch "$T/main/data/mine/note"
	as_server chmod 0555 "$T/main/data/mine"
	as_server rm -r "$T/main/data/pg_stat_tmp" "$T/main/data/pg_snapshots" "$T/main/data/pg_serial"
}

# KIND OPTION...
odd_modes() {
	kind=$1
	takes "$@"
	[ ! -s "$T/stderr" ]
	gives "$kind" "$T/out/$kind"
	lines 0 ' warning: ' "$T/stderr"
	[ -z "$(find "$T/copy" -perm /7000)" ]
	for name in pg_stat_tmp pg_snapshots pg_serial mine/note; do
		[ -e "$T/copy/data/$name" ]
	done
	runs
}

odd_modes_unpacked() {
	restore copy "$T/out/modes.tar"
	[ -d "$T/copy/data/pg_snapshots" ]
	runs
}

# Of pg_basebackup, which sends all bits, and no directory that is not there.
odd_modes_stock() {
	rm -rf "$T/out/stock"
	at main pg_basebackup -D "$T/out/stock" -Ft -c fast -X fetch
	gives stock "$T/out/stock"
	lines 1 'warning: members have set-user-ID, set-group-ID or sticky bits' "$T/stderr"
	[ -z "$(find "$T/copy" -perm /7000)" ]
	[ -d "$T/copy/data/pg_snapshots" ]
	runs
}

t 'a primary' make_main
t 'set-group-ID on all, a directory of mode 0555, three directories gone' oddly_moded
t 'that, online' odd_modes modes.tar -c fast
t 'unpacked by hand' odd_modes_unpacked
t 'split' odd_modes modes --split -c fast
t 'by pg_basebackup' odd_modes_stock
cluster_stop main
t 'offline' odd_modes stopped.tar --offline
t 'as a snapshot' odd_modes snapshot.tar --snapshot

# ------------------------------------------------------------------------------ lost+found

# As mkfs makes it: nobody but root may look into it.
mkfs_made() {
	for directory; do
		mkdir -m 700 "$directory/lost+found"
	done
}

# The data directory, that of the WAL and a tablespace are file systems of their own.
lost_and_found() {
	[ "$(id -u)" -eq 0 ] || skip 'only root can make it'
	cluster_start main
	tablespace main spc
	sql main 'create table spaced tablespace spc as select generate_series(1, 100) i'
	mkfs_made "$T/main/data" "$T/main/data/pg_wal" "$T/main/spc"
}

# Restored to where such file systems are mounted, one of them with the tablespace of a release
# before this one.
gives_where_mounted() { # ARCHIVE
	as_server mkdir -p "$T/new/data" "$T/new/wal" "$T/new/spc/PG_9.6_201608131/1"
	as_server touch "$T/new/spc/PG_9.6_201608131/1/2"
	mkfs_made "$T/new/data" "$T/new/wal" "$T/new/spc"
	captured "$BIN" verify "$T/out/$1"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	cluster_dir copy
	captured as_server "$BIN" restore -N "$T/out/$1" -D "$T/new/data" --waldir "$T/new/wal" \
		-T "$T/main/spc=$T/new/spc"
	[ "$rc" -eq 0 ]
	lines 1 'new/spc" has the tablespace of another release too' "$T/stderr"
	[ -e "$T/new/spc/PG_9.6_201608131/1/2" ]
	as_server ln -s "$T/new/data" "$T/copy/data"
	cluster_start copy
	[ "$(sql copy 'select count(*) from spaced')" -eq 100 ]
	cluster_stop copy
	rm -rf "$T/copy" "$T/new"
}

# KIND OPTION...
lost_and_given() {
	kind=$1
	takes "$@"
	[ ! -s "$T/stderr" ]
	gives_where_mounted "$kind"
}

# The output, too.
lost_and_split() {
	as_server mkdir "$T/out/mounted"
	mkfs_made "$T/out/mounted"
	lost_and_given mounted --split -c fast
}

lost_again() {
	rmdir "$T/main/data/lost+found" "$T/main/data/pg_wal/lost+found" "$T/main/spc/lost+found"
	cluster_start main
	sql main 'drop table spaced'
	sql main 'drop tablespace spc'
	cluster_stop main
}

# The tablespace of this release is in the way.
own_release() {
	mkdir -p "$T/new/spc"
	cp -a "$T/main/spc/." "$T/new/spc"
	chown "$owner" "$T/new" "$T/new/spc"
	captured as_server "$BIN" restore -N "$T/out/lost.tar" -D "$T/new/data" -T "$T/main/spc=$T/new/spc"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'tablespace [0-9]*: .*the directory is in use'
	rm -rf "$T/new"
}

t 'lost+found in the data directory, in pg_wal and in a tablespace' lost_and_found
if [ -e "$T/main/data/lost+found" ]; then
	t 'that, online' lost_and_given lost.tar -c fast
	t 'the same tablespace there' own_release
	t 'split, into such a directory' lost_and_split
	cluster_stop main
	t 'offline' lost_and_given lost-stopped.tar --offline
	t 'as a snapshot' lost_and_given lost-snapshot.tar --snapshot
	t 'all as before' lost_again
fi

# --------------------------------------------------------- who works on the directory

# postmaster.pid of a server that was killed, as if it had been process $1.
crashed_as() {
	rm -f "$T/main/data/postmaster.pid"
	cluster_start main
	sql main 'insert into kept select 1 from kept limit 0' >/dev/null
	cp "$T/main/data/postmaster.pid" "$T/pid"
	cluster_stop main immediate
	{
		echo "$1"
		tail -n +2 "$T/pid"
	} | as_server tee "$T/main/data/postmaster.pid" >/dev/null
}

# Process 1 is init here; and one of the cluster's owner works elsewhere.
named_another() { # KIND
	as_server sh -c 'cd / && echo $$ && exec sleep 100' >"$T/sleeper" &
	wait_until 10 test -s "$T/sleeper"
	for pid in 1 "$(cat "$T/sleeper")"; do
		crashed_as "$pid"
		takes "$pid.$1" --snapshot
		[ ! -s "$T/stderr" ]
		gives "$pid.$1" "$T/out/$pid.$1"
		runs
	done
	rm "$T/main/data/postmaster.pid"
	cluster_start main
	cluster_stop main
	tail -n +2 "$T/pid" | sed "1i $(cat "$T/sleeper")" | as_server tee "$T/main/data/postmaster.pid" >/dev/null
	takes stale.tar --offline
	kill "$(cat "$T/sleeper")"
	rm "$T/main/data/postmaster.pid"
}

# A server that is process 1 where it runs, and another number here.
in_container() {
	unshare --pid --fork true 2>/dev/null || skip 'only root can make a container'
	echo "port=$(cat "$T/main/port")" >"$T/contained.conf"
	# shellcheck disable=SC2086
	unshare --pid --fork --kill-child -- $as postgres -D "$T/main/data" -p "$(cat "$T/main/port")" \
		-k "$T/main" -c listen_addresses= >"$T/contained.log" 2>&1 &
	wait_until 30 sql main 'select 1'
	[ "$(head -n 1 "$T/main/data/postmaster.pid")" -lt 10 ]
	for way in --offline --snapshot; do
		captured backup main "$way" -o "$T/out/contained.tar"
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" 'the server of ".*" is running, process [0-9]*, in a container$'
	done
	kill -INT "$(children $! | head -n 1)"
	wait
	[ ! -e "$T/main/data/postmaster.pid" ]
}

t 'postmaster.pid names a process that is no server' named_another tar
t 'a server in a container, that has another number there' in_container

# ------------------------------------------------ a tablespace that is gone, and may be

# In memory, for temporary tables: after a reboot its directory is empty.
gone_tablespace() {
	cluster_start main
	tablespace main tmp
	tmp_oid=$(sql main "select oid from pg_tablespace where spcname = 'tmp'")
	echo "$tmp_oid" >"$T/tmp_oid"
	sql main 'create table other tablespace tmp as select 1 i; drop table other; checkpoint'
	rm -rf "${T:?}/main/tmp"
	captured backup main -c fast -o "$T/out/gone.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'No such file'
	grep -q "^hint: .*--without-tablespace=$tmp_oid" "$T/stderr"
}

# KIND OPTION...
without_it() {
	read -r tmp_oid <"$T/tmp_oid"
	kind=$1
	takes "$@" "--without-tablespace=$tmp_oid"
	lines 1 "warning: tablespace $tmp_oid at .* is left out" "$T/stderr"
	lines 1 '' "$T/stderr"
	gives "$kind" "$T/out/$kind"
	[ ! -e "$T/copy/data/pg_tblspc/$tmp_oid" ]
	captured "$BIN" verify "$T/out/$kind"
	lines 1 "warning: tablespace $tmp_oid at .* was left out of the backup" "$T/stderr"
	lines 1 '' "$T/stderr"
	"$BIN" info "$T/out/$kind" | grep "^tablespace $tmp_oid: *left out, was at $T/main/tmp$"
	"$BIN" info --json "$T/out/$kind" | grep -A 3 'without_tablespaces' | grep -q "$tmp_oid"
	for old in "$T/main/tmp" "$T/main//tmp/" "$tmp_oid"; do
		captured as_server "$BIN" restore "$T/out/$kind" -D "$T/none" -T "$old=$T/none.tmp"
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" "tablespace $tmp_oid, which was at \"$T/main/tmp\", was left out of the backup"
		[ ! -e "$T/none" ] && [ ! -e "$T/none.tmp" ]
	done
	cluster_start copy
	[ "$(sql copy 'select count(*) from kept')" -eq 1000 ]
	as_server mkdir "$T/copy/tmp"
	sql copy 'drop tablespace tmp'
	sql copy "create tablespace tmp location '$T/copy/tmp'"
	sql copy 'create temp table t tablespace tmp as select 1'
	cluster_stop copy
	rm -rf "$T/copy"
}

no_such_tablespace() {
	captured backup main -c fast -o "$T/out/none.tar" --without-tablespace=4711 \
		"--without-tablespace=$(cat "$T/tmp_oid")"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'there is no link pg_tblspc/4711'
}

# What is not temporary is in the WAL.
not_temporary() {
	read -r tmp_oid <"$T/tmp_oid"
	as_server mkdir -p "$T/main/tmp/$(version_dir main)"
	while [ ! -e "$T/not.done" ]; do
		sql main 'create table other (i int) tablespace tmp; drop table other'
	done &
	captured backup main -c fast -r 32M -o "$T/out/not.tar" "--without-tablespace=$tmp_oid"
	touch "$T/not.done"
	wait $!
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "tablespace $tmp_oid is left out, but the WAL at"
	sql main checkpoint
}

# A database in it goes with it; no storage is to blame.
with_database() {
	read -r tmp_oid <"$T/tmp_oid"
	sql main 'create database gone tablespace tmp'
	sql main checkpoint
	captured backup main -c fast -o "$T/out/database.tar" "--without-tablespace=$tmp_oid"
	[ "$rc" -eq 3 ]
	lines 1 "database [0-9]* lies in tablespace $tmp_oid, which is left out" "$T/stderr"
	lines 1 'the backup is complete, but for 1 database in a tablespace' "$T/stderr"
	lines 4 '' "$T/stderr"
	sql main 'drop database gone'
	sql main checkpoint
}

tmp_dropped() {
	cluster_start main
	sql main 'drop tablespace tmp'
	cluster_stop main
}

t 'a tablespace whose directory is gone' gone_tablespace
if [ -s "$T/tmp_oid" ]; then
	t 'left out, online' without_it without.tar -c fast
	t 'split' without_it without --split -c fast
	t 'an OID that is none' no_such_tablespace
	t 'what is left out is not temporary' not_temporary
	t 'a database is left out' with_database
	rm -rf "$T/main/tmp"
	cluster_stop main
	t 'left out, offline' without_it without-stopped.tar --offline
	t 'of a snapshot' without_it without-snapshot.tar --snapshot
	t 'all as before' tmp_dropped
fi

# --------------------------------------- where a container has its volumes, they are not here

# A tablespace that was made where the container has it; and pg_wal, where one was mounted.
contain() {
	unshare --mount true 2>/dev/null || skip 'only root can make a container'
	as_server mkdir -p "$T/mnt" "$T/volume" "$T/wrong"
	cat >"$T/contain" <<-END
		mount -t tmpfs none "$T/mnt" && mkdir "$T/mnt/ts" && mount --bind "$T/volume" "$T/mnt/ts" &&
			exec $as postgres -D "$T/main/data" -p "$(cat "$T/main/port")" -k "$T/main" -c listen_addresses=
	END
	unshare --mount --propagation private sh "$T/contain" >"$T/contained.log" 2>&1 &
	wait_until 30 sql main 'select 1'
	sql main "create tablespace vol location '$T/mnt/ts'"
	sql main 'create table volume tablespace vol as select generate_series(1, 100) i'
	cp -a "$T/volume/." "$T/wrong"
}

# ARCHIVE RESTORE-OPTION...
gives_volume() {
	archive=$1
	passes "$archive"
	cluster_dir copy
	as_server "$BIN" restore -q -N "$archive" -D "$T/copy/data" -T "$T/mnt/ts=$T/copy/vol"
	cluster_start copy
	[ "$(sql copy 'select count(*) from volume')" -eq 100 ]
	cluster_stop copy
	rm -rf "$T/copy"
}

volume_online() {
	captured backup main -h "$T/main" -p "$(cat "$T/main/port")" -c fast -o "$T/out/no.tar"
	[ "$rc" -eq 1 ]
	grep -q '^hint: .*-T OLD=NEW' "$T/stderr"
	captured backup main -h "$T/main" -p "$(cat "$T/main/port")" -c fast -o "$T/out/no.tar" \
		-T "$T/mnt/ts=$T/wrong"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'is another directory than -T says'
	takes volume.tar -h "$T/main" -p "$(cat "$T/main/port")" -c fast -T "$T/mnt/ts=$T/volume"
	[ ! -s "$T/stderr" ]
	gives_volume "$T/out/volume.tar"
	cluster_stop main
}

# KIND WAY: pg_wal is an empty directory here, and its volume is elsewhere.
volume_cold() {
	as_server mv "$T/main/data/pg_wal" "$T/walvolume"
	as_server mkdir -m 700 "$T/main/data/pg_wal"
	takes "$1" "$2" -T "$T/mnt/ts=$T/volume" --waldir "$T/walvolume"
	[ ! -s "$T/stderr" ]
	rmdir "$T/main/data/pg_wal"
	as_server mv "$T/walvolume" "$T/main/data/pg_wal"
	captured backup main -o "$T/out/no.tar" "$2" -T "$T/mnt/ts=$T/volume" --waldir "$T/volume"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'pg_wal of ".*" is neither a link nor an empty directory'
	gives_volume "$T/out/$1"
}

t 'a server in a container, with volumes' contain
if [ -e "$T/contain" ]; then
	t 'that, online' volume_online
	t 'shut down' volume_cold volume-stopped.tar --offline
	t 'as a snapshot' volume_cold volume-snapshot.tar --snapshot
fi

# ----------------------------------------------- owners and modes that keep the server out

# A configuration file of root's that the server can read is as good as its own.
root_owned() {
	[ "$(id -u)" -eq 0 ] || skip 'only root can make it'
	rm -f "$T/main/data/pg_tblspc"/*
	chown root "$T/main/data/postgresql.conf" "$T/main/data/pg_ident.conf"
	chmod 644 "$T/main/data/postgresql.conf"
	chgrp "$(id -g "$owner")" "$T/main/data/pg_ident.conf"
	chmod 640 "$T/main/data/pg_ident.conf"
	takes rooted.tar --offline
	[ ! -s "$T/stderr" ]
	gives rooted.tar "$T/out/rooted.tar"
	runs
}

kept_out() {
	relation=$(cd "$T/main/data" && find base/1 -type f -name '[1-9]*' | sort | sed -n 1p)
	chown root "$T/main/data/$relation" "$T/main/data/pg_xact/0000"
	chmod 644 "$T/main/data/$relation" "$T/main/data/pg_xact/0000"
	chmod 500 "$T/main/data/pg_twophase"
	captured backup main --offline -o "$T/out/kept.tar"
	[ "$rc" -eq 3 ]
	lines 1 "\"$relation\" belongs to user 0 and has mode 0644: the server, which runs as" "$T/stderr"
	lines 1 '"pg_xact/0000" belongs to user 0' "$T/stderr"
	lines 1 '"pg_twophase" has mode 0500, which keeps the server out' "$T/stderr"
	lines 1 'backup is complete, but owners or modes keep the server out of 3 files' "$T/stderr"
	captured "$BIN" verify "$T/out/kept.tar"
	[ "$rc" -eq 3 ]
	lines 1 "warning: 2 members belong to user 0, as \"$relation\" does, and pg_control to" "$T/stderr"
	lines 1 'name: "pg_twophase".*mode' "$T/stderr"
	lines 2 '' "$T/stderr"
}

# All get one owner, and directories what they need.
kept_out_restored() {
	cluster_dir copy
	captured "$BIN" restore -N "$T/out/kept.tar" -D "$T/copy/data" --force
	[ "$rc" -eq 3 ]
	cluster_start copy
	[ "$(sql copy 'select count(*) from kept')" -eq 1000 ]
	cluster_stop copy
	rm -rf "$T/copy"
}

t 'configuration of root, which the server can read' root_owned
if [ -e "$T/out/rooted.tar" ]; then
	t 'a relation and the states of transactions of root, a directory that is closed' kept_out
	t 'restored by force' kept_out_restored
fi

# -------------------------------- a cluster that was restored, and has the manifest of its backup

# Servers up to 12 know no manifest, and send the file as one of the cluster's.
old_manifest() { # MAJOR
	cluster_init old "$1"
	cluster_start old
	sql old 'create table kept as select generate_series(1, 1000) g'
	echo 'of another backup' | as_server tee "$T/old/data/backup_manifest" >/dev/null
	at old pg_basebackup -Ft -c fast -X fetch -D - >"$T/out/old.tar"
	at old pg_basebackup -Ft -z -c fast -D "$T/out/set"
	cluster_stop old
	[ "$(tar -tf "$T/out/old.tar" | grep -c '^\(\./\)*backup_manifest$')" -eq 1 ]
	for from in "$T/out/old.tar" "$T/out/set"; do
		passes "$from"
		"$BIN" info "$from" >"$T/told"
		cluster_dir copy "$1"
		captured as_server "$BIN" restore -N "$from" -D "$T/copy/data"
		[ "$rc" -eq 0 ]
		cmp "$T/old/data/backup_manifest" "$T/copy/data/backup_manifest"
		cluster_start copy
		[ "$(sql copy 'select count(*) from kept')" -eq 1000 ]
		cluster_stop copy
	done
	rm -rf "$T/copy" "$T/old" "$T/out/set" "$T/out/old.tar"
}

for major in $(majors only 10 12); do # the first and the last without manifests
	t "$major: pg_basebackup of a cluster with a backup_manifest" old_manifest "$major"
done

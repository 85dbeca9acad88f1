#!/bin/sh
# Clusters of servers that were killed, or run in a container: who works on the directory is found out
# whatever number the process has here, and volumes that are elsewhere here are said with -T and --waldir.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/odd.sh
. "$top/tests/e2e/lib/odd.sh"

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

t 'a primary' make_main
cluster_stop main
t 'postmaster.pid names a process that is no server' named_another tar
t 'a server in a container, that has another number there' in_container

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
	one_error "$T/stderr" 'the server has another directory at'
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
	one_error "$T/stderr" '"pg_wal" in ".*" is neither a symbolic link nor an empty directory'
	gives_volume "$T/out/$1"
}

t 'a server in a container, with volumes' contain
if [ -e "$T/contain" ]; then
	t 'that, online' volume_online
	t 'shut down' volume_cold volume-stopped.tar --offline
	t 'as a snapshot' volume_cold volume-snapshot.tar --snapshot
fi

#!/bin/sh
# The slot that holds WAL back never stops the server: it is given up first.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"

# A cluster with segments of 1 MiB that keeps little WAL by itself.
small_cluster() { # MAJOR [INITDB OPTION...]
	cluster_init main "$@" --wal-segsize=1
	cluster_set main autovacuum=off max_wal_size=8MB min_wal_size=2MB log_statement=all
}

write_wal() { # MIB
	sql main "select count(pg_logical_emit_message(false, 'test', repeat('x', 1048576)))
		from generate_series(1, $1)"
}

slots() {
	sql main 'select count(*) from pg_replication_slots'
}

has_no_slot() {
	[ "$(slots)" -eq 0 ]
}

watched() { # TIMES: so often it was looked at the WAL's position
	[ "$(grep -c 'execute.*pg_last_wal_receive_lsn' "$T/main/log")" -ge "$1" ]
}

wal_files() { # MOST
	[ "$(find "$T/main/data/pg_wal/" -maxdepth 1 -type f | wc -l)" -le "$1" ]
}

kept() {
	small_cluster "$packaged"
	cluster_start main
	hold main
	write_wal 12
	wait_until 30 watched 2
	[ "$(slots)" -eq 1 ]
	let_go
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	cluster_stop main
}

# The file system of pg_wal fills up while the reader of the backup stands still.
room_runs_out() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root to mount'
	mkdir -p "$T/small"
	mount -t tmpfs -o size=96m none "$T/small" 2>/dev/null || skip 'cannot mount here'
	echo "$T/small" >"$T/mounted"
	mkdir "$T/small/wal"
	chown "$owner" "$T/small/wal"
	small_cluster "$packaged" -X "$T/small/wal"
	cluster_start main
	hold main
	write_wal 50
	wait_until 30 watched 1
	[ "$(slots)" -eq 1 ]
	write_wal 28
	wait_until 30 has_no_slot
	write_wal 4
	sql main checkpoint
	wait_until 30 wal_files 30
	let_go
	[ "$rc" -eq 1 ]
	lines 1 'warning: WAL is not held back: [0-9]* MB are left where the server writes WAL' "$T/stderr"
	one_error "$T/stderr" 'could not find WAL file'
	lines 0 PANIC "$T/main/log"
	clean main
	cluster_stop main
	umount "$T/small"
	rm "$T/mounted"
}

# limit_nears TEXT: given up before the server takes it, and the backup is made all the same.
limit_nears() { # TEXT
	wait_until 30 has_no_slot
	let_go
	[ "$rc" -eq 0 ]
	lines 1 "warning: WAL is not held back: $1" "$T/stderr"
	lines 0 'terminating process' "$T/main/log"
	clean main
	cluster_stop main
}

size_limit() {
	small_cluster "$packaged"
	# no checkpoint of the server's own: what it removed once the slot is gone would be missed
	cluster_set main max_slot_wal_keep_size=16MB max_wal_size=1GB
	cluster_start main
	hold main
	write_wal 15
	limit_nears 'the slot holds back 1[4-6] MB, and max_slot_wal_keep_size is 16 MB'
}

time_limit() {
	small_cluster 18
	cluster_set main idle_replication_slot_timeout=10s
	cluster_start main
	hold main
	limit_nears 'the slot is [0-9]* s old, and idle_replication_slot_timeout is 10 s'
}

t 'is kept while there is room' kept
t 'is given up when the file system of the WAL fills up' room_runs_out
t 'is given up before max_slot_wal_keep_size' size_limit
t 'is given up before idle_replication_slot_timeout' time_limit

#!/bin/sh
# verify and damaged WAL: a segment that is missing, a bit that is another, a page that is zeros.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/verified.sh
. "$top/tests/e2e/lib/verified.sh"
export PGUSER=postgres
n=$T/out/n.tar # without a manifest

segments() { # ARCHIVE
	tar -tf "$1" | grep -E '^pg_wal/[0-9A-F]{24}$'
}

segment_gone() { # ARCHIVE head or tail: the first or the last
	only_missing "$1" "$(segments "$1" | "$2" -n 1)" 'WAL segment "[0-9A-F]{24}" is missing: '
}

streaming() {
	[ "$(sql plain "select count(*) from pg_stat_progress_basebackup
		where phase = 'streaming database files'")" -eq 1 ]
}

# The manifest of such an archive lists the marks, and not the segments, of which there are several.
fetched() {
	at plain pg_basebackup -Ft -c fast -X fetch -r 10M -D "$T/out/fetched" >/dev/null 2>&1 &
	pid=$!
	wait_until 30 streaming
	for round in 1 2 3; do
		sql plain "create table f$round as select 1"
		sql plain 'select pg_switch_wal()' >/dev/null
	done
	wait "$pid"
	is_sound "$T/out/fetched"
	[ "$(segments "$T/out/fetched/base.tar" | wc -l)" -gt 3 ]
}

fetched_less() {
	third=$(segments "$T/out/fetched/base.tar" | sed -n 3p)
	h=$(offset "$T/out/fetched/base.tar" "$third")
	{
		head -c "$h" "$T/out/fetched/base.tar"
		tail -c +$((h + 512 + 1048576 + 1)) "$T/out/fetched/base.tar"
	} >"$x"
	mv "$x" "$T/out/fetched/base.tar" # GNU tar damages what follows a segment that it deletes
	is_only_missing "$third" "WAL segment \"${third#pg_wal/}\" is missing: the WAL is complete up to [0-9A-F/]+, but the backup needs it up to [0-9A-F/]+\$" "$T/out/fetched"
}

# Of a server that was killed: what recovery has to read are several segments.
snapshot() {
	cluster_start main
	sql main 'insert into t select g from generate_series(1, 40000) g'
	cluster_stop main immediate
	as_server rm -f "$T/main/data/postmaster.pid"
	captured as_server "$T/bin/pg_basetar" -D "$T/main/data" --snapshot --no-manifest -o "$T/out/s.tar"
	[ "$rc" -eq 0 ]
	is_sound "$T/out/s.tar"
	[ "$(segments "$T/out/s.tar" | wc -l)" -gt 2 ]
}

# The first segment of the snapshot, in the middle of its WAL.
snapshot_flipped() { # BYTE
	first=$(tar -tf "$T/out/s.tar" | grep -E '^pg_wal/[0-9A-F]{24}$' | sed -n 2p)
	flipped 'wal: ' "$first" "$1" "$T/out/s.tar"
}

zeroed() { # a page of WAL, with more after it
	cp "$T/out/s.tar" "$x"
	second=$(tar -tf "$x" | grep -E '^pg_wal/[0-9A-F]{24}$' | sed -n 2p)
	dd if=/dev/zero of="$x" bs=512 seek=$(($(offset "$x" "$second") / 512 + 1 + 16 * $1)) count=16 \
		conv=notrunc status=none
	found 'wal: ' "$x"
}

cluster_init plain -k --wal-segsize=1
cluster_start plain
t 'pg_basebackup -X fetch, of several segments' fetched
t 'one of them is missing: one finding' fetched_less
cluster_stop plain

cluster_init main -k --wal-segsize=1
cluster_start main
sql main 'create table t as select g from generate_series(1, 20000) g'
taken "$a"
taken "$n" --no-manifest
segment=$(segments "$a" | head -n 1)
t 'a bit in a page header of WAL' flipped 'wal: ' "$segment" 9
t 'the first segment is gone' segment_gone "$n" head
t 'the last segment is gone' segment_gone "$n" tail
cluster_stop main
t 'a snapshot' snapshot
# not what nobody reads: the flag "removable", and what fills records up to 8 bytes
for byte in 0 3 4 8 24 32 $((8192 * 20 + 8)) $((8192 * 20 + 4000)) $((8192 * 100 + 16)); do
	t "a bit in the WAL, at $byte" snapshot_flipped "$byte"
done
for page in 0 10 127; do
	t "page $page of WAL is zeros" zeroed $page
done

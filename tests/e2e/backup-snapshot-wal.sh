#!/bin/sh
# --snapshot and the WAL of the snapshot: all that the server had flushed has to be there, else it is
# refused; and it may be of two timelines.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/threeways.sh
. "$top/tests/e2e/lib/threeways.sh"
# shellcheck source=tests/e2e/lib/snapshots.sh
. "$top/tests/e2e/lib/snapshots.sh"

# Some segments after the last checkpoint, of which the second is $middle.
make_damaged() {
	cluster_init small --wal-segsize=1
	cluster_set small autovacuum=off max_wal_size=1GB
	cluster_start small
	sql small 'create table t (g int)'
	cp "$T/small/data/pg_wal/$(sql small 'select pg_walfile_name(pg_current_wal_lsn())')" "$T/older"
	for _ in 1 2 3 4; do
		sql small 'insert into t select generate_series(1, 10000)'
	done
	crash small
	first=$(as_server pg_controldata "$T/small/data" | sed -n 's/.*REDO WAL file: *//p')
	middle=$(printf '%s%08X' "$(echo "$first" | cut -c 1-16)" $((0x$(echo "$first" | cut -c 17-) + 1)))
	echo "$middle" >"$T/middle"
	echo "$first" >"$T/first"
	chmod a+r "$T/older"
}

# The damages to a segment.

missing() {
	rm "$1"
}
short() {
	truncate -s 512k "$1"
}
stale() {
	cat "$T/older" >"$1"
}
zeroed() {
	truncate -s 0 "$1"
	truncate -s 1M "$1"
}
a_page_short() {
	dd if=/dev/zero of="$1" bs=8192 seek=9 count=1 conv=notrunc status=none
}
flipped() {
	printf XXXX | dd of="$1" bs=1 seek=500000 conv=notrunc status=none
}

damaged() { # DAMAGE WHICH PATTERN
	rm -rf "$T/snap"
	cp -a "$T/small" "$T/snap"
	segment=$(cat "$T/$2")
	"$1" "$T/snap/data/pg_wal/$segment"
	refused "$3"
	grep -q "$segment\|page at 0/\|record at 0/" "$T/stderr"
}

undamaged() {
	rm -rf "$T/snap"
	cp -a "$T/small" "$T/snap"
	taken
	[ "$(wc -l <"$T/segments")" -gt 2 ]
	restore copy "$archive"
	verify copy
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 40000 ]
	cluster_stop copy
}

# A page of the last segment that was not on the disk yet, though a later one was.
page_not_written() {
	rm -rf "$T/snap"
	cp -a "$T/small" "$T/snap"
	taken
	last=$T/snap/data/pg_wal/$(last_segment)
	dd if=/dev/zero of="$last" bs=8192 seek=5 count=1 conv=notrunc status=none
	captured backup snap --snapshot -o "$T/out/lost.tar" --no-verify-checksums
	[ "$rc" -eq 0 ]
	lines 1 'warning: WAL ends at .* recovery of the copy ends before it' "$T/stderr"
	restore copy "$T/out/lost.tar"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -lt 40000 ]
	cluster_stop copy
}

shut_down() { # taken of a server that was not running
	cluster_start small
	sql small 'create unlogged table u as select generate_series(1, 1000) g'
	cluster_stop small
	rm -rf "$T/snap"
	cp -a "$T/small" "$T/snap"
	taken
	restore copy "$archive"
	cluster_start copy
	[ "$(sql copy 'select count(*) from u')" -eq 1000 ]
	cluster_stop copy
}

# Between a promotion and its checkpoint: the WAL is of two timelines.
promoted() {
	cluster_init first --wal-segsize=1
	cluster_set first autovacuum=off
	cluster_start first
	sql first 'create table t (g int)'
	cluster_dir second
	at first pg_basebackup -D "$T/second/data" -R -c fast -X stream
	cluster_start second
	sql first 'insert into t select generate_series(1, 20000)'
	wait_until 60 has_rows second 20000
	sql second 'select pg_promote()'
	wait_until 60 is_promoted second
	sql second 'insert into t select generate_series(1, 20000)'
	crash second
	as_server pg_controldata "$T/second/data" | grep -q "^Latest checkpoint's TimeLineID: *1\$"
	rm -rf "$T/snap"
	cp -a "$T/second" "$T/snap"
	taken
	[ ! -s "$T/stderr" ]
	lines 1 '^pg_wal/00000002.history$' "$T/list"
	tar -xOf "$archive" backup_manifest >"$T/manifest"
	lines 2 '"Timeline": ' "$T/manifest"
	restore copy "$archive"
	verify copy
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 40000 ]
	cluster_stop copy
	captured backup copy --offline -o "$T/out/second.tar"
	[ "$rc" -eq 0 ]
	restore copy "$T/out/second.tar"
	verify copy
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 40000 ]
	cluster_stop copy
	cluster_stop first
}

has_rows() { # NAME ROWS
	[ "$(sql "$1" 'select count(*) from t')" -eq "$2" ]
}

t 'a server is killed' make_damaged
while read -r damage which pattern; do
	t "the $which segment is $damage" damaged "$damage" "$which" "$pattern"
done <<'EOT'
	missing      middle WAL ends at .* has later WAL: could not find WAL file
	short        middle unexpected WAL file size
	stale        middle WAL ends at .* has later WAL: .*recycled
	zeroed       middle WAL ends at .* has later WAL: WAL page at .*empty
	a_page_short middle WAL ends at .* has later WAL: WAL page at .*empty
	flipped      middle WAL ends at .* has later WAL: WAL record at
	missing      first  WAL ends at .* has later WAL: could not find WAL file
	short        first  unexpected WAL file size
EOT
t 'no segment is damaged' undamaged
t 'the last segment lacks a page' page_not_written
t 'a snapshot of a cluster that was shut down' shut_down
t 'a standby that was just promoted' promoted

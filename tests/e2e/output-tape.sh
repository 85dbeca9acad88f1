#!/bin/sh
# -b: every write to a pipe or a device is one record, the last one filled up; what was filled up
# is read by all who read what was not.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"

# written OUTPUT OPTION...: the sizes of all writes to it in $T/writes, a line each, in order.
written() {
	output=$1
	shift
	traced write,writev,pwrite64,pwritev,pwritev2 -o "$output" "$@"
	[ ! -s "$T/stderr" ]
	sed -n "s|^[0-9.]* \([a-z0-9]*\)([0-9]*<$output>.*, \([0-9]*\)) *= \([0-9]*\)\$|\1 \2 \3|p" \
		"$T/trace" >"$T/writes"
}

in_records() { # SIZE: each write is of that many bytes, and was carried out as a whole
	[ "$(wc -l <"$T/writes")" -gt 1 ]
	fails grep -vx "write $1 $1" "$T/writes"
}

to_fifo() { # SIZE OPTION...: what came out of it is in $T/out/archive
	size=$1
	shift
	rm -f "$T/out/fifo"
	mkfifo -m 666 "$T/out/fifo"
	cat "$T/out/fifo" >"$T/out/archive" &
	written "$T/out/fifo" "$@"
	wait
	in_records "$size"
	[ "$(stat -c %s "$T/out/archive")" -eq $(($(wc -l <"$T/writes") * size)) ]
}

to_device() { # SIZE OPTION...
	size=$1
	shift
	written /dev/null "$@"
	in_records "$size"
}

ends_in_zeros() { # FILE BYTES
	tail -c "$2" "$1" | cmp -n "$2" - /dev/zero
}

plain_is_read() { # BLOCKING FACTOR
	tar -b "$1" -tf "$T/out/archive" | tail -n 1 | grep -qx backup_manifest
	bsdtar -b "$1" -tf "$T/out/archive" | tail -n 1 | grep -qx backup_manifest
	busybox tar -tf "$T/out/archive" | tail -n 1 | grep -qx backup_manifest
	dd if="$T/out/archive" bs="$1"b status=none | tar -b "$1" -t | tail -n 1 | grep -qx backup_manifest
	ends_in_zeros "$T/out/archive" 1024
}

gzip_is_read() {
	gzip -t "$T/out/archive" 2>"$T/said"
	[ ! -s "$T/said" ]
	gzip -dc "$T/out/archive" >"$T/out/raw" 2>"$T/said"
	[ ! -s "$T/said" ]
	tar -tf "$T/out/raw" | tail -n 1 | grep -qx backup_manifest
	tar -tzf "$T/out/archive" | tail -n 1 | grep -qx backup_manifest
	bsdtar -tf "$T/out/archive" | tail -n 1 | grep -qx backup_manifest
	ends_in_zeros "$T/out/archive" 100
}

starts() { # OPTION OF TAR: restored from records, it is whole
	cluster_dir copy
	as_server mkdir -m 700 "$T/copy/data"
	as_server tar "$1" -xf "$T/out/archive" -C "$T/copy/data"
	verify copy
	cluster_start copy
	sound copy
	rm -rf "$T/copy"
}

file() { # a file too, and any number of blocks
	for factor in 1 3 2048; do
		backup main -c fast -z -b "$factor" -o "$T/out/base.tar.gz"
		[ $(($(stat -c %s "$T/out/base.tar.gz") % (factor * 512))) -eq 0 ]
		gzip -t "$T/out/base.tar.gz"
		rm "$T/out/base.tar.gz"
	done
}

cut() { # one record less, and it is not whole
	head -c -10240 "$T/out/archive" >"$T/out/short"
	fails gzip -t "$T/out/short"
}

as_ever() { # without -b the end is as it was, and nothing is filled up
	backup main -c fast -Z none -o "$T/out/base.tar"
	[ $(($(stat -c %s "$T/out/base.tar") % 10240)) -eq 0 ]
	rm "$T/out/base.tar"
	backup main -c fast -z -o "$T/out/base.tar.gz"
	fails ends_in_zeros "$T/out/base.tar.gz" 4
	rm "$T/out/base.tar.gz"
}

full() {
	captured eval 'backup main -c fast -b 20 >/dev/full'
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'No space left on device'
	clean main
}

refused() {
	captured backup main -b "$1" -o "$T/out/base.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'blocking-factor.*is not a number from 1 to 32767'
	[ ! -e "$T/out/base.tar" ]
}

# All of it is one record, which is written when it is complete, and nobody reads.
ends_at_once() {
	rm -f "$T/pipe"
	mkfifo -m 666 "$T/pipe"
	exec 7<>"$T/pipe"
	start main -c fast -z -b 32767 >"$T/pipe"
	wait_until 60 in_phase syncing
	kill -TERM "$pid"
	wait_until 5 is_gone
	ended
	exec 7<&-
	[ "$rc" -eq 143 ]
	grep -q 'interrupted by SIGTERM' "$T/stderr"
	clean main
}

cluster_init main --wal-segsize=1 -k
cluster_start main
load_init main 1
at main pgbench -n -t 300 >/dev/null 2>&1

t 'a pipe, gzip, 20 blocks' to_fifo 10240 -z -b 20
t 'it is read' gzip_is_read
t 'it is restored' starts -z
t 'cut by a record' cut
t 'a pipe, plain, 20 blocks' to_fifo 10240 -Z none -b 20
t 'it is read' plain_is_read 20
t 'it is restored' starts -b20
t 'a pipe, plain, 7 blocks' to_fifo 3584 -Z none -b 7
t 'it is read' plain_is_read 7
t 'a pipe, gzip, 128 blocks, 3 jobs' to_fifo 65536 -z -j 3 -b 128
t 'it is read' gzip_is_read
t 'a pipe, plain, 128 blocks, at a rate' to_fifo 65536 -Z none -b 128 -r 20M
t 'it is read' plain_is_read 128
t 'a device, gzip' to_device 10240 -z -b 20
t 'a device, plain' to_device 10240 -Z none -b 20
t 'a device, plain, at a rate' to_device 10240 -Z none -b 20 --max-rate=20M
t 'a file' file
t 'without records' as_ever
t 'a device that is full' full
t 'a signal while the last record is written' ends_at_once
t 'no blocks' refused 0
t 'too many blocks' refused 32768

#!/bin/sh
# A disk that is full, from the start or in the middle: exit 1, one error, nothing left.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"

full() { # OUTPUT COMMAND...
	output=$1
	shift
	captured "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'No space left on device'
	empty "$(dirname "$output")"
	clean main
}

# A small file system of its own.  On it nothing but $T/small/out counts.
small() { # SIZE
	[ ! -e "$T/mounted" ] || unmount
	[ "$(id -u)" -eq 0 ] || skip 'needs root to mount'
	mkdir -p "$T/small"
	mount -t tmpfs -o "size=$1" none "$T/small" 2>/dev/null || skip 'cannot mount here'
	echo "$T/small" >"$T/mounted"
	mkdir "$T/small/out"
	chown "$owner" "$T/small/out"
}

unmount() {
	umount "$T/small"
	rm "$T/mounted"
}

full_at_start() {
	small 1m
	fails dd if=/dev/zero of="$T/small/filler" bs=4k status=none
	full "$T/small/out/base.tar" backup main -c fast -o "$T/small/out/base.tar"
	lines 1 '^hint: ' "$T/stderr"
	unmount
}

full_in_the_middle() { # OPTION...
	small 2m
	full "$T/small/out/base.tar" backup main -c fast -o "$T/small/out/base.tar" "$@"
	unmount
}

force_keeps_old() { # the old archive is still there, untouched
	small 2m
	as_server sh -c "echo precious >'$T/small/out/base.tar'"
	fails backup main -c fast -o "$T/small/out/base.tar" --force
	[ "$(cat "$T/small/out/base.tar")" = precious ]
	[ "$(find "$T/small/out" -mindepth 1)" = "$T/small/out/base.tar" ]
	clean main
	unmount
}

# The same for the last steps, which strace can let fail.
injected() { # CALL
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	full "$T/out/base.tar" as_server strace -f -qq -o /dev/null -e "trace=$1" \
		-e "inject=$1:error=ENOSPC" "$BIN" -D "$T/main/data" -c fast -o "$T/out/base.tar"
}

dev_full() {
	captured eval 'backup main -c fast >/dev/full'
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'No space left on device'
	clean main
}

cluster_init main
cluster_start main
t 'full at the start' full_at_start
t 'full in the middle: plain' full_in_the_middle -Z none
t 'full in the middle: gzip' full_in_the_middle -Z gzip
t 'full with --force' force_keeps_old
t '/dev/full' dev_full
t 'fsync fails' injected fsync
t 'the final name cannot be made' injected linkat

#!/bin/sh
# Where the output goes: what is there is written to or left alone, and nothing but a file replaced.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"

data=$T/main/data

# made COMMAND...: it succeeds, says nothing, and $T/out/archive is a backup.
made() {
	captured "$@"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	passes "$T/out/archive"
	clean main
	rm "$T/out/archive"
}

# refused PATTERN COMMAND...: before anything begins, and --force is not proposed.
refused() {
	pattern=$1
	shift
	captured "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$pattern"
	lines 0 '--force' "$T/stderr"
	clean main
}

# ---------------------------------------------------------------- descriptors

# The link is in a directory where it could be replaced, as root could replace /dev/stdout.
standard_output() {
	as_server ln -s /proc/self/fd/1 "$T/out/link"
	for name in /dev/stdout /dev/fd/1 /proc/self/fd/1 "$T/out/link"; do
		for force in '' --force; do
			made eval "backup main -c fast $force -o $name >$T/out/archive"
			made eval "backup main -c fast $force -o $name | cat >$T/out/archive"
		done
	done
	[ "$(readlink "$T/out/link")" = /proc/self/fd/1 ]
	rm "$T/out/link"
	[ -L /dev/stdout ]
}

other_descriptor() {
	made eval "backup main -c fast -o /dev/fd/5 5>$T/out/archive"
	made eval "backup main -c fast -z -b 3 --force -o /proc/self/fd/5 5>$T/out/archive"
	echo begun >"$T/out/log"
	backup main -c fast -o /dev/fd/5 5>>"$T/out/log"
	[ "$(head -n 1 "$T/out/log")" = begun ]
	tail -c +7 "$T/out/log" >"$T/out/archive"
	passes "$T/out/archive"
	rm "$T/out/log" "$T/out/archive"
}

# Numbers that we were not given are those of our own files, whatever is in them.
no_descriptor() {
	for number in 3 4 5 6 7 8 9; do
		refused 'not open for writing' backup main -c fast --force -o "/dev/fd/$number" \
			--report="$T/out/report"
	done
	refused 'not open for writing' eval "backup main -c fast -o /dev/fd/5 5<$data/PG_VERSION"
	refused 'is standard error, where the messages go' backup main -c fast -o /dev/stderr
	refused 'is closed' eval 'backup main -c fast -o /dev/stdout >&-'
	rm "$T/out/report"
	empty "$T/out"
}

inside_by_descriptor() {
	refused 'is inside the data directory' \
		eval "backup main -c fast -o /dev/fd/5 5>$data/base/archive"
	refused 'is inside the data directory' eval "backup main -c fast >$data/base/archive"
	rm "$data/base/archive"
	refused 'is the output' \
		eval "backup main -c fast -o /dev/fd/5 --report=$T/out/report 5>$T/out/report"
	rm "$T/out/report"
}

report_to_descriptor() {
	as_server ln -s /dev/stdout "$T/out/link"
	for name in /dev/stdout /dev/fd/1 "$T/out/link"; do
		refused 'report cannot go to descriptor 1' \
			eval "backup main -c fast -o $T/out/archive --report=$name >$T/seen"
	done
	[ ! -s "$T/seen" ]
	[ -L "$T/out/link" ]
	rm "$T/out/link"
	empty "$T/out"
}

# ------------------------------------------------------------ what is not a file

never_replaced() {
	socket=$T/main/.s.PGSQL.$(cat "$T/main/port")
	for force in '' --force; do
		# shellcheck disable=SC2086 # nothing, or a word
		refused 'is not a regular file' backup main -c fast $force -o "$socket"
	done
	[ -S "$socket" ]
}

# It comes to the name while the backup is being written.
comes_to_its_name() {
	start main -c fast --force -r 8M -o "$T/out/archive"
	wait_until 30 in_phase 'sending files'
	as_server mkfifo "$T/out/archive"
	ends
	[ "$rc" -eq 1 ]
	grep -v "$(printf '%%')" "$T/stderr" | grep 'is not a regular file'
	[ -p "$T/out/archive" ]
	rm "$T/out/archive"
	empty "$T/out"
	clean main
}

# A device of its own, with something else on it before: that is not of the archive.
block_device() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	head -c 64M /dev/urandom >"$T/disk"
	device=$(losetup -f --show "$T/disk") || skip 'no loop devices here'
	trap 'losetup -d "$device"' EXIT
	for method in none gzip; do
		"$BIN" -D "$data" -U postgres -h "$T/main" -p "$(cat "$T/main/port")" -c fast --force \
			-Z "$method" -o "$device"
		[ -b "$device" ]
		passes "$device"
		"$BIN" verify - <"$device"
		"$BIN" restore -q "$device" -D "$T/copy"
		rm -rf "$T/copy"
	done
	mkdir "$T/mnt"
	mkfs -t ext4 -q "$device" || skip 'no mkfs here'
	mount "$device" "$T/mnt" || skip 'cannot mount here'
	echo "$T/mnt" >"$T/mounted"
	refused 'Device or resource busy' "$BIN" -D "$data" -U postgres -h "$T/main" \
		-p "$(cat "$T/main/port")" -c fast --force -o "$device"
	umount "$T/mnt"
	rm "$T/mounted"
}

# ------------------------------------------------------------- removed meanwhile

# It would take a minute; that its place is gone is noticed long before.
noticed() { # PATTERN REMOVE... -- OPTION...
	pattern=$1
	shift
	removes=
	while [ "$1" != -- ]; do
		removes="$removes $1"
		shift
	done
	shift
	start main "${pace--cfast}" -r 500k "$@"
	wait_until 30 in_phase 'sending files'
	$removes
	wait_until 15 is_gone
	ended
	[ "$rc" -eq 1 ]
	grep -v 'B/s, ' "$T/stderr" >"$T/said"
	one_error "$T/said" "$pattern"
	lines 1 '^hint: ' "$T/said"
}

empty_directories() {
	find "$T/out" -mindepth 1 -type d -empty -delete
	[ ! -e "$T/out/day" ]
}

directory_goes() {
	as_server mkdir "$T/out/day"
	noticed 'its directory was removed during the backup' empty_directories -- -o "$T/out/day/x.tar"
	noticed '/day/.*": its directory was removed during the backup' empty_directories -- --split -o "$T/out/day"
	empty "$T/out"
	clean main
}

redirected_file_goes() {
	exec 8>"$T/seen"
	noticed 'standard output: its file was removed' rm "$T/seen" -- >&8
	exec 8>&-
	clean main
}

directory_goes_offline() {
	cluster_stop main
	as_server mkdir "$T/out/day"
	pace=-q
	noticed 'its directory was removed during the backup' empty_directories -- --offline \
		-o "$T/out/day/x.tar"
	cluster_start main
}

# ------------------------------------------------------------------ the last steps

# The name of a new directory cannot be synced where nobody but others may read: said, no error.
parent_not_to_be_read() {
	as_server mkdir -m 333 "$T/blind"
	captured backup main -c fast --split -o "$T/blind/new"
	[ "$rc" -eq 0 ]
	lines 1 "could not fsync the directory of \"$T/blind/new\", because this user may not" \
		"$T/stderr"
	passes "$T/blind/new"
	captured as_server "$BIN" restore -q "$T/blind/new" -D "$T/blind/copy"
	[ "$rc" -eq 0 ]
	captured as_server "$BIN" restore "$T/blind/new" -D "$T/blind/second"
	[ "$rc" -eq 0 ]
	lines 1 "could not fsync the directory of \"$T/blind/second\"" "$T/stderr"
	rm -rf "$T/blind"
}

# What cannot be undone is there: that is said, and it is whole.  INJECTION...
stays() {
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	output=$1
	shift
	as_server touch "$T/out/old"
	captured as_server strace -f -qq -o /dev/null -e trace=fsync,unlinkat "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'could not fsync directory: Read-only file system'
	lines 1 '^hint: .*\(exists all the same\|could not be removed\)' "$T/stderr"
	passes "$output"
	rm -rf "$output" "$T/out/old"
	empty "$T/out"
	clean main
}

cluster_init main
cluster_start main
t 'standard output by a name' standard_output
t 'another descriptor' other_descriptor
t 'no descriptor of ours' no_descriptor
t 'a descriptor, inside of what is backed up' inside_by_descriptor
t 'a report that names a descriptor' report_to_descriptor
t 'a socket is not replaced' never_replaced
t 'nor a fifo that comes to be there' comes_to_its_name
t 'a block device' block_device
t 'an empty directory is removed' directory_goes
t 'so is what the shell made' redirected_file_goes
t 'an empty directory is removed, offline' directory_goes_offline
t 'the directory above may not be read' parent_not_to_be_read
set -- "$BIN" -D "$data" -c fast
rofs=error=EROFS
t 'a name that cannot be taken away' stays "$T/out/archive" -e inject=fsync:$rofs:when=2 \
	-e inject=unlinkat:$rofs "$@" -o "$T/out/archive"
t 'what has replaced another' stays "$T/out/old" -e inject=fsync:$rofs:when=3 "$@" --force \
	-o "$T/out/old"
t 'names that cannot be taken away' stays "$T/out/new" -e inject=fsync:$rofs:when=4 \
	-e inject=unlinkat:$rofs "$@" --split -o "$T/out/new"

#!/bin/sh
# --split that is refused, interrupted, or whose disk is full or fails: no file is left under its name.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/splits.sh
. "$top/tests/e2e/lib/splits.sh"

refused() { # PATTERN OPTION...
	pattern=$1
	shift
	find "$T/out" "$T/main" -printf '%p %y\n' | grep -v /data/ | sort >"$T/before"
	captured backup main -c fast --split "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$pattern"
	lines 1 '^hint: ' "$T/stderr"
	find "$T/out" "$T/main" -printf '%p %y\n' | grep -v /data/ | sort | diff "$T/before" -
	clean main
}

inside_refused() { # WHERE PATTERN
	refused "$2" -o "$1/split"
	[ ! -e "$1/split" ]
}

not_empty() {
	rm -rf "$dir"
	as_server mkdir "$dir"
	echo precious >"$dir/.hidden"
	refused 'Directory not empty' -o "$dir"
	[ "$(cat "$dir/.hidden")" = precious ]
	rm -rf "$dir"
}

# It ends; what it said of its progress is no error.
ends_slow() {
	ends
	sed -i '/^pg_basetar: [0-9.]* [kMG]B, /d' "$T/stderr"
}

killed() { # SIGNAL
	slow 200
	kill -"$1" "$pid"
	ends_slow
	case $1 in
	KILL)
		[ "$rc" -eq 137 ]
		empty "$dir"
		rmdir "$dir"
		;;
	*)
		[ "$rc" -gt 128 ]
		one_error "$T/stderr" "interrupted by SIG$1"
		[ ! -e "$dir" ]
		;;
	esac
	clean main
}

appears() { # NAME: a file of that name comes to be there meanwhile
	slow 20M
	echo other >"$dir/$1"
	ends_slow
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$1\" was created during the backup"
	[ "$(find "$dir" -mindepth 1)" = "$dir/$1" ]
	[ "$(cat "$dir/$1")" = other ]
	clean main
	rm -rf "$dir"
}

tablespace_appears() {
	appears "$(sql main "select min(oid) from pg_tablespace where spcname ~ '^spc'").tar"
}

full() { # SIZE PATTERN
	[ "$(id -u)" -eq 0 ] || skip 'needs root to mount'
	mkdir -p "$T/small"
	mount -t tmpfs -o "size=$1" none "$T/small" 2>/dev/null || skip 'cannot mount here'
	echo "$T/small" >"$T/mounted"
	chown "$owner" "$T/small"
	captured backup main -c fast --split -o "$T/small/dir"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$2.*No space left on device"
	empty "$T/small"
	clean main
	umount "$T/small"
	rm "$T/mounted"
}

# The archives have room, the manifest has not: between the backup that is measured and the
# one that fails no worker may make a map of free space, or the archives have none either.
full_at_the_end() {
	sql main 'alter system set autovacuum = off'
	sql main 'select pg_reload_conf()' >/dev/null
	sql main vacuum
	taken
	size=$(find "$dir" -name '*.tar' -printf '%s\n' |
		awk '{ n += int(($1 + 4095) / 4096) } END { print n * 4 }')
	full $((size + $(stat -c %s "$dir/backup_manifest") / 2048))k backup_manifest
}

injected() { # CALL WHEN
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	rm -rf "$dir"
	captured as_server strace -f -qq -o /dev/null -e "trace=$1" \
		-e "inject=$1:error=EIO:when=$2" "$BIN" -D "$T/main/data" -c fast --split -o "$dir"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'Input/output error'
	[ ! -e "$dir" ]
	clean main
}

cluster_init main -k
cluster_set main max_wal_size=64MB
cluster_start main
load_init main 2

t 'standard output' refused 'needs a directory'
t 'standard output, by name' refused 'needs a directory' -o -
t 'with --force' refused 'exclude each other' -o "$dir" --force
t 'with -b' refused 'exclude each other' -o "$dir" -b 20
t 'no parent' refused 'No such file' -o "$T/out/none/dir"
t 'a file of that name' refused 'Not a directory' -o "$T/main/log"
t 'not empty' not_empty
t 'inside the data directory' inside_refused "$T/main/data" 'inside the data directory'
t 'inside a tablespace' inside_refused "$T/main/spc1" 'inside tablespace'
t 'killed in the middle' killed KILL
t 'SIGTERM in the middle' killed TERM
t 'base.tar appears meanwhile' appears base.tar
t 'backup_manifest appears meanwhile' appears backup_manifest
t 'a tablespace appears meanwhile' tablespace_appears
t 'a full disk' full 20m tar
t 'a disk with room for all but the manifest' full_at_the_end
t 'the third name cannot be given' injected linkat 3
t 'the second file does not sync' injected fsync 2
t 'the directory does not sync' injected fsync 7

#!/bin/sh
# What pg_basebackup compressed, on its side or on the server's, is verified and restored: a
# directory with the WAL in it or in an archive of its own, and standard output.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/restored.sh
. "$top/tests/e2e/lib/restored.sh"

# A compression here is a method with its details, and the option that says where the WAL goes:
# with fetch into base.tar, with stream into pg_wal.tar, which the client compresses.
compressions='
server-gzip:9          fetch
client-zstd            fetch
client-zstd:long       stream
client-lz4             fetch
client-lz4:9           stream
server-lz4             fetch
server-lz4:12          stream
server-zstd:9          fetch
server-zstd:workers=2  stream
'

is_there() { # COMPRESSION
	method=${1#*-}
	method=${method%%:*}
	! "$BIN" -D "$T" -Z "$method" -o "$T/none/none" 2>&1 | grep -q 'was built without' ||
		skip "this pg_basetar was built without $method"
}

# The client programs of that release where it has them, else the newest, which serve all servers.
client_of() { # MAJOR
	bin=$(server_of "$1")
	[ -x "$bin/pg_basebackup" ] || bin=$(server_of 19)
	echo "$bin/pg_basebackup"
}

# theirs MAJOR OPTION...: pg_basebackup; skipped where it or the server cannot do that.
theirs() {
	client=$(client_of "$1")
	shift
	at main "$client" -c fast -Ft "$@" 2>"$T/stderr" || {
		cat "$T/stderr"
		grep -E 'not supported by this build|does not support|unrecognized compression option' \
			"$T/stderr" >"$T/reason" || return 1
		skip "$(head -n 1 "$T/reason")"
	}
}

prepare() { # MAJOR
	cluster_init main "$1"
	cluster_start main
	load_init main 1
	at main pgbench -n -t 300 >/dev/null 2>&1
}

directory() { # MAJOR COMPRESSION WHERE
	is_there "$2"
	rm -rf "$T/out/theirs" "$T/copy"
	theirs "$1" --compress="$2" -X "$3" -D "$T/out/theirs"
	ls "$T/out/theirs"
	passes "$T/out/theirs"
	"$BIN" info "$T/out/theirs" | grep '^compression: '
	MAJOR=$1
	restored copy "$T/out/theirs"
	[ "$rc" -eq 0 ]
	cluster_start copy
	balanced copy
	cluster_stop copy
}

# Cut anywhere, the one long frame does not pass.
cut() {
	set -- "$T/out/theirs"/base.tar.*
	size=$(stat -c %s "$1")
	for less in 1 4 5 1000 $((size / 2)) $((size - 8)); do
		head -c $((size - less)) "$1" >"$T/cut"
		captured "$BIN" verify "$T/cut"
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" 'data is cut short at byte'
	done
}

no_tablespaces() {
	for space in spc1 spc2 spc3; do
		at main psql -X -q -c "alter table all in tablespace $space set tablespace pg_default" \
			-c "alter index all in tablespace $space set tablespace pg_default" \
			-c "drop tablespace $space"
	done
}

# To standard output it puts the manifest into the archive, and cannot into what is compressed.
pipe() { # MAJOR COMPRESSION WHERE
	is_there "$2"
	case $2 in
	server-*) theirs "$1" --compress="$2" -X fetch -D - --no-manifest ;;
	*) theirs "$1" --compress="$2" -X fetch -D - ;;
	esac >"$T/out/piped"
	"$BIN" verify - <"$T/out/piped" | grep '^restorable'
	rm -rf "$T/copy"
	cluster_dir copy "$1"
	as_server "$BIN" restore - -D "$T/copy/data" <"$T/out/piped"
	cluster_start copy
	balanced copy
	cluster_stop copy
}

each() { # FUNCTION MAJOR
	echo "$compressions" >"$T/compressions"
	while read -r method where <&3; do
		[ -n "$method" ] || continue
		[ "$1 $where" != 'pipe stream' ] || continue
		t "$2: $1, $method, -X $where" "$1" "$2" "$method" "$where"
	done 3<"$T/compressions"
}

for major in $(majors only 15 17 19); do
	t "$major: a server" prepare "$major"
	[ -e "$T/main/data/postmaster.pid" ] || continue
	each directory "$major"
	[ ! -e "$T/out/theirs/base.tar.zst" ] || t "$major: cut" cut
	t "$major: tablespaces are dropped" no_tablespaces
	each pipe "$major"
	cluster_stop main
	rm -rf "$T/main" "$T/copy" "$T/out/theirs"
done

#!/bin/sh
# verify on damaged archives: a table of what is done to one, and what must be said of it.  The
# table is tests/tools/mutilate.c, and what is beside it.
#
# With PEERS=FILE, what other programs find in the same archives is written there, a line each
# with tabs between: the archive, the row's name, and the exit status of verify, of
# pg_verifybackup on the unpacked tree (of archives of 15), of tar -t and of gzip -t.
release=15 # the table has rows of its manifest, of version 1, and a few more of 17 and 18
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/chain.sh
. "$top/tests/e2e/lib/chain.sh"
# shellcheck source=tests/e2e/lib/archives.sh
. "$top/tests/e2e/lib/archives.sh"
memory=409600 # KiB that verify may need, whatever it is given

# ------------------------------------------------------------------------------- the table

verified() { # OPTION... FILE
	captured timeout 60 "$mutilate" peak "$T/peak" "$BIN" verify "$@"
	cat "$T/stdout"
	[ "$(cat "$T/peak")" -lt "$memory" ]
}

is_sound() { # ARCHIVE
	verified "$T/out/$1.tar"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	grep -q '^restorable, consistent from ' "$T/stdout"
}

# Through a pipe: some are too large to lie about.
mutilated() { # ROW ARCHIVE
	"$mutilate" "$1" "$T/out/$2.tar" - "$T/out/other.tar" |
		timeout 60 "$mutilate" peak "$T/peak" "$BIN" verify -
}

# by COMMAND...: its exit status.
by() {
	status=0
	timeout 60 "$@" >/dev/null 2>&1 || status=$?
	echo "$status"
}

by_pg_verifybackup() { # ARCHIVE
	case $1 in
	v1[78]) echo - ;;
	*)
		mkdir "$T/peer"
		timeout 60 tar -xf "$T/peer.tar" -C "$T/peer" >/dev/null 2>&1 || :
		by pg_verifybackup -i pg_basetar_tblspc "$T/peer"
		rm -rf "$T/peer"
		;;
	esac
}

# Those of a million members, or of lengths that no file has, are left out.
peers() { # ARCHIVE NAME STATUS
	"$mutilate" "$2" "$T/out/$1.tar" - "$T/out/other.tar" 2>/dev/null | head -c 200000000 >"$T/peer.tar"
	[ "$(wc -c <"$T/peer.tar")" -lt 200000000 ] || return 0
	gzip=-
	[ "$1" != gzip ] || gzip=$(by gzip -t <"$T/peer.tar")
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$(by_pg_verifybackup "$1")" \
		"$(by tar -tf - <"$T/peer.tar")" "$gzip" >>"$PEERS"
}

# row ARCHIVE NAME STATUS PATTERN...
row() {
	archive=$1
	name=$2
	status=$3
	shift 3
	[ ! -e "$T/no_server.${archive#v}" ] || skip "$(cat "$T/no_server.${archive#v}")"
	captured mutilated "$name" "$archive"
	cat "$T/stdout"
	[ -z "${PEERS:-}" ] || peers "$archive" "$name" "$rc"
	[ "$(cat "$T/peak")" -lt "$memory" ]
	[ "$rc" -eq "$status" ]
	lines 0 '^mutilate: ' "$T/stderr"
	case $rc in
	0) [ "$#" -gt 0 ] || [ ! -s "$T/stderr" ] ;;
	1) [ ! -s "$T/stdout" ] && one_error "$T/stderr" ;;
	3) lines 1 '' "$T/stdout" ;;
	esac
	for pattern; do
		cat "$T/stdout" "$T/stderr" | grep -qE -e "$pattern"
	done
}

rows() {
	"$mutilate" list >"$T/table"
	tab=$(printf '\t')
	while IFS=$tab read -r archive name status one two three; do
		set -- "$archive" "$name" "$status"
		[ -z "$one" ] || set -- "$@" "$one"
		[ -z "$two" ] || set -- "$@" "$two"
		[ -z "$three" ] || set -- "$@" "$three"
		t "$archive: $name" row "$@"
	done <"$T/table"
}

t 'a primary' make_primary
t 'another cluster' make_other
t 'archives of a running server' online
t 'archives of a standby' standbys
t 'an archive of two timelines' two_timelines
t 'an archive of a snapshot' crashed
t 'an archive of a stopped cluster' stopped
t 'an archive of version 17' version 17
t 'an archive of version 18' version 18
for archive in "$T/out"/*.tar; do
	t "$(basename "$archive" .tar): sound" is_sound "$(basename "$archive" .tar)"
done
rows

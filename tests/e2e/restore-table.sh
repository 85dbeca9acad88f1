#!/bin/sh
# restore of damaged and hostile archives, those of the table of verify: what verify finds makes no
# cluster, what it does not is one, and nothing is written outside of the directories that were
# named.  Of the rows those about members and how they are written; all others are findings of the
# same checker.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/chain.sh
. "$top/tests/e2e/lib/chain.sh"
# shellcheck source=tests/e2e/lib/archives.sh
. "$top/tests/e2e/lib/archives.sh"

restored() { # ROW
	"$mutilate" "$1" "$T/out/online.tar" - "$T/out/other.tar" |
		as_server timeout 60 "$BIN" restore - -N -D "$T/box/in/data" -T "$T/main/spc=$T/box/in/spc"
}

# What is outside of the box's inside; of the cluster, which stands still, with times.
outside() {
	ls -A /
	find "$T/box" -path "$T/box/in" -prune -o -print
	find "$T/main" "$T/out" -printf '%p %s %m %T@ %l\n'
}

row() { # NAME STATUS
	rm -rf "$T/box"
	as_server mkdir -p "$T/box/in"
	outside >"$T/before"
	captured restored "$1"
	outside | diff "$T/before" -
	lines 0 '^mutilate: ' "$T/stderr"
	if [ "$2" -eq 0 ]; then
		[ "$rc" -eq 0 ]
		[ "$(wc -c <"$T/box/in/data/global/pg_control")" -eq 8192 ]
	else
		[ "$rc" -eq 1 ]
		[ ! -e "$T/box/in/data/global/pg_control" ]
		grep -v '^pg_basetar: warning: ' "$T/stderr" | grep -q '^pg_basetar: '
	fi
	[ ! -d "$T/box/in/data" ] || [ -z "$(find "$T/box/in" -perm /7000)" ]
	find "$T/box/in" -type l | grep -vx "$T/box/in/data/pg_tblspc/[0-9]*" | diff /dev/null -
}

t 'a primary' make_primary
t 'another cluster' make_other
t 'an archive of a running server' online
cluster_stop main
"$mutilate" list | sed -n 's/^online	\([^	]*	[0-9]\).*/\1/p' |
	grep -E '^(header|name|link|pax|doubled|extra|directory): ' >"$T/table"
tab=$(printf '\t')
while IFS=$tab read -r name status; do
	t "$name" row "$name" "$status"
done <"$T/table"

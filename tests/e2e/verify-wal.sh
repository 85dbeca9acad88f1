#!/bin/sh
# Several WAL segments are missing from an archive: a finding for each gap, which names its first
# and its last one.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
x=$T/out/x.tar

# An archive with nine segments, the names of which are in $T/segments, unpacked in $T/all.
made() {
	cluster_init main --wal-segsize=1
	cluster_start main
	hold main
	for n in 1 2 3 4 5 6 7 8; do
		sql main "create table t$n as select generate_series(1, 1000)"
		sql main 'select pg_switch_wal()' >/dev/null
	done
	let_go
	[ "$rc" -eq 0 ]
	cluster_stop main
	tar -tf "$T/held.tar" >"$T/list"
	sed -n 's,^pg_wal/\([0-9A-F]\{24\}\)$,\1,p' "$T/list" >"$T/segments"
	lines 9 '' "$T/segments"
	mkdir "$T/all"
	tar -xf "$T/held.tar" -C "$T/all"
	packed "$T/list"
	passes "$x"
}

packed() { # LIST: of the members
	tar --format=ustar --no-recursion -C "$T/all" -cf "$x" -T "$1"
}

segment() { # NUMBER
	sed -n "$1p" "$T/segments"
}

without() { # NUMBER OR NAME...: without those segments
	cp "$T/list" "$T/less"
	for member in "$@"; do
		case $member in
		[1-9]) member=pg_wal/$(segment "$member") ;;
		esac
		sed -i "\\,^$member\$,d" "$T/less"
	done
	packed "$T/less"
}

# are_told FIRST LAST COUNT REST: a finding of this gap is in $T/stderr, and its file is the first one.
are_told() {
	rest="segments \"$(segment "$1")\" to \"$(segment "$2")\" \\($3 of them\\) are missing$4"
	[ "$3" -gt 1 ] || rest="segment \"$(segment "$1")\" is missing$4"
	grep -qE "missing: \"pg_wal/$(segment "$1")\": WAL $rest\$" "$T/stderr"
	grep -q "\"kind\": \"missing\", \"file\": \"pg_wal/$(segment "$1")\"" "$T/report.json"
}

found() { # FINDINGS: that many lines, and no warning
	captured "$BIN" verify --report="$T/report.json" "$x"
	[ "$rc" -eq 3 ]
	lines "$1" '' "$T/stderr"
	grep -q "^NOT restorable: $1 finding" "$T/stdout"
}

lsn='[0-9A-F]+/[0-9A-F]+'
complete=": the WAL is complete up to $lsn, but the backup needs it up to $lsn"

in_the_middle() {
	without 3 4 5
	found 1
	are_told 3 5 3 "$complete"
}

two_gaps() {
	without 2 3 4 6 8 9
	found 3
	are_told 2 4 3 "$complete"
	are_told 6 6 1 " as well: the backup needs the WAL up to $lsn"
	are_told 8 9 2 " as well: the backup needs the WAL up to $lsn"
}

at_the_end() {
	without 7 8 9
	found 1
	are_told 7 9 3 "$complete"
}

at_the_beginning() {
	without 1 2
	found 1
	are_told 1 2 2 ": they are the first, the backup needs the WAL up to $lsn"
}

all_of_it() {
	without 1 2 3 4 5 6 7 8 9
	found 1
	are_told 1 9 9 ": the backup has no WAL, but needs it from $lsn on"
}

# Without the manifest it is not known what the backup needs.
no_manifest() {
	without 3 4 7 backup_manifest
	captured "$BIN" verify --report="$T/report.json" "$x"
	[ "$rc" -eq 3 ]
	are_told 3 4 2 ": the WAL is complete up to $lsn, but the backup ends later"
	are_told 7 7 1 ' as well: later segments are there'
	lines 2 'WAL segment' "$T/stderr"
}

# With a manifest that lists those segments there are no more findings.
listed() {
	cp "$T/all/backup_manifest" "$T/manifest"
	{
		sed '/"Files": \[$/q' "$T/manifest"
		for n in 3 4 7; do
			printf '{ "Path": "pg_wal/%s", "Size": 1048576,\n' "$(segment $n)"
			echo '"Last-Modified": "2026-11-30 12:00:00 GMT",'
			echo '"Checksum-Algorithm": "CRC32C", "Checksum": "01234567" },'
		done
		sed '1,/"Files": \[$/d; /^"Manifest-Checksum"/d' "$T/manifest"
	} >"$T/all/backup_manifest"
	sum=$(sha256sum "$T/all/backup_manifest" | cut -c 1-64)
	echo "\"Manifest-Checksum\": \"$sum\"}" >>"$T/all/backup_manifest"
	without 3 4 7
	found 2
	are_told 3 4 2 "$complete"
	are_told 7 7 1 " as well: the backup needs the WAL up to $lsn"
	cp "$T/manifest" "$T/all/backup_manifest"
}

# restored: the command that unpacks it says the same.
restored() {
	without 3 4 5
	captured "$BIN" restore "$x" -D "$T/out/new" --report="$T/report.json"
	[ "$rc" -ne 0 ]
	are_told 3 5 3 "$complete"
}

t 'an archive with nine segments' made
t 'a gap in the middle' in_the_middle
t 'three gaps' two_gaps
t 'the last ones' at_the_end
t 'the first ones' at_the_beginning
t 'all of them' all_of_it
t 'and no manifest' no_manifest
t 'a manifest that lists them' listed
t 'restore' restored

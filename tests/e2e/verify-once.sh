#!/bin/sh
# One cause is one finding of verify and restore, and it says whether a file was damaged before it
# was backed up or after: the digest in the manifest tells.  A file that is not as it was sent
# always has a finding.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
export PGUSER=postgres
a=$T/out/a.tar
x=$T/out/x.tar
before='; the digest of the file matches the manifest: it was like this when it was backed up$'
after='; the digest of the file does not match the manifest: it was changed after it was backed up$'

# body ARCHIVE MEMBER: where its bytes begin.
body() {
	number=$(tar -tRf "$1" | awk -v m="$2" '{ sub(/^block /, "") } $2 == m { print $1 + 1; exit }')
	[ -n "$number" ]
	echo $((number * 512))
}

changed() { # MEMBER BYTE [ARCHIVE]: a bit of it
	flip "${3:-$x}" $(($(body "${3:-$x}" "$1") + $2))
}

fresh() {
	cp "$a" "$x"
}

# findings COUNT [ARGUMENT...]: so many, and no more lines than these.
findings() {
	count=$1
	shift
	[ "$#" -gt 0 ] || set -- "$x"
	captured "$BIN" verify "$@"
	[ "$rc" -eq 3 ]
	lines "$count" '' "$T/stderr"
	grep -qE "^NOT restorable: $count findings?\$" "$T/stdout"
}

one() { # PATTERN
	findings 1
	grep -qE "^pg_basetar: $1" "$T/stderr"
}

page() {
	fresh
	changed "$table" 13192
	one "checksum: \"$table\", block 1, at offset [0-9]+: page checksum: .*$after"
}

# The block is named of each, the file not once more.
pages() {
	fresh
	changed "$table" 5000
	changed "$table" 13192
	findings 2
	lines 2 "^pg_basetar: checksum: \"$table\", block [01], .*$after" "$T/stderr"
}

no_checksum() {
	fresh
	changed pg_ident.conf 0
	one 'digest: "pg_ident.conf", at offset [0-9]+: CRC32C: '
}

# A page that was damaged in the cluster, and then another one on the way.
before_and_after() {
	flip "$T/main/data/$table" 5000
	captured backup main -c fast --force -o "$x"
	[ "$rc" -eq 3 ]
	chmod 644 "$x"
	flip "$T/main/data/$table" 5000
	one "checksum: \"$table\", block 0, at offset [0-9]+: page checksum: .*$before"
	captured as_server "$BIN" restore "$x" -D "$T/damaged"
	lines 1 "^pg_basetar: checksum: .*$before" "$T/stderr"
	changed "$table" 13192
	findings 2
	lines 2 "^pg_basetar: checksum: \"$table\", block [01], .*$after" "$T/stderr"
}

small_file() {
	fresh
	changed base/1/pg_filenode.map 9
	one "state: \"base/1/pg_filenode.map\", at offset [0-9]+: checksum of .*$after"
}

# When the manifest is damaged, what it says of a digest may be the damage.
doubtful() {
	fresh
	changed "$table" 5000
	at_time=$(tar -xOf "$x" backup_manifest | grep -bo "\"Path\": \"$table\".*\"Last-Modified\": \"" |
		awk -F : '{ print $1 + length($0) - length($1) - 1; exit }')
	changed backup_manifest "$at_time"
	findings 2
	grep -qE "^pg_basetar: checksum: \"$table\", block 0, .*found\$" "$T/stderr"
	grep -q '^pg_basetar: manifest: ' "$T/stderr"
}

no_manifest() {
	captured backup main -c fast --force -o "$x" --no-manifest
	[ "$rc" -eq 0 ]
	chmod 644 "$x"
	changed base/1/pg_filenode.map 9
	captured "$BIN" verify "$x"
	[ "$rc" -eq 3 ]
	grep -qE '^pg_basetar: state: "base/1/pg_filenode.map", .*: checksum of [^;]*$' "$T/stderr"
	grep -q '^NOT restorable: 1 finding$' "$T/stdout"
}

# What was found is told also when the rest cannot be read.
cut_short() {
	fresh
	changed base/1/pg_filenode.map 9
	head -c 10000000 "$x" >"$x.cut"
	captured "$BIN" verify "$x.cut"
	[ "$rc" -eq 1 ]
	grep -qE '^pg_basetar: state: "base/1/pg_filenode.map", .*: checksum of [^;]*$' "$T/stderr"
	grep -q '^pg_basetar: NOT restorable: 1 finding, and it could not be read to its end: ' "$T/stderr"
	captured as_server "$BIN" restore "$x.cut" -D "$T/cut"
	[ "$rc" -eq 1 ]
	lines 1 '^pg_basetar: state: "base/1/pg_filenode.map", ' "$T/stderr"
}

cut_after_manifest() {
	fresh
	changed pg_ident.conf 0
	gzip -1 -c "$x" >"$x.gz"
	flip "$x.gz" $(($(stat -c %s "$x.gz") - 6))
	captured "$BIN" verify "$x.gz"
	[ "$rc" -eq 1 ]
	lines 1 '^pg_basetar: digest: "pg_ident.conf", ' "$T/stderr"
	grep -q '^pg_basetar: NOT restorable: 1 finding, and it could not be read to its end: ' "$T/stderr"
}

in_report() {
	fresh
	changed "$table" 5000
	changed pg_ident.conf 0
	findings 2 --report="$T/report.json" "$x"
	lines 1 '"kind": "checksum",.* "digest": "differs"' "$T/report.json"
	lines 1 '"kind": "digest",.*"digest": null' "$T/report.json"
}

# The same of what pg_basebackup made, the manifest beside it.
stock() {
	at main pg_basebackup -Ft -c fast --manifest-checksums=SHA256 -D "$T/out/stock" 2>/dev/null
	changed "$table" 5000 "$T/out/stock/base.tar"
	changed base/1/PG_VERSION 0 "$T/out/stock/base.tar"
	findings 2 "$T/out/stock"
	lines 1 "^pg_basetar: checksum: \"$table\", block 0, .*$after" "$T/stderr"
	lines 1 "^pg_basetar: state: \"base/1/PG_VERSION\", .*$after" "$T/stderr"
}

cluster_init main -k --wal-segsize=1
cluster_set main autovacuum=off
cluster_start main
sql main 'create table t as select g from generate_series(1, 20000) g'
sql main checkpoint
table=$(sql main "select pg_relation_filepath('t')")
captured backup main -c fast -o "$a"
chmod 644 "$a"
t 'a page' page
t 'two pages' pages
t 'a page that was damaged in the cluster, and another' before_and_after
t 'a file without a checksum of its own' no_checksum
t 'a relation map' small_file
t 'the manifest is damaged as well' doubtful
t 'there is no manifest' no_manifest
t 'the rest is missing' cut_short
t 'only the end is damaged' cut_after_manifest
t 'in the report' in_report
t 'an archive of pg_basebackup' stock

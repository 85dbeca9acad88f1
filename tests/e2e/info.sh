#!/bin/sh
# info says of a backup what is so: what the run that made it reported, and pg_control has; it
# reads no more than it must, and of what is no backup says nothing.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
export PGUSER=postgres

# key NAME FILE: the line of that key at the top of a JSON object, without its comma.
key() {
	sed -n "s/^  \"$1\": \(.*[^,]\),*$/\1/p" "$2"
}

# places FILE: where it says that tablespaces are.
places() {
	sed -n "s/^    { \(\"oid\": [0-9]*, \"location\": \".*\"\), .*/\1/p" "$1"
}

info() { # ARGUMENT...
	captured timeout 60 "$BIN" info "$@"
	cat "$T/stdout"
}

# says PATTERN...: a line each.
says() {
	for pattern; do
		lines 1 "^$pattern\$" "$T/stdout"
	done
}

# agrees INPUT KEY...: with the report of the run that made it; --json of all that is in it.
agrees() {
	info --json "$1"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	shift
	for name in label mode source server_version system_identifier start_lsn start_timeline \
		stop_lsn stop_timeline wal_method manifest_checksums compression "$@"; do
		[ -n "$(key "$name" "$T/stdout")" ]
		[ "$(key "$name" "$T/stdout")" = "$(key "$name" "$T/out/report")" ]
	done
	[ "$(places "$T/stdout")" = "$(places "$T/out/report")" ]
}

made() { # OUTPUT OPTION...
	output=$1
	shift
	captured backup main -l 'nightly "1"' -c fast -o "$output" --report="$T/out/report" "$@"
	[ "$rc" -eq 0 ]
}

prepared() {
	cluster_init main -k
	cluster_start main
	tablespace main spc1
	as_server mkdir "$T/main/spc 2"
	sql main "create tablespace spc2 location '$T/main/spc 2'"
	sql main 'create table a tablespace spc1 as select generate_series(1, 20000)'
	oid=$(sql main "select oid from pg_tablespace where spcname = 'spc1'")
	identifier=$(sql main 'select system_identifier from pg_control_system()')
	echo "$oid" >"$T/out/oid"
	echo "$identifier" >"$T/out/identifier"
}

of_one_archive() {
	made "$T/out/one.tar"
	agrees "$T/out/one.tar" members bytes_raw bytes_written
	info "$T/out/one.tar"
	says 'label: *nightly "1"' 'made by: *pg_basetar [0-9.]*[a-z0-9-]*' 'mode: *online, of a primary' \
		"server version: *$packaged" "system identifier: *$(cat "$T/out/identifier")" \
		'data checksums: *on' 'started: *20..-..-.. ..:..:.. [A-Z+0-9]*' \
		'start position: *0/[0-9A-F]*, timeline 1' 'stop position: *0/[0-9A-F]*, timeline 1' \
		'WAL: *1 segment, 16.8 MB' 'manifest: *CRC32C' \
		"tablespace $(cat "$T/out/oid"): *$T/main/spc1, [0-9.]* [kM]B" \
		"tablespace [0-9]*: *$T/main/spc 2, 0.0 kB" 'compression: *none' \
		'size: *[0-9.]* MB, unpacked [0-9.]* MB in [0-9]* files'
	[ "$(wc -l <"$T/stdout")" -eq 15 ]
}

# What a later release may write.
of_unknown_checksums() {
	mutilate=${MUTILATE:-$top/build/rel/mutilate}
	[ -x "$mutilate" ] || skip "no $mutilate here (make unit)"
	{ [ "$packaged" -ge 13 ] && [ "$packaged" -le 16 ]; } || skip 'it knows pg_control of 13 to 16'
	"$mutilate" 'control: checksums of another kind, manifest rebuilt' "$T/out/one.tar" "$T/out/other.tar"
	info "$T/out/other.tar"
	says 'data checksums: *of an unknown kind (2)'
	info --json "$T/out/other.tar"
	[ "$(key data_checksums "$T/stdout")" = 2 ]
}

of_gzip() {
	made "$T/out/one.tar.gz" --manifest-checksums=SHA256
	agrees "$T/out/one.tar.gz" bytes_written # of the rest: info-ends.sh
	[ "$(key manifest_checksums "$T/stdout")" = '"SHA256"' ]
}

of_a_pipe() {
	info --json "$T/out/one.tar.gz"
	"$BIN" info --json - <"$T/out/one.tar.gz" >"$T/out/seen"
	unread='compression|bytes_written|members|bytes_raw'
	gzip -dc "$T/out/one.tar.gz" | "$BIN" info --json - >"$T/out/piped"
	cmp "$T/out/seen" "$T/stdout"
	[ "$(grep -vE "$unread" "$T/out/piped")" = "$(grep -vE "$unread" "$T/stdout")" ]
}

of_a_set() {
	rm -rf "$T/out/set"
	made "$T/out/set" --split -Z gzip
	agrees "$T/out/set"
}

without_manifest() {
	made "$T/out/bare.tar" --no-manifest -X none --no-wait-archive
	info "$T/out/bare.tar"
	says 'manifest: *none' 'WAL: *not in the backup: .*' 'start position: .*'
	lines 0 '^stop position' "$T/stdout"
	info --json "$T/out/bare.tar"
	says '  "stop_lsn": null,' '  "wal_method": "none",' '  "manifest_checksums": null,'
}

of_pg_basebackup() { # OPTION...
	rm -rf "$T/out/stock"
	at main pg_basebackup -Ft -c fast -l stock -D "$T/out/stock" "$@" >/dev/null 2>&1
	info "$T/out/stock"
	[ "$rc" -eq 0 ]
	says 'label: *stock' 'mode: *online, of a primary' "server version: *$packaged" 'manifest: *CRC32C' \
		"system identifier: *$(cat "$T/out/identifier")" 'stop position: *0/[0-9A-F]*, timeline 1' \
		'WAL: *1 segment, 16.8 MB' "tablespace $(cat "$T/out/oid"): *$T/main/spc1, [0-9.]* [kM]B" \
		"tablespace [0-9]*: *$T/main/spc 2, 0.0 kB"
	lines 0 '^made by' "$T/stdout"
}

# The stop is where the checkpoint of the shutdown ends.
of_a_stopped_cluster() {
	cluster_stop main
	captured as_server "$BIN" -D "$T/main/data" --offline -l cold -o "$T/out/cold.tar" \
		--report="$T/out/report"
	[ "$rc" -eq 0 ]
	cluster_start main
	agrees "$T/out/cold.tar" members bytes_raw bytes_written
	info "$T/out/cold.tar"
	says 'label: *cold' 'mode: *offline, of a primary' 'stop position: .*'
	lines 0 '^started' "$T/stdout"
}

# Bytes that were asked of the system, of an archive of some 50 MB.
reads_little() {
	for option in '' --brief; do
		# shellcheck disable=SC2086
		strace -f -qq -e trace=read,pread64 -o "$T/out/trace" "$BIN" info $option "$T/out/one.tar"
		bytes=$(sed -n 's/.*= \([0-9]*\)$/\1/p' "$T/out/trace" | awk '{ sum += $1 } END { print sum }')
		[ "$bytes" -lt $((4 * 1024 * 1024)) ]
	done >"$T/stdout"
	[ "$bytes" -lt $((64 * 1024)) ]
}

# What it begins with is there even of an archive that was cut.
is_brief() {
	for name in one.tar one.tar.gz; do
		head -c 40000 "$T/out/$name" >"$T/out/cut"
		info --brief "$T/out/cut"
		[ "$rc" -eq 0 ]
		says 'label: *nightly "1"' 'start position: .*' "server version: *$packaged" 'WAL: *in the backup' \
			"tablespace $(cat "$T/out/oid"): *$T/main/spc1" "manifest: *[A-Z0-9]*"
		lines 0 '^size' "$T/stdout"
		info "$T/out/cut"
		[ "$rc" -eq 1 ]
		[ ! -s "$T/stdout" ]
		one_error "$T/stderr" 'cut short|gzip'
	done
	info --brief --json "$T/out/set"
	says '  "bytes_raw": null,' '  "stop_lsn": "[0-9A-F/]*",'
}

is_none() { # PATTERN ARGUMENT...
	pattern=$1
	shift
	info "$@"
	[ "$rc" -eq 1 ]
	[ ! -s "$T/stdout" ]
	one_error "$T/stderr" "$pattern"
}

refusals() {
	tar --format=ustar -cf "$T/out/other.tar" -C "$top" README.md
	: >"$T/out/empty"
	head -c 100000 /dev/urandom >"$T/out/random"
	is_none 'not a base backup' "$T/out/other.tar"
	is_none 'is one archive of a backup that has others' \
		"$T/out/set/$(cat "$T/out/oid").tar.gz"
	is_none 'empty' "$T/out/empty"
	is_none 'offset 0' "$T/out/random"
	is_none 'No such file' "$T/out/nothing"
	is_none 'no archive specified'
	is_none 'is not for the command "info"' --report=x "$T/out/one.tar"
}

# damaged MEMBER PATTERN: one that tells of the whole does not say what it should.
damaged() {
	rm -rf "$T/out/tree"
	mkdir "$T/out/tree"
	tar -xf "$T/out/one.tar" -C "$T/out/tree" "$1"
	printf FORGED | dd of="$T/out/tree/$1" conv=notrunc status=none # the system identifier has any bytes
	cp "$T/out/one.tar" "$T/out/damaged.tar"
	tar --delete -f "$T/out/damaged.tar" "$1"
	tar -rf "$T/out/damaged.tar" -C "$T/out/tree" "$1"
	is_none "\"$1\": " "$T/out/damaged.tar"
	lines 1 '^hint: "pg_basetar verify"' "$T/stderr"
}

# The advice is about the archive, not about a data directory.
not_readable() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	cp "$T/out/one.tar" "$T/out/closed.tar"
	chmod 600 "$T/out/closed.tar"
	for what in info verify; do
		captured as_server "$BIN" "$what" "$T/out/closed.tar"
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" 'Permission denied'
		lines 1 '^hint: Let this user read the archive' "$T/stderr"
	done
}

# A line break in a name, and what a terminal would obey.
is_harmless() {
	evil=$(printf '%s/e\033[31m\nlabel: forged' "$T/main")
	as_server mkdir "$evil"
	sql main "create tablespace evil location '$evil'" || skip 'the server takes no such name'
	made "$T/out/evil.tar" --no-manifest
	sql main 'drop tablespace evil'
	info "$T/out/evil.tar"
	lines 1 '^label: ' "$T/stdout"
	! grep -q "$(printf '\033')" "$T/stdout"
}

t 'a cluster with two tablespaces' prepared
t 'one archive: as the run reported it' of_one_archive
t 'checksums of an unknown kind' of_unknown_checksums
t 'gzip: the same' of_gzip
t 'a pipe: the same as the file' of_a_pipe
t 'a directory of archives' of_a_set
t 'without manifest and WAL: what is not known is not said' without_manifest
t 'pg_basebackup, the WAL streamed' of_pg_basebackup -X stream
t 'pg_basebackup, the WAL fetched, gzip' of_pg_basebackup -X fetch -z
t 'a stopped cluster' of_a_stopped_cluster
t 'of a file it reads headers, and what tells of the whole' reads_little
t '--brief: what stands at the beginning' is_brief
t 'what is no backup: one error, nothing on standard output' refusals
t 'an archive of somebody else' not_readable
t 'a damaged label is an error' damaged backup_label 'backup_label'
t 'a damaged pg_control is an error' damaged global/pg_control 'pg_control'
t 'a damaged manifest is an error' damaged backup_manifest 'backup_manifest'
t 'names do not play with the terminal' is_harmless

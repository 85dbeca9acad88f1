#!/bin/sh
# verify: sound backups of all kinds are sound, ours and pg_basebackup's; each that is damaged in
# one way is told of by that way; nothing is written.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
export PGUSER=postgres
a=$T/out/a.tar # with a manifest
n=$T/out/n.tar # without: what is changed in it must be found by what it says
x=$T/out/x.tar

# verified STATUS ARGUMENT...
verified() {
	status=$1
	shift
	captured "$BIN" verify "$@"
	cat "$T/stdout"
	[ "$rc" -eq "$status" ]
}

# is_sound ARGUMENT...: and says where it is consistent.
is_sound() {
	verified 0 "$@"
	[ ! -s "$T/stderr" ] || ! grep -qv '^pg_basetar: warning: ' "$T/stderr"
	lines 1 '' "$T/stdout"
	grep -qE "^restorable, consistent from [0-9A-F]+/[0-9A-F]+\$" "$T/stdout"
}

# found PATTERN ARGUMENT...: one of the findings is that.
found() {
	pattern=$1
	shift
	verified 3 "$@"
	grep -qE "^pg_basetar: $pattern" "$T/stderr"
	tail -n 1 "$T/stdout" | grep -qE '^NOT restorable: [0-9]+ findings?$'
}

# unreadable PATTERN ARGUMENT...: not to its end.
unreadable() {
	pattern=$1
	shift
	verified 1 "$@"
	grep -qE "^pg_basetar: NOT restorable: .*could not be read to its end: .*$pattern" "$T/stderr"
	[ ! -s "$T/stdout" ]
}

taken() { # FILE OPTION...
	file=$1
	shift
	rm -rf "$file"
	captured backup main -c fast -o "$file" "$@"
	[ "$rc" -eq 0 ]
}

# ---------------------------------------------------------------- sound

ours() { # OPTION...: in a file, and through a pipe
	taken "$x" "$@"
	is_sound "$x"
	# shellcheck disable=SC2002 # a pipe is what is wanted
	cat "$x" | captured_pipe
}

captured_pipe() {
	"$BIN" verify - >"$T/stdout" && grep -q '^restorable' "$T/stdout"
}

# The manifest's end of WAL is where it says that the backup is consistent.
same_end() {
	taken "$x"
	is_sound "$x"
	end=$(tar -xOf "$x" backup_manifest | sed -n 's/.*"End-LSN": "\(.*\)".*/\1/p')
	grep -qx "restorable, consistent from $end" "$T/stdout"
	is_sound --report="$T/report.json" "$x"
	grep -qx '  "result": "sound",' "$T/report.json"
	grep -qx "  \"stop_lsn\": \"$end\"," "$T/report.json"
	verified 0 -q "$x"
	[ ! -s "$T/stdout" ]
}

split() { # OPTION...
	taken "$T/out/split" --split "$@"
	is_sound "$T/out/split"
}

without_wal() {
	taken "$x" -X none --no-wait-archive
	verified 0 "$x"
	grep -qE '^restorable with the WAL from [0-9A-F/]+ on, consistent from [0-9A-F/]+$' "$T/stdout"
}

stock() { # VERDICT OPTION...: by pg_basebackup
	verdict=$1
	shift
	rm -rf "$T/out/stock"
	at main pg_basebackup -Ft -c fast -D "$T/out/stock" "$@" >/dev/null 2>&1
	verified 0 "$T/out/stock"
	grep -q "^$verdict" "$T/stdout"
}

stock_stream() { # OPTION...
	at plain pg_basebackup -Ft -c fast -X fetch -D - "$@" >"$x" 2>/dev/null
	is_sound "$x"
}

stock_stream_sha512() {
	at plain pg_basebackup -Ft -c fast -X fetch --manifest-checksums=SHA512 -D - >"$x" 2>/dev/null
	verified 1 "$x"
	grep -q '^hint: Verify again with --manifest-checksums=SHA512' "$T/stderr"
	is_sound --manifest-checksums=SHA512 "$x"
}

cold() { # OPTION...
	rm -rf "$x" "$T/out/split"
	captured as_server "$T/bin/pg_basetar" -D "$T/main/data" "$@"
	[ "$rc" -eq 0 ]
}

offline() {
	cold --offline -o "$x"
	is_sound "$x"
	cold --offline --split -o "$T/out/split"
	is_sound "$T/out/split"
}

snapshot() { # of a server that was killed
	cluster_start main
	sql main 'insert into t select g from generate_series(1, 40000) g'
	cluster_stop main immediate
	as_server rm -f "$T/main/data/postmaster.pid"
	cold --snapshot -o "$x"
	is_sound "$x"
	cold --snapshot --no-manifest -o "$x"
	is_sound "$x"
	mv "$x" "$T/out/s.tar"
	[ "$(tar -tf "$T/out/s.tar" | grep -cE '^pg_wal/[0-9A-F]{24}$')" -gt 2 ]
}

# The first segment of the snapshot, in the middle of its WAL.
snapshot_flipped() { # BYTE
	first=$(tar -tf "$T/out/s.tar" | grep -E '^pg_wal/[0-9A-F]{24}$' | sed -n 2p)
	flipped 'wal: ' "$first" "$1" "$T/out/s.tar"
}

version() {
	cluster_init v "$1" -k
	cluster_set v wal_level=replica
	cluster_start v
	as_server mkdir "$T/v/space"
	sql v "create tablespace s location '$T/v/space'"
	sql v 'create table t tablespace s as select g from generate_series(1, 1000) g'
	rm -f "$x"
	captured backup v -c fast -o "$x"
	[ "$rc" -eq 0 ]
	is_sound "$x"
	cluster_stop v
}

# ---------------------------------------------------------------- damaged

# offset ARCHIVE MEMBER: of its header.
offset() {
	number=$(tar -tRf "$1" | awk -v m="$2" '{ sub(/^block /, "") } $2 == m { print $1 + 0; exit }')
	[ -n "$number" ]
	echo $((number * 512))
}

# put FILE OFFSET TEXT: over what is there; TEXT as printf has it.
put() {
	# shellcheck disable=SC2059 # the text has escapes
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# checksum FILE OFFSET: make that of the header right.
checksum() {
	put "$1" $(($2 + 148)) '        '
	sum=$(od -An -v -tu1 -j "$2" -N 512 "$1" | awk '{ for (i = 1; i <= NF; i++) n += $i } END { print n }')
	put "$1" $(($2 + 148)) "$(printf '%06o' "$sum")\\0 "
}

flipped() { # PATTERN MEMBER BYTE [ARCHIVE]
	cp "${4:-$a}" "$x"
	flip "$x" $(($(offset "$x" "$2") + 512 + $3))
	found "$1" "$x"
}

put_header() { # FIELD-OFFSET TEXT: with a right checksum
	cp "$a" "$x"
	h=$(offset "$x" base/1/PG_VERSION)
	put "$x" $((h + $1)) "$2"
	checksum "$x" "$h"
}

header() { # FIELD-OFFSET TEXT PATTERN
	put_header "$1" "$2"
	found "$3" "$x"
}

# A mode that restore does not take over is a warning.
set_user() {
	put_header 100 0004600
	is_sound "$x"
	grep -q '^pg_basetar: warning: .*"base/1/PG_VERSION"' "$T/stderr"
}

header_sum() { # FIELD-OFFSET: the checksum left as it was
	cp "$a" "$x"
	flip "$x" $(($(offset "$x" base/1/PG_VERSION) + $1))
	unreadable 'checksum' "$x"
}

typeflag() { # CHARACTER PATTERN
	cp "$a" "$x"
	h=$(offset "$x" base/1/PG_VERSION)
	put "$x" $((h + 156)) "$1"
	checksum "$x" "$h"
	verified 1 "$x"
	one_error "$T/stderr" "$2"
}

deleted() { # PATTERN MEMBER [ARCHIVE]
	cp "${3:-$a}" "$x"
	tar --delete -f "$x" "$2"
	found "$1" "$x"
}

doubled() { # MEMBER: once more, behind all others
	cp "$a" "$x"
	(cd "$T/tree" && tar -rf "$x" --no-recursion "$1")
	found "duplicate: \"$1\"" "$x"
	grep -q '^pg_basetar: stream: ' "$T/stderr"
}

extra() {
	cp "$a" "$x"
	(cd "$T/tree" && cp PG_VERSION base/1/extra && tar -rf "$x" base/1/extra && rm base/1/extra)
	found 'extra: "base/1/extra"' "$x"
}

named() { # PATTERN NAME: the member backup_manifest gets that name
	cp "$n" "$x"
	h=$(offset "$x" base/1/PG_VERSION)
	put "$x" "$h" "$2\\0"
	checksum "$x" "$h"
	found "$1" "$x"
}

label_says() { # PATTERN SED
	cp "$n" "$x"
	h=$(offset "$x" backup_label)
	tar -xOf "$n" backup_label | sed "$2" >"$T/label"
	[ "$(wc -c <"$T/label")" -eq "$(tar -xOf "$n" backup_label | wc -c)" ]
	dd if="$T/label" of="$x" bs=1 seek=$((h + 512)) conv=notrunc status=none
	found "$1" "$x"
}

manifest_says() { # PATTERN SED
	cp "$a" "$x"
	h=$(offset "$x" backup_manifest)
	tar -xOf "$a" backup_manifest | sed "$2" >"$T/manifest"
	[ "$(wc -c <"$T/manifest")" -eq "$(tar -xOf "$a" backup_manifest | wc -c)" ]
	dd if="$T/manifest" of="$x" bs=64k oflag=seek_bytes seek=$((h + 512)) conv=notrunc status=none
	found "$1" "$x"
}

cut() { # BYTES less than all
	head -c -"$1" "$a" >"$x"
	unreadable 'cut short at offset' "$x"
}

zeroed() { # a page of WAL, with more behind it
	cp "$T/out/s.tar" "$x"
	second=$(tar -tf "$x" | grep -E '^pg_wal/[0-9A-F]{24}$' | sed -n 2p)
	dd if=/dev/zero of="$x" bs=512 seek=$(($(offset "$x" "$second") / 512 + 1 + 16 * $1)) count=16 \
		conv=notrunc status=none
	found 'wal: ' "$x"
}

# only_missing FILE MEMBER [PATTERN]: one cause is one finding, whatever else asks for the member.
only_missing() {
	cp "$1" "$x"
	tar --delete -f "$x" "$2"
	is_only_missing "$2" "${3:-.}" "$x"
}

is_only_missing() { # MEMBER PATTERN FILE|DIRECTORY
	found "missing: \"$1\": $2" --report="$T/report.json" "$3"
	[ "$(grep -vc '^pg_basetar: warning: ' "$T/stderr")" -eq 1 ]
	grep -qx 'NOT restorable: 1 finding' "$T/stdout"
	grep -q "\"kind\": \"missing\", \"file\": \"$1\"" "$T/report.json"
}

segments() { # ARCHIVE
	tar -tf "$1" | grep -E '^pg_wal/[0-9A-F]{24}$'
}

segment_gone() { # ARCHIVE head or tail: the first or the last
	only_missing "$1" "$(segments "$1" | "$2" -n 1)" 'WAL segment "[0-9A-F]{24}" is missing: '
}

streaming() {
	[ "$(sql plain "select count(*) from pg_stat_progress_basebackup
		where phase = 'streaming database files'")" -eq 1 ]
}

# The manifest of such an archive lists the marks, and not the segments, of which there are several.
fetched() {
	at plain pg_basebackup -Ft -c fast -X fetch -r 10M -D "$T/out/fetched" >/dev/null 2>&1 &
	pid=$!
	wait_until 30 streaming
	for round in 1 2 3; do
		sql plain "create table f$round as select 1"
		sql plain 'select pg_switch_wal()' >/dev/null
	done
	wait "$pid"
	is_sound "$T/out/fetched"
	[ "$(segments "$T/out/fetched/base.tar" | wc -l)" -gt 3 ]
}

fetched_less() {
	third=$(segments "$T/out/fetched/base.tar" | sed -n 3p)
	h=$(offset "$T/out/fetched/base.tar" "$third")
	{
		head -c "$h" "$T/out/fetched/base.tar"
		tail -c +$((h + 512 + 1048576 + 1)) "$T/out/fetched/base.tar"
	} >"$x"
	mv "$x" "$T/out/fetched/base.tar" # GNU tar damages what is behind a segment that it deletes
	is_only_missing "$third" "WAL segment \"${third#pg_wal/}\" is missing: the WAL is complete up to [0-9A-F/]+, the backup needs it up to [0-9A-F/]+\$" "$T/out/fetched"
}

gzip_cut() {
	head -c "$1" "$T/out/a.tar.gz" >"$x.gz"
	unreadable 'cut short|damaged' "$x.gz"
}

gzip_trailer() { # BYTES from the end
	cp "$T/out/a.tar.gz" "$x.gz"
	flip "$x.gz" $(($(stat -c %s "$x.gz") - $1))
	unreadable 'incorrect (data|length) check' "$x.gz"
}

gzip_behind() {
	{ cat "$T/out/a.tar.gz" && echo garbage; } >"$x.gz"
	unreadable 'continues after its end' "$x.gz"
	{ cat "$T/out/a.tar.gz" && head -c 10000 /dev/zero; } >"$x.gz"
	is_sound "$x.gz"
	{ head -c 1000000 "$a" | gzip -1 && tail -c +1000001 "$a" | gzip -1; } >"$x.gz"
	is_sound "$x.gz"
}

bomb() { # zeros without end behind the archive
	{ cat "$a" && head -c 300M /dev/zero; } | gzip -1 >"$x.gz"
	unreadable 'zeros|continues after its end' "$x.gz"
}

huge() { # a member of 2^60 bytes
	cp "$a" "$x"
	h=$(offset "$x" base/1/PG_VERSION)
	put "$x" $((h + 124)) '\200\000\000\000\020\000\000\000\000\000\000\000'
	checksum "$x" "$h"
	unreadable 'cut short' "$x"
}

garbage() {
	{ cat "$a" && echo garbage; } >"$x"
	unreadable 'continues after its end' "$x"
}

no_archive() {
	: >"$x"
	unreadable 'empty' "$x"
	head -c 100000 /dev/urandom >"$x"
	unreadable 'checksum|neither ustar' "$x"
	verified 1 "$T/tree"
	one_error "$T/stderr" 'there is no base.tar'
	verified 1 "$T/none"
	one_error "$T/stderr" 'No such file'
}

piece_of_split() {
	taken "$T/out/split" --split
	found 'tablespace: ' "$T/out/split/base.tar"
	mv "$T/out/split/"[0-9]*.tar "$T/out/"
	found 'tablespace: "pg_basetar.info": the archive' "$T/out/split"
	rm "$T/out/"[0-9]*.tar
}

writes_nothing() {
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	strace -f -qq -o "$T/trace" -e trace=openat,open,unlink,rename "$BIN" verify -q "$a"
	[ "$(grep -c 'O_WRONLY\|O_RDWR\|O_CREAT\|unlink\|rename' "$T/trace")" -eq 0 ]
}

interrupted() {
	mkfifo "$T/fifo"
	"$BIN" verify "$T/fifo" 2>"$T/stderr" &
	pid=$!
	exec 9>"$T/fifo"
	head -c 1000000 "$a" >&9
	kill -TERM "$pid"
	rc=0
	wait "$pid" || rc=$?
	exec 9>&-
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'interrupted by SIGTERM, the backup was not verified'
}

# A page that was torn while it was copied is whole in the WAL; one that was not is damaged.
torn() {
	sql main 'checkpoint'
	file=$(sql main "select pg_relation_filepath('torn')")
	cp "$n" "$x"
	h=$(offset "$x" "$file")
	flip "$x" $((h + 512 + 8192 + 5000))
	found "checksum: \"$file\", block 1, at offset $((h + 512 + 8192)): page checksum: [0-9A-F]+ expected, [0-9A-F]+ found" "$x"
	lines 1 '^pg_basetar: checksum' "$T/stderr"
}

cluster_init plain -k --wal-segsize=1
cluster_start plain
t 'pg_basebackup to standard output' stock_stream
t 'the same with SHA256' stock_stream --manifest-checksums=SHA256
t 'the same with a digest that nothing tells' stock_stream_sha512
t 'pg_basebackup -X fetch, of several segments' fetched
t 'one of them is missing: one finding' fetched_less
cluster_stop plain

cluster_init main -k --wal-segsize=1
cluster_start main
tablespace main spc1
sql main 'create table t tablespace spc1 as select g from generate_series(1, 20000) g'
sql main 'create table torn as select g from generate_series(1, 20000) g'
t 'the end that the manifest has' same_end
t 'one archive, gzip' ours -z
for digest in SHA224 SHA256 SHA384 SHA512 NONE; do
	t "one archive, $digest" ours --manifest-checksums=$digest
done
t 'one archive, no manifest' ours --no-manifest
t 'without WAL' without_wal
t 'split' split
t 'split, gzip, SHA256' split -z --manifest-checksums=SHA256
t 'split, no manifest' split --no-manifest
for method in fetch stream; do
	t "pg_basebackup -X $method" stock 'restorable, consistent' -X $method
	t "pg_basebackup -X $method -z" stock 'restorable, consistent' -X $method -z
done
t 'pg_basebackup -X none' stock 'restorable with the WAL' -X none
t 'pg_basebackup --no-manifest' stock 'restorable, consistent' --no-manifest
t 'pg_basebackup, SHA384' stock 'restorable, consistent' --manifest-checksums=SHA384

taken "$a"
taken "$n" --no-manifest
gzip -1 -c "$a" >"$T/out/a.tar.gz"
mkdir "$T/tree"
tar -xf "$a" -C "$T/tree"
relation=$(sql main "select pg_relation_filepath('torn')")
segment=$(tar -tf "$a" | grep -E '^pg_wal/[0-9A-F]{24}$' | head -n 1)
t 'a bit in the label' flipped '(label|digest): "backup_label"' backup_label 5
t 'a bit in pg_basetar.info' flipped 'info: "pg_basetar.info"' pg_basetar.info 30
t 'a bit in PG_VERSION' flipped 'state: "base/1/PG_VERSION"' base/1/PG_VERSION 1
t 'a bit in a relation' flipped "checksum: \"$relation\", block 0" "$relation" 5000
t 'a bit in pg_control' flipped 'control: "global/pg_control"' global/pg_control 20
t 'a bit behind what pg_control holds' flipped 'digest: "global/pg_control"' global/pg_control 5000
t 'a bit in the manifest' flipped 'manifest: ' backup_manifest 300
t 'a bit in a page header of WAL' flipped 'wal: ' "$segment" 9
t 'a bit in a page' torn
t 'a name' header 0 base/1/PG_VERSIOM 'missing: "base/1/PG_VERSION"'
t 'set user' set_user
t 'a size' header 124 00000000002 'size: "base/1/PG_VERSION"'
for field in 0 101 109 117 125 137 149 157 258 264 346; do
	t "a bit in a header, at $field" header_sum $field
done
for type in 3 4 6; do
	t "a member of type $type" typeflag $type 'unknown type'
done
t 'a hard link' typeflag 1 'is a hard link'
t 'a pax header for all members' typeflag g 'is a pax header for all members'
t 'a sparse file' typeflag S 'is a sparse file'
t 'a long name that is the body of a file' typeflag L 'long name does not end in a NUL'
t 'the label is missing' only_missing "$a" backup_label 'without it a copy of a running server'
t 'the label is missing, no manifest' deleted 'missing: "backup_label": without' backup_label "$n"
t 'PG_VERSION is missing' only_missing "$a" PG_VERSION
t 'pg_control is missing' only_missing "$a" global/pg_control
t 'a relation is missing' deleted "missing: \"$relation\"" "$relation"
t 'a directory is missing' deleted 'missing: "pg_notify"' pg_notify
t 'pg_basetar.info is missing' deleted 'missing: "pg_basetar.info"' pg_basetar.info
t 'the manifest is missing' deleted 'missing: "backup_manifest"' backup_manifest
for member in backup_label PG_VERSION global/pg_control; do
	t "$member twice" doubled $member
done
t 'a file that nobody knows' extra
t 'a name with ..' named 'name: "base/../PG_VERSION"' base/../PG_VERSION
t 'an absolute name' named 'name: "/base/1/PG_VERSION"' /base/1/PG_VERSION
t 'a name with an empty part' named 'name: "base//PG_VERSION"' base//PG_VERSION
t 'out of order' named 'stream: "aaaa/1/PG_VERSION"' aaaa/1/PG_VERSION
t 'another method' label_says 'label: "backup_label": ' 's/streamed/streamee/'
t 'of a standby' label_says 'control: "global/pg_control": state of the cluster|label: ' 's/^BACKUP FROM: primary/BACKUP FROM: standby/'
t 'another timeline' label_says 'label: |wal: ' 's/^START TIMELINE: 1/START TIMELINE: 2/'
t 'of another backup' label_says 'label: |wal: |control: ' 's/^\(START WAL LOCATION: .*\)\(.\) (file/\19 (file/'
t 'another label' label_says 'label: "backup_label": LABEL' 's/^LABEL: pg/LABEL: gp/'
t 'a digit of the manifest' manifest_says 'manifest: "backup_manifest": its own checksum' 's/^\(.*PG_VERSION.*Modified": "\)2/\13/'
t 'a path of the manifest' manifest_says 'manifest: "backup_manifest": "../e/1/PG_VERSION" is not a path' 's,"base/1/PG_VERSION","../e/1/PG_VERSION",'
t 'a key twice' manifest_says 'manifest: "backup_manifest": (duplicate|unknown) key' 's/"Size": 3, "Last-Modified"/"Path": 3, "Last-Modified"/'
t 'a WAL range' manifest_says 'manifest: |wal: ' 's/"Timeline": 1/"Timeline": 2/'
t 'cut in the end' cut 10000
t 'cut in the manifest' cut 30000
t 'cut in the WAL' cut 600000
t 'garbage behind the end' garbage
t 'the first segment is gone' segment_gone "$n" head
t 'the last segment is gone' segment_gone "$n" tail
t 'gzip, cut' gzip_cut 300000
t 'gzip, cut by one' gzip_cut $(($(stat -c %s "$T/out/a.tar.gz") - 1))
t 'gzip, the checksum' gzip_trailer 6
t 'gzip, the length' gzip_trailer 2
t 'gzip, what is behind' gzip_behind
t 'zeros without end' bomb
t 'a member of 2^60 bytes' huge
t 'no archive at all' no_archive
t 'one archive of several' piece_of_split
t 'nothing is written' writes_nothing
t 'interrupted' interrupted

cluster_stop main
t 'shut down' offline
t 'a snapshot' snapshot
# not what nobody reads: the flag "removable", and what fills records up to 8 bytes
for byte in 0 3 4 8 24 32 $((8192 * 20 + 8)) $((8192 * 20 + 4000)) $((8192 * 100 + 16)); do
	t "a bit in the WAL, at $byte" snapshot_flipped "$byte"
done
for page in 0 10 127; do
	t "page $page of WAL is zeros" zeroed $page
done
for major in $(majors all); do
	t "a cluster of $major" version "$major"
done

#!/bin/sh
# verify: each archive that is damaged in one way has the finding of that way; nothing is written.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/verified.sh
. "$top/tests/e2e/lib/verified.sh"
export PGUSER=postgres
n=$T/out/n.tar # without a manifest: what is changed in it must be found by what it says

# is_sound ARGUMENT...: and says where it is consistent.
is_sound() {
	verified 0 "$@"
	[ ! -s "$T/stderr" ] || ! grep -qv '^pg_basetar: warning: ' "$T/stderr"
	lines 1 '' "$T/stdout"
	grep -qE "^restorable, consistent from [0-9A-F]+/[0-9A-F]+\$" "$T/stdout"
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
	verified 0 "$x"
	lines 1 '' "$T/stderr"
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

doubled() { # MEMBER: once more, after all others
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

# says PATTERN SED ARCHIVE MEMBER: what SED makes of that member, which is as long as before.
says() {
	cp "$3" "$x"
	h=$(offset "$x" "$4")
	tar -xOf "$3" "$4" | sed "$2" >"$T/member"
	[ "$(wc -c <"$T/member")" -eq "$(tar -xOf "$3" "$4" | wc -c)" ]
	dd if="$T/member" of="$x" bs=64k oflag=seek_bytes seek=$((h + 512)) conv=notrunc status=none
	found "$1" "$x"
}

label_says() { # PATTERN SED
	says "$1" "$2" "$n" backup_label
}

manifest_says() { # PATTERN SED
	says "$1" "$2" "$a" backup_manifest
}

cut() { # BYTES less than all
	head -c -"$1" "$a" >"$x"
	unreadable 'cut short at offset' "$x"
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

gzip_goes_on() {
	{ cat "$T/out/a.tar.gz" && echo garbage; } >"$x.gz"
	unreadable 'continues after its end' "$x.gz"
	{ cat "$T/out/a.tar.gz" && head -c 10000 /dev/zero; } >"$x.gz"
	is_sound "$x.gz"
	{ head -c 1000000 "$a" | gzip -1 && tail -c +1000001 "$a" | gzip -1; } >"$x.gz"
	is_sound "$x.gz"
}

bomb() { # zeros without end after the archive
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
	unreadable 'checksum|neither of the ustar' "$x"
	verified 1 "$T/tree"
	one_error "$T/stderr" 'archive \"base.tar\" is missing'
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
	[ "$rc" -eq 143 ]
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

cluster_init main -k --wal-segsize=1
cluster_start main
tablespace main spc1
sql main 'create table torn as select g from generate_series(1, 20000) g'
taken "$a"
taken "$n" --no-manifest
gzip -1 -c "$a" >"$T/out/a.tar.gz"
mkdir "$T/tree"
tar -xf "$a" -C "$T/tree"
relation=$(sql main "select pg_relation_filepath('torn')")
t 'a bit in the label' flipped '(label|digest): "backup_label"' backup_label 5
t 'a bit in pg_basetar.info' flipped 'info: "pg_basetar.info"' pg_basetar.info 30
t 'a bit in PG_VERSION' flipped 'state: "base/1/PG_VERSION"' base/1/PG_VERSION 1
t 'a bit in a relation' flipped "checksum: \"$relation\", block 0" "$relation" 5000
t 'a bit in pg_control' flipped 'control: "global/pg_control"' global/pg_control 20
t 'a bit after what pg_control holds' flipped 'digest: "global/pg_control"' global/pg_control 5000
t 'a bit in the manifest' flipped 'manifest: ' backup_manifest 300
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
t 'the label is missing' only_missing "$a" backup_label 'is missing: without it a copy of a running server'
t 'the label is missing, no manifest' deleted 'missing: "backup_label": is missing: without' backup_label "$n"
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
t 'its name is absolute' named 'name: "/base/1/PG_VERSION"' /base/1/PG_VERSION
t 'its name has an empty component' named 'name: "base//PG_VERSION"' base//PG_VERSION
t 'out of order' named 'stream: "aaaa/1/PG_VERSION"' aaaa/1/PG_VERSION
t 'another method' label_says 'label: "backup_label": ' 's/streamed/streamee/'
t 'of a standby' label_says 'control: "global/pg_control": state of the cluster|label: ' 's/^BACKUP FROM: primary/BACKUP FROM: standby/'
t 'another timeline' label_says 'label: |wal: ' 's/^START TIMELINE: 1/START TIMELINE: 2/'
t 'of another backup' label_says 'label: |wal: |control: ' 's/^\(START WAL LOCATION: .*\)\(.\) (file/\19 (file/'
t 'another label' label_says 'label: "backup_label": LABEL' 's/^LABEL: pg/LABEL: gp/'
t 'a digit of the manifest' manifest_says 'manifest: "backup_manifest": checksum of the manifest' 's/^\(.*PG_VERSION.*Modified": "\)2/\13/'
t 'a path of the manifest' manifest_says 'manifest: "backup_manifest": "../e/1/PG_VERSION" is not a path' 's,"base/1/PG_VERSION","../e/1/PG_VERSION",'
t 'a key twice' manifest_says 'manifest: "backup_manifest": (duplicate|unknown) key' 's/"Size": 3, "Last-Modified"/"Path": 3, "Last-Modified"/'
t 'a WAL range' manifest_says 'manifest: |wal: ' 's/"Timeline": 1/"Timeline": 2/'
t 'cut in the end' cut 10000
t 'cut in the manifest' cut 30000
t 'cut in the WAL' cut 600000
t 'garbage after the end' garbage
t 'gzip, cut' gzip_cut 300000
t 'gzip, cut by one' gzip_cut $(($(stat -c %s "$T/out/a.tar.gz") - 1))
t 'gzip, the checksum' gzip_trailer 6
t 'gzip, the length' gzip_trailer 2
t 'gzip, what comes after it' gzip_goes_on
t 'zeros without end' bomb
t 'a member of 2^60 bytes' huge
t 'no archive at all' no_archive
t 'one archive of several' piece_of_split
t 'nothing is written' writes_nothing
t 'interrupted' interrupted

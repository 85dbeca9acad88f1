#!/bin/sh
# Each compression: what was written is read by the format's own program, by tar programs and by
# ours, from a file, a pipe and a directory, to the same bytes; cut anywhere it is refused.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/restored.sh
. "$top/tests/e2e/lib/restored.sh"
# scripts/check, which has little time, makes a part of the cuts: the unit tests of the codecs make all.
cuts=${PG_BASETAR_CUTS:-${PG_BASETAR_SLICE:+12}}
cuts=${cuts:-50}
every=${PG_BASETAR_SLICE:+4}
every=${every:-1}
gzip_levels=${PG_BASETAR_SLICE:+1 2 6}
bare=$top/build/bare/pg_basetar

# Lines of: method, suffix, what a frame begins with.
methods='
zstd    zst  \x28\xb5\x2f\xfd
lz4     lz4  \x04\x22\x4d\x18
'

# is_there METHOD: the program was built with it, and its own program is here.
is_there() {
	! "$BIN" -D "$T" -Z "$1" -o "$T/none/none" 2>&1 | grep -q 'was built without' ||
		skip "this pg_basetar was built without $1"
	command -v "$1" >/dev/null || skip "no $1 here"
}

# The archive is the same to its own program, to tar programs and to ours, and none has a word to say.
same_in_all() { # METHOD FILE
	"$1" -q -t "$2"
	"$1" -q -dc <"$2" >"$T/raw.tar"
	passes "$T/raw.tar"
	passes "$2"
	"$BIN" verify - <"$2" | grep '^restorable'
	tar -tvf "$T/raw.tar" >"$T/listed"
	tar -I "$1" -tvf "$2" | diff "$T/listed" -
	tar -I "$1" -xOf "$2" | sha256sum >"$T/sum"
	tar -xOf "$T/raw.tar" | sha256sum | diff - "$T/sum"
	bsdtar -xOf "$2" | sha256sum | diff "$T/sum" -
	"$BIN" info "$2" | grep -qx "compression:  *$1"
}

file() { # METHOD SUFFIX
	is_there "$1"
	base=$T/out/base.tar.$2
	backup main -c fast -o "$base"
	same_in_all "$1" "$base"
}

levels() { # METHOD SUFFIX LEVEL...
	is_there "$1"
	method=$1
	suffix=$2
	shift 2
	for level in "$@"; do
		backup main -c fast -Z "$method:level=$level" --force -o "$T/out/level.tar.$suffix"
		same_in_all "$method" "$T/out/level.tar.$suffix"
		stat -c %s "$T/out/level.tar.$suffix" >>"$T/sizes"
	done
	sort -rnc "$T/sizes" # a higher level is not larger
	rm -f "$T/sizes" "$T/out/level.tar.$suffix"
}

pipe() { # METHOD SUFFIX
	is_there "$1"
	backup main -c fast -Z "$1" -j 3 | cat >"$T/out/piped.$2"
	same_in_all "$1" "$T/out/piped.$2"
	rm -f "$T/out/piped.$2"
}

record() { # METHOD SUFFIX: filled up to a record, with what its own program passes over
	is_there "$1"
	for factor in 1 20 3000; do
		backup main -c fast -Z "$1" -b $factor >"$T/out/tape.$2"
		[ $(($(stat -c %s "$T/out/tape.$2") % (factor * 512))) -eq 0 ]
		same_in_all "$1" "$T/out/tape.$2"
	done
	rm -f "$T/out/tape.$2"
}

split() { # METHOD SUFFIX
	is_there "$1"
	rm -rf "$T/out/set"
	backup main -c fast --split -Z "$1" -o "$T/out/set"
	[ "$(find "$T/out/set" -name "*.tar.$2" | wc -l)" -eq 4 ]
	for archive in "$T/out/set/"*.tar."$2"; do
		"$1" -q -t "$archive"
	done
	passes "$T/out/set"
	"$BIN" info "$T/out/set" | grep -qx "compression:  *$1"
	rm -rf "$T/copy"
	restored copy "$T/out/set"
	[ "$rc" -eq 0 ]
	cluster_start copy
	sound copy
}

restores() { # METHOD SUFFIX
	is_there "$1"
	rm -rf "$T/copy"
	restored copy "$T/out/base.tar.$2"
	[ "$rc" -eq 0 ]
	"$1" -q -dc <"$T/out/base.tar.$2" >"$T/raw.tar" # not every tar knows lz4
	same copy "$T/raw.tar"
	cluster_start copy
	sound copy
}

# as_pg_basebackup METHOD SUFFIX: its command lines carry over.
as_pg_basebackup() {
	is_there "$1"
	for spelled in "client-$1" "server-$1:4" "client-$1:level=5"; do
		backup main -c fast -Z "$spelled" --force -o "$T/out/spelled.$2" 2>"$T/said"
		"$1" -q -t "$T/out/spelled.$2"
	done
	backup main -c fast -Z "server-$1" --force -o "$T/out/spelled.$2" 2>"$T/said"
	lines 1 '^pg_basetar: "server-" is ignored: ' "$T/said"
	rm "$T/out/spelled.$2"
}

details_of_zstd() {
	is_there zstd
	backup main -c fast -Z zstd:level=2,workers=4,long --report="$T/out/report" \
		-o "$T/out/details" 2>"$T/said"
	lines 1 '^pg_basetar: "workers" is ignored: ' "$T/said"
	lines 1 '^pg_basetar: "long" is ignored: ' "$T/said"
	grep -q '"compression": "zstd"' "$T/out/report"
	grep -q '"compression_level": 2' "$T/out/report"
	passes "$T/out/details"
}

with_python() {
	python3 -c 'import gzip, shutil, sys
shutil.copyfileobj(gzip.GzipFile(fileobj=sys.stdin.buffer), sys.stdout.buffer)'
}

# Levels are of two libraries.  One member, whatever decodes it, and nothing after it.
levels_of_gzip() {
	for level in ${gzip_levels:-1 2 3 4 6 9}; do
		backup main -c fast -Z "gzip:$level" --force -o "$T/out/level.tar.gz"
		gzip -t "$T/out/level.tar.gz"
		gzip -dc "$T/out/level.tar.gz" >"$T/raw.tar"
		[ "$(stat -c %s "$T/raw.tar")" -eq "$(tail -c 4 "$T/out/level.tar.gz" | od -An -tu4)" ]
		passes "$T/raw.tar"
		passes "$T/out/level.tar.gz"
		for decoder in 'busybox gunzip -c' bsdcat 'igzip -dc' 'pigz -dc' with_python; do
			command -v "${decoder%% *}" >/dev/null || continue
			[ "$decoder" != with_python ] || command -v python3 >/dev/null || continue
			$decoder <"$T/out/level.tar.gz" | cmp - "$T/raw.tar"
		done
		stat -c %s "$T/out/level.tar.gz" >>"$T/sizes"
	done
	cat "$T/sizes"
	sort -rnc "$T/sizes"
	rm -f "$T/sizes" "$T/out/level.tar.gz"
}

# every_cut_fails METHOD FILE: at the offsets on standard input, by its own program or by tar; by ours.
every_cut_fails() {
	set +x
	bad=0
	tried=0
	while read -r offset; do
		tried=$((tried + 1))
		head -c "$offset" "$2" >"$T/cut"
		! { "$1" -q -t "$T/cut" && "$1" -q -dc <"$T/cut" | tar -t; } >/dev/null 2>&1 || {
			echo "cut at $offset: not noticed by $1 and tar"
			bad=1
		}
		rc=0
		"$BIN" verify "$T/cut" >"$T/said" 2>&1 || rc=$?
		if [ "$rc" -ne 1 ] || grep -q '^restorable' "$T/said"; then
			echo "cut at $offset: not noticed by us"
			cat "$T/said"
			bad=1
		fi
	done
	[ "$tried" -gt 0 ] && [ "$bad" -eq 0 ]
}

cut_anywhere() { # METHOD SUFFIX
	is_there "$1"
	awk -v size="$(stat -c %s "$T/out/base.tar.$2")" -v n="$cuts" \
		'BEGIN { srand(size); for (; n > 0; n--) print 5 + int(rand() * (size - 5)) }' |
		every_cut_fails "$1" "$T/out/base.tar.$2"
}

# Where a frame begins: offsets at which no byte of one is missing.
cut_at_frames() { # METHOD SUFFIX MAGIC
	is_there "$1"
	grep -aboP "$3" "$T/out/base.tar.$2" | sed 's/:.*//; /^0$/d' >"$T/offsets"
	[ "$(wc -l <"$T/offsets")" -ge 20 ]
	awk -v every="$every" 'NR % every == 0' "$T/offsets" | every_cut_fails "$1" "$T/out/base.tar.$2"
}

# A frame's own checksum stands at its end: what lies before is read first, and may be refused first.
in_tar='is not valid|is damaged|is cut short'
changed() { # METHOD SUFFIX
	is_there "$1"
	cp "$T/out/base.tar.$2" "$T/changed"
	for percent in 1 20 50 70 99; do
		offset=$(($(stat -c %s "$T/changed") * percent / 100))
		flip "$T/changed" "$offset"
		captured "$BIN" verify "$T/changed"
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" "$1 data (is damaged before byte|continues after)|$in_tar"
		flip "$T/changed" "$offset"
	done
}

# A program without it says which library it lacks, and how to go on.
left_out() { # METHOD SUFFIX
	[ -x "$bare" ] || skip 'no build/bare (make V=bare ZSTD=no LZ4=no ISAL=no)'
	cp "$bare" "$T/bin/bare"
	captured as_server "$T/bin/bare" -D "$T/main/data" -o "$T/out/none.tar.$2"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "compression \"$1\" is missing: this pg_basetar was built without lib"
	[ ! -e "$T/out/none.tar.$2" ]
	[ -e "$T/out/base.tar.$2" ] || skip "no archive"
	captured "$T/bin/bare" verify "$T/out/base.tar.$2"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "compressed with $1, and this pg_basetar was built without lib"
	"$1" -q -dc <"$T/out/base.tar.$2" | "$T/bin/bare" verify - | grep '^restorable'
}

cluster_init main --wal-segsize=1 -k
cluster_start main
load_init main 1
at main pgbench -n -t 300 >/dev/null 2>&1

t 'gzip: levels' levels_of_gzip
echo "$methods" >"$T/methods"
while read -r method suffix magic <&3; do
	[ -n "$method" ] || continue
	t "$method: a file" file "$method" "$suffix"
	t "$method: it is restored" restores "$method" "$suffix"
	t "$method: levels" levels "$method" "$suffix" 1 9
	t "$method: a pipe, 3 jobs" pipe "$method" "$suffix"
	t "$method: records of a tape" record "$method" "$suffix"
	t "$method: an archive per tablespace" split "$method" "$suffix"
	t "$method: as pg_basebackup spells it" as_pg_basebackup "$method" "$suffix"
	t "$method: cut at $cuts random places" cut_anywhere "$method" "$suffix"
	t "$method: cut at frames" cut_at_frames "$method" "$suffix" "$magic"
	t "$method: a bit changed" changed "$method" "$suffix"
	t "$method: a program without it" left_out "$method" "$suffix"
done 3<"$T/methods"
t 'zstd: workers and long are ignored' details_of_zstd

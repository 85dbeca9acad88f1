#!/bin/sh
# A stream that was cut short cannot pass for a whole one: gzip -t refuses it wherever the cut
# is, GNU tar where the program itself could have stopped: between two of its writes, and in a pipe
# within one.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
cuts=${PG_BASETAR_CUTS:-200}

cluster_init main --wal-segsize=1
cluster_start main

# every_cut_fails FILE CHECK...: FILE cut at each of the offsets that come on standard input.
every_cut_fails() {
	file=$1
	shift
	set +x
	"$@" <"$file" >/dev/null
	bad=0
	tried=0
	while read -r offset; do
		tried=$((tried + 1))
		if head -c "$offset" "$file" | "$@" >/dev/null 2>&1; then
			echo "cut at $offset: not noticed"
			bad=1
		fi
	done
	[ "$tried" -gt 0 ] && [ "$bad" -eq 0 ]
}

# Offsets at random, but the same ones for the same size.
random_offsets() { # FILE
	awk -v size="$(wc -c <"$1")" -v n="$cuts" \
		'BEGIN { srand(size); for (; n > 0; n--) print 1 + int(rand() * (size - 1)) }'
}

# Each block of gzip output was flushed to a byte boundary, which ends in these four bytes.
flush_offsets() { # FILE
	grep -aboP '\x00\x00\xff\xff' "$1" | sed 's/:.*//' | awk '{ print $1 + 4 }'
}

# Where each write to FILE ended, from what strace -y saw; the last one is the whole.
write_offsets() { # TRACE FILE
	awk -v file="<$2>, " '
		/resumed>/ { if (!waits[$1]) next; delete waits[$1]; print total += $NF; next }
		!/ writev?\(/ || !index($0, file) { next }
		/<unfinished/ { waits[$1] = 1; next }
		{ print total += $NF }
	' "$1" | sed '$d'
}

gzip_random() {
	random_offsets "$T/out/base.tar.gz" | every_cut_fails "$T/out/base.tar.gz" gzip -t
}

gzip_blocks() {
	flush_offsets "$T/out/base.tar.gz" >"$T/offsets"
	[ "$(wc -l <"$T/offsets")" -ge 20 ]
	every_cut_fails "$T/out/base.tar.gz" gzip -t <"$T/offsets"
}

one_member() { # what follows the first trailer would be a second member
	[ "$(gzip -dc "$T/out/base.tar.gz" | wc -c)" -eq "$(tail -c 4 "$T/out/base.tar.gz" | od -An -tu4)" ]
}

tar_writes() {
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	$as strace -f -y -s 0 -e signal=none -e trace=write,writev -o "$T/out/trace" \
		"$BIN" -D "$T/main/data" -c fast -Z none >"$T/base.tar"
	write_offsets "$T/out/trace" "$T/base.tar" >"$T/offsets"
	[ "$(wc -l <"$T/offsets")" -ge 20 ]
	every_cut_fails "$T/base.tar" tar -tf - <"$T/offsets"
}

# The program ends while it waits for a pipe that is full, after so many bytes.
ended_by() { # SIGNAL BYTES
	rm -f "$T/pipe"
	mkfifo -m 666 "$T/pipe"
	exec 7<>"$T/pipe"
	start main -c fast >"$T/pipe"
	exec 8<"$T/pipe" 7<&-
	timeout 60 head -c "$2" <&8 >"$T/held.tar"
	kill -"$1" "$pid"
	ended
	cat <&8 >>"$T/held.tar"
	exec 8<&-
	fails seen_whole "$T/held.tar"
	fails "$BIN" verify "$T/held.tar"
}

pipe_breaks() { # SIGNAL
	most=$(($(wc -c <"$T/base.tar") - 1000000)) # beyond, all the rest may be in the pipe
	random_offsets "$T/base.tar" | awk -v most="$most" '$1 < most' | head -n 20 >"$T/offsets"
	while read -r bytes; do
		ended_by "$1" "$bytes"
	done <"$T/offsets"
	clean main
}

t 'backup' backup main -c fast -o "$T/out/base.tar.gz"
t 'it is one gzip member' one_member
t "gzip: cut at $cuts random places" gzip_random
t 'gzip: cut at every block' gzip_blocks
t 'plain: cut at every write' tar_writes
t 'plain: killed while it writes to a pipe' pipe_breaks KILL
t 'plain: interrupted while it writes to a pipe' pipe_breaks TERM

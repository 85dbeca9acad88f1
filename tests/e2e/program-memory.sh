#!/bin/sh
# Ten times as many files take hardly more memory: pg_basetar-backup(1), "What the host notices", and
# pg_basetar-verify(1), -j and "Limits".  The clusters are shut down; the files that one has more of are
# relations' by name, and empty, since their number counts, and as empty ones most fit into a block.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
[ -x /usr/bin/time ] || skip_all 'no /usr/bin/time here (scripts/install-deps --tests)'
few=20000
many=200000

# fill NAME FILES
fill() (
	cd "$1/data/base/1" && seq -f %.0f 100000 $((99999 + $2)) | as_server xargs touch
)

clusters() {
	cluster_init few
	as_server cp -r few many
	fill few "$few"
	fill many "$many"
}

# peak FILE COMMAND...: run it, and put what it held at most, in kB, into FILE.
peak() {
	file=$1
	shift
	as_server /usr/bin/time -q -f %M -o "$T/out/$file" "$BIN" "$@" >"$T/stdout"
}

# growth JOB PROMISED BYTES: the peaks of that job are below what is promised, in MiB, and do not differ
# by more than so many bytes a file.  What threads happen to have in hand makes 16 MiB at most.
growth() {
	small=$(cat "$T/out/$1.few")
	large=$(cat "$T/out/$1.many")
	echo "$1: $few files $small kB, $many files $large kB"
	[ "$large" -gt 0 ] && [ "$large" -le $(($2 << 10)) ]
	[ $((large - small)) -le $((16384 + (many - few) * $3 / 1024)) ]
}

# A directory's names are kept while they are sent, so 25 bytes a file.
backup_of() {
	for which in few many; do
		peak "backup.$1.$which" -D "$which/data" --offline --no-sync -j 1 -Z "$1" -o "$T/out/$which.$1"
	done
	growth "backup.$1" 72 25
}

# The names of all members and what was seen of each, so 100 bytes.
verify_of() {
	for which in few many; do
		peak "verify.$1.$which" verify -j 1 "$T/out/$which.$1"
		grep -q '^restorable' "$T/stdout"
	done
	growth "verify.$1" 72 100
}

restore_of() {
	for which in few many; do
		peak "restore.$1.$which" restore --no-sync -j 1 "$T/out/$which.$1" -D "$T/out/$which"
	done
	[ "$(find "$T/out/many/base/1" -name '[1-9]*' | wc -l)" -ge "$many" ]
	growth "restore.$1" 72 100
}

# Of an archive that is not compressed it reads the ends alone.
info_of() {
	for which in few many; do
		peak "info.$1.$which" info "$T/out/$which.$1"
	done
	growth "info.$1" 64 0
}

t 'clusters of 20,000 files and of 200,000' clusters
for method in none gzip; do
	t "$method: a backup of many files takes no more memory than is promised" backup_of "$method"
	t "$method: nor does verify" verify_of "$method"
done
t 'nor does restore' restore_of gzip
t 'nor does info' info_of none

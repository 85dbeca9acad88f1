#!/bin/sh
# Damaged pages: one flipped bit in each kind of fork, in place and in a tablespace, is found,
# named and counted, and the backup is made all the same; pg_checksums finds the same pages.
# Under load, no finding.
#
# PG_BASETAR_ROUNDS: how many backups under load (default 5).
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
rounds=${PG_BASETAR_ROUNDS:-5}
data=$T/main/data
archive=$T/out/base.tar

# exits STATUS [OPTION...]: of a backup, which is complete and whole.
exits() {
	status=$1
	shift
	rm -f "$archive"
	captured backup main -c fast -o "$archive" "$@"
	[ "$rc" -eq "$status" ]
	tar -tf "$archive" | tail -n 1 | grep -qx backup_manifest
	clean main
}

# summary PAGES FILES: the last but one line says how much is damaged, the last is a hint.
summary() {
	tail -n 2 "$T/stderr" | head -n 1 |
		grep -qE "^pg_basetar: the backup is complete, but .*: $1 of [0-9]+ data pages, in $2 of [0-9]+ files\$"
	tail -n 1 "$T/stderr" | grep -q '^hint: '
}

# fork NAME: its file, below the data directory.
fork() {
	case $1 in
	init) sql main "select pg_relation_filepath('u_pkey') || '_init'" ;;
	main) sql main "select pg_relation_filepath('t')" ;;
	space) sql main "select pg_relation_filepath('s')" ;;
	*) sql main "select pg_relation_filepath('t') || '_$1'" ;;
	esac
}

one_bit() { # FORK BLOCK
	file=$(fork "$1")
	echo "$file $2" >>"$T/damaged"
	flip "$data/$file" $(($2 * 8192 + 5000))
	exits 3
	grep -qE "^pg_basetar: file \"$file\", block $2: checksum [0-9A-F]+ expected, [0-9A-F]+ found\$" "$T/stderr"
	lines 3 '' "$T/stderr"
	summary 1 1
	flip "$data/$file" $(($2 * 8192 + 5000))
	exits 0
	[ ! -s "$T/stderr" ]
}

# The archive of a damaged cluster is as whole as any other, and -q does not hide the damage.
all_of_them() {
	while read -r file block; do
		flip "$data/$file" $((block * 8192 + 5000))
	done <"$T/damaged"
	exits 3 -q --manifest-checksums=SHA256 -j 3
	summary "$(wc -l <"$T/damaged")" "$(wc -l <"$T/damaged")"
	passes() { # it finds the same
		captured "$BIN" verify "$1"
		[ "$rc" -eq 3 ]
		lines "$(wc -l <"$T/damaged")" '^pg_basetar: checksum: ' "$T/stderr"
	}
	restore copy "$archive"
	verify copy
	exits 0 --no-verify-checksums
	[ ! -s "$T/stderr" ]
	captured exits_into_pipe
	[ "$rc" -eq 3 ]
}

exits_into_pipe() {
	backup main -c fast -o - >"$T/out/pipe.tar"
}

# What pg_checksums says of the stopped server is what we said, name for name, sum for sum.
pg_checksums_agrees() {
	exits 3
	sed -n 's/^pg_basetar: file "\(.*\)", block \([0-9]*\): checksum \(.*\) expected, \(.*\) found$/\1 \2 \3 \4/p' \
		"$T/stderr" | sort >"$T/ours"
	lines "$(wc -l <"$T/damaged")" '' "$T/ours"
	cluster_stop main
	rc=0
	as_server pg_checksums -c -D "$data" >"$T/checksums" 2>&1 || rc=$?
	[ "$rc" -eq 1 ]
	sed -n "s|.* in file \"$data/\(.*\)\", block \([0-9]*\): calculated checksum \(.*\) but block contains \(.*\)\$|\1 \2 \3 \4|p" \
		"$T/checksums" | sort >"$T/theirs"
	diff "$T/ours" "$T/theirs"
	grep -q "^Bad checksums:  $(wc -l <"$T/damaged")\$" "$T/checksums"
	while read -r file block; do
		flip "$data/$file" $((block * 8192 + 5000))
	done <"$T/damaged"
	as_server pg_checksums -c -D "$data"
	cluster_start main
	exits 0 -v
	ours=$(sed -n 's/^pg_basetar: \([0-9]*\) data pages in .* checked$/\1/p' "$T/stderr")
	theirs=$(sed -n 's/^Blocks scanned: *//p' "$T/checksums")
	[ "$ours" -gt $((theirs - 200)) ] # it scans unlogged relations, too
	[ "$ours" -le "$theirs" ]
}

# damage FILE BLOCK OFFSET LENGTH [TEXT...]: these bytes become zeros, or TEXT; kept aside first.
damage() {
	cp "$1" "$T/sound"
	head -c "$4" "${5:-/dev/zero}" |
		dd of="$1" bs=1 seek=$(($2 * 8192 + $3)) conv=notrunc status=none
}

mend() { # FILE
	dd if="$T/sound" of="$1" conv=notrunc status=none
}

# A header that is gone makes the page a new one to the server, and to pg_checksums.
header_gone() {
	file=$(fork main)
	damage "$data/$file" 2 0 64
	exits 3
	grep -q "^pg_basetar: file \"$file\", block 2: zeros expected .* from offset 64 on\$" "$T/stderr"
	summary 1 1
	mend "$data/$file"
}

empty_page() {
	file=$(fork main)
	damage "$data/$file" 2 0 8192
	exits 0
	[ ! -s "$T/stderr" ]
	mend "$data/$file"
}

# Damage that makes the page look like one of the future would be passed over as replay's.
from_the_future() { # FIRST-BYTES LSN
	file=$(fork main)
	printf %b "$1" >"$T/future"
	damage "$data/$file" 2 0 4 "$T/future"
	exits 3 -v
	stop=$(sed -n 's/^pg_basetar: stop position \(.*\) on timeline 1$/\1/p' "$T/stderr")
	[ "$2" = 1 ] || stop='[0-9A-F]*/[0-9A-F]*'
	lines 1 "^pg_basetar: file \"$file\", block 2: LSN up to $stop expected, $2/[0-9A-F]* found\$" \
		"$T/stderr"
	lines 1 ' expected, ' "$T/stderr"
	summary 1 1
	mend "$data/$file"
}

# A whole file of garbage is not a line for each of its pages.
much_damage() {
	file=$(fork main)
	cp "$data/$file" "$T/sound"
	size=$(stat -c %s "$data/$file")
	tr '\000' '\001' <"$T/sound" | dd of="$data/$file" conv=notrunc status=none
	exits 3
	lines 20 "^pg_basetar: file \"$file\", block" "$T/stderr"
	lines 1 "^pg_basetar: file \"$file\": $((size / 8192 - 20)) more damaged blocks\$" "$T/stderr"
	summary $((size / 8192)) 1
	mend "$data/$file"
	exits 0
}

without_checksums() {
	cluster_init plain
	cluster_start plain
	sql plain "create table t as select repeat('x', 500) from generate_series(1, 1000)"
	sql plain checkpoint
	flip "$T/plain/data/$(sql plain "select pg_relation_filepath('t')")" 13000
	captured backup plain -c fast -o "$T/out/plain.tar" -v
	[ "$rc" -eq 0 ]
	grep -q '^pg_basetar: data pages are not checked: the cluster has no data checksums$' "$T/stderr"
	cluster_stop plain
}

under_load() { # BACKUP
	exits 0 -v -j "$1"
	lines 0 ' expected, ' "$T/stderr"
	lines 1 '^pg_basetar: [0-9]* data pages in [0-9]* files checked$' "$T/stderr"
}

cluster_init main -k
cluster_set main autovacuum=off max_wal_size=64MB
cluster_start main
tablespace main space
sql main "create table t as select g as id, repeat('x', 500) as text from generate_series(1, 20000) g;
	create table s tablespace space as select * from t;
	create unlogged table u (id int primary key);
	delete from t where id % 3 = 0"
sql main 'vacuum t'
sql main checkpoint

: >"$T/damaged"
t 'a sound cluster' exits 0
t 'a bit in the main fork' one_bit main 700
t 'a bit in the free space map' one_bit fsm 2
t 'a bit in the visibility map' one_bit vm 0
t 'a bit in an init fork' one_bit init 0
t 'a bit in a tablespace' one_bit space 1
t 'all of these: one backup, whole' all_of_them
t 'pg_checksums agrees' pg_checksums_agrees
t 'a page without its header' header_gone
t 'a page of zeros' empty_page
t 'a page from beyond the stop' from_the_future '\0001\0000\0000\0000' 1
t 'a page from far beyond the stop' from_the_future '\0377\0377\0377\0177' 7FFFFFFF
t 'a file full of damage' much_damage
t 'a cluster without checksums' without_checksums

load_init main 3
load_start main
round=0
while [ "$round" -lt "$rounds" ]; do
	round=$((round + 1))
	t "no finding under load, backup $round" under_load "$round"
done
t 'the load ran all the time' loaded main
load_stop main

#!/bin/sh
# info of a large compressed archive reads its beginning and its end, and says what reading all of
# it says; where the end cannot be found, all of it is read.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
megabytes=${PG_BASETAR_MEGABYTES:-60} # of what cannot be compressed

# is_there METHOD: the program was built with it.
is_there() {
	! "$BIN" -D "$T" -Z "$1" -o "$T/none/none" 2>&1 | grep -q 'was built without' ||
		skip "this pg_basetar was built without $1"
}

# noise TABLE MEGABYTES: rows of 1 kB
noise() {
	head -c $(($2 * 1024 * 1024)) /dev/urandom | od -An -v -tx1 -w1024 | sed 's/ //g; s/^/\\\\x/' |
		at main psql -qXc "copy $1 from stdin"
}

prepared() {
	cluster_init main --wal-segsize=1 -k
	cluster_start main
	sql main 'alter system set autovacuum = off' # it writes WAL
	sql main 'select pg_reload_conf()'
	tablespace main spc1
	for place in pg_default spc1; do
		sql main "create table noise_$place (b bytea) tablespace $place"
		sql main "alter table noise_$place alter b set storage plain"
		noise noise_$place $((megabytes / 2))
	done
	as_server mkdir "$T/main/empty"
	sql main "create tablespace empty location '$T/main/empty'"
	sql main checkpoint
}

# bytes_read COMMAND...: asked of the system, in $bytes; what it prints is in $T/stdout.
bytes_read() {
	strace -f -qq -e trace=read,pread64,preadv,preadv2,readv -o "$T/trace" "$@" >"$T/stdout" 2>"$T/stderr"
	bytes=$(awk -F'= ' '/= [0-9]+$/ { sum += $NF } END { print sum + 0 }' "$T/trace")
}

# told FILE KEY...: those lines of JSON, in their order, without a comma.
without() { # FILE KEY|KEY...
	grep -vE "^  \"($2)\": " "$1" | sed 's/,$//'
}

# It reads little, and says of the file what it says of a pipe, but how many members there are.
both_ends() { # METHOD ARCHIVE [UNKNOWN KEY]
	bytes_read "$BIN" info --json "$2"
	[ ! -s "$T/stderr" ]
	[ "$bytes" -lt "${most:-$(($(stat -c %s "$2") / 3))}" ]
	lines 1 '^  "members": null' "$T/stdout"
	[ -z "${3:-}" ] || lines 1 "^  \"$3\": null" "$T/stdout"
	# shellcheck disable=SC2002 # a pipe
	cat "$2" | "$BIN" info --json - >"$T/whole"
	lines 1 '^  "members": [0-9]' "$T/whole"
	without "$T/whole" "members${3:+|$3}" >"$T/expected"
	without "$T/stdout" "members${3:+|$3}" | diff "$T/expected" -
	# shellcheck disable=SC2002
	cat "$2" | "$BIN" info - >"$T/expected"
	"$BIN" info "$2" | diff "$T/expected" -
	lines 1 " in [0-9]* files\$" "$T/expected"
	lines 1 "^compression:  *$1\$" "$T/expected"
}

of_frames() { # METHOD
	is_there "$1"
	backup main -c fast -Z "$1" --force -o "$T/out/one"
	both_ends "$1" "$T/out/one"
	passes "$T/out/one"
}

of_records() { # METHOD: what fills the last one up stands before the table
	is_there "$1"
	backup main -c fast -Z "$1" -b 2000 --force -o "$T/out/one"
	[ $(($(stat -c %s "$T/out/one") % 1024000)) -eq 0 ]
	both_ends "$1" "$T/out/one"
	passes "$T/out/one"
}

# Level 1 and 6 are of two libraries.
of_gzip() { # OPTION...
	backup main -c fast --force -o "$T/out/one" "$@"
	both_ends gzip "$T/out/one" bytes_raw
}

of_a_plain_one() {
	backup main -c fast -Z none --force -o "$T/out/one"
	bytes_read "$BIN" info --json "$T/out/one"
	[ "$bytes" -lt $((4 * 1024 * 1024)) ]
	lines 1 '^  "members": [0-9]' "$T/stdout"
}

# The WAL of what went on meanwhile is longer than the first part that is looked at.
much_wal() { # METHOD
	is_there "$1"
	hold main -Z "$1" -X fetch
	noise noise_pg_default 4
	let_go
	[ "$rc" -eq 0 ]
	mv "$T/held.tar" "$T/out/one"
	most=$(stat -c %s "$T/out/one") # the end is looked at twice
	both_ends "$1" "$T/out/one" ${2:+"$2"}
	[ "$(sed -n 's/^  "wal_bytes": \([0-9]*\),$/\1/p' "$T/whole")" -gt 4000000 ]
}

# Each archive has its end; the tablespaces are known by the manifest.
of_a_set() { # METHOD SUFFIX [UNKNOWN KEY]
	is_there "$1"
	rm -rf "$T/out/set" "$T/out/plain"
	backup main -c fast --split -Z "$1" -o "$T/out/set"
	bytes_read "$BIN" info --json "$T/out/set"
	mv "$T/stdout" "$T/said"
	[ "$bytes" -lt $((megabytes * 1024 * 1024 / 3)) ]
	mkdir "$T/out/plain"
	for file in "$T/out/set/"*; do
		name=${file##*/}
		case $name in
		*".$2") "$1" -dc <"$file" >"$T/out/plain/${name%".$2"}" ;;
		*) cp "$file" "$T/out/plain/$name" ;;
		esac
	done
	"$BIN" info --json "$T/out/plain" >"$T/whole"
	other="members|compression|bytes_written${3:+|$3}"
	without "$T/whole" "$other" >"$T/expected"
	without "$T/said" "$other" | diff "$T/expected" -
	passes "$T/out/set"
}

# Nothing else has the sizes.
without_manifest() { # METHOD
	is_there "$1"
	backup main -c fast -Z "$1" --no-manifest --force -o "$T/out/one"
	"$BIN" info --json "$T/out/one" >"$T/said"
	lines 1 '^  "members": [0-9]' "$T/said"
	lines 1 '^  "bytes_raw": [0-9]' "$T/said"
}

# What lies is not believed: all is read, and then it is damage.
damaged_table() { # METHOD
	is_there "$1"
	backup main -c fast -Z "$1" --force -o "$T/out/one"
	size=$(stat -c %s "$T/out/one")
	for back in 1 5 9 12 17 100; do
		flip "$T/out/one" $((size - back))
		for command in "info -v" verify; do
			# shellcheck disable=SC2086 # words
			captured "$BIN" $command "$T/out/one"
			[ "$rc" -eq 1 ]
			[ ! -s "$T/stdout" ]
			grep -v 'the archive is read as a whole: ' "$T/stderr" >"$T/errors"
			one_error "$T/errors" "$1 data is damaged: its table of frames, at byte [0-9]*, does not agree"
			lines 1 "^hint: .*$1 -dc FILE" "$T/errors"
		done
		captured "$BIN" info -v "$T/out/one"
		lines 1 'the archive is read as a whole: ' "$T/stderr"
		flip "$T/out/one" $((size - back))
	done
	passes "$T/out/one"
}

# Without its end there is none to be found, and the whole is cut.
cut_archive() { # METHOD
	is_there "$1"
	backup main -c fast -Z "$1" --force -o "$T/out/one"
	size=$(stat -c %s "$T/out/one")
	for keep in $((size - 1)) $((size - 100000)) $((size / 2)); do
		head -c "$keep" "$T/out/one" >"$T/out/cut"
		captured "$BIN" info "$T/out/cut"
		[ "$rc" -eq 1 ]
		[ ! -s "$T/stdout" ]
		one_error "$T/stderr" 'cut short|damaged'
	done
}

# An older one of ours, and those of others, have no table.
without_table() { # METHOD PROGRAM
	is_there "$1"
	command -v "$1" >/dev/null || skip "no $1 here"
	backup main -c fast -Z none | "$1" -q -c >"$T/out/one"
	"$BIN" info --json -v "$T/out/one" >"$T/said" 2>"$T/stderr"
	lines 1 'the archive is read as a whole: it has no table of frames' "$T/stderr"
	lines 1 '^  "members": [0-9]' "$T/said"
	passes "$T/out/one"
}

t "a cluster of $megabytes MB and more" prepared
for method in zstd lz4; do
	t "$method: the beginning and the end" of_frames $method
	t "$method: records of a tape" of_records $method
	t "$method: much WAL" much_wal $method
	t "$method: without a manifest" without_manifest $method
	t "$method: a table that is damaged" damaged_table $method
	t "$method: cut" cut_archive $method
	t "$method: no table" without_table $method
done
t 'zstd: an archive per tablespace' of_a_set zstd zst
t 'gzip: an archive per tablespace' of_a_set gzip gz bytes_raw
t 'gzip: the beginning and the end' of_gzip -Z gzip
t 'gzip: level 6' of_gzip -Z gzip:6
t 'gzip: records of a tape' of_gzip -Z gzip -b 2000
t 'gzip: much WAL' much_wal gzip bytes_raw
t 'gzip: cut' cut_archive gzip
t 'plain: headers are gone to' of_a_plain_one

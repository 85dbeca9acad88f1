#!/bin/sh
# What is said at the prompt: progress on terminals of some widths, the summary, what is waited for,
# and what a file is that is no backup.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"

cluster_init main --wal-segsize=1
cluster_start main
tablespace main spc
sql main 'create table t tablespace spc as select generate_series(1, 100000) g'

# on_terminal COLUMNS OPTION...: a backup there; $T/lines has what was drawn, a line each.
on_terminal() {
	script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip 'no pseudo-terminal here'
	columns=$1
	shift
	script -qefc "stty cols $columns; $as timeout --foreground 60 $BIN -D $T/main/data --force -o $T/out/b.tar.gz $*" \
		/dev/null >"$T/screen" </dev/null
	tr '\r' '\n' <"$T/screen" | sed 's/ *$//' >"$T/lines"
}

wide() {
	on_terminal 80 -c fast -P
	grep -qE '^ *[0-9]+% \[[#-]+\] .* of .*B, .*B/s, after 0:00:' "$T/lines"
	grep -q '^100% \[#*\] .* done$' "$T/lines"
	grep '^ *[0-9]*%' "$T/lines" >"$T/drawn"
	[ "$(awk 'length > 79' "$T/drawn" | wc -l)" -eq 0 ]
}
narrow() {
	on_terminal 40 -c fast -P
	grep '^ *[0-9]*%' "$T/lines" >"$T/drawn"
	[ "$(awk 'length > 39' "$T/drawn" | wc -l)" -eq 0 ]
	grep -q '^100% .*B of .*B, done$\|^100% .*B, done$' "$T/drawn"
}
summary() {
	on_terminal 80 -c fast
	grep -qE "^pg_basetar: backup complete: \"$T/out/b.tar.gz\", .* of tar, .*B written \([0-9.]+ %\), [0-9.]+ s, WAL from" "$T/lines"
	lines 0 'waiting for the checkpoint' "$T/lines"
}
spread() {
	sql main checkpoint # there is nothing to spread
	on_terminal 80
	lines 1 '^pg_basetar: waiting for the checkpoint; -c fast starts at once$' "$T/lines"
}
silent() {
	captured backup main -o "$T/out/s.tar"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
}
t 'progress in 80 columns' wide
t 'progress in 40 columns' narrow
t 'a summary' summary
t 'a spread checkpoint is announced' spread
t 'but not where no one waits' silent

fifo() {
	as_server mkfifo "$T/out/fifo"
	backup main -c fast -o "$T/out/fifo" 2>"$T/stderr" &
	writer=$!
	wait_until 30 grep -q "^pg_basetar: waiting for a program that reads the fifo \"$T/out/fifo\"" "$T/stderr"
	"$BIN" verify -q - <"$T/out/fifo"
	wait "$writer"
}
t 'a fifo without a reader is announced' fifo

parts() {
	captured backup main -c fast --split -X fetch -o "$T/out/set"
	[ "$rc" -eq 0 ]
	oid=$(sql main "select oid from pg_tablespace where spcname = 'spc'")
	mv "$T/out/set/$oid.tar" "$T/out/alone.tar"
	for command in info verify; do
		captured "$BIN" "$command" "$T/out/alone.tar"
		[ "$rc" -eq 1 ]
		grep -q 'it holds only one tablespace of a backup that has other archives' "$T/stderr"
		lines 1 '^hint: Name the directory' "$T/stderr"
	done
}
t 'an archive of a tablespace alone' parts

encrypted() {
	openssl enc -aes-256-cbc -pbkdf2 -pass pass:x <"$T/out/s.tar" >"$T/out/s.tar.enc"
	captured "$BIN" verify "$T/out/s.tar.enc"
	[ "$rc" -eq 1 ]
	grep -q 'not a tar archive: it looks like data encrypted by openssl' "$T/stderr"
	grep -q '^hint: Decrypt it on the way: openssl enc -d' "$T/stderr"
	openssl enc -d -aes-256-cbc -pbkdf2 -pass pass:x <"$T/out/s.tar.enc" | "$BIN" verify -q -
}
t 'an archive encrypted by openssl' encrypted
rubbish() {
	captured "$BIN" info "$BIN"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'not a tar archive'
}
t 'a file that is no archive' rubbish

#!/bin/sh
# --metrics: what a run came to, for the textfile collector; --progress-fd: how far it is, for a program.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
prom=$T/out/main.prom
command=backup

# metric NAME: its value; empty if it is not there.
metric() {
	sed -n "s/^pg_basetar_$1{command=\"$command\",name=\"main\"} //p" "$prom"
}

prepared() {
	cluster_init main -k
	cluster_start main
}

# The exposition format: a HELP and a TYPE for each sample, every line ended, readable for all.
is_well_formed() {
	[ "$(grep -c '^# HELP ' "$prom")" -eq "$(grep -c '^pg_basetar_' "$prom")" ]
	[ "$(grep -c '^# TYPE pg_basetar_[a-z_]* gauge$' "$prom")" -eq "$(grep -c '^pg_basetar_' "$prom")" ]
	fails grep -vE '^# (HELP|TYPE) |^# Written by pg_basetar|^pg_basetar_[a-z_]+\{[^}]*\} [0-9]+(\.[0-9]+)?$' "$prom"
	[ "$(stat -c %a "$prom")" = 644 ]
	[ -z "$(find "$T/out" -name '*.partial.*')" ]
}

sound() {
	before=$(date +%s)
	captured backup main -c fast -q -o "$T/out/base.tar.gz" --metrics="$prom" --report="$T/out/report"
	[ "$rc" -eq 0 ]
	is_well_formed
	[ "$(metric last_run_timestamp_seconds)" -ge "$before" ]
	[ "$(metric last_success_timestamp_seconds)" = "$(metric last_run_timestamp_seconds)" ]
	[ "$(metric last_run_exit_status)" = 0 ]
	[ "$(metric last_run_findings)" = 0 ]
	[ "$(metric last_run_archive_bytes)" = "$(stat -c %s "$T/out/base.tar.gz")" ]
	grep -q "\"bytes_raw\": $(metric last_run_raw_bytes)," "$T/out/report"
	expr "$(metric last_run_duration_seconds)" : '[0-9]*\.[0-9][0-9][0-9]$'
}

# since N: the last success is of then.
since() {
	sed -i "s/^\(pg_basetar_last_success.*} \).*/\1$1/" "$prom"
}

failed() {
	since 12345
	captured backup main -c fast -q -o "$T/out/base.tar.gz" --metrics="$prom"
	[ "$rc" -eq 1 ]
	is_well_formed
	[ "$(metric last_run_exit_status)" = 1 ]
	[ "$(metric last_success_timestamp_seconds)" = 12345 ]
	captured backup main -c fast -q -o "$T/out/base.tar.gz" --metrics="$prom"
	[ "$(metric last_success_timestamp_seconds)" = 12345 ]
}

damaged() {
	sql main 'create table t as select generate_series(1, 10000)'
	sql main checkpoint
	heap=$T/main/data/$(sql main "select pg_relation_filepath('t')")
	flip "$heap" 12000
	captured backup main -c fast -q -o "$T/out/bad.tar" --metrics="$prom"
	flip "$heap" 12000
	[ "$rc" -eq 3 ]
	[ "$(metric last_run_exit_status)" = 3 ]
	[ "$(metric last_run_findings)" = 1 ]
	[ "$(metric last_success_timestamp_seconds)" = 12345 ]
}

# What is not as it was written is no success.
forged() {
	for value in 1e9 -5 0x10 '12 13' '' nan 99999999999999999999; do
		since "$value"
		captured backup main -c fast -q -o "$T/out/base.tar.gz" --metrics="$prom"
		[ "$(metric last_run_exit_status)" = 1 ]
		[ -z "$(metric last_success_timestamp_seconds)" ]
		sed -i "s/^pg_basetar_last_run_exit/pg_basetar_last_success_timestamp_seconds{command=\"backup\",name=\"main\"} 1\n&/" "$prom"
	done
}

interrupted() {
	"$BIN" -D "$T/main/data" -U postgres -c fast -q -r 1M -o "$T/out/cut.tar" --metrics="$prom" 2>/dev/null &
	pid=$!
	wait_until 60 grep -q '^SigCgt:.*[1-9a-f]' "/proc/$pid/status"
	kill -TERM "$pid"
	wait "$pid" || :
	[ "$(metric last_run_exit_status)" = 143 ]
}

others() {
	command=verify
	captured "$BIN" verify -q "$T/out/base.tar.gz" --metrics="$prom"
	[ "$(metric last_run_exit_status)" = 0 ]
	command=restore
	captured as_server "$BIN" restore -q "$T/out/base.tar.gz" -D "$T/out/copy" --metrics="$prom"
	[ "$rc" -eq 0 ]
	[ "$(metric last_run_exit_status)" = 0 ]
	is_well_formed
}

# A file of another kind is not replaced, and nothing is written into what is backed up.
refused() {
	echo '# HELP other' >"$T/out/other.prom"
	captured backup main -o "$T/out/new.tar" --metrics="$T/out/other.prom"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'is not one of pg_basetar.s metrics'
	[ "$(cat "$T/out/other.prom")" = '# HELP other' ]
	captured backup main -o "$T/out/new.tar" --metrics="$T/none/x.prom"
	one_error "$T/stderr" 'metrics: could not open directory'
	captured backup main -o "$T/out/new.tar" --metrics="$T/main/data/base/x.prom"
	one_error "$T/stderr" 'is inside the data directory'
	[ ! -e "$T/main/data/base/x.prom" ]
	captured backup main -o "$T/out/new.tar" --metrics=-
	one_error "$T/stderr" 'metrics cannot go to standard output'
	captured backup main -o "$T/out/new.tar" --metrics="$T/out/new.tar"
	[ "$rc" -eq 0 ]
	lines 1 '^pg_basetar: warning: the metrics were not written: .*is not one of' "$T/stderr"
	"$BIN" verify -q "$T/out/new.tar"
}

progress() {
	captured backup main -c fast -q -r 8M -o "$T/out/p.tar" --progress-fd=5 5>"$T/out/progress"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	number='[0-9]+(\.[0-9]+)?'
	fails grep -vE "^\{\"phase\": \"[a-zA-Z ]+\", \"done_bytes\": $number, \"total_bytes\": ($number|null), \"bytes_per_second\": $number, \"elapsed_seconds\": $number, \"left_seconds\": ($number|null)\}$" "$T/out/progress"
	[ "$(grep -c '"phase": "sending files"' "$T/out/progress")" -ge 3 ]
	tail -n 1 "$T/out/progress" | grep -q "\"phase\": \"done\", \"done_bytes\": $(stat -c %s "$T/out/p.tar"),"
	grep -q '"phase": "sending files".*"total_bytes": [0-9]' "$T/out/progress"
	captured "$BIN" verify -q "$T/out/p.tar" --progress-fd=5 5>"$T/out/progress"
	tail -n 1 "$T/out/progress" | grep -q '"phase": "done"'
	for wrong in 1 2 77; do
		captured "$BIN" verify "$T/out/p.tar" --progress-fd=$wrong
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" 'progress-fd'
	done
	# a reader that does not read, and one that goes away, hold nothing up
	rm -f "$T/out/fifo"
	mkfifo "$T/out/fifo"
	exec 6<>"$T/out/fifo"
	captured "$BIN" verify -q "$T/out/p.tar" --progress-fd=5 5>"$T/out/fifo"
	[ "$rc" -eq 0 ]
	exec 6<&-
	"$BIN" verify -q "$T/out/p.tar" --progress-fd=5 5>&1 | head -c 1 >/dev/null
}

t 'a cluster' prepared
t 'a sound backup' sound
t 'a failed one leaves the last success' failed
t 'so does one with findings' damaged
t 'a last success that was forged' forged
t 'a signal' interrupted
t 'verify and restore' others
t 'what is not replaced' refused
t '--progress-fd' progress

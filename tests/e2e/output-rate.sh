#!/bin/sh
# --max-rate: what leaves in all, how evenly it leaves, and that a pause ends when the run does.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"

# written OUTPUT OPTION...: "SECONDS BYTES" of each write to it in $T/writes, by the time.
# $OUTPUT is a pattern.
written() {
	output=$1
	shift
	traced write,clock_nanosleep "$@"
	sed -n "s|^\([0-9.]*\) write([0-9]*<$output>.* = \([0-9]*\)\$|\1 \2|p" "$T/trace" | sort -n >"$T/writes"
}

# at_rate BYTES-A-SECOND MOST-AT-ONCE: over the whole run it is no more, and not much less; and
# within no quarter of a second, wherever it begins, more than that quarter's worth, another that
# was saved up, and what may leave at once.
at_rate() {
	awk -v rate="$1" -v once="$2" '
		{ time[NR] = $1; len[NR] = $2; total += $2; within += $2 }
		NR == 1 { first = $1; low = 1 }
		{
			while ($1 - time[low] > 0.25) within -= len[low++]
			if (within > most) most = within
		}
		END {
			took = time[NR] - first
			printf "%d bytes in %.2f s, most in a quarter %d\n", total, took, most
			exit !(total > 2 * rate && took > (total - 2 * once) / rate - 0.25 &&
				took < total / rate * 3 + 5 && most <= rate * 0.5 + 2 * once)
		}' "$T/writes"
}

# No thread looks at the clock all the time: at most a pause for each slice.
sleeps() { # BYTES-AT-ONCE
	pauses=$(grep -c clock_nanosleep "$T/trace")
	[ "$pauses" -gt 0 ]
	[ "$pauses" -le $(($(awk '{ total += $2 } END { print total }' "$T/writes") / $1 + 1)) ]
}

device() {
	written /dev/null -o /dev/null -Z none -r 8M
	at_rate 8388608 524288
	sleeps 524288
}

compressed() { # the bytes that leave count, not those that were read
	written /dev/null -o /dev/null -z -r 1024
	at_rate 1048576 65536
}

records() {
	written /dev/null -o /dev/null -Z none -b 20 -r 8M
	at_rate 8388608 522240
	sleeps 522240
}

# All files together, and the manifest.  They have no names yet: "/DIR/#INODE (deleted)".
split() {
	rm -rf "$T/out/split"
	written "$T/out/split/.*" --split -o "$T/out/split" -Z none -r 8M
	at_rate 8388608 524288
	[ "$(awk '{ total += $2 } END { print total }' "$T/writes")" -eq \
		"$(cat "$T"/out/split/* | wc -c)" ]
}

# A slow reader is not made up for by a burst.
slow_reader() {
	rm -f "$T/pipe"
	mkfifo -m 666 "$T/pipe"
	{
		head -c 2000000 >/dev/null
		sleep 3
		cat >/dev/null
	} <"$T/pipe" &
	written "$T/pipe" -o "$T/pipe" -Z none -r 8M
	wait
	awk '$1 - last > 2 && last { found = 1 } { last = $1 } END { exit !found }' "$T/writes"
	awk -v rate=8388608 -v once=524288 '
		$1 - last > 2 && last { since = $1 }
		since && $1 - since < 0.25 { within += $2 }
		{ last = $1 }
		END { print within; exit within > rate * 0.5 + 2 * once }' "$T/writes"
}

ends_at_once() { # OPTION...: in a pause of minutes
	start main -c fast -r 32 "$@" >/dev/null
	wait_until 60 in_phase 'sending files'
	kill -TERM "$pid"
	wait_until 5 is_gone
	ended
	[ "$rc" -eq 143 ]
	grep -q 'interrupted by SIGTERM' "$T/stderr"
	clean main
}

session_gone() {
	start main -c fast -r 32 -b 8192 >/dev/null
	wait_until 60 in_phase 'sending files'
	sql main "select count(pg_terminate_backend(pid)) from pg_stat_activity
		where application_name like 'pg_basetar%'"
	ends
	[ "$rc" -eq 1 ]
	clean main
}

refused() {
	captured backup main -r "$1" -o "$T/out/base.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'max-rate.*is not a rate from 32k to 1024G'
	[ ! -e "$T/out/base.tar" ]
}

cluster_init main --wal-segsize=1
cluster_start main
tablespace main space
sql main 'create table t tablespace space as select generate_series(1, 200000) g'

t 'a device' device
t 'compressed' compressed
t 'records' records
t 'several files and the manifest' split
t 'a reader that pauses' slow_reader
t 'a signal ends a pause' ends_at_once
t 'a signal ends a pause of minutes' ends_at_once -b 8192
t 'the end of the session ends a pause of minutes' session_gone
t 'too slow' refused 31
t 'no rate' refused fast

#!/bin/sh
# --keep and --keep-days: what is removed when a new backup is complete, and above all what is not.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/chain.sh
. "$top/tests/e2e/lib/chain.sh"
shelf=$T/out/shelf
day=86400

prepared() {
	cluster_init main -k --wal-segsize=1
	cluster_set main archive_mode=on archive_command=false autovacuum=off
	cluster_start main
	sql main 'create table t as select g as id from generate_series(1, 1000) g'
	cluster_init other --wal-segsize=1
	cluster_start other
	backup main -c fast -q -o "$T/out/seed.tar"
	backup main -c fast -q --split -o "$T/out/seed"
	backup other -c fast -q -o "$T/out/other.tar"
	tablespace other spc
	backup other -c fast -q --split -o "$T/out/spaces"
	backup other -c fast -q --without-tablespace="$(sql other "select oid from pg_tablespace where spcname = 'spc'")" \
		-o "$T/out/partial.tar"
	grep -aq '^unix_time: 1' "$T/out/seed.tar"
	cluster_stop other
}

# aged SEED NAME SECONDS: that backup on the shelf, as if it had begun so long ago.
aged() {
	as_server cp -r "$T/out/$1" "$shelf/$2"
	file=$shelf/$2
	[ ! -d "$file" ] || file=$file/base.tar
	as_server sed -i "s/^unix_time: [0-9]*\$/unix_time: $(($(date +%s) - $3))/" "$file"
}

# A shelf of four backups, whose names say nothing: only "b", "a", "d" and "c" is their order, oldest first.
filled() {
	rm -rf "$shelf"
	as_server mkdir "$shelf"
	aged seed.tar 2001-01-01.tar $((4 * day)) # b
	aged seed.tar 2000-01-01.tar $((5 * day)) # a
	aged seed.tar 2099-01-01.tar $((2 * day)) # d
	aged seed.tar 2009-01-01.tar $((3 * day)) # c
}

# kept OPTION...: the next backup, which is sound.
kept() {
	captured backup main -c fast --force -o "$shelf/%F.tar" "$@"
	[ "$rc" -eq 0 ]
}

# left NAME...: these are on the shelf, and today's; and nothing else.
left() {
	ls "$shelf" >"$T/left"
	lines 1 '^20[1-8]' "$T/left"
	today=$(grep '^20[1-8]' "$T/left")
	printf '%s\n' "$@" "$today" | sort | diff - "$T/left"
}

# refused TEXT OPTION...
refused() {
	text=$1
	shift
	captured backup main -c fast "$@"
	one_error "$T/stderr" "$text"
	lines 1 '^hint: ' "$T/stderr"
}

usage() {
	refused 'needs an output with a year' --keep=2 -o "$T/out/base.tar"
	refused 'needs an output with a year' --keep=2 -o "$T/out/%m-%d.tar"
	refused 'needs an output with a year' --keep=2 -o "$T/out/%%Y.tar"
	refused 'needs an output with a year' --keep-days=2
	refused 'no conversion in its directory' --keep-days=2 -o "$T/out/%Y/%F.tar"
	refused 'needs "--keep" or' --keep-dry-run -o "$T/out/%F.tar"
	refused 'exclude each other' --keep=2 -N -o "$T/out/%F.tar"
	captured backup main -c fast --keep=0 -o "$T/out/%F.tar"
	one_error "$T/stderr" 'keep'
	captured backup main -c fast --keep=1 --keep-dry-run -q -o "$T/out/%F.tar"
	one_error "$T/stderr" 'exclude each other'
}

dry() {
	filled
	kept --keep=2 --keep-dry-run
	left 2000-01-01.tar 2001-01-01.tar 2009-01-01.tar 2099-01-01.tar
	lines 3 'would remove ".*/20.*tar", which began at 20' "$T/stderr"
	lines 1 'would keep ".*/2099-01-01.tar": is one of the newest' "$T/stderr"
	lines 1 'would keep ".*": is the new backup' "$T/stderr"
	sed -n 's,.*would remove.*/\(20..\)-.*,\1,p' "$T/stderr" | tr '\n' ' ' | grep -x '2000 2001 2009 '
}

two_of_four() {
	filled
	kept -v --keep=2
	left 2099-01-01.tar
	lines 3 ': removed ".*/20..-01-01.tar"' "$T/stderr"
	kept --keep-days=3
	left 2099-01-01.tar
	[ ! -s "$T/stderr" ]
	kept --keep-days=1 --keep=2
	left 2099-01-01.tar
	kept --keep-days=1
	left
	[ ! -s "$T/stderr" ]
}

# Whatever else has such a name stays, and is not one of the two.
strangers() {
	filled
	aged other.tar 2000-02-01.tar $((9 * day))
	head -c 2000000 "$shelf/2000-01-01.tar" | as_server tee "$shelf/2000-02-02.tar" >/dev/null
	as_server ln -s 2000-01-01.tar "$shelf/2000-02-03.tar"
	as_server mkfifo "$shelf/2000-02-04.tar"
	as_server mkdir "$shelf/2000-02-05.tar"
	as_server touch "$shelf/2000-02-06.tar"
	echo text | as_server tee "$shelf/2000-02-07.tar" >/dev/null
	aged seed.tar 2000-02-08.tar -$day # to come
	at main pg_basebackup -Ft -X fetch -c fast -D - | as_server tee "$shelf/2000-02-09.tar" >/dev/null
	as_server cp "$T/out/seed/base.tar" "$shelf/2000-02-10.tar"
	aged partial.tar 2000-02-11.tar $((9 * day))
	# not of the pattern
	aged seed.tar 2000-03-01.tar.old $((9 * day))
	aged seed.tar 2000-13-01.tar $((9 * day))
	aged seed.tar base.tar $((9 * day))
	kept --keep=2
	left 2099-01-01.tar 2000-02-01.tar 2000-02-02.tar 2000-02-03.tar 2000-02-04.tar 2000-02-05.tar \
		2000-02-06.tar 2000-02-07.tar 2000-02-08.tar 2000-02-09.tar 2000-02-10.tar 2000-02-11.tar \
		2000-03-01.tar.old 2000-13-01.tar base.tar
	lines 11 'warning: ".*/2000-02-...tar" is kept, and not counted: ' "$T/stderr"
	lines 11 '' "$T/stderr"
	for reason in '01.*: is of another cluster' '02.*: ' '03.*: is a symbolic link' \
		'04.*: is not a regular file' '05.*: .*missing' '08.*: did not begin before' \
		'09.*: was not made by pg_basetar' '10.*: is one of several' \
		'11.*: was made without a tablespace'; do
		lines 1 "2000-02-$reason" "$T/stderr"
	done
}

# says NAME JSON...: a report that lies there too.
says() {
	printf '{\n  "pg_basetar_report": 1, "ended": "2098-01-01T00:00:00Z", %s }\n' "$2" |
		as_server tee "$shelf/$1" >/dev/null
}

reports() {
	filled
	says a '"command": "verify", "result": "failed", "input": "/x/2000-01-01.tar"'
	says b '"command": "backup", "result": "running", "output": "2001-01-01.tar"'
	says c '"command": "backup", "result": "failed", "output": "2009-01-01.tar"' # which was there
	kept --keep=1 --report="$shelf/d"
	left 2000-01-01.tar 2001-01-01.tar a b c d
	lines 1 '2000-01-01.tar" is kept, and not counted: a report says .* failed' "$T/stderr"
	lines 1 '2001-01-01.tar" is kept, and not counted: a report says .* not ended' "$T/stderr"
	grep -q '"result": "sound"' "$shelf/d"
	lines 2 'is kept, and not counted: ' "$shelf/d"
}

# A run that fails late, and one with findings, remove nothing.
failing() {
	filled
	captured backup main -c fast --force -o "$shelf/%F.tar" --keep=1 --wait-archive=1
	[ "$rc" -eq 1 ]
	ls "$shelf" >"$T/left"
	lines 4 '' "$T/left"
	sql main checkpoint
	table=$T/main/data/$(sql main "select pg_relation_filepath('t')")
	flip "$table" 3000
	captured backup main -c fast --force -o "$shelf/%F.tar" --keep=1
	flip "$table" 3000
	[ "$rc" -eq 3 ]
	left 2000-01-01.tar 2001-01-01.tar 2009-01-01.tar 2099-01-01.tar
	lines 1 'warning: older backups are kept, as the new one has findings' "$T/stderr"
}

# Killed when the new one is complete and the first older one is about to go: the next run does the rest.
killed() {
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	filled
	rc=0
	as_server strace -f -qq -o "$T/out/trace" -e trace=unlinkat -e inject=unlinkat:signal=KILL:when=1 \
		"$BIN" -D "$T/main/data" -c fast -o "$shelf/%F.tar" --keep=2 || rc=$?
	[ "$rc" -gt 100 ]
	ls "$shelf" >"$T/left"
	[ "$(wc -l <"$T/left")" -ge 4 ]
	lines 1 '^20[1-8]' "$T/left"
	"$BIN" info -q "$shelf/$(grep '^20[1-8]' "$T/left")" >/dev/null
	kept --keep=2
	left 2099-01-01.tar
}

# One that cannot be removed does not change the exit status, and does not keep the others.
undeletable() {
	[ "$(id -u)" -eq 0 ] || skip 'only root can make a file that its reader cannot remove'
	filled
	chown 0 "$shelf" "$shelf/2000-01-01.tar"
	chmod 1777 "$shelf"
	chmod 644 "$shelf/2000-01-01.tar"
	kept -q --keep=1
	left 2000-01-01.tar
	lines 1 'warning: the new backup is complete, but removing an older one failed: ".*/2000-01-01.tar"' "$T/stderr"
}

sets() {
	filled
	for n in 1 2 3 4 5; do
		aged seed 2000-01-0$n $((9 * day + n))
	done
	aged spaces 2000-02-01 $day
	aged spaces 2000-02-02 $day
	as_server rm "$shelf/2000-01-04/backup_manifest" "$shelf/2000-02-02"/[1-9]*.tar
	as_server touch "$shelf/2000-01-02/mine"
	as_server mv "$shelf/2000-01-03/base.tar" "$T/out/base.tar"
	as_server ln -s "$T/out/base.tar" "$shelf/2000-01-03/base.tar"
	captured backup main -c fast --split -o "$shelf/%F/" --keep=1
	[ "$rc" -eq 0 ]
	ls "$shelf" >"$T/left"
	lines 4 '^20..-01-01.tar$' "$T/left"
	lines 6 '[0-9]$' "$T/left"
	lines 3 '^2000-01-0[234]$' "$T/left"
	lines 2 '^2000-02-0[12]$' "$T/left"
	lines 1 '2000-01-04" is kept, and not counted: does not have the archives' "$T/stderr"
	lines 1 '2000-02-01" is kept, and not counted: is of another cluster' "$T/stderr"
	lines 1 '2000-02-02" is kept, and not counted: does not have the archives' "$T/stderr"
	lines 1 '2000-01-02" is kept, and not counted: has files that are not' "$T/stderr"
	lines 1 '2000-01-03" is kept, and not counted: has archives that are not regular' "$T/stderr"
	[ -s "$T/out/base.tar" ]
	[ -e "$shelf/2000-01-02/base.tar" ]
}

# A standby was promoted: what its old primary had up to then is an older backup; what that has after it
# is not, and stays.  So does that of a twin, which was promoted later, to a timeline of the same number.
siblings() {
	filled
	standby_of main standby
	as_server pg_ctl -D "$T/standby/data" -s promote
	wait_until 60 is_open standby
	sql standby checkpoint
	for cluster in main standby; do
		sql "$cluster" 'create table more as select g as id from generate_series(1, 10000) g'
	done
	as_server rm "$T/out/seed.tar"
	backup main -c fast -q -o "$T/out/seed.tar"
	aged seed.tar 2000-02-01.tar $day
	captured backup standby -c fast -o "$shelf/%F.tar" --keep=1
	[ "$rc" -eq 0 ]
	left 2000-02-01.tar
	lines 1 '2000-02-01.tar" is kept, and not counted: is of another branch' "$T/stderr"
	cluster_stop main
	restore twin "$T/out/seed.tar"
	recovers_to twin archive_mode=off "restore_command = 'false'"
	cluster_start twin
	wait_until 60 is_open twin
	sql twin checkpoint
	backup twin -c fast -q -o "$T/out/twin.tar"
	cluster_stop twin
	aged twin.tar 2000-02-02.tar $day
	cluster_stop standby
	captured backup standby --offline --force -o "$shelf/%F.tar" --keep=1
	[ "$rc" -eq 0 ]
	left 2000-02-01.tar 2000-02-02.tar
	lines 1 '2000-02-02.tar" is kept, and not counted: does not have the timeline history' "$T/stderr"
}

t 'backups of two clusters' prepared
t 'what names are needed' usage
t 'a dry run removes nothing, and says what it would' dry
t 'two of four; days; both' two_of_four
t 'what else has such a name stays' strangers
t 'a backup of which a report says no good stays' reports
t 'a run that fails, or has findings, removes nothing' failing
t 'killed in between' killed
t 'one that cannot be removed' undeletable
t 'directories' sets
t 'a sibling of the timeline' siblings

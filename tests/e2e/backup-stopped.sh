#!/bin/sh
# --offline: a primary and a standby that were shut down.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/threeways.sh
. "$top/tests/e2e/lib/threeways.sh"
primary=$T/out/primary.tar
standby=$T/out/standby.tar
split_primary=$T/out/primary
split_standby=$T/out/standby
pace= # no checkpoint is asked for

# ---------------------------------------------------------------------------- the primary

take_primary() {
	original
	cluster_stop main
	captured backup main --offline -o "$primary"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	segments "$primary"
	lines 0 '^backup_label$' "$T/list"
	lines 0 '^tablespace_map$' "$T/list"
	tar -xOf "$primary" pg_basetar.info | grep -qx 'mode: offline'
	tar -xOf "$primary" global/pg_control | cmp - "$T/main/data/global/pg_control"
	cp "$T/main/data/pg_wal/$(tail -n 1 "$T/segments")" "$T/last"
}

# All are marked but the last, which the copy goes on writing.
marks() {
	segments "$primary"
	sed '$d' "$T/segments" | cmp - "$T/done"
}

proved() {
	restore copy "$primary"
	verify copy
}

# split CLUSTER DIR: the same in several archives.  There is no label, so no tablespace_map, which
# would not be looked at: the links are there, as in one archive, and lead to nobody's tablespaces.
split() {
	captured backup "$1" --offline --split -o "$2"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	tar -tf "$2/base.tar" >"$T/list"
	lines 0 '^backup_label$' "$T/list"
	lines 0 '^tablespace_map$' "$T/list"
	lines 3 '^pg_tblspc/[1-9]' "$T/list"
	[ "$(tar -tvf "$2/base.tar" | grep -c ' pg_tblspc/\([0-9]*\) -> ../pg_basetar_tblspc/\1$')" -eq 3 ]
	restore_split copy "$2"
	verify_split copy "$2"
}

# Unpacked where the links lead, it starts unaided.
split_in_place() {
	cluster_dir copy
	as_server mkdir -m 700 "$T/copy/data"
	unpack gnu "$split_primary/base.tar" "$T/copy/data"
	for file in "$split_primary"/[1-9]*.tar; do
		place=$T/copy/data/pg_basetar_tblspc/$(basename "$file" .tar)
		as_server mkdir -p "$place"
		unpack gnu "$file" "$place"
	done
	cluster_start copy
	sound copy
}

# A copy that archives archives the last segment once it is full, with all that is in it.
archives_last() {
	restore copy "$primary"
	as_server mkdir "$T/archive2"
	cluster_set copy "archive_command='test ! -f $T/archive2/%f && cp %p $T/archive2/%f'"
	cluster_start copy
	sql copy 'insert into u values (1)'
	sql copy 'create table more as select 1'
	sql copy 'select pg_switch_wal()' >/dev/null
	wait_until 60 test -s "$T/archive2/$(tail -n 1 "$T/segments")"
	cluster_stop copy
	# up to the shutdown checkpoint it is what the original had
	stop=$(sed -n 's/.*"End-LSN": "0\/\([0-9A-F]*\)".*/\1/p' "$T/copy/data/backup_manifest")
	cmp -n $((0x$stop % 1048576)) "$T/last" "$T/archive2/$(tail -n 1 "$T/segments")"
	as_server pg_waldump -q "$T/archive2/$(tail -n 1 "$T/segments")"
}

# ---------------------------------------------------------------------------- the standby

is_streaming() { # ROWS
	[ "$(sql standby 'select count(*) from pgbench_history')" -ge "$1" ]
}

take_standby() {
	cluster_dir standby
	at main pg_basebackup -D "$T/standby/data" -R -c fast -X stream \
		-T "$T/main/spc1=$T/standby/s1" -T "$T/main/spc2=$T/standby/s2" \
		-T "$T/main/spc3=$T/standby/s3"
	cluster_start standby
	work
	sql main 'checkpoint'
	wait_until 60 is_streaming "$(sql main 'select count(*) from pgbench_history')"
	sql standby 'checkpoint'
	work # the standby has pages of later than its last restartpoint
	cluster_stop standby
	captured backup standby --offline -o "$standby"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	segments "$standby"
	lines 1 '^standby.signal$' "$T/list"
	marked_as standby
	restore copy "$standby"
	verify copy
}

# ------------------------------------------------------------------------------- refusals

refused() { # PATTERN OPTION...
	pattern=$1
	shift
	captured backup main -o "$T/out/refused.tar" "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$pattern"
	lines 1 '^hint: ' "$T/stderr"
	[ ! -e "$T/out/refused.tar" ]
}

running() {
	refused 'is running, process' --offline
	sql main 'select 1'
}

stopped_without_option() {
	refused 'no server is running'
	grep -q -e '--offline.*--snapshot' "$T/stderr"
}

crashed() {
	cluster_start main
	crash main
	refused 'not shut down cleanly' --offline
	grep -q -e '--snapshot' "$T/stderr"
	refused 'no server is running'
	cluster_start main
	cluster_stop main
}

started_meanwhile() { # AND: what happens to it then
	hold main --offline
	cluster_start main
	"$@"
	let_go
	[ "$rc" -eq 1 ]
	grep -q '^hint: .*--offline' "$T/stderr"
	fails seen_whole "$T/held.tar"
}

touched_meanwhile() {
	hold main --offline
	as_server touch "$T/main/data/base/1/added"
	let_go
	as_server rm "$T/main/data/base/1/added"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'changed while it was read'
}

has_label() {
	cluster_start main
	backup main -c fast -o "$T/out/hot.tar"
	cluster_stop main
	restore copy "$T/out/hot.tar"
	captured backup copy --offline -o "$T/out/refused.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'backup_label'
	captured backup copy --snapshot -o "$T/out/refused.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'backup_label'
	[ ! -e "$T/out/refused.tar" ]
}

lost_wal() {
	last=$(as_server pg_controldata "$T/main/data" | sed -n 's/.*REDO WAL file: *//p')
	as_server mv "$T/main/data/pg_wal/$last" "$T/main/wal"
	refused "WAL file \"$last\"" --offline
	as_server mv "$T/main/wal" "$T/main/data/pg_wal/$last"
}

# One bit in a page that nobody has written to since: not even a page near the end is torn.
damaged_page() {
	cluster_start main
	sql main 'create table bad as select generate_series(1, 1000) g'
	file=$(sql main "select pg_relation_filepath('bad')")
	cluster_stop main
	printf X | as_server dd of="$T/main/data/$file" bs=1 seek=$((8192 + 4000)) conv=notrunc status=none
	captured backup main --offline -o "$T/out/bad.tar"
	[ "$rc" -eq 3 ]
	grep -q "\"$file\", block 1: checksum" "$T/stderr"
}

# --------------------------------------------------------------------------- other majors

other_major() { # MAJOR
	cluster_init main "$1"
	cluster_start main
	tablespace main space
	sql main 'create table t tablespace space as select generate_series(1, 1000) g'
	sql main 'create unlogged table u as select generate_series(1, 1000) g'
	cluster_stop main
	captured backup main --offline -o "$T/out/$1.tar"
	[ "$rc" -eq 0 ]
	restore copy "$T/out/$1.tar" gnu "$1"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 1000 ]
	[ "$(sql copy 'select count(*) from u')" -eq 1000 ]
	cluster_stop copy
}

t 'a stopped primary' take_primary
t 'all segments but the last are marked' marks
t 'pg_verifybackup' proved
t 'split' split main "$split_primary"
t 'plain start, unlogged table kept' plain_start "$primary" 1000
t 'split: plain start, unlogged table kept' plain_start "$split_primary" 1000
t 'split: unpacked into one directory' split_in_place
t 'the last segment is archived by the copy' archives_last
cluster_start main
t 'the original goes on' goes_on
t 'as a standby of the original' as_a_standby "$primary"
t 'recovery to a time' to_a_time "$primary"
t 'split: as a standby of the original' as_a_standby "$split_primary"
t 'split: recovery to a time' to_a_time "$split_primary"
t 'a running server is refused' running

sql main 'truncate mark' >/dev/null
t 'a stopped standby' take_standby
t 'a stopped standby: split' split standby "$split_standby"
t 'the original goes on with the standby' goes_on
t 'standby: plain start' plain_start "$standby" 0
t 'standby: as a standby of the original' as_a_standby "$standby"
t 'standby: recovery to a time' to_a_time "$standby"
t 'standby, split: plain start' plain_start "$split_standby" 0
t 'standby, split: as a standby of the original' as_a_standby "$split_standby"
t 'standby, split: recovery to a time' to_a_time "$split_standby"
cluster_stop main

t 'a stopped one needs --offline' stopped_without_option
t 'a crashed server is refused' crashed
t 'a server is started meanwhile' started_meanwhile cluster_stop main
t 'a server is started meanwhile, and crashes' started_meanwhile crash main
[ -e "$T/main/data/postmaster.pid" ] && cluster_start main && cluster_stop main
t 'a file is added meanwhile' touched_meanwhile
t 'a copy that was never started is refused' has_label
t 'WAL is missing' lost_wal
t 'a damaged page' damaged_page
for major in $(majors slice); do
	t "$major: a stopped primary" other_major "$major"
done

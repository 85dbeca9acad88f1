#!/bin/sh
# WAL that is needed but is not there, or is not what its name says, fails the backup.
#
# The run is held up by a pipe that nobody empties; meanwhile the server writes four segments,
# and one of them is damaged without its knowing.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"

wal=$T/main/data/pg_wal

# fill_wal WHICH: four segments; $segment is the name of the WHICH one.
fill_wal() {
	for place in first middle late last; do
		[ "$place" = first ] || sql main 'select pg_switch_wal()' >/dev/null
		sql main 'insert into t select generate_series(1, 1000)'
		[ "$place" != "$1" ] ||
			segment=$(sql main 'select pg_walfile_name(pg_current_wal_lsn())')
	done
}

# The damages.

removed() {
	as_server rm "$wal/$1"
}
truncated() {
	as_server truncate -s 512k "$wal/$1"
}
too_long() {
	as_server truncate -s 3M "$wal/$1"
}
recycled() { # right name and size, the pages of another segment
	as_server cp "$T/older" "$wal/$1"
}
stale_in_the_middle() { # from a page inside on, those of another segment
	as_server dd if="$T/older" of="$wal/$1" bs=8192 skip=3 seek=3 count=4 conv=notrunc status=none
}
zeroed() {
	as_server truncate -s 0 "$wal/$1"
	as_server truncate -s 1M "$wal/$1"
}
a_directory() {
	as_server rm "$wal/$1"
	as_server mkdir "$wal/$1"
}
foreign() { # the same segment of another cluster
	as_server cp "$T/foreign" "$wal/$1"
}
flipped() { # four bytes inside a record; every page header is sound
	printf XXXX | as_server dd of="$wal/$1" bs=1 seek=20000 conv=notrunc status=none
}
a_page_short() {
	as_server dd if=/dev/zero of="$wal/$1" bs=8192 seek=2 count=1 conv=notrunc status=none
}
untouched() {
	:
}

# One bit, in each part of a segment that there is.

# record PATTERN: where in segment $1 the first record that pg_waldump describes so begins, of
# those that have 300 bytes after it in the same page.
record() { # SEGMENT PATTERN
	pg_waldump -p "$wal" "$1" "$1" 2>/dev/null | grep -e "$2" |
		sed 's/.*lsn: [0-9A-F]*\/\([0-9A-F]*\),.*/\1/' | while read -r low; do
			at=$((0x$low % 1048576))
			[ $((at % 8192)) -ge 7800 ] || { echo $at && break; }
		done
}
in_page_header() { # the page's address
	flip "$wal/$1" $((3 * 8192 + 9))
}
in_record_header() { # the transaction
	flip "$wal/$1" $(($(record "$1" 'desc: INSERT') + 5))
}
in_link() { # to the record before
	flip "$wal/$1" $(($(record "$1" 'desc: INSERT') + 9))
}
in_checksum() {
	flip "$wal/$1" $(($(record "$1" 'desc: INSERT') + 21))
}
in_length() {
	flip "$wal/$1" "$(record "$1" 'desc: INSERT')"
}
in_data() {
	flip "$wal/$1" $(($(record "$1" 'desc: INSERT') + 50))
}
in_image() {
	flip "$wal/$1" $(($(record "$1" 'FPW') + 290))
}

# held DAMAGE WHICH: a backup to a pipe, perhaps with $how, with the damage done meanwhile; its exit
# status in $rc.
held() {
	# shellcheck disable=SC2086 # words
	hold main --no-slot ${how:-}
	fill_wal "$2"
	"$1" "$segment"
	let_go
	clean main
}

# A fresh cluster for each: a server does not get over what is done to it here.
new_main() {
	[ ! -e "$T/main/data/postmaster.pid" ] || cluster_stop main immediate
	rm -rf "$T/main"
	cp -a "$T/pristine" "$T/main"
	cluster_start main
}

refused() { # DAMAGE WHICH PATTERN
	new_main
	held "$1" "$2"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$3"
	grep -q "$segment" "$T/error"
	fails seen_whole "$T/held.tar"
	cluster_stop main immediate
}

taken() { # DAMAGE WHICH: no damage at all
	new_main
	held "$1" "$2"
	[ "$rc" -eq 0 ]
	tar -tf "$T/held.tar" >"$T/list"
	lines 1 "^pg_wal/$segment\$" "$T/list"
	lines 1 "^pg_wal/archive_status/$segment.done\$" "$T/list"
	restore copy "$T/held.tar"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 4200 ]
	cluster_stop copy
	cluster_stop main immediate
}

# With -X none what is there is proved as well, and what is not there is said.
left_to_the_archive='-X none --no-wait-archive'

refused_unsent() { # DAMAGE WHICH PATTERN
	how=$left_to_the_archive
	refused "$@"
}

taken_without() { # WHICH
	how=$left_to_the_archive
	new_main
	held removed "$1"
	[ "$rc" -eq 0 ]
	lines 1 '' "$T/stderr"
	grep -q "warning: WAL segment \"$segment\" is no longer in pg_wal" "$T/stderr"
	seen_whole "$T/held.tar"
	cluster_stop main immediate
}

# The first segment goes when it was read, and others were not.
sent() { # SEGMENT
	grep -aq "pg_wal/$1" "$T/held.tar"
}

removed_after_reading() {
	new_main
	hold main --no-slot
	fill_wal first
	first=$segment
	fill_wal middle
	for _ in 1 2 3 4; do
		fill_wal last
	done
	tries=1000
	until sent "$first"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] && [ -e "/proc/$pid" ]
		timeout 10 head -c 500000 <&7 >>"$T/held.tar"
	done
	timeout 10 head -c 1500000 <&7 >>"$T/held.tar"
	removed "$first"
	[ -e "/proc/$pid" ]
	let_go
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	restore copy "$T/held.tar"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 24200 ]
	cluster_stop copy
	cluster_stop main immediate
}

cluster_init main --wal-segsize=1
cluster_set main autovacuum=off
cluster_start main
sql main 'create table t as select 0 as g from generate_series(1, 200)'
cp "$wal/$(sql main 'select pg_walfile_name(pg_current_wal_lsn())')" "$T/older"
sql main 'select pg_switch_wal()' >/dev/null
cluster_stop main
cp -a "$T/main" "$T/pristine"

cluster_init other --wal-segsize=1
cluster_start other
cp "$T/other/data/pg_wal/$(sql other 'select pg_walfile_name(pg_current_wal_lsn())')" "$T/foreign"
cluster_stop other
chmod a+r "$T/older" "$T/foreign"

while read -r damage which pattern; do
	t "the $which segment is $damage" refused "$damage" "$which" "$pattern"
done <<'EOT'
	removed             first   could not find WAL file
	removed             middle  could not find WAL file
	removed             late    could not find WAL file
	truncated           first   unexpected WAL file size
	truncated           late    unexpected WAL file size
	too_long            middle  unexpected WAL file size
	recycled            first   recycled
	recycled            middle  recycled
	stale_in_the_middle middle  address|recycled|page
	zeroed              middle  .
	a_directory         middle  .
	foreign             middle  .
	flipped             first   WAL record at .*(checksum|expected|length)
	flipped             middle  WAL record at .*(checksum|expected|length)
	a_page_short        middle  WAL page at
	in_page_header      middle  WAL page at .*unexpected page address
	in_record_header    middle  WAL record at .*checksum
	in_link             middle  WAL record at .*its link to the previous record is
	in_checksum         middle  WAL record at .*checksum
	in_length           middle  WAL (record|page) at
	in_data             middle  WAL record at .*checksum
	in_image            first   WAL record at .*checksum
EOT
t 'no segment is damaged' taken untouched middle
t 'a segment is removed after it was read' removed_after_reading
t 'WAL left to the archive: the middle segment is flipped' refused_unsent flipped middle \
	'WAL record at .*(checksum|expected|length)'
t 'WAL left to the archive: the middle segment is recycled' refused_unsent recycled middle recycled
for which in first middle late; do
	t "WAL left to the archive: the $which segment is removed" taken_without "$which"
done

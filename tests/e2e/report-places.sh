#!/bin/sh
# --report: where one may not be is refused before anything starts, and what else is there is kept; where
# there is no room in the end the backup is none the worse.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/reports.sh
. "$top/tests/e2e/lib/reports.sh"
not_written='^pg_basetar: warning: the report was not written'

# refused REPORT PATTERN [OPTION...]: before anything starts; neither file is touched.
refused() {
	place=$1
	pattern=$2
	shift 2
	starts=$(grep -c 'checkpoint starting' "$T/main/log") || :
	captured backup main -c fast -o "$archive" --report="$place" "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$pattern"
	lines 1 '^hint: ' "$T/stderr"
	[ "$(grep -c 'checkpoint starting' "$T/main/log")" -eq "$starts" ]
	empty "$T/out"
}

refused_places() {
	refused "$T/none/report.json" 'No such file or directory'
	refused "$T/reports" 'Is a directory'
	refused "$T/root/report.json" 'Permission denied'
	refused "$data/report.json" 'inside the data directory'
	refused "$data/base/report.json" 'inside the data directory'
	refused "$T/main/space/report.json" 'inside tablespace'
	refused "$archive" 'is the output'
	refused "$T/out/../out/base.tar" 'is the output' --force
	[ ! -e "$data/report.json" ] && [ ! -e "$data/base/report.json" ]
	[ ! -e "$T/main/space/report.json" ]
}

# The owner of the cluster could not give its report this name in the end.
another_users() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	mkdir -m 1777 "$T/sticky"
	cp "$T/earlier" "$T/sticky/report.json"
	refused "$T/sticky/report.json" 'belongs to another user'
	diff "$T/earlier" "$T/sticky/report.json"
	chown "$owner" "$T/sticky/report.json"
	run 0 -o "$archive" --report="$T/sticky/report.json"
	fails diff "$T/earlier" "$T/sticky/report.json"
	rm "$archive"
}

# Among the files of the backup it would be one of them, or in the way of one.
with_split() {
	as_server mkdir "$T/split"
	as_server ln -s ../split "$T/reports/link"
	for name in base.tar backup_manifest report.json; do
		refused "$T/split/$name" 'is inside the output' --split -o "$T/split"
		refused "$T/reports/link/$name" 'is inside the output' --split -o "$T/split/"
		empty "$T/split"
	done
	rm "$T/reports/link"
	rmdir "$T/split"
	for slash in '' / //; do
		refused "$T/out/new" 'is the output' --split -o "$T/out/new$slash"
	done
}

# Something else came to the name during the run: it stays, and the backup is none the worse.
appears() {
	rm -f "$report"
	hold main --report="$report"
	as_server sh -c "echo precious >'$report'"
	let_go
	[ "$rc" -eq 0 ]
	lines 1 "$not_written: file \"$report\" is not a report of pg_basetar" "$T/stderr"
	[ "$(cat "$report")" = precious ]
	rm "$report"
	clean main
}

not_a_report() {
	as_server sh -c "echo precious >'$T/reports/base.tar'"
	refused "$T/reports/base.tar" 'is not a report of pg_basetar'
	[ "$(cat "$T/reports/base.tar")" = precious ]
	rm "$T/reports/base.tar"
	captured as_server sh -c "exec '$BIN' -D '$data' -c fast --report='$archive' >'$archive'"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'is the output'
	[ -f "$archive" ] && [ ! -s "$archive" ]
	rm "$archive"
}

# A file system of 64 kB in memory, $T/small, with the earlier report on it.
small_disk() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root to mount'
	mkdir "$T/small"
	mount -t tmpfs -o size=64k none "$T/small" 2>/dev/null || skip 'cannot mount here'
	echo "$T/small" >"$T/mounted"
	chown "$owner" "$T/small"
	cp "$T/earlier" "$T/small/report.json"
	chown "$owner" "$T/small/report.json"
}

# The run cannot even say that it goes on, and so it does not; the earlier report would be taken for its
# own, and is gone.
no_room() {
	small_disk
	fails dd if=/dev/zero of="$T/small/filler" bs=4k status=none
	captured backup main -c fast -q -o "$archive" --report="$T/small/report.json"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'No space left on device'
	[ ! -e "$T/small/report.json" ]
	empty "$T/out"
	clean main
}

# The backup is made, and the exit status is its own; the report that said that it goes on is gone.
no_room_later() {
	rm "$T/small/filler"
	hold main -q --report="$T/small/report.json"
	fails dd if=/dev/zero of="$T/small/filler" bs=4k status=none
	let_go
	[ "$rc" -eq 0 ]
	lines 2 '' "$T/stderr"
	head -n 1 "$T/stderr" | grep -q "$not_written: .*: No space left on device\$"
	lines 1 '^hint: The exit status is that of the backup' "$T/stderr"
	tar -tf "$T/held.tar" | tail -n 1 | grep -qx backup_manifest
	[ ! -e "$T/small/report.json" ]
	umount "$T/small"
	rm "$T/mounted"
	clean main
}

reporting
run 0 -q -o "$archive"
cp "$report" "$T/earlier"
rm "$archive"
t 'places that are refused' refused_places
t 'what is no report is kept' not_a_report
t 'and what comes to be there meanwhile' appears
t 'in the directory of --split' with_split
t "another user's, in a directory like /tmp" another_users
t 'no room for it' no_room
[ ! -e "$T/mounted" ] || t 'no room for it in the end' no_room_later

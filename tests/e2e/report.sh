#!/bin/sh
# --report: a JSON object that says what became of the run, whatever that was; whole, in its
# place, and in the place of an earlier one only.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
data=$T/main/data
archive=$T/out/base.tar
report=$T/reports/report.json
not_written='^pg_basetar: warning: the report was not written'

# value KEY: of the report, as it stands there.
value() {
	sed -n "s/^  \"$1\": \(.*[^,]\),\{0,1\}\$/\1/p" "$report"
}

# says KEY VALUE
says() {
	[ "$(value "$1")" = "$2" ]
}

# parses: JSON.parse takes it, where there is one; and it is one object from brace to brace.
parses() {
	[ "$(head -n 1 "$report")$(tail -n 1 "$report")" = '{}' ]
	! command -v node >/dev/null ||
		node -e 'JSON.parse(require("fs").readFileSync(process.argv[1]))' "$report"
}

# run STATUS [OPTION...]: a backup with a report, in an empty place.
run() {
	status=$1
	shift
	rm -f "$archive" "$archive.gz"
	captured backup main -c fast --report="$report" "$@"
	[ "$rc" -eq "$status" ]
	clean main
}

# failed PATTERN: the run has, and the report says so.
failed() {
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$1"
	parses
	says result '"failed"'
	says exit_status 1
	value error | grep -qE "$1"
	empty "$T/out"
}

# ----------------------------------------------------------------------------- success

complete() {
	run 0 -v -o "$archive.gz" -l "a \"label\" \\" --manifest-checksums=SHA256
	parses
	says result '"sound"'
	says exit_status 0
	says error null
	says label '"a \"label\" \\"'
	says source '"primary"'
	says server_version "$packaged"
	says output "\"$archive.gz\""
	says compression '"gzip"'
	says compression_level 2
	says manifest_checksums '"SHA256"'
	says data_directory "\"$data\""
	says system_identifier "\"$(as_server pg_controldata "$data" | sed -n 's/^Database system identifier: *//p')\""
	says members "$(tar -tzf "$archive.gz" | wc -l)"
	says bytes_written "$(stat -c %s "$archive.gz")"
	says bytes_raw "$(gzip -dc "$archive.gz" | wc -c)"
	says start_lsn "\"$(sed -n 's/^pg_basetar: start position \(.*\) on timeline 1$/\1/p' "$T/stderr")\""
	says stop_lsn "\"$(sed -n 's/^pg_basetar: stop position \(.*\) on timeline 1$/\1/p' "$T/stderr")\""
	says wal_records "$(sed -n 's/^pg_basetar: WAL proved: \(.*\) records$/\1/p' "$T/stderr")"
	grep -qx "pg_basetar: $(value pages_checked) data pages in $(value files_checked) files checked" "$T/stderr"
	says findings '[]'
	says warnings '[]'
}

# Of the tablespace: its directories and files, with their headers and padding.
tablespace_is_told() {
	oid=$(sql main "select oid from pg_tablespace where spcname = 'space'")
	gzip -dc "$archive.gz" | tar -tvf - | awk -v "below=pg_basetar_tblspc/$oid/PG_" '
		index($6, below) == 1 { bytes += 512 + int(($3 + 511) / 512) * 512 }
		END { print bytes }' >"$T/bytes"
	lines 1 "^    { \"oid\": $oid, \"location\": \"$T/main/space\", \"bytes\": $(cat "$T/bytes") }\$" "$report"
}

phases_in_order() {
	sed -n 's/^    { "phase": "\(.*\)", "seconds": [0-9.]* },\{0,1\}$/\1/p' "$report" >"$T/phases"
	printf '%s\n' starting 'waiting for the checkpoint' 'sending files' 'ending the backup' \
		'sending WAL' 'ending the archive' syncing | diff - "$T/phases"
	value started | grep -qx '"20[0-9-]*T[0-9:]*Z"'
	value ended | grep -qx '"20[0-9-]*T[0-9:]*Z"'
	awk '/"phase":/ { sum += $(NF - 1) } /^  "seconds":/ { all = $2 + 0 }
		END { exit !(all > 0 && sum > all - 0.01 && sum < all + 0.01) }' "$report"
}

# Every key is in the manual, and what is there is a key.
keys_are_documented() {
	manual=$top/man/pg_basetar-report.5
	sed -n 's/^  "\([a-z_]*\)": .*/\1/p' "$report" | sort >"$T/keys"
	awk '
		/^\.Bl -tag/ { depth++ }
		/^\.El/ && depth { depth-- }
		depth == 1 && /^\.It Cm/ { for (i = 3; i <= NF; i++) if ($i != ",") print $i }
		' "$manual" | sort >"$T/documented"
	diff "$T/documented" "$T/keys"
}

quietly() { # what -q keeps back is in the report, and so is a name that is no UTF-8
	as_server mkfifo "$data/$(printf 'caf\351')"
	run 0 -q -o "$archive"
	[ ! -s "$T/stderr" ]
	parses
	says result '"sound"'
	lines 1 '^    { "text": "skipping fifo \\"caf.*\\"", "text_hex": "736b697070696e67206669666f2022636166e922" }$' "$report"
	rm "$data/$(printf 'caf\351')"
}

into_a_pipe() {
	rm -f "$report"
	captured piped
	[ "$rc" -eq 0 ]
	parses
	says output null
	says bytes_written "$(stat -c %s "$T/out/pipe.tar")"
	says bytes_raw "$(value bytes_written)"
	says compression '"none"'
	says compression_level 0
	says wal_method '"none"'
	value wal_records | grep -qx '[1-9][0-9]*' # it is proved all the same
	says pages_checked null
	says manifest_checksums null
	rm "$T/out/pipe.tar"
}

piped() {
	backup main -c fast -X none --no-wait-archive --no-verify-checksums --no-manifest \
		--report="$report" | cat >"$T/out/pipe.tar"
}

replaced_at_once() { # who reads the earlier one reads it to its end
	run 0 -o "$archive"
	exec 8<"$report"
	cp "$report" "$T/earlier"
	rm "$archive"
	run 0 -o "$archive"
	cat <&8 | diff - "$T/earlier"
	exec 8<&-
	fails diff "$report" "$T/earlier"
	rm "$archive"
}

# ---------------------------------------------------------------------------- findings

damaged() {
	file=$(sql main "select pg_relation_filepath('t')")
	cp "$data/$file" "$T/sound"
	printf 'x' | dd of="$data/$file" bs=1 seek=$((3 * 8192 + 5000)) conv=notrunc status=none
	printf 'x' | dd of="$data/$file" bs=1 seek=$((5 * 8192 + 5000)) conv=notrunc status=none
	run 3 -q -o "$archive"
	dd if="$T/sound" of="$data/$file" conv=notrunc status=none
	parses
	says result '"findings"'
	says exit_status 3
	says error null
	says damaged_pages 2
	says damaged_files 1
	lines 2 '^pg_basetar: file "' "$T/stderr"
	sed -n "s/^pg_basetar: file \"\(.*\)\", block \(.*\): checksum \(.*\) expected, \(.*\) found\$/    { \"kind\": \"checksum\", \"file\": \"\1\", \"block\": \2, \"offset\": null, \"expected\": \"\3\", \"found\": \"\4\", \"digest\": null/p" \
		"$T/stderr" >"$T/expected"
	sed -n 's/\(^    { "kind": .*\), "text": .*/\1/p' "$report" | diff "$T/expected" -
	rm "$archive"
}

# ----------------------------------------------------------------------------- failure

interrupted() { # in the middle of the files
	hold main --report="$report"
	kill -TERM "$pid"
	ended
	exec 7<&-
	failed 'interrupted by SIGTERM, no backup was made'
	clean main
	value start_lsn | grep -q /
	says stop_lsn null
	lines 1 '"phase": "sending files"' "$report"
	lines 0 '"phase": "sending WAL"' "$report"
}

server_stops() {
	hold main --report="$report"
	cluster_stop main immediate
	ended
	exec 7<&-
	failed 'connection|server'
	no_server
	cluster_start main
}

no_server() {
	captured backup main -o "$archive" --report="$report"
	failed 'no server is running'
	says server_version "$packaged"
	says source null
	value hint | grep -q '^"Start the server'
}

no_cluster() {
	captured as_server "$BIN" -D "$T/out" -o "$archive" --report="$report"
	failed 'PG_VERSION'
	captured as_server "$BIN" -D "$T/none" -o "$archive" --report="$report"
	failed 'No such file or directory'
	says data_directory "\"$T/none\""
}

output_exists() {
	as_server sh -c "echo precious >'$archive'"
	captured backup main -o "$archive" --report="$report"
	[ "$rc" -eq 1 ]
	says error "\"\\\"$archive\\\": File exists\""
	[ "$(cat "$archive")" = precious ]
	rm "$archive"
}

killed() { # nothing can be done
	cp "$report" "$T/earlier"
	hold main --report="$report"
	kill -KILL "$pid"
	ended
	exec 7<&-
	diff "$T/earlier" "$report"
	[ "$(find "$T/reports" -mindepth 1)" = "$report" ]
	clean main
}

usage() {
	cp "$report" "$T/earlier"
	captured backup main --jobs=0 --report="$report"
	[ "$rc" -eq 1 ]
	diff "$T/earlier" "$report"
}

# ---------------------------------------------------------------------- refused places

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
	lines 1 "$not_written: the file \"$report\" is not a report of pg_basetar" "$T/stderr"
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

# ------------------------------------------------------------------- no room in the end

# The backup is made, and the exit status is its own; the earlier report is gone.
no_room() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root to mount'
	mkdir "$T/small"
	mount -t tmpfs -o size=64k none "$T/small" 2>/dev/null || skip 'cannot mount here'
	echo "$T/small" >"$T/mounted"
	chown "$owner" "$T/small"
	cp "$T/earlier" "$T/small/report.json"
	fails dd if=/dev/zero of="$T/small/filler" bs=4k status=none
	captured backup main -c fast -q -o "$archive" --report="$T/small/report.json"
	[ "$rc" -eq 0 ]
	lines 2 '' "$T/stderr"
	head -n 1 "$T/stderr" | grep -q "$not_written: .*: No space left on device\$"
	lines 1 '^hint: The exit status is that of the backup' "$T/stderr"
	tar -tf "$archive" | tail -n 1 | grep -qx backup_manifest
	fails dd if=/dev/zero of="$T/small/more" bs=4k status=none # where the earlier one was
	captured backup main -c fast -q -o "$archive" --report="$T/small/report.json"
	[ "$rc" -eq 1 ] # and has one error to tell, of the backup
	one_error "$T/stderr" 'File exists'
	lines 1 "$not_written" "$T/stderr"
	rm "$T/small/more"
	[ "$(find "$T/small" -mindepth 1)" = "$T/small/filler" ]
	umount "$T/small"
	rm "$T/mounted" "$archive"
	clean main
}

# ----------------------------------------------------------------------------- by root

as_root() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	captured env -i -C / PATH=/usr/bin:/bin timeout 60 "$BIN" -D "$data" -h "$T/main" \
		-c fast -o "$T/root/base.tar" --report="$T/root/report.json" "$@"
}

by_root() {
	as_root
	[ "$rc" -eq 0 ]
	[ "$(stat -c '%U %a' "$T/root/report.json" "$T/root/base.tar")" = "root 644
root 600" ]
	report=$T/root/report.json
	parses
	says result '"sound"'
	as_root
	[ "$rc" -eq 1 ]
	says result '"failed"'
	[ "$(stat -c %U "$report")" = root ]
	as_root -D "$T/none"
	value error | grep -q 'No such file'
	rm "$T/root/base.tar"
	as_root -p 1
	[ "$rc" -eq 1 ]
	says result '"failed"'
	[ "$(find "$T/root" -mindepth 1)" = "$report" ]
}

as_server mkdir "$T/reports"
mkdir -m 700 "$T/root"
cluster_init main -k
cluster_set main log_checkpoints=on autovacuum=off
cluster_start main
tablespace main space
sql main 'create table t as select generate_series(1, 100000) g'
sql main 'create table s tablespace space as select * from t'
sql main checkpoint

t 'all that there is to say' complete
t 'the tablespace' tablespace_is_told
t 'phases in their order' phases_in_order
t 'the manual has every key' keys_are_documented
t 'with -q, and a name that is no UTF-8' quietly
t 'a backup into a pipe' into_a_pipe
t 'an earlier report is replaced at once' replaced_at_once
t 'damaged pages' damaged
t 'SIGTERM' interrupted
t 'the server stops, and is not there' server_stops
t 'no cluster' no_cluster
t 'the output exists' output_exists
t 'SIGKILL leaves the earlier report' killed
t 'a wrong command line writes none' usage
t 'places that are refused' refused_places
t 'what is no report is kept' not_a_report
t 'and what comes to be there meanwhile' appears
t 'in the directory of --split' with_split
t "another user's, in a directory like /tmp" another_users
t 'no room for it' no_room
t 'run by root' by_root

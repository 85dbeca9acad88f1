#!/bin/sh
# --report: a JSON object that says what became of the run, whatever that was; it is whole.  Where it may
# be is in report-places.sh.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/reports.sh
. "$top/tests/e2e/lib/reports.sh"

# failed PATTERN: the run has, and the report says so.
failed() {
	status=1
	case $1 in *SIGTERM*) status=143 ;; esac
	[ "$rc" -eq "$status" ]
	one_error "$T/stderr" "$1"
	parses
	says result '"failed"'
	says exit_status "$status"
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
	failed 'is empty'
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

# Yesterday's report must not be taken for that of a run that goes on, or was killed.
running() {
	backup main -o "$archive" --report="$report"
	says result '"sound"'
	rm "$archive"
	began=$(date -u +%s)
	hold main --report="$report"
	parses
	says result '"running"'
	says pid "$pid"
	for key in exit_status error ended seconds start_lsn; do
		says "$key" null
	done
	[ "$(date -u -d "$(value started | tr -d \")" +%s)" -ge "$((began - 1))" ]
	kill -KILL "$pid"
	ended
	exec 7<&-
	says result '"running"'
	says pid "$pid"
	[ "$(find "$T/reports" -mindepth 1)" = "$report" ]
	clean main
}

usage() {
	cp "$report" "$T/earlier"
	captured backup main --jobs=0 --report="$report"
	[ "$rc" -eq 1 ]
	diff "$T/earlier" "$report"
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

reporting

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
t 'a run that goes on says so, and after SIGKILL as well' running
t 'a wrong command line writes none' usage
t 'run by root' by_root

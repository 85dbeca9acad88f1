# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # lib/base.sh and the tests have the other end of these
# For tests of --report: backups of "main" with one, $report; sourced after lib/base.sh.
data=$T/main/data
archive=$T/out/base.tar
report=$T/reports/report.json

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

# reporting: the cluster, and where reports may be.
reporting() {
	as_server mkdir "$T/reports"
	mkdir -m 700 "$T/root"
	cluster_init main -k
	cluster_set main log_checkpoints=on autovacuum=off
	cluster_start main
	tablespace main space
	sql main 'create table t as select generate_series(1, 100000) g'
	sql main 'create table s tablespace space as select * from t'
	sql main checkpoint
}

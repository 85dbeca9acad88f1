# shellcheck shell=sh
# shellcheck disable=SC2154 # lib/base.sh sets rc
# For tests of the segments of pg_xact and the like; sourced after lib/base.sh.

# has_multixact NAME ROW: a lock of it, and another one of the same row below a savepoint.
has_multixact() {
	sql "$1" "begin; select i from t where i = $2 for key share; savepoint a;
		select i from t where i = $2 for update; commit"
}

# found FILE KIND: the last run said that of it, and exactly that.
found() {
	[ "$rc" -eq 3 ]
	grep -q "$2" "$T/stderr"
	lines 1 "\"$1\"" "$T/stderr"
}

# shellcheck shell=sh
# shellcheck disable=SC2154 # lib/base.sh sets rc
# For tests of snapshots; sourced after lib/threeways.sh.  A snapshot is what the disk of a running
# server held at one moment.  Here that is a copy of all files, "snap", after all its processes were
# killed at once; then the server goes on.
archive=$T/out/snapshot.tar

# shellcheck disable=SC2120 # of a test that calls it with none
taken() { # OPTION...: of the snapshot
	rm -f "$archive"
	captured backup snap --snapshot -o "$archive" "$@"
	[ "$rc" -eq 0 ]
	segments "$archive"
}

refused() { # PATTERN OPTION...
	pattern=$1
	shift
	rm -f "$T/out/refused.tar"
	captured backup snap --snapshot -o "$T/out/refused.tar" "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$pattern"
	lines 1 '^hint: ' "$T/stderr"
	[ ! -e "$T/out/refused.tar" ]
}

last_segment() {
	tail -n 1 "$T/segments"
}

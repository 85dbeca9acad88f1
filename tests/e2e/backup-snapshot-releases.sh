#!/bin/sh
# --snapshot with the releases of PostgreSQL; and with what only those up to 14 have, an exclusive
# backup that was under way.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/threeways.sh
. "$top/tests/e2e/lib/threeways.sh"
# shellcheck source=tests/e2e/lib/snapshots.sh
. "$top/tests/e2e/lib/snapshots.sh"

other_major() { # MAJOR
	cluster_init old "$1"
	cluster_start old
	sql old 'create table t as select generate_series(1, 1000) g'
	sql old 'create unlogged table u as select generate_series(1, 1000) g'
	sql old 'checkpoint'
	sql old 'insert into t select generate_series(1001, 2000)'
	sql old 'select pg_switch_wal()' >/dev/null
	sql old 'insert into t select generate_series(2001, 3000)'
	crash old
	rm -rf "$T/snap"
	cp -a "$T/old" "$T/snap"
	rm "$T/old/data/postmaster.pid" # which the next case would stop the server by
	taken
	[ ! -s "$T/stderr" ]
	restore copy "$archive" gnu "$1"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 3000 ]
	[ "$(sql copy 'select count(*) from u')" -eq 0 ]
	cluster_stop copy
}

# ------------------------------------------------------------------------- exclusive backups

# frozen NAME MAJOR: the disk of a running server at one moment is that of "snap": its processes
# stand still.
frozen() {
	postmaster=$(head -n 1 "$T/$1/data/postmaster.pid")
	cluster_dir snap "$2"
	kill -STOP "$postmaster"
	children=$(cat "/proc/$postmaster/task/$postmaster/children")
	# shellcheck disable=SC2086 # words
	kill -STOP $children
	cp -a "$T/$1/data" "$T/snap/data"
	# shellcheck disable=SC2086 # words
	kill -CONT $children "$postmaster"
}

# The restored copy has all rows.
has_all() { # ARCHIVE MAJOR ROWS
	restore copy "$1" gnu "$2"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq "$3" ]
	cluster_stop copy
}

# Recovery would begin where the backup_label says, and the copy has none: so it is refused, and each
# way out that the hint names leads to a backup.
exclusive() { # MAJOR
	# the last one runs if its case failed; that of another case may have crashed
	[ ! -e "$T/old/data/postmaster.pid" ] || cluster_stop old immediate || :
	cluster_init old "$1"
	cluster_start old
	sql old 'create table t as select generate_series(1, 1000) g'
	sql old "select pg_start_backup('exclusive', true)"
	sql old 'insert into t select generate_series(1001, 2000)'
	sql old checkpoint
	sql old 'insert into t select generate_series(2001, 3000)'
	frozen old "$1"
	captured backup snap --snapshot -o "$T/out/refused.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "exclusive backup was in progress in \"$T/snap/data\""
	[ ! -e "$T/out/refused.tar" ]
	grep -q '^hint: End it on the server with SELECT pg_stop_backup(), and take another' "$T/stderr"
	grep -q 'start one in this directory, .* shut it down and use --offline' "$T/stderr"
	rm "$T/snap/data/postmaster.pid" # its process is that of the original, which is lost
	cluster_start snap
	cluster_stop snap
	rm -f "$T/out/lost.tar"
	captured backup snap --offline -o "$T/out/lost.tar"
	[ "$rc" -eq 0 ]
	has_all "$T/out/lost.tar" "$1" 3000
	sql old 'select pg_stop_backup()'
	frozen old "$1"
	taken
	[ ! -s "$T/stderr" ]
	has_all "$archive" "$1" 3000
	crashed_in_exclusive "$1"
}

# The same of a server that crashed meanwhile.  Its pg_control names that backup from then on, for
# whose end a standby would wait for ever: a copy does not.
crashed_in_exclusive() { # MAJOR
	sql old "select pg_start_backup('exclusive', true)"
	sql old 'insert into t select generate_series(3001, 4000)'
	crash old
	captured backup old --offline -o "$T/out/refused.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'exclusive backup was in progress'
	grep -q '^hint: Start the server, .* shut it down' "$T/stderr"
	cluster_start old
	cluster_stop old
	rm "$archive"
	captured backup old --offline -o "$archive"
	[ "$rc" -eq 0 ]
	has_all "$archive" "$1" 4000
	as_followed "$1" 4000
	sql old checkpoint
	frozen old "$1"
	taken
	as_followed "$1" 5000
}

has_rows_more() { # ROWS
	[ "$(sql copy 'select count(*) from t')" -eq $(($1 + 1000)) ]
}

# as_followed MAJOR ROWS: the restored copy of $archive, as a standby of the original, which goes on.
as_followed() {
	[ -e "$T/old/data/postmaster.pid" ] || cluster_start old
	restore copy "$archive" gnu "$1"
	follows copy old
	cluster_set copy hot_standby=on
	sql old "insert into t select generate_series($2 + 1, $2 + 1000)"
	cluster_start copy
	wait_until 20 has_rows_more "$2"
	cluster_stop copy
}

for major in $(majors slice); do
	t "$major: a snapshot" other_major "$major"
done
for major in $(majors only 10 11 12 13 14); do # 15 has none
	t "$major: an exclusive backup was in progress" exclusive "$major"
done

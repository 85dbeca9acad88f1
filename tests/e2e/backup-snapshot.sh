#!/bin/sh
# --snapshot of a primary and of a standby under load: the copy starts, follows and recovers; links that
# lead out of the snapshot are refused, and so is one that is written to meanwhile.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/threeways.sh
. "$top/tests/e2e/lib/threeways.sh"
# shellcheck source=tests/e2e/lib/snapshots.sh
. "$top/tests/e2e/lib/snapshots.sh"
pace= # no checkpoint is asked for
split=$T/out/snapshot
maps="-T $T/main/spc1=$T/snap/spc1 -T $T/main/spc2=$T/snap/spc2 -T $T/main/spc3=$T/snap/spc3"

# shot NAME: the crash of NAME under load is in $T/snap, with the process id of a live server.
# CREATE INDEX and VACUUM FULL write pages of files that nobody sees yet ahead of their WAL, and a
# snapshot that has such pages is refused (the manual, CAVEATS): they are over by then.
shot() {
	load_start main
	wait_until 60 has_more "$(sql main 'select count(*) from pgbench_history')"
	[ "$1" = main ] || wait_until 60 has_some "$1"
	churn_stop main
	crash "$1"
	cp -a "$T/$1" "$T/snap"
	[ "$1" = main ] || load_stop main
	wait
	cluster_start "$1"
	cp -p "$T/$1/data/postmaster.pid" "$T/snap/data/"
}

# split_taken OPTION...: the same in several archives.
split_taken() {
	rm -rf "$split"
	captured backup snap --snapshot --split -o "$split" "$@"
	[ "$rc" -eq 0 ]
	restore_split copy "$split"
	verify_split copy "$split"
}

# ---------------------------------------------------------------------------- of a primary

make_shot() {
	original
	shot main
}

live_directory() {
	captured backup main --snapshot -o "$T/out/refused.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'is running, process'
	[ ! -e "$T/out/refused.tar" ]
	sql main 'select 1'
}

# On the same file system, too: the running server has the same.
live_links() {
	refused "tablespace \"$T/main/spc1\": .*leads out of the snapshot"
	grep -q '^hint: .*-T OLD=NEW' "$T/stderr"
	refused "tablespace \"$T/main/spc2\": .*leads out" -T "$T/main/spc1=$T/snap/spc1"
	# shellcheck disable=SC2086 # words
	refused "tablespace \"$T/main/spc1\": .*leads out" ${maps#* * } -T "$T/main/spc1=$T/main/spc1"
	# shellcheck disable=SC2086 # words
	refused "no tablespace of the cluster is at \"/nowhere\"" $maps -T /nowhere=/tmp
}

take_primary() {
	# shellcheck disable=SC2086 # words
	taken $maps
	[ ! -s "$T/stderr" ]
	lines 0 '^backup_label$' "$T/list"
	lines 0 '^postmaster.pid$' "$T/list"
	tar -xOf "$archive" pg_basetar.info >"$T/info"
	lines 1 '^mode: snapshot$' "$T/info"
	lines 1 "^tablespace: [0-9]* $T/main/spc1\$" "$T/info"
	tar -xOf "$archive" global/pg_control | cmp - "$T/snap/data/global/pg_control"
	marked_as snap
	restore copy "$archive"
	verify copy
	# shellcheck disable=SC2086 # words
	split_taken $maps
}

output_inside() {
	# shellcheck disable=SC2086 # words
	captured backup snap --snapshot $maps -o "$T/snap/spc2/base.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'inside|tablespace'
	[ ! -e "$T/snap/spc2/base.tar" ]
}

# Not frozen: a server goes on writing there.
written_meanwhile() { # FILE
	# shellcheck disable=SC2086 # words
	hold snap --snapshot $maps
	as_server touch "$T/snap/$1"
	let_go
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'changed while'
	lines 1 '^hint: .*snapshot' "$T/stderr"
	fails seen_whole "$T/held.tar"
}

control_meanwhile() {
	cp -p "$T/snap/data/global/pg_control" "$T/control"
	# shellcheck disable=SC2086 # words
	hold snap --snapshot $maps
	cp -p "$T/main/data/global/pg_control" "$T/snap/data/global/pg_control"
	let_go
	cp -p "$T/control" "$T/snap/data/global/pg_control"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'pg_control.* changed'
}

# ---------------------------------------------------------------------------- of a standby

has_some() { # NAME: it has replayed some WAL since its last restartpoint
	[ "$(sql "$1" "select pg_last_wal_replay_lsn() - redo_lsn > 3000000 from pg_control_checkpoint()")" = t ]
}

make_standby_shot() {
	rm -rf "$T/snap"
	sql main 'truncate mark'
	cluster_dir standby
	at main pg_basebackup -D "$T/standby/data" -R -c fast -X stream \
		-T "$T/main/spc1=$T/standby/spc1" -T "$T/main/spc2=$T/standby/spc2" \
		-T "$T/main/spc3=$T/standby/spc3"
	cluster_start standby
	shot standby
	set --
	for space in spc1 spc2 spc3; do
		set -- "$@" -T "$T/standby/$space=$T/snap/$space"
	done
	taken "$@"
	[ ! -s "$T/stderr" ]
	cluster_stop standby
	restore copy "$archive"
	verify copy
	split_taken "$@"
}

# ------------------------------------------------------------------------------------ links

other_file_system() {
	rm -rf "$T/snap" "$T/standby"
	crash main
	cp -a "$T/main" "$T/snap"
	oid=$(find "$T/snap/data/pg_tblspc" -lname "$T/main/spc1" -printf '%f\n')
	make_away
	cp -a "$T/snap/spc1" "$away/spc"
	cp -a "$T/snap/data/pg_wal" "$away/wal"
	ln -sfn "$away/spc" "$T/snap/data/pg_tblspc/$oid"
	set -- -T "$T/main/spc2=$T/snap/spc2" -T "$T/main/spc3=$T/snap/spc3"
	refused "tablespace \"$away/spc\": pg_tblspc/$oid leads out of the snapshot" "$@"
	rm -rf "$T/snap/data/pg_wal"
	ln -s "$away/wal" "$T/snap/data/pg_wal"
	refused 'pg_wal leads out of the snapshot' "$@" -T "$away/spc=$T/snap/spc1"
	grep -q '^hint: .*--waldir' "$T/stderr"
	refused 'directory \"/nowhere\"' "$@" -T "$away/spc=$T/snap/spc1" --waldir=/nowhere
	taken "$@" -T "$away/spc=$T/snap/spc1" --waldir="$away/wal"
	tar -tvf "$archive" | grep -q '^d.* pg_wal/$'
	plain_start "$archive" 0
	ln -sfn "$T/main/data/pg_wal" "$T/snap/data/pg_wal"
	refused 'pg_wal leads out of the snapshot' "$@" -T "$away/spc=$away/spc"
	# of a server that is not at work it may be the snapshot's: the user says so
	taken "$@" -T "$away/spc=$away/spc" --waldir="$T/main/data/pg_wal"
}

waldir_for_nothing() {
	captured backup main --snapshot --waldir="$T/main/data/pg_wal" -o "$T/out/refused.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'is neither a symbolic link nor an empty directory'
}

# ---------------------------------------------------------------------------------- damage

# The damages to a segment.

# ------------------------------------------------------------------------- exclusive backups

t 'a server is killed, copied, and goes on' make_shot
t 'the directory of the server itself is refused' live_directory
t 'links to the tablespaces of the server are refused' live_links
t 'a snapshot' take_primary
t 'an output inside of a tablespace is refused' output_inside
segment=$(last_segment)
t 'a file that was sent is written to meanwhile' written_meanwhile data/PG_VERSION
t 'a file that will be sent is written to meanwhile' written_meanwhile data/pg_xact/0000
t 'WAL is written meanwhile' written_meanwhile "data/pg_wal/$segment"
t 'a checkpoint meanwhile' control_meanwhile
cluster_stop main
t 'plain start' plain_start "$archive" 0
cluster_start main
t 'the original goes on' goes_on
t 'as a standby of the original' as_a_standby "$archive"
t 'recovery to a time' to_a_time "$archive"
t 'split: plain start' plain_start "$split" 0
t 'split: as a standby of the original' as_a_standby "$split"
t 'split: recovery to a time' to_a_time "$split"

t 'the snapshot of a standby' make_standby_shot
t 'standby: plain start' plain_start "$archive" 0
t 'the original goes on with the standby' goes_on
t 'standby: as a standby of the original' as_a_standby "$archive"
t 'standby: recovery to a time' to_a_time "$archive"
t 'standby, split: plain start' plain_start "$split" 0
t 'standby, split: as a standby of the original' as_a_standby "$split"
t 'standby, split: recovery to a time' to_a_time "$split"
sql main 'truncate mark'
t 'tablespace and WAL on other file systems' other_file_system
t '--waldir needs a link or an empty directory' waldir_for_nothing

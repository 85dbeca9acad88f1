#!/bin/sh
# restore: the same trees as by hand, with tablespaces where they shall be, and they start; what is
# damaged, refused or interrupted does not.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/restored.sh
. "$top/tests/e2e/lib/restored.sh"
export PGUSER=postgres

# whole NAME FROM OPTION...: restored, the same, and starts.
whole() {
	restored "$@"
	[ "$rc" -eq 0 ]
	says_only_where
	same "$1" "$2"
	as_server pg_verifybackup -i tablespace_map "$T/$1/data" | grep -qx 'backup successfully verified'
	cluster_start "$1"
	sound "$1"
	rm -rf "${T:?}/$1"
}

made() { # OUTPUT OPTION...
	output=$1
	shift
	captured backup main -c fast -o "$output" "$@"
	[ "$rc" -eq 0 ]
	loaded main
}

one() { # SUFFIX OPTION...
	suffix=$1
	shift
	made "$T/out/one$suffix" "$@"
	whole one "$T/out/one$suffix"
}

piped() {
	cluster_dir piped
	# shellcheck disable=SC2046 # words
	as_server "$BIN" -D "$T/main/data" -c fast -z |
		as_server "$BIN" restore - -D "$T/piped/data" $(moved piped)
	as_server pg_verifybackup "$T/piped/data" | grep -qx 'backup successfully verified'
	cluster_start piped
	sound piped
}

split() { # OPTION...
	rm -rf "$T/out/set"
	made "$T/out/set" --split "$@"
	whole split "$T/out/set"
	# the map that replay goes by names the new places, and no other
	restored split "$T/out/set"
	[ "$(grep -c "$T/split/" "$T/split/data/tablespace_map")" -eq 3 ]
	lines 3 '' "$T/split/data/tablespace_map"
	rm -rf "$T/split"
}

stock() { # OPTION...
	rm -rf "$T/out/stock"
	captured at main pg_basebackup -Ft -c fast -D "$T/out/stock" "$@"
	[ "$rc" -eq 0 ]
	whole stock "$T/out/stock"
}

stopped() {
	captured as_server "$BIN" -D "$T/main/data" --offline -o "$T/out/stopped.tar"
	[ "$rc" -eq 0 ]
	whole stopped "$T/out/stopped.tar"
	captured as_server "$BIN" -D "$T/main/data" --offline --split -o "$T/out/cold"
	[ "$rc" -eq 0 ]
	whole cold "$T/out/cold"
}

snapshot() {
	cluster_start main
	at main pgbench -n -t 200 >/dev/null 2>&1
	cluster_stop main immediate
	cp -a "$T/main" "$T/snap"
	captured as_server "$BIN" -D "$T/snap/data" --snapshot -T "$T/main/spc1=$T/snap/spc1" \
		-T "$T/main/spc2=$T/snap/spc2" -T "$T/main/spc3=$T/snap/spc3" -o "$T/out/snap.tar"
	[ "$rc" -eq 0 ]
	rm -rf "$T/snap"
	whole snap "$T/out/snap.tar"
	cluster_start main
}

of_a_standby() {
	cluster_dir standby
	# shellcheck disable=SC2046 # words
	at main pg_basebackup -c fast -R -D "$T/standby/data" $(moved standby)
	cluster_start standby
	captured as_server "$BIN" -D "$T/standby/data" -c fast -o "$T/out/standby.tar"
	[ "$rc" -eq 0 ]
	cluster_stop standby
	cluster_dir third
	captured as_server "$BIN" restore "$T/out/standby.tar" -D "$T/third/data" \
		--archive-mode=keep -T "$T/standby/spc1=$T/third/spc1" -T "$T/standby/spc2=$T/third/spc2" \
		-T "$T/standby/spc3=$T/third/spc3"
	[ "$rc" -eq 0 ]
	grep -q 'warning: the backup has a standby.signal' "$T/stderr"
	same third "$T/out/standby.tar"
	as_server rm "$T/third/data/standby.signal"
	cluster_start third
	sound third
}

# The original's places, once it is gone.
original_places() {
	as_server mkdir "$T/aside"
	cluster_stop main
	for space in spc1 spc2 spc3; do
		mv "$T/main/$space" "$T/aside/"
	done
	cluster_dir back
	captured as_server "$BIN" restore "$T/out/one.tar" -D "$T/back/data"
	[ "$rc" -eq 0 ]
	[ -d "$T/main/spc1/$(version_dir back)" ]
	cluster_start back
	sound back
	for space in spc1 spc2 spc3; do
		rm -rf "${T:?}/main/$space"
		mv "$T/aside/$space" "$T/main/"
	done
	cluster_start main
}

without_wal() {
	captured backup main -c fast -X none --no-wait-archive -o -
	cp "$T/stdout" "$T/out/bare.tar"
	chmod 644 "$T/out/bare.tar"
	restored bare "$T/out/bare.tar"
	[ "$rc" -eq 0 ]
	grep -q 'warning: the WAL is not in the backup' "$T/stderr"
	fails cluster_start bare
	rm -rf "$T/bare"
	restored bare "$T/out/bare.tar" --restore-command="cp '$T/main/data/pg_wal/%f' '%p'"
	[ "$rc" -eq 0 ]
	says_only_where
	cluster_start bare
	sound bare
}

wal_elsewhere() {
	restored away "$T/out/one.tar" --waldir="$T/away/wal"
	[ "$rc" -eq 0 ]
	[ "$(readlink "$T/away/data/pg_wal")" = "$T/away/wal" ]
	[ -d "$T/away/wal/archive_status" ]
	cluster_start away
	sound away
}

# As root all belongs to whom it did; the group may read if it could.
by_root() {
	[ "$(id -u)" -eq 0 ] || skip 'not run as root'
	cluster_init group -g
	cluster_start group
	tablespace group spc
	captured backup group -c fast -o - >"$T/out/group.tar"
	cat "$T/stdout" >"$T/out/group.tar"
	cluster_stop group
	mkdir "$T/rooted"
	"$BIN" restore "$T/out/group.tar" -D "$T/rooted/data" -T "$T/group/spc=$T/rooted/spc"
	[ "$(find "$T/rooted/data" "$T/rooted/spc" -not -user postgres | wc -l)" -eq 0 ]
	[ "$(stat -c %a "$T/rooted/data")" = 750 ]
	[ "$(stat -c %a "$T/rooted/data/base")" = 750 ]
	[ "$(stat -c %a "$T/rooted/data/PG_VERSION")" = 640 ]
}

# -------------------------------------------------------------------------------- refusals

# refused PATTERN ARGUMENT...
refused() {
	pattern=$1
	shift
	captured as_server timeout 60 "$BIN" restore "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$pattern"
}

refusals() {
	one=$T/out/one.tar
	refused 'no data directory is given' "$one"
	refused 'no archive is given' -D "$T/none"
	refused 'a cluster is there' "$one" -D "$T/main/data"
	as_server mkdir "$T/used"
	as_server touch "$T/used/x"
	refused 'the directory is in use' "$one" -D "$T/used"
	refused 'could not create directory: No such file' "$one" -D "$T/none/none"
	refused "tablespace [0-9]*: \"$T/main/spc[123]\": the directory is in use" "$one" -D "$T/none"
	grep -q 'for it with -T OLD=NEW; if an unfinished restore left' "$T/stderr"
	refused "tablespace [0-9]*: \"$T/used\": the directory is in use" "$one" -D "$T/none" \
		-T "$T/main/spc1=$T/used" -T "$T/main/spc2=$T/none2" -T "$T/main/spc3=$T/none3"
	if [ "$(id -u)" -eq 0 ]; then
		mkdir -m 777 "$T/roots"
		refused 'the directory belongs to another user' "$one" -D "$T/roots"
		empty "$T/roots"
	fi
	[ ! -e "$T/none" ]
	refused 'no tablespace of the backup was at "/nowhere"' "$one" -D "$T/none" -T /nowhere=/tmp/x
	[ ! -e "$T/none" ]
	refused 'not an absolute path' "$one" -D "$T/none" --waldir=wal
	refused 'No such file' "$T/nothing.tar" -D "$T/none"
	[ ! -e "$T/none" ]
}

# What one finding leaves is no cluster, unless --force.
damaged() {
	cp "$T/out/one.tar" "$T/out/bad.tar"
	at_block=$(tar -R -tf "$T/out/bad.tar" | sed -n 's,^block \([0-9]*\): base/1/PG_VERSION$,\1,p')
	flip "$T/out/bad.tar" $(((at_block + 1) * 512))
	chmod 644 "$T/out/bad.tar"
	restored bad "$T/out/bad.tar"
	[ "$rc" -eq 1 ]
	lines 1 'state: "base/1/PG_VERSION", .* changed after it was backed up$' "$T/stderr"
	grep -q 'the backup is not restorable: 1 finding$' "$T/stderr"
	[ ! -e "$T/bad/data/global/pg_control" ]
	fails cluster_start bad
	refused 'an unfinished restore is there' "$T/out/one.tar" -D "$T/bad/data"
	restored bad "$T/out/bad.tar" --force
	[ "$rc" -eq 3 ]
	[ -e "$T/bad/data/global/pg_control" ]
}

# The server goes by the map: it is made of what was restored, whatever was in it.
map_that_lies() {
	rm -rf "$T/out/liar"
	made_quietly "$T/out/liar" --split --no-manifest
	tar -xf "$T/out/liar/base.tar" -C "$T/out" tablespace_map
	sed -i "1s,$T/main/spc,$T/victim,; \$a 99999 /etc" "$T/out/tablespace_map"
	tar --delete -f "$T/out/liar/base.tar" tablespace_map
	tar -rf "$T/out/liar/base.tar" --format=ustar -C "$T/out" tablespace_map
	chmod 644 "$T/out/liar"/*
	restored liar "$T/out/liar"
	[ "$rc" -eq 1 ]
	grep -q 'tablespace: "tablespace_map": where pg_basetar.info has a tablespace' "$T/stderr"
	restored liar "$T/out/liar" --force
	[ "$rc" -eq 3 ]
	lines 3 "^[0-9]* $T/liar/spc[123]\$" "$T/liar/data/tablespace_map"
	lines 3 '' "$T/liar/data/tablespace_map"
}

made_quietly() { # OUTPUT OPTION...
	output=$1
	shift
	captured backup main -c fast -o "$output" "$@"
	[ "$rc" -eq 0 ]
}

# One of its tablespaces goes out of it.
out_of_it() {
	oid=$(sql main "select oid from pg_tablespace where spcname = 'spc1'")
	for from in "$T/out/again.tar" "$T/out/again.d"; do
		cluster_dir again
		captured as_server "$BIN" restore "$from" -D "$T/again/data" \
			-T "../pg_basetar_tblspc/$oid=$T/again/out"
		[ "$rc" -eq 0 ]
		[ "$(readlink "$T/again/data/pg_tblspc/$oid")" = "$T/again/out" ]
		[ ! -e "$T/again/data/pg_basetar_tblspc/$oid" ]
		cluster_start again
		sound again
	done
	cluster_dir again
	refused 'is in the data directory, at' "$T/out/again.stock" -D "$T/again/data" \
		-T "../pg_basetar_tblspc/$oid=$T/again/out"
	fails test -e "$T/again/data"
	captured as_server "$BIN" restore "$T/out/again.stock" -D "$T/again/data"
	[ "$rc" -eq 0 ]
	cluster_start again
	sound again
}

# A cluster that was unpacked by hand has its tablespaces inside, and so has what is restored of it.
unpacked_by_hand() {
	restore hand2 "$T/out/one.tar"
	cluster_start hand2
	captured backup hand2 -c fast -o - -l again
	cp "$T/stdout" "$T/out/again.tar"
	captured backup hand2 -c fast --split -o "$T/out/again.d"
	[ "$rc" -eq 0 ]
	at hand2 pg_basebackup -Ft -c fast -D "$T/out/again.stock"
	cluster_stop hand2
	rm -rf "$T/hand2"
	chmod 644 "$T/out/again.tar"
	for from in "$T/out/again.tar" "$T/out/again.d"; do
		cluster_dir again
		captured as_server "$BIN" restore "$from" -D "$T/again/data"
		[ "$rc" -eq 0 ]
		readlink "$T/again/data/pg_tblspc"/* | lines 3 '^\.\./pg_basetar_tblspc/[0-9]*$' -
		as_server pg_verifybackup -i pg_basetar_tblspc "$T/again/data"
		cluster_start again
		sound again
	done
	out_of_it
	rm -rf "$T/again"
}

# Places that are one, or one in another.
not_apart() {
	one=$T/out/one.tar
	rest="-T $T/main/spc2=$T/apart/2 -T $T/main/spc3=$T/apart/3"
	as_server mkdir "$T/apart"
	for new in "$T/apart/d" "$T/apart/d/x" "$T/apart/2" "$T/apart/2/x"; do
		# shellcheck disable=SC2086 # words
		refused 'overlap|No such file|in use' "$one" -D "$T/apart/d" -T "$T/main/spc1=$new" $rest
		fails test -e "$T/apart/d/PG_VERSION"
		rm -rf "$T/apart"/*
	done
	# shellcheck disable=SC2086 # words
	refused 'in use by a restore' "$one" -D "$T/apart/d" --waldir="$T/apart/2" -T "$T/main/spc1=$T/apart/1" $rest
	rm -rf "$T/apart"
}

# reads_a_pipe NAME: a restore that waits for what is written to descriptor 7.
reads_a_pipe() {
	cluster_dir "$1"
	rm -f "$T/fifo"
	mkfifo "$T/fifo"
	chmod 666 "$T/fifo"
	# shellcheck disable=SC2046 # words
	$as "$BIN" restore - -D "$T/$1/data" $(moved "$1") <"$T/fifo" 2>"$T/stderr" &
	pid=$!
	exec 7>"$T/fifo"
}

# A pipe may wait for long; somebody else may use the directory meanwhile.
no_longer_empty() {
	reads_a_pipe late
	wait_until 20 test -e "$T/late/data"
	as_server touch "$T/late/data/theirs"
	cat "$T/out/one.tar" >&7 || :
	exec 7>&-
	ends
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'the directory is in use'
	[ "$(ls "$T/late/data")" = theirs ]
}

# A second restore into a directory that one is filling, or will fill.
two_at_once() {
	reads_a_pipe late
	wait_until 20 test -e "$T/late/data"
	refused '"[^"]*/late/data": the directory is in use by a restore' "$T/out/one.tar" -D "$T/late/data"
	kill -TERM "$pid"
	exec 7>&-
	ends
	[ "$rc" -eq 1 ]
	[ ! -e "$T/late/data" ]
}

# Where a tablespace was is what the archive says: what may be written there is little.
stray() {
	mkdir -p "$T/stray/pg_basetar_tblspc"
	oid=$(tar -tf "$T/out/one.tar" | sed -n 's,^pg_basetar_tblspc/\([0-9]*\)/$,\1,p' | head -n 1)
	mkdir "$T/stray/pg_basetar_tblspc/$oid"
	echo x >"$T/stray/pg_basetar_tblspc/$oid/x.conf"
	cp "$T/out/one.tar" "$T/out/stray.tar"
	tar -rf "$T/out/stray.tar" --format=ustar -C "$T/stray" "pg_basetar_tblspc/$oid/x.conf"
	chmod 644 "$T/out/stray.tar"
	restored stray2 "$T/out/stray.tar"
	[ "$rc" -eq 1 ]
	grep -q "member \"pg_basetar_tblspc/$oid/x.conf\" is refused: in a tablespace" "$T/stderr"
	[ -z "$(find "$T/stray2" -name x.conf)" ]
	echo x >"$T/stray/pg_basetar_tblspc/$oid/PG_1"
	cp "$T/out/one.tar" "$T/out/stray.tar"
	tar -rf "$T/out/stray.tar" --format=ustar -C "$T/stray" "pg_basetar_tblspc/$oid/PG_1"
	restored stray2 "$T/out/stray.tar"
	[ "$rc" -eq 1 ]
	grep -q "member \"pg_basetar_tblspc/$oid/PG_1\" is refused: in a tablespace" "$T/stderr"
	[ -z "$(find "$T/stray2" -name PG_1)" ]
}

cut_short() {
	head -c 20000000 "$T/out/one.tar" >"$T/out/cut.tar"
	chmod 644 "$T/out/cut.tar"
	restored cut "$T/out/cut.tar"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'cut short'
	[ ! -e "$T/cut/data/global/pg_control" ]
}

# Replay would write to where the original has it.
tablespace_made() {
	as_server mkdir "$T/main/during"
	hold main -o -
	sql main "create tablespace during location '$T/main/during'"
	let_go
	[ "$rc" -eq 0 ]
	chmod 644 "$T/held.tar"
	restored made "$T/held.tar"
	[ "$rc" -eq 1 ]
	grep -q "creates a tablespace at \"$T/main/during\", which is in use here" "$T/stderr"
	[ ! -e "$T/made/data/global/pg_control" ]
	restored made "$T/held.tar" --force
	[ "$rc" -eq 0 ]
	[ -e "$T/made/data/global/pg_control" ]
	sql main 'drop tablespace during'
	as_server rmdir "$T/main/during"
	restored made "$T/held.tar"
	[ "$rc" -eq 0 ]
}

# One that is in the backup too, as of a snapshot, goes to where replay looks for it.
made_and_restored() {
	cluster_init own -k --wal-segsize=1
	cluster_start own
	tablespace own spc
	sql own 'create table t tablespace spc as select generate_series(1, 1000)'
	cluster_stop own immediate
	cp -a "$T/own" "$T/ownsnap"
	captured as_server "$BIN" -D "$T/ownsnap/data" --snapshot -T "$T/own/spc=$T/ownsnap/spc" \
		-o "$T/out/own.tar"
	[ "$rc" -eq 0 ]
	cluster_dir owncopy
	captured as_server "$BIN" restore "$T/out/own.tar" -D "$T/owncopy/data" \
		-T "$T/own/spc=$T/owncopy/spc"
	[ "$rc" -eq 1 ]
	grep -q -e '-T cannot move it' "$T/stderr"
	[ ! -e "$T/owncopy/data/global/pg_control" ]
	rm -rf "${T:?}/owncopy"/data "${T:?}/owncopy"/spc "$T/own/spc"
	captured as_server "$BIN" restore "$T/out/own.tar" -D "$T/owncopy/data" \
		-T "$T/own/spc=$T/owncopy/spc"
	[ "$rc" -eq 1 ]
	grep -q -e '-T cannot move it' "$T/stderr"
	rm -rf "${T:?}/owncopy"/data "${T:?}/owncopy"/spc
	captured as_server "$BIN" restore "$T/out/own.tar" -D "$T/owncopy/data"
	[ "$rc" -eq 0 ]
	cluster_start owncopy
	[ "$(sql owncopy 'select count(*) from t')" -eq 1000 ]
	cluster_stop owncopy
}

is_stopped() {
	grep -q '^State:.[Tt] ' "/proc/$1/status"
}

# Every thread of $pid.
is_traced() {
	! grep -qh '^TracerPid:.0$' "/proc/$pid"/task/*/status
}

# A restore that stands still when pg_control has just got its name: $pid, in $T/last.
stands_at_the_name() {
	cluster_dir last
	# shellcheck disable=SC2046 # words
	$as strace -f -qq -o /dev/null -e inject=renameat:signal=STOP \
		"$BIN" restore -q -j 1 "$T/out/one.tar" -D "$T/last/data" $(moved last) 2>"$T/stderr" &
	tracer=$!
	wait_until 60 test -e "$T/last/data/global/pg_control"
	pid=$(children "$tracer")
	wait_until 20 is_stopped "$pid"
	kill -9 "$tracer"
	wait "$tracer" || :
}

# Of what is left then a server starts, and all of it is there.
at_the_last_moment() {
	for signal in KILL TERM; do # the latter comes too late
		stands_at_the_name
		kill "-$signal" "$pid"
		kill -CONT "$pid" || :
		wait_until 20 is_gone
		[ ! -s "$T/stderr" ]
		as_server pg_verifybackup "$T/last/data" | grep -qx 'backup successfully verified'
		cluster_start last
		sound last
	done
}

# The name is taken away again if its directory cannot be synced.
name_not_synced() {
	stands_at_the_name
	$as strace -f -qq -o "$T/trace" -e trace=fsync -e inject=fsync:error=EIO -p "$pid" &
	wait_until 20 is_traced
	kill -CONT "$pid"
	wait_until 20 is_gone
	wait
	lines 1 'fsync(.*EIO.*INJECTED' "$T/trace"
	one_error "$T/stderr" '"global/pg_control": could not fsync directory: Input/output error'
	[ ! -e "$T/last/data/global/pg_control" ]
	fails as_server timeout 20 postgres -D "$T/last/data" -k "$T/last" -p 1
}

# If that cannot be done a server can start: it is said.
name_stays() {
	stands_at_the_name
	$as strace -f -qq -o "$T/trace" -e trace=fsync,renameat -e inject=fsync:error=EROFS \
		-e inject=renameat:error=EROFS -p "$pid" &
	wait_until 20 is_traced
	kill -CONT "$pid"
	wait_until 20 is_gone
	wait
	one_error "$T/stderr" '"global/pg_control": could not fsync directory: Read-only file system'
	lines 1 "^hint: pg_control could not be taken away again: a server can start on \"$T/last/data\"" \
		"$T/stderr"
	[ -e "$T/last/data/global/pg_control" ]
}

full() { # CALL ERROR PATTERN
	cluster_dir full
	# shellcheck disable=SC2046 # words
	captured as_server strace -f -qq -o /dev/null -e "inject=$1:error=$2:when=20+" \
		"$BIN" restore "$T/out/one.tar" -D "$T/full/data" $(moved full)
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$3"
	[ ! -e "$T/full/data/global/pg_control" ]
	rm -rf "$T/full"
}

failing() {
	full pwrite64 ENOSPC 'could not write: No space left'
	full fsync EIO 'could not fsync: Input/output error'
	full mkdirat EACCES 'could not create directory: Permission denied'
}

# ends_while_it_syncs [COMMAND...]: a signal finds a restore that is run by it, and syncs slowly.
ends_while_it_syncs() {
	cluster_dir insync
	rm -f "$T/trace"
	# shellcheck disable=SC2046 # words
	$as "$@" strace -D -f -qq -o "$T/trace" -e trace=fsync -e inject=fsync:delay_enter=500000 \
		"$BIN" restore -j 1 "$T/out/one.tar" -D "$T/insync/data" $(moved insync) 2>"$T/stderr" &
	pid=$!
	wait_until 20 test -s "$T/trace"
	kill -TERM "$pid"
	ends
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'interrupted by SIGTERM, the backup was not restored'
	[ ! -e "$T/insync/data/global/pg_control" ]
	[ "$(wc -l <"$T/trace")" -lt 20 ]
	rm -rf "$T/insync"
}

# So few files may be open that room has to be made for more; a signal ends that, too.
few_descriptors() {
	for limit in 150 300; do
		cluster_dir few
		# shellcheck disable=SC2046 # words
		captured as_server sh -c "ulimit -n $limit; exec \"\$@\"" sh \
			"$BIN" restore "$T/out/one.tar" -D "$T/few/data" $(moved few)
		[ "$rc" -eq 0 ]
		as_server pg_verifybackup -q "$T/few/data"
	done
	ends_while_it_syncs sh -c "ulimit -n 300; exec \"\$@\"" sh
}

# The system tells of a write that failed by the descriptors that were open then.
synced_as_written() {
	cluster_dir synced
	# shellcheck disable=SC2046 # words
	captured as_server strace -f -qq -y -e trace=openat,fsync -o "$T/trace" \
		"$BIN" restore "$T/out/one.tar" -D "$T/synced/data" $(moved synced)
	[ "$rc" -eq 0 ]
	find "$T/synced/data" "$T/synced"/spc* \( -type f -o -type d \) | sort >"$T/made.list"
	sed -n 's/.*fsync([0-9]*<\([^>]*\)>.*/\1/p' "$T/trace" | sed 's/\.unfinished$//' |
		sort -u >"$T/synced.list"
	comm -23 "$T/made.list" "$T/synced.list" | lines 0 '' -
	[ "$(wc -l <"$T/made.list")" -gt 900 ]
	# each file is opened once, when it is made; but postgresql.conf, to look for data_directory in it
	grep 'openat(.*O_WRONLY' "$T/trace" | grep -vc O_CREAT | grep -qx 0
	grep "openat([0-9]*<$T/synced/[^>]*>, .*O_RDONLY" "$T/trace" >"$T/reopened"
	[ "$(wc -l <"$T/reopened")" -gt 20 ]
	grep -v 'postgresql\.conf"' "$T/reopened" | grep -vc O_DIRECTORY | grep -qx 0
	rm -rf "$T/synced"
}

phases() {
	cluster_dir phases
	# shellcheck disable=SC2046 # words
	captured as_server "$BIN" restore "$T/out/one.tar" -D "$T/phases/data" $(moved phases) \
		--report "$T/out/report"
	[ "$rc" -eq 0 ]
	sed -n 's/^    { "phase": "\(.*\)", "seconds": [0-9.]* },\{0,1\}$/\1/p' "$T/out/report" >"$T/phases.list"
	printf '%s\n' starting restoring syncing | diff - "$T/phases.list"
	rm -rf "$T/phases"
}

# A kernel, or a filter of system calls, that does not know openat2().
old_kernel() {
	cluster_dir old
	for error in ENOSYS EPERM; do
		# shellcheck disable=SC2046 # words
		captured as_server strace -f -qq -o "$T/trace" -e trace=openat2 -e "inject=openat2:error=$error" \
			"$BIN" restore "$T/out/one.tar" -D "$T/old/data" --archive-mode=keep $(moved old)
		[ "$rc" -eq 0 ]
		grep -q 'openat2.*INJECTED' "$T/trace"
		same old "$T/out/one.tar"
		rm -rf "${T:?}/old"/*
	done
}

# ----------------------------------------------------------------------------- killed

writing=openat,openat2,mkdirat,fchmod,pwrite64,utimensat,sync_file_range,fsync,symlinkat,renameat,close

# restores_killed TRACE OPTION...: under strace, with one thread that writes.
restores_killed() {
	trace=$1
	shift
	# shellcheck disable=SC2046 # words
	captured as_server strace -f -qq -o "$trace" "$@" \
		"$BIN" restore -j 1 "$T/out/one.tar" -D "$T/killed/data" $(moved killed)
}

# Whole when pg_control has its name, and then all of it is synced; before that no cluster.
left_behind() {
	if grep -q 'renameat(.* = 0$' "$T/trace"; then
		whole=$((whole + 1))
		as_server pg_verifybackup -q "$T/killed/data"
	else
		[ ! -e "$T/killed/data/global/pg_control" ]
		fails as_server timeout 20 postgres -D "$T/killed/data" -k "$T/killed" -p 1
	fi
}

# At evenly spread calls of those that write.  strace counts each by its name and thread, and another
# thread may be first: how many calls a run came to is counted, and must be spread as well.
killed() {
	cluster_dir killed
	restores_killed "$T/trace" -e "trace=$writing"
	[ "$rc" -eq 0 ]
	rm -rf "${T:?}/killed/"*
	steps=${KILLS:-8}
	rm -f "$T/came"
	sed -n 's/^\([0-9]*\) *\([a-z0-9_]*\)(.*/\1 \2/p' "$T/trace" |
		awk '{ print $2, ++n[$1, $2] }' >"$T/calls"
	awk -v "steps=$steps" -v "count=$(wc -l <"$T/calls")" '
		FNR == int(count * (done + 1) / steps) { print; done++ }' "$T/calls" >"$T/chosen"
	lines "$steps" '' "$T/chosen"
	died=0
	whole=0
	while read -r call when <&9; do
		restores_killed "$T/trace" -e "trace=$writing" -e "inject=$call:signal=KILL:when=$when"
		grep -c '^[0-9]* *[a-z0-9_]*(' "$T/trace" >>"$T/came"
		[ "$rc" -eq 0 ] || [ "$rc" -eq 137 ]
		[ "$rc" -eq 0 ] || died=$((died + 1))
		left_behind
		rm -rf "${T:?}/killed/"*
	done 9<"$T/chosen"
	# which thread does what is not the same each time: a few may have come to their end
	[ $((died * 10)) -ge $((steps * 9)) ] || [ "$died" -ge $((steps - 1)) ]
	widest=$(sort -n "$T/came" | awk -v "count=$(wc -l <"$T/calls")" '
		{ if ($1 - last > most) most = $1 - last; last = $1 }
		END { printf "%d", 100 * most / count }')
	[ "$widest" -le $((300 / steps + 5)) ] # percent
	echo "# $died of $steps killed, $widest % of the calls between two at most;" \
		"$whole are whole, of the others no server started" >"$T/kills"
}

interrupted() {
	reads_a_pipe term
	head -c 5000000 "$T/out/one.tar" >&7
	wait_until 20 test -e "$T/term/data/base"
	kill -TERM "$pid"
	ends
	exec 7>&-
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'interrupted by SIGTERM, the backup was not restored'
	[ ! -e "$T/term/data/global/pg_control" ]
}

cluster_init main -k --wal-segsize=1
cluster_set main wal_keep_size=500MB
cluster_start main
load_init main 1
load_start main
t 'one archive' one .tar
t 'one archive, gzip, SHA256' one .tar.gz --manifest-checksums=SHA256
t 'one pipe, from the backup into the restore' piped
t 'a directory of archives' split
t 'a directory of archives, gzip' split -Z gzip
t 'pg_basebackup, the WAL streamed' stock -X stream
t 'pg_basebackup, the WAL fetched, gzip' stock -X fetch -z
load_stop main
cluster_stop main
t 'a stopped cluster' stopped
t 'a snapshot' snapshot
t 'a standby' of_a_standby
t 'tablespaces where they were' original_places
t 'the WAL elsewhere' wal_elsewhere
t 'the WAL is not in it' without_wal
t 'run as root' by_root
t 'refused before anything is made' refusals
t 'a finding: no pg_control, but with --force' damaged
t 'a tablespace with more than a tablespace has' stray
t 'a map that lies' map_that_lies
t 'a cluster that was unpacked by hand' unpacked_by_hand
t 'places that overlap' not_apart
t 'a directory that is empty no longer' no_longer_empty
t 'two restores into one directory' two_at_once
t 'an archive that was cut' cut_short
t 'the WAL creates a tablespace that is in use here' tablespace_made
t 'the WAL creates a tablespace that is restored to its place' made_and_restored
t 'a disk that is full, or fails' failing
t 'a signal when pg_control has its name: a cluster' at_the_last_moment
t 'a failing disk when pg_control has its name: none' name_not_synced
t 'nor can the name be taken away: it is said' name_stays
t 'without openat2()' old_kernel
t 'interrupted' interrupted
t 'interrupted while it is synced' ends_while_it_syncs
t 'each file is synced as it was written' synced_as_written
t 'few files may be open' few_descriptors
t 'phases' phases
t 'kill -9: no cluster, or a whole one' killed
[ ! -e "$T/kills" ] || cat "$T/kills"

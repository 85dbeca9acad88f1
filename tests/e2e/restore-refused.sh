#!/bin/sh
# restore: what is refused before anything is made, what makes no cluster as it is damaged or lies, and
# what is in its way.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/restored.sh
. "$top/tests/e2e/lib/restored.sh"
export PGUSER=postgres

refusals() {
	one=$T/out/one.tar
	refused 'no data directory specified' "$one"
	refused 'no archive specified' -D "$T/none"
	refused 'the directory has a cluster' "$one" -D "$T/main/data"
	as_server mkdir "$T/used"
	as_server touch "$T/used/x"
	refused 'the directory is not empty' "$one" -D "$T/used"
	as_server ln -s volume "$T/unmounted"
	refused 'could not create directory: No such file' "$one" -D "$T/unmounted/none"
	grep -q '^hint: After a symbolic link its path leads to nothing: mount that volume' "$T/stderr"
	refused "tablespace [0-9]*: \"$T/main/spc[123]\": the directory is not empty" "$one" -D "$T/none"
	grep -q 'for it with -T OLD=NEW; if an unfinished restore left' "$T/stderr"
	refused "tablespace [0-9]*: \"$T/used\": the directory is not empty" "$one" -D "$T/none" \
		-T "$T/main/spc1=$T/used" -T "$T/main/spc2=$T/none2" -T "$T/main/spc3=$T/none3"
	if [ "$(id -u)" -eq 0 ]; then
		mkdir -m 777 "$T/roots"
		refused 'the directory belongs to another user' "$one" -D "$T/roots"
		empty "$T/roots"
	fi
	[ ! -e "$T/none" ]
	refused 'no tablespace of the backup was at "/nowhere"' "$one" -D "$T/none" -T /nowhere=/tmp/x
	for old in pg_tblspc/16384 16384; do
		refused "no tablespace of the backup was at \"$old\"" "$one" -D "$T/none" -T $old=/tmp/x
		tail -n 1 "$T/stderr" | grep -q '^hint: OLD of -T OLD=NEW is the location that'
	done
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
	refused 'the directory has an unfinished restore' "$T/out/one.tar" -D "$T/bad/data"
	restored bad "$T/out/bad.tar" --force
	[ "$rc" -eq 3 ]
	[ -e "$T/bad/data/global/pg_control" ]
}

made_quietly() { # OUTPUT OPTION...
	output=$1
	shift
	captured backup main -c fast -o "$output" "$@"
	[ "$rc" -eq 0 ]
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
	grep -q 'tablespace: "tablespace_map": location of a tablespace differs from pg_basetar.info' "$T/stderr"
	restored liar "$T/out/liar" --force
	[ "$rc" -eq 3 ]
	lines 3 "^[0-9]* $T/liar/spc[123]\$" "$T/liar/data/tablespace_map"
	lines 3 '' "$T/liar/data/tablespace_map"
}

# Places that are one, or one in another.
not_apart() {
	one=$T/out/one.tar
	rest="-T $T/main/spc2=$T/apart/2 -T $T/main/spc3=$T/apart/3"
	as_server mkdir "$T/apart"
	for new in "$T/apart/d" "$T/apart/d/x" "$T/apart/2" "$T/apart/2/x"; do
		# shellcheck disable=SC2086 # words
		refused 'overlap|is named twice' "$one" -D "$T/apart/d" -T "$T/main/spc1=$new" $rest
		fails test -e "$T/apart/d/PG_VERSION"
		rm -rf "$T/apart"/*
	done
	# shellcheck disable=SC2086 # words
	refused 'tablespace [0-9]*: "[^"]*/apart/2" is named twice' "$one" -D "$T/apart/d" --waldir="$T/apart/2" -T "$T/main/spc1=$T/apart/1" $rest
	rm -rf "$T/apart"
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
	one_error "$T/stderr" 'the directory is not empty'
	[ "$(ls "$T/late/data")" = theirs ]
}

# A second restore into a directory that one is filling, or will fill.
two_at_once() {
	reads_a_pipe late
	wait_until 20 test -e "$T/late/data"
	refused '"[^"]*/late/data": another restore is using the directory' "$T/out/one.tar" -D "$T/late/data"
	kill -TERM "$pid"
	exec 7>&-
	ends
	[ "$rc" -eq 143 ]
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
	grep -q "member \"pg_basetar_tblspc/$oid/x.conf\" is refused: it is in a tablespace" "$T/stderr"
	[ -z "$(find "$T/stray2" -name x.conf)" ]
	echo x >"$T/stray/pg_basetar_tblspc/$oid/PG_1"
	cp "$T/out/one.tar" "$T/out/stray.tar"
	tar -rf "$T/out/stray.tar" --format=ustar -C "$T/stray" "pg_basetar_tblspc/$oid/PG_1"
	restored stray2 "$T/out/stray.tar"
	[ "$rc" -eq 1 ]
	grep -q "member \"pg_basetar_tblspc/$oid/PG_1\" is refused: it is in a tablespace" "$T/stderr"
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
	grep -q "creates a tablespace at \"$T/main/during\", which is in use on this host" "$T/stderr"
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
	grep -q 'it cannot be moved' "$T/stderr"
	[ ! -e "$T/owncopy/data/global/pg_control" ]
	rm -rf "${T:?}/owncopy"/data "${T:?}/owncopy"/spc "$T/own/spc"
	captured as_server "$BIN" restore "$T/out/own.tar" -D "$T/owncopy/data" \
		-T "$T/own/spc=$T/owncopy/spc"
	[ "$rc" -eq 1 ]
	grep -q 'it cannot be moved' "$T/stderr"
	rm -rf "${T:?}/owncopy"/data "${T:?}/owncopy"/spc
	captured as_server "$BIN" restore "$T/out/own.tar" -D "$T/owncopy/data"
	[ "$rc" -eq 0 ]
	cluster_start owncopy
	[ "$(sql owncopy 'select count(*) from t')" -eq 1000 ]
	cluster_stop owncopy
}

t 'a backup of a server under load' archived_under_load
t 'refused before anything is made' refusals
t 'a finding: no pg_control, but with --force' damaged
t 'a tablespace with more than a tablespace has' stray
t 'a map that lies' map_that_lies
t 'places that overlap' not_apart
t 'a directory that is empty no longer' no_longer_empty
t 'two restores into one directory' two_at_once
t 'an archive that was cut' cut_short
t 'the WAL creates a tablespace that is in use here' tablespace_made
t 'the WAL creates a tablespace that is restored to its place' made_and_restored

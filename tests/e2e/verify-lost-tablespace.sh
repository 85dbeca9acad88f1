#!/bin/sh
# Tablespaces in place that left no trace in what pg_basebackup -Ft made: the archive of one was
# lost, base.tar alone is there, or the server is too old to send them.  pg_tablespace tells.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/chain.sh
. "$top/tests/e2e/lib/chain.sh"
set_of=$T/out/set
newest=$("$top/scripts/servers" --list | tail -n 1)
client=$("$top/scripts/servers" "$newest" 2>/dev/null)/pg_basebackup || client=pg_basebackup
[ -x "$client" ] || client=pg_basebackup # it serves what is not newer than itself

make_main() { # MAJOR
	# shellcheck disable=SC2046 # a word or none
	cluster_init main "$1" $(small_segments "$1")
	cluster_set main wal_level=replica
	cluster_start main
	tablespace main there
	tablespace main away
	tablespace main third
	sql main 'create table e tablespace there as select generate_series(1, 2000) g'
}

allow() {
	cluster_set main allow_in_place_tablespaces=on
	sql main 'select pg_reload_conf()'
}

oid_of() {
	sql main "select oid from pg_tablespace where spcname = '$1'"
}

take() { # OPTION...
	rm -rf "$set_of"
	at main "$client" -Ft -c fast -D "$set_of" "$@"
}

sound() { # OPTION...
	take "$@"
	sound_set
}

sound_set() {
	captured timeout 120 "$BIN" verify "$set_of"
	[ "$rc" -eq 0 ]
	fails grep -v -e '^pg_basetar: warning: the backup has no manifest' \
		-e '^pg_basetar: warning: the backup has no WAL' "$T/stderr"
}

# lost OID...: verify says of each that it is missing, and restore does not succeed.
lost() {
	captured "$BIN" verify "$input"
	judged "$@"
	[ "$rc" -eq 3 ]
	rm -rf "$T/copy"
	cluster_dir copy
	# shellcheck disable=SC2086 # words
	captured as_server "$BIN" restore -D "$T/copy/data" $moved "$input"
	judged "$@"
	[ "$rc" -ne 0 ]
	[ ! -e "$T/copy/data/global/pg_control" ]
}

judged() {
	for oid; do
		lines 1 "^pg_basetar: tablespace: tablespace $oid is missing, although pg_tablespace lists it" "$T/stderr"
	done
	lines $# 'although pg_tablespace lists it' "$T/stderr"
	fails grep 'does not show for certain' "$T/stderr"
}

everywhere() { # what restore needs to move the tablespaces
	moved=
	for space in there away third; do
		moved="$moved -T $T/main/$space=$T/copy/$space"
	done
}

# ------------------------------------------------------------------------ nothing is lost

rolled_back() {
	fails sql main "create tablespace nowhere location '$T/main/nowhere'"
	sound -X fetch
	fails sql main 'drop tablespace there' # it is not empty
	sound --no-manifest
}

dropped() {
	sql main 'drop tablespace third'
	sound -X stream
	sound -X none --no-manifest
	rm -rf "$T/main/third"
	tablespace main third
}

renamed() {
	sql main 'alter tablespace third rename to three'
	sql main 'alter tablespace three rename to third'
	sound -X fetch
}

rewritten() {
	sql main 'vacuum full pg_tablespace'
	[ "$(sql main "select pg_relation_filepath('pg_tablespace')")" != global/1213 ]
	sound -X fetch
}

streaming() {
	[ "$(sql main 'select phase from pg_stat_progress_basebackup')" = 'streaming database files' ]
}

# The WAL makes one, and drops the other.
meanwhile() {
	allow
	sql main "create tablespace brief location ''"
	rm -rf "$set_of"
	at main "$client" -Ft -c fast -D "$set_of" -X fetch -r 16M &
	pid=$!
	if [ "$1" -ge 13 ]; then wait_until 30 streaming; else sleep 0.7; fi
	sql main 'drop tablespace brief'
	sql main "create tablespace late location ''"
	late=$(oid_of late)
	sql main 'vacuum full pg_tablespace'
	sql main checkpoint
	wait "$pid"
	[ ! -e "$set_of/$late.tar" ]
	sound_set
	sql main 'drop tablespace late'
}

# One was dropped before the server listed them, and the page of its row is older: only the WAL tells.
may_be_dropped() { # OID
	captured timeout 120 "$BIN" verify "$set_of"
	[ "$rc" -eq 0 ]
	lines 1 "warning: tablespace $1 is not in the backup, and pg_tablespace does not show for certain" "$T/stderr"
}

has_begun_checkpoint() {
	tail -n +"$said" "$T/main/log" | grep -q 'checkpoint starting: force wait'
}

dropped_in_checkpoint() {
	third=$(oid_of third)
	sql main 'alter system set log_checkpoints = on'
	sql main 'select pg_reload_conf()'
	sql main 'vacuum pg_tablespace'
	sql main checkpoint
	sql main 'create table few as select 1' # a tenth of a second for each page that it changed
	said=$(($(wc -l <"$T/main/log") + 1))
	rm -rf "$set_of"
	at main "$client" -Ft -D "$set_of" -X none --no-manifest &
	pid=$!
	wait_until 30 has_begun_checkpoint
	sql main 'drop tablespace third'
	kill -0 "$pid"
	wait "$pid"
	may_be_dropped "$third"
	sql main 'drop table few'
	rm -rf "$T/main/third"
	tablespace main third
}

dropped_on_standby() {
	as_server rm -rf "$T/out/first.tar"
	backup main -c fast -o "$T/out/first.tar"
	restore standby "$T/out/first.tar" gnu "$1"
	follows standby main
	cluster_start standby
	level standby main
	sql main checkpoint
	level standby main
	sql standby checkpoint
	vacant=$(oid_of vacant)
	sql main 'drop tablespace vacant'
	level standby main
	rm -rf "$set_of"
	at standby "$client" -Ft -c fast -D "$set_of" -X none
	may_be_dropped "$vacant"
	rm -rf "$set_of"
	at standby "$client" -Ft -c fast -D "$set_of" -X fetch
	sound_set
	cluster_stop standby
	sql main "create tablespace vacant location ''"
}

# ---------------------------------------------------------------------------- one is lost

in_place() {
	sql main "create tablespace here location ''"
	sql main 'create table t tablespace here as select generate_series(1, 3000) g'
	sql main "create tablespace vacant location ''" # no session reads its row
}

too_old() {
	everywhere
	input=$set_of
	for method in fetch none; do
		take -X $method
		lost "$(oid_of here)" "$(oid_of vacant)"
	done
}

vacant_archive() {
	everywhere
	input=$set_of
	vacant=$(oid_of vacant)
	for options in '-X stream' '-X none' '--no-manifest' '-X fetch -z'; do
		# shellcheck disable=SC2086 # words
		sound $options
		rm "$set_of/$vacant".tar*
		lost "$vacant"
	done
}

only_in_place() {
	sql main 'drop table e'
	for space in there away third; do
		sql main "drop tablespace $space"
	done
	fails sql main 'drop tablespace here'
}

# Of a page whose mark no session left, pg_xact tells.
base_alone() { # OPTION...
	moved=
	sql main 'drop tablespace vacant'
	sql main "create tablespace vacant location ''"
	take "$@"
	rm -rf "$T/out/alone"
	mkdir "$T/out/alone"
	mv "$set_of"/base.tar* "$T/out/alone"
	input=$(echo "$T"/out/alone/base.tar*)
	lost "$(oid_of here)" "$(oid_of vacant)"
}

frozen() {
	for options in '-X stream' '-X fetch' '-X none --no-manifest' '-z'; do
		sql main 'vacuum freeze pg_tablespace'
		# shellcheck disable=SC2086 # words
		base_alone $options
	done
	sql main 'vacuum full pg_tablespace'
	base_alone -X fetch
}

# told_to_name FILE: every command says that its directory has the backup.
told_to_name() {
	for command in verify info "restore -D $T/copy/data"; do
		rm -rf "$T/copy"
		cluster_dir copy
		# shellcheck disable=SC2086 # words
		captured as_server "$BIN" $command "$1"
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" "is one archive of a backup that has others: \"$2\" is in the same directory"
		[ "$(tail -n 1 "$T/stderr")" = "hint: Name the directory: \"$set_of\"." ]
		empty "$T/copy/data" 2>/dev/null || [ ! -e "$T/copy/data" ]
	done
}

part_of_set() { # SUFFIX OPTION...
	suffix=$1
	shift
	take "$@"
	other=$(cd "$set_of" && echo [0-9]*.tar* | cut -d ' ' -f 1)
	told_to_name "$set_of/base.tar$suffix" "$other"
	told_to_name "$set_of/$other" "base.tar$suffix"
	captured "$BIN" verify "$set_of"
	[ "$rc" -eq 0 ]
}

# What is whole may be called base.tar, and lie next to anything.
not_part() {
	take -X fetch
	rm "$set_of/base.tar"
	backup main -c fast -o "$set_of/base.tar"
	touch "$set_of/pg_wal.tar"
	captured "$BIN" verify "$set_of/base.tar"
	[ "$rc" -eq 0 ]
	captured "$BIN" info "$set_of/base.tar"
	[ "$rc" -eq 0 ]
	captured "$BIN" verify <"$set_of/base.tar"
	captured "$BIN" verify "$set_of/pg_wal.tar"
	[ "$rc" -ne 0 ]
	fails grep 'Name the directory' "$T/stderr"
}

# The catalog itself is gone: that is said.
no_catalog() {
	take -X fetch --no-manifest
	rm -rf "$T/out/tree"
	mkdir "$T/out/tree"
	catalog=$(sql main "select pg_relation_filepath('pg_tablespace')")
	tar -tf "$set_of/base.tar" | sed 's,/$,,' | grep -vx "$catalog" >"$T/out/names"
	tar -xpf "$set_of/base.tar" -C "$T/out/tree"
	tar -cf "$set_of/base.tar" --format=ustar --no-recursion -C "$T/out/tree" -T "$T/out/names"
	captured "$BIN" verify "$set_of"
	grep -q 'warning: pg_tablespace could not be read: whether tablespaces are missing is not known' "$T/stderr"
}

for major in $(majors only 10 15 16 17 19); do
	rm -rf "$T/out"
	as_server mkdir "$T/out"
	t "$major: a server" make_main "$major"
	[ -e "$T/main/data/postmaster.pid" ] || continue
	t "$major: three elsewhere" sound -X fetch
	t "$major: one archive of several is named" part_of_set '' -X fetch
	t "$major: so it is, of those with gzip" part_of_set .gz -X fetch -z
	t "$major: a whole backup called base.tar" not_part
	t "$major: made, and dropped, in vain" rolled_back
	t "$major: one was dropped" dropped
	t "$major: one is dropped while the checkpoint goes on" dropped_in_checkpoint
	t "$major: one was renamed" renamed
	t "$major: the catalog has another file" rewritten
	t "$major: one is dropped, one is made" meanwhile "$major"
	t "$major: some in place" in_place
	if [ "$major" -le 15 ]; then
		t "$major: the server does not send them" too_old
	else
		t "$major: the archive of an empty one" vacant_archive
		t "$major: those elsewhere go" only_in_place
		t "$major: one is dropped on a standby" dropped_on_standby "$major"
		t "$major: base.tar alone, -X fetch" base_alone -X fetch
		t "$major: base.tar alone, however made" frozen
	fi
	t "$major: the catalog is lost" no_catalog
	cluster_stop main
	rm -rf "$T/main" "$T/copy"
done

#!/bin/sh
# Files that are no relations and say by themselves whether they are whole, and the segments of
# pg_xact and the like: one that is damaged, cut or missing is a finding, in a backup of any
# kind, and of verify whoever made the archive.  A sound one never is.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/segments.sh
. "$top/tests/e2e/lib/segments.sh"

# cluster_with_state NAME MAJOR: a running cluster that has one of each.
cluster_with_state() {
	cluster_init "$1" "$2"
	# an autovacuum that commits has the checkpoint of a backup write pg_commit_ts anew
	cluster_set "$1" wal_level=logical max_prepared_transactions=10 track_commit_timestamp=on \
		autovacuum=off
	cluster_start "$1"
	sql "$1" "create table t (i int primary key)"
	sql "$1" "insert into t select generate_series(1, 1000)"
	sql "$1" "select pg_create_logical_replication_slot('s', 'test_decoding')"
	sql "$1" "select pg_replication_origin_create('o')"
	sql "$1" "select pg_replication_origin_advance('o', '0/1234')"
	sql "$1" "begin; update t set i = 2001 where i = 1; prepare transaction 'p'"
	has_multixact "$1" 5
	sql "$1" "begin; select i from t where i = 6 for share; savepoint a;
		update t set i = 6 where i = 6; commit"
	sql "$1" checkpoint
	sql "$1" "select count(*) from pg_logical_slot_get_changes('s', null, null)"
	sql "$1" checkpoint
}

# The files of each kind that the rows below are about.
path_of() { # KIND
	(
		cd "$T/c/data"
		case $1 in
		map) echo base/1/pg_filenode.map ;;
		shared) echo global/pg_filenode.map ;;
		version) echo base/1/PG_VERSION ;;
		twophase) echo pg_twophase/*[0-9A-F] ;;
		origins) echo pg_logical/replorigin_checkpoint ;;
		snapshot) find pg_logical/snapshots -name '*.snap' | head -n 1 ;;
		xact) echo pg_xact/0000 ;;
		offsets) echo pg_multixact/offsets/0000 ;;
		members) echo pg_multixact/members/0000 ;;
		times) echo pg_commit_ts/0000 ;;
		relation) echo base/5/16384 ;;
		esac
	)
}

damage() { # HOW FILE
	case $1 in
	zeroed) dd if=/dev/zero of="$2" bs="$(stat -c %s "$2")" count=1 conv=notrunc status=none ;;
	flipped) flip "$2" 9 ;;
	cut) truncate -s $(($(stat -c %s "$2") / 2)) "$2" ;;
	emptied) truncate -s 0 "$2" ;;
	missing) rm "$2" ;;
	another) echo 12 >"$2" ;;
	midpage) truncate -s 12388 "$2" ;;
	esac
}

# damaged MODE KIND HOW WHAT: of a cluster with such a file, and of the archive by verify.
damaged() {
	file=$(path_of "$2")
	cp -p "$T/c/data/$file" "$T/kept"
	damage "$3" "$T/c/data/$file"
	rm -f "$T/c/$2.tar"
	case $1 in
	online) captured backup c -c fast -o "$T/c/$2.tar" ;;
	*) captured backup c "--$1" -o "$T/c/$2.tar" ;;
	esac
	cp -p "$T/kept" "$T/c/data/$file"
	found "$file" "file \"$file\": .*$4"
	grep -q 'the backup is complete, but the cluster is damaged: 1 file ' "$T/stderr"
	captured "$BIN" verify "$T/c/$2.tar"
	found "$file" "\"$file\".*: .*$4"
	grep -q '^NOT restorable: 1 finding' "$T/stdout"
	rm "$T/c/$2.tar"
}

rows() { # MODE
	while read -r kind how what; do
		t "$1: $kind, $how" damaged "$1" "$kind" "$how" "$what"
	done
}

table() {
	cat <<-END
		shared zeroed invalid magic number 00000000
		map flipped checksum of
		map cut invalid size of
		version zeroed is not the version of a
		version emptied is not the version of a
		version another of another version than the cluster: $packaged expected, 12 found
		version missing is missing: without it no session can connect to this database
		map missing is missing: without it no session can connect to this database
		relation midpage ends in the middle of a page
		twophase flipped checksum of
		twophase cut invalid size of
		origins flipped checksum of
		origins emptied invalid size of
		snapshot zeroed invalid magic number 00000000
		snapshot cut invalid size of
		xact zeroed is all zeros
		xact missing is missing: it must hold the status of transactions up to
		xact cut has 4096 bytes: it must have at most 32 whole pages of 8192
		xact emptied is too short: 8192 bytes expected, 0 found
		offsets missing is missing
		members missing is missing
		members emptied is too short
		times missing is missing
		times cut has 4096 bytes
	END
}

sound() { # OPTION...
	rm -f "$T/c/sound.tar"
	captured backup c "$@" -o "$T/c/sound.tar"
	[ "$rc" -eq 0 ]
	passes "$T/c/sound.tar"
}

crash() { # NAME
	cluster_stop "$1" immediate
}

shut_down() { # NAME
	cluster_start "$1"
	sql "$1" 'create database there'
	sql "$1" "select oid from pg_database where datname = 'there'" >"$T/$1/there"
	cluster_stop "$1"
}

# A database of a tablespace, and a relation of it in the default one: a directory without
# PG_VERSION.  It and one more come and go, and a third stays.
databases() {
	tablespace c spc
	sql c 'create database d tablespace spc'
	sql c 'create database e'
	at c psql -X -q -d d -c 'create table t tablespace pg_default as select 1 as i'
	[ -d "$T/c/data/base/$(sql c "select oid from pg_database where datname = 'd'")" ]
	sound -c fast
	sql c 'drop database d'
	sql c 'drop database e'
	sql c 'drop tablespace spc'
}

# What a CREATE DATABASE left that a crash interrupted is no database: a running server knows it,
# else it is a warning.
leftover() { # OPTION...
	as_server mkdir "$T/c/data/base/99999"
	cp -p "$T/c/data/base/1/1259" "$T/c/data/base/99999/"
	captured backup c "$@" -o "$T/c/left.tar"
	rm -r "$T/c/data/base/99999"
	[ "$rc" -eq 0 ]
	captured "$BIN" verify "$T/c/left.tar"
	rm "$T/c/left.tar"
	[ "$rc" -eq 0 ]
	lines 1 'warning: directory "base/99999" has no file "PG_VERSION"' "$T/stderr"
}

# One that the catalog has is a database.
lost() { # OPTION...
	base=base/$(cat "$T/c/there")
	mv "$T/c/data/$base/PG_VERSION" "$T/kept"
	captured backup c "$@" -o "$T/c/lost.tar"
	mv "$T/kept" "$T/c/data/$base/PG_VERSION"
	found "$base/PG_VERSION" "file \"$base/PG_VERSION\": is missing"
	captured "$BIN" verify "$T/c/lost.tar"
	rm "$T/c/lost.tar"
	found "$base/PG_VERSION" "missing: \"$base/PG_VERSION\": is missing"
}

# stock KIND HOW WHAT: an archive that pg_basebackup made of a cluster with such a file.
stock() {
	file=$(path_of "$1")
	cp -p "$T/c/data/$file" "$T/kept"
	damage "$2" "$T/c/data/$file"
	rm -rf "$T/c/stock"
	as_server mkdir "$T/c/stock"
	at c pg_basebackup -D "$T/c/stock" -Ft -c fast -X fetch
	cp -p "$T/kept" "$T/c/data/$file"
	captured "$BIN" verify "$T/c/stock"
	found "$file" "\"$file\".*: .*$3"
}

# A file that is too large to be held is waited for as well, as it may be being written; but after
# 20 that stay damaged hardly any more: these 60 would take half a minute.
many_large() {
	for number in $(seq 10 69); do
		as_server truncate -s 1100000 "$T/c/data/pg_twophase/000A00$number"
	done
	before=$(date +%s)
	captured backup c -c fast -o "$T/c/large.tar"
	after=$(date +%s)
	rm "$T/c/data/pg_twophase/000A00"?? "$T/c/large.tar"
	[ "$rc" -eq 3 ]
	lines 60 '^pg_basetar: file "pg_twophase/000A00' "$T/stderr"
	[ $((after - before)) -lt 25 ]
}

t "a cluster that has a file of each kind" cluster_with_state c "$packaged"
table >"$T/table"
t "online: sound" sound -c fast
# without the map of shared catalogs no session begins; each checkpoint writes the origins anew
sed '/^shared/d; /^origins/d' "$T/table" >"$T/table.online"
rows online <"$T/table.online"
# elsewhere the same looks at them: some of each
grep -E '^(shared|twophase cut|xact missing|relation|map missing|times)' "$T/table" >"$T/table.snapshot"
grep -E '^(shared|version|origins|members|offsets|relation|map missing|xact)' "$T/table" >"$T/table.offline"
t "online: many damaged files of more than 1 MiB" many_large
t "online: databases in two tablespaces" databases
t "online: what is left of a database" leftover -c fast
t "pg_basebackup: a relation map" stock map flipped "checksum of"
t "pg_basebackup: a relation" stock relation midpage "ends in the middle of a page"
t "pg_basebackup: pg_xact" stock xact missing "is missing"
t "pg_basebackup: a version" stock version missing "is missing"
t "a crash" crash c
t "snapshot: sound" sound --snapshot
rows snapshot <"$T/table.snapshot"
t "a clean shutdown" shut_down c
t "offline: sound" sound --offline
rows offline <"$T/table.offline"
t "offline: what is left of a database" leftover --offline
t "offline: a database that lost its version" lost --offline

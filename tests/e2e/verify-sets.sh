#!/bin/sh
# verify of backups that are several files, and of what pg_basebackup adds to one: each file that is
# needed is missed, and what does no harm is no finding.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
export PGUSER=postgres
set=$T/out/set

# verified STATUS PATTERN: by a line on one of the two; of $set.
verified() {
	captured timeout 60 "$BIN" verify "$set"
	cat "$T/stdout"
	[ "$rc" -eq "$1" ]
	cat "$T/stdout" "$T/stderr" | grep -qE -e "$2"
}

is_sound() {
	verified 0 '^restorable'
}

online() { # OPTION...
	rm -rf "$set"
	captured backup main -c fast --split -o "$set" "$@"
	[ "$rc" -eq 0 ]
	is_sound
}

offline() { # OPTION...
	rm -rf "$set"
	captured as_server "$T/bin/pg_basetar" -D "$T/main/data" --offline --split -o "$set" "$@"
	[ "$rc" -eq 0 ]
	is_sound
}

stock() { # CLUSTER OPTION...
	cluster=$1
	shift
	rm -rf "$set"
	at "$cluster" pg_basebackup -Ft -c fast -D "$set" "$@" >/dev/null 2>&1
}

# without HOW PATTERN NAME...: of one that HOW makes, these members of base.tar, or files of the set.
without() {
	how=$1
	pattern=$2
	shift 2
	$how
	for name; do
		case $name in
		*.tar) rm "$set/$name" ;;
		*) tar --delete -f "$set/base.tar" "$name" ;;
		esac
	done
	verified 3 "$pattern"
}

online_bare() {
	online --no-manifest
}

offline_bare() {
	offline --no-manifest
}

# The last archive of a tablespace is one without members.
emptied() { # HOW
	$1
	tar -cf "$set/$oid.tar" -T /dev/null
	verified 3 'tablespace|missing'
}

# Neither the archive nor the map's row: only pg_basetar.info still tells of the tablespace.
emptied_map() {
	online_bare
	rm "$set/$oid.tar"
	: >"$T/out/tablespace_map"
	tar --delete -f "$set/base.tar" tablespace_map
	tar -rf "$set/base.tar" -C "$T/out" tablespace_map
	verified 3 "tablespace: \"pg_basetar.info\": the archive \"$oid.tar\""
}

two_manifests() {
	online
	(cd "$set" && tar -rf base.tar backup_manifest)
	verified 3 'duplicate: "backup_manifest"'
}

other_file() {
	online
	echo x >"$set/SHA256SUMS"
	is_sound
	grep -q 'warning: .*"SHA256SUMS"' "$T/stderr"
}

fifo() {
	online
	rm "$set/base.tar"
	mkfifo "$set/base.tar"
	verified 1 'base.tar: is not a regular file'
}

file_for_directory() {
	online_bare
	: >"$T/out/pg_notify"
	tar --delete -f "$set/base.tar" pg_notify
	tar -rf "$set/base.tar" -C "$T/out" pg_notify
	verified 3 'missing: "pg_notify"|name: "pg_notify"'
}

half_a_digest() { # one file of the manifest has no digest
	online
	sed -i '/base\/1\/PG_VERSION/s/, "Checksum-Algorithm.*"Checksum": "[0-9a-f]*"//' "$set/backup_manifest"
	sum=$(sed '$d' "$set/backup_manifest" | sha256sum | cut -d' ' -f1)
	sed -i "\$s/\"[0-9a-f]*\"}/\"$sum\"}/" "$set/backup_manifest"
	verified 3 'manifest: .*without a digest'
}

with_settings() { # CLUSTER OPTION...
	stock "$@" -R
	is_sound
	! grep -v '^pg_basetar: warning: ' "$T/stderr" || return 1
}

# The last whose pg_basebackup -R writes a recovery.conf.
old() {
	cluster_init old 11 -k --wal-segsize=1
	cluster_start old
	with_settings old
	cluster_stop old
}

cluster_init main -k --wal-segsize=1
cluster_start main
tablespace main spc1
sql main 'create table t tablespace spc1 as select g from generate_series(1, 1000) g'
oid=$(sql main "select oid from pg_tablespace where spcname = 'spc1'")
t 'running: the archive of a tablespace' without online "$oid.tar" "$oid.tar"
t 'running: it, and no manifest' without online_bare "tablespace.*$oid" "$oid.tar"
t 'running: it, no manifest, no map' without online_bare "tablespace.*$oid" "$oid.tar" tablespace_map
t 'running: tablespace_map' without online 'missing: "tablespace_map"' tablespace_map
t 'running: its row of the map too, no manifest' emptied_map
t 'two manifests' two_manifests
t 'another file in the directory' other_file
t 'a fifo' fifo
t 'a file in place of a directory' file_for_directory
t 'a manifest that leaves out a digest' half_a_digest
t 'pg_basebackup -R' with_settings main -X fetch
t 'pg_basebackup -R, no manifest' with_settings main --no-manifest
t 'pg_basebackup -R of 11' old
cluster_stop main
t 'stopped: the link of a tablespace' without offline "missing: \"pg_tblspc/$oid\"" "pg_tblspc/$oid"
t 'stopped: it, and no manifest' without offline_bare "missing: \"pg_tblspc/$oid\"" "pg_tblspc/$oid"
t 'stopped: the archive of a tablespace' without offline "$oid" "$oid.tar"
t 'stopped: it, and no manifest' without offline_bare "tablespace.*$oid" "$oid.tar"
t 'stopped: it is empty, no manifest' emptied offline_bare

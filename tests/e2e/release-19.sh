#!/bin/sh
# What only PostgreSQL 19 has: client programs that read tar archives, LSNs of a fixed width, logical
# decoding that is switched on by a slot, members of multixacts with 64 bits; and incremental backups on
# our manifest.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/by19.sh
. "$top/tests/e2e/lib/by19.sh"

# sound19 NAME: a started copy holds together by 19's own programs; leaves it stopped.
sound19() {
	balanced "$1"
	by19 "$1" pg_amcheck --heapallindexed -d postgres >"$T/amcheck.log" 2>&1
	diff /dev/null "$T/amcheck.log"
	cluster_stop "$1"
	by19 "$1" pg_checksums -c -D "$T/$1/data" | grep -q '^Bad checksums:  0$'
}

proved() {
	proved_by main "$1"
}

# ------------------------------------------------------------------------------ a busy primary

prepare() {
	cluster_init main 19 --wal-segsize=1
	cluster_set main wal_compression=on wal_level=replica summarize_wal=on wal_keep_size=1GB \
		max_prepared_transactions=5 wal_log_hints=on
	cluster_start main
	load_init main 1
	sql main "select pg_create_logical_replication_slot('decoding', 'pgoutput')"
	sql main checkpoint
	[ "$(sql main 'show effective_wal_level')" = logical ]
}

busy() { # OPTION...
	rm -rf "$archive"* "$T/out/split"
	backup main -c fast "$@"
	clean_but_slot
}

clean_but_slot() {
	wait_until 20 has_no_session main
	[ "$(sql main 'select count(*) from pg_replication_slots')" -eq 1 ]
}

# A file without tablespaces is read as it is: those of tablespaces have their own place in ours.
verified_as_tar() {
	sql main 'drop table if exists brief, churn'
	sql main 'select pg_replication_origin_create('"'far'"')'
	sql main "begin; create table prepared as select 1; prepare transaction 'waiting'"
	for space in spc1 spc2 spc3; do
		at main psql -X -q -c "alter table all in tablespace $space set tablespace pg_default" \
			-c "alter index all in tablespace $space set tablespace pg_default" \
			-c "drop tablespace $space"
	done
	busy -o "$archive"
	proved "$archive"
	written_padded
	busy -o "$archive.gz" --manifest-checksums=SHA512
	proved "$archive.gz"
	for suffix in zst lz4; do
		busy -o "$archive.$suffix"
		proved "$archive.$suffix"
	done
	sql main "rollback prepared 'waiting'"
}

split() { # OPTION...
	busy --split -o "$T/out/split" "$@"
	proved "$T/out/split"
}

split_starts() {
	restore_split copy "$T/out/split" gnu 19
	by19 main pg_verifybackup -m "$T/out/split/backup_manifest" -i tablespace_map "$T/copy/data" >"$T/verified"
	cluster_start copy
	sound19 copy
}

written_padded() {
	tar -xOf "$archive" backup_label >"$T/label"
	lines 1 '^START WAL LOCATION: [0-9A-F]*/[0-9A-F]\{8\} (file [0-9A-F]\{24\})$' "$T/label"
	lines 1 '^CHECKPOINT LOCATION: [0-9A-F]*/[0-9A-F]\{8\}$' "$T/label"
	tar -xOf "$archive" backup_manifest >"$T/manifest"
	lines 1 '"Start-LSN": "[0-9A-F]*/[0-9A-F]\{8\}", "End-LSN": "[0-9A-F]*/[0-9A-F]\{8\}"' "$T/manifest"
}

# pg_basebackup's own archives, by ours.
theirs() { # OPTION...
	rm -rf "$T/out/theirs"
	by19 main pg_basebackup -c fast -D "$T/out/theirs" -Ft "$@"
	passes "$T/out/theirs"
	rm -rf "$T/copy"
	cluster_dir copy 19
	as_server "$BIN" restore "$T/out/theirs" -D "$T/copy/data"
	cluster_start copy
	sound19 copy
}

# The pages that changed since our backup, by the server's summaries, on our manifest.
incremental() {
	busy -o "$archive"
	sql main 'update pgbench_accounts set filler = filler where aid % 7 = 0'
	at main pgbench -n -t 200 >/dev/null 2>&1
	tar -xOf "$archive" backup_manifest >"$T/out/manifest"
	rm -rf "$T/out/incremental"
	by19 main pg_basebackup -c fast -D "$T/out/incremental" -i "$T/out/manifest"
	[ -n "$(find "$T/out/incremental" -name 'INCREMENTAL.*')" ]
	restore full "$archive" gnu 19
	cluster_dir copy 19
	by19 main pg_combinebackup -o "$T/copy/data" "$T/full/data" "$T/out/incremental"
	by19 main pg_verifybackup "$T/copy/data" >"$T/verified"
	cluster_start copy
	[ "$(sql copy 'select count(*) from pgbench_history')" -eq \
		"$(sql main 'select count(*) from pgbench_history')" ]
	sound19 copy
	rm -rf "$T/full"
}

# ----------------------------------------------------------------------------------- multixacts

lock_rows() { # COUNT
	for _ in $(seq "$1"); do
		echo 'begin; select count(*) from (select * from locked for share) s; commit;'
	done >"$T/locks.sql"
	at main psql -X -q -f "$T/locks.sql" >/dev/null &
	at main psql -X -q -f "$T/locks.sql" >/dev/null
	wait $!
}

# No database needs the first ones any more.  A transaction that has seen them, such as one of
# autovacuum, keeps a vacuum from freezing them; it is over soon.
frozen() {
	for database in template0 template1 postgres; do
		at main psql -X -q -d "$database" -c 'set vacuum_multixact_freeze_min_age = 0' \
			-c 'set vacuum_multixact_freeze_table_age = 0' -c 'vacuum freeze' >/dev/null
	done
	[ "$(sql main 'select min(datminmxid::text::int) > 50 from pg_database')" = t ]
}

# Replay removes them: the record of 19 has fewer fields than those before.
truncated() {
	sql main 'create table locked as select generate_series(1, 1000) as a'
	lock_rows 100
	hold main
	sql main 'alter database template0 allow_connections on'
	wait_until 60 frozen
	let_go
	[ "$rc" -eq 0 ]
	mv "$T/held.tar" "$T/out/held.tar"
	passes "$T/out/held.tar"
	restore copy "$T/out/held.tar" gnu 19
	sql main checkpoint
	[ "$(sql main 'select oldest_multi_xid::text::int > 50 from pg_control_checkpoint()')" = t ]
	cluster_start copy
	[ "$(sql copy 'select count(*) from locked')" -eq 1000 ]
	sound19 copy
}

# ------------------------------------------------------------------------------------ checksums

# What initdb chose stands in pg_control too, before what counts.
checksums() { # OPTION WORD
	by19 main pg_checksums "$1" -D "$T/main/data" >/dev/null
	rm -f "$archive"
	backup main --offline -o "$archive"
	"$BIN" info "$archive" | grep -q "^data checksums: *$2\$"
	passes "$archive"
	restore copy "$archive" gnu 19
	cluster_start copy
	balanced copy
	cluster_stop copy
}

# --------------------------------------------------------------------------------------- cases

t 'a server with a logical slot and compressed page images' prepare
if [ -e "$T/main/data/postmaster.pid" ]; then
	load_start main
	for compression in on lz4 pglz; do
		sql main "alter system set wal_compression = $compression"
		sql main 'select pg_reload_conf()' >/dev/null
		t "under load, wal_compression=$compression: split, read by 19 as it is" split
		t "under load, wal_compression=$compression: it starts" split_starts
	done
	t 'under load, split, zstd' split -Z zstd
	t 'under load, split, lz4' split -Z lz4
	t 'under load, split, gzip, SHA256' split -z --manifest-checksums=SHA256
	t 'it starts' split_starts
	load_stop main
	t 'one archive, read by 19 as it is, plain and compressed; its LSNs have eight digits' verified_as_tar
	t 'pg_basebackup -X fetch' theirs -X fetch
	t 'pg_basebackup -X stream -z' theirs -X stream -z
	t 'pg_basebackup -X fetch, zstd by the server' theirs -X fetch --compress=server-zstd
	t 'pg_basebackup -X fetch, lz4 by the server' theirs -X fetch --compress=server-lz4
	t 'pg_basebackup -X stream, zstd by the client' theirs -X stream --compress=client-zstd:long
	t 'an incremental backup on our manifest' incremental
	t 'multixacts are removed meanwhile' truncated
	cluster_stop main
	t 'checksums were switched off' checksums -d off
	t 'checksums were switched on' checksums -e on
	rm -rf "$T/main" "$T/copy"
fi

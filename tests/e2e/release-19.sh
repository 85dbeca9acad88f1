#!/bin/sh
# What only PostgreSQL 19 has: client programs that read tar archives, an abandoned record marked by
# another flag, LSNs of a fixed width, files for host names, logical decoding that is switched on
# by a slot, members of multixacts with 64 bits; and incremental backups on our manifest.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
[ -n "$(majors only 19)" ] || skip_all 'PostgreSQL 19 is not among PG_BASETAR_MAJORS'
archive=$T/out/base.tar

# by19 NAME PROGRAM ARGUMENT...: a client program of 19 itself.
by19() (
	{ set +x; } 2>/dev/null
	cluster=$1
	program=$2
	shift 2
	at "$cluster" "$(cat "$T/$cluster/bin")/$program" "$@"
)

# sound19 NAME: a started copy holds together by 19's own programs; leaves it stopped.
sound19() {
	balanced "$1"
	by19 "$1" pg_amcheck --heapallindexed -d postgres >"$T/amcheck.log" 2>&1
	diff /dev/null "$T/amcheck.log"
	cluster_stop "$1"
	by19 "$1" pg_checksums -c -D "$T/$1/data" | grep -q '^Bad checksums:  0$'
}

# proved_by NAME FILE|DIR: as it is, by pg_verifybackup 19, the WAL too; and by ours.
proved_by() {
	server=$1
	shift
	passes "$1"
	if [ -d "$1" ]; then
		tars=$1
	else
		rm -rf "$T/out/tars"
		as_server mkdir "$T/out/tars"
		as_server cp "$1" "$T/out/tars/base.tar${1#*.tar}"
		case $1 in
		*.gz) gunzip -c "$1" ;;
		*) cat "$1" ;;
		esac | tar -xO backup_manifest >"$T/out/tars/backup_manifest"
		tars=$T/out/tars
	fi
	by19 "$server" pg_verifybackup "$tars" >"$T/verified"
	grep -qx 'backup successfully verified' "$T/verified"
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

theirs_zstd() {
	rm -rf "$T/out/theirs"
	by19 main pg_basebackup -c fast -D "$T/out/theirs" -Ft -X fetch --compress=server-zstd
	captured "$BIN" verify "$T/out/theirs"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'base.tar.zst: compressed with zstd'
	lines 1 '^hint: .*zstd -d' "$T/stderr"
	zstd -q -d --rm "$T/out/theirs"/*.zst
	passes "$T/out/theirs"
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

# Replay removes them: the record of 19 has fewer fields than those before.
truncated() {
	sql main 'create table locked as select generate_series(1, 1000) as a'
	lock_rows 100
	hold main
	for database in template1 postgres; do
		at main psql -X -q -d "$database" -c 'set vacuum_multixact_freeze_min_age = 0' \
			-c 'set vacuum_multixact_freeze_table_age = 0' -c 'vacuum freeze' >/dev/null
	done
	sql main 'alter database template0 allow_connections on'
	at main psql -X -q -d template0 -c 'vacuum freeze' >/dev/null
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

# --------------------------------------------------------------------------- an abandoned record

# A crash leaves a record of which the end was never written; the server says so in the next page
# that it writes, and its standby has both.
abandoned() {
	cluster_init old 19 --wal-segsize=1
	cluster_set old autovacuum=off wal_keep_size=1GB
	cluster_start old
	sql old 'create table t as select generate_series(1, 1000) as a'
	cluster_dir standby 19
	by19 old pg_basebackup -D "$T/standby/data" -R -c fast -X stream
	cluster_start standby
	sql old 'insert into t select generate_series(1001, 2000)'
	wait_until 20 has_rows standby 2000
	cluster_stop standby
	sql old 'select pg_switch_wal()'
	start=$(sql old 'select pg_current_wal_insert_lsn()')
	last=$(sql old "select pg_walfile_name(pg_logical_emit_message(false, 'x', repeat('y', 1400000), true))")
	cluster_stop old immediate
	dd if=/dev/zero of="$T/old/data/pg_wal/$last" bs=1M count=1 conv=notrunc status=none
	cluster_start old
	sql old 'insert into t select generate_series(2001, 3000)'
	by19 old pg_waldump -p "$T/old/data/pg_wal" -s "$start" >"$T/waldump" 2>/dev/null || :
	grep -q OVERWRITE_CONTRECORD "$T/waldump"
	cluster_start standby
	wait_until 20 has_rows standby 3000
	sql standby 'select pg_last_wal_replay_lsn()' >"$T/replayed"
	cluster_stop standby immediate
	cluster_stop old
}

has_rows() { # NAME ROWS
	[ "$(sql "$1" 'select count(*) from t')" -eq "$2" ]
}

# All of the standby's WAL, beyond that record.
its_snapshot() {
	rm -f "$T/standby/data/postmaster.pid"
	rm -f "$archive"
	captured backup standby --snapshot -o "$archive"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	passes "$archive"
	tar -xOf "$archive" backup_manifest | sed -n 's/.*"End-LSN": "\([^"]*\)".*/\1/p' >"$T/end"
	[ "$(printf '%s\n' "$(cat "$T/end")" "$(cat "$T/replayed")" | sort | head -n 1)" = "$(cat "$T/replayed")" ]
	restore copy "$archive" gnu 19
	rm -f "$T/copy/data/standby.signal"
	cluster_set copy "primary_conninfo = ''"
	cluster_start copy
	has_rows copy 3000
	cluster_stop copy
}

# ---------------------------------------------------------------------------------- a promotion

is_promoted() { # NAME
	[ "$(sql "$1" 'select pg_is_in_recovery()')" = f ]
}

# Its timeline's history is written with eight digits too.
promoted() {
	cluster_start old
	cluster_start standby
	wait_until 20 has_rows standby 3000
	captured backup standby -c fast -o "$T/out/standby.tar"
	[ "$rc" -eq 0 ]
	passes "$T/out/standby.tar"
	sql standby 'select pg_promote()' >/dev/null
	wait_until 60 is_promoted standby
	cluster_stop old
	sql standby 'insert into t select generate_series(3001, 4000)'
	rm -f "$archive"
	captured backup standby -c fast -o "$archive"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	tar -xOf "$archive" pg_wal/00000002.history >"$T/history"
	lines 1 '^1	[0-9A-F]*/[0-9A-F]\{8\}	no recovery target specified$' "$T/history"
	proved_by standby "$archive"
	restore copy "$archive" gnu 19
	cluster_start copy
	has_rows copy 4000
	cluster_stop copy
	cluster_stop standby
	captured backup standby --offline --split -o "$T/out/stopped"
	[ "$rc" -eq 0 ]
	proved_by standby "$T/out/stopped"
}

# ------------------------------------------------------------------------------------ host names

certificate() { # FILE: and its key
	openssl req -new -x509 -days 30 -nodes -subj /CN=example -out "$1.crt" -keyout "$1.key" 2>/dev/null
	chmod 600 "$1.key"
	[ "$(id -u)" -ne 0 ] || chown "$owner" "$1.crt" "$1.key"
}

prepare_hosts() {
	command -v openssl >/dev/null || skip 'no openssl here'
	cluster_init hosts 19 --wal-segsize=1
	as_server mkdir "$T/hosts/etc" "$T/hosts/data/tls"
	certificate "$T/hosts/data/server"
	certificate "$T/hosts/data/tls/inside"
	certificate "$T/hosts/etc/outside"
	as_server cp "$T/hosts/etc/outside.crt" "$T/hosts/etc/authority.crt"
	printf '%s\n' '# hosts' "a.example,b.example $T/hosts/etc/outside.crt $T/hosts/etc/outside.key $T/hosts/etc/authority.crt" \
		'"c.example" tls/inside.crt "tls/inside.key"' 'include more.conf' |
		as_server tee "$T/hosts/etc/hosts.conf" >/dev/null
	echo 'd.example tls/inside.crt tls/inside.key' | as_server tee "$T/hosts/etc/more.conf" >/dev/null
	cluster_set hosts ssl=on ssl_sni=on "hosts_file = '$T/hosts/etc/hosts.conf'"
	cluster_start hosts
}

# as_server_knows OPTION...: the files outside, whoever says where they are.
hosts_outside() {
	rm -f "$archive"
	captured backup hosts -o "$archive" "$@"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	tar -tf "$archive" >"$T/list"
	for name in pg_hosts.conf more.conf outside.crt outside.key authority.crt; do
		lines 1 "^pg_basetar_config/$name\$" "$T/list"
	done
	lines 1 '^tls/inside.key$' "$T/list"
	lines 1 '^pg_hosts.conf$' "$T/list"
	tar -tvf "$archive" pg_basetar_config/outside.key | grep -q '^-rw------- '
	passes "$archive"
}

# Without one of them no copy starts.
host_file_missing() {
	as_server mv "$T/hosts/etc/outside.key" "$T/hosts/etc/away.key"
	captured backup hosts --offline -o "$archive" --force
	as_server mv "$T/hosts/etc/away.key" "$T/hosts/etc/outside.key"
	[ "$rc" -eq 0 ]
	lines 1 "^pg_basetar: warning: .*$T/hosts/etc/outside.key" "$T/stderr"
	lines 1 '' "$T/stderr"
	cluster_set hosts ssl_sni=off
	as_server mv "$T/hosts/etc/outside.key" "$T/hosts/etc/away.key"
	captured backup hosts --offline -o "$archive" --force
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
}

# Where hosts have their own, no server needs the certificate, key and authority of the settings.
hosts_alone() {
	cluster_set hosts ssl_sni=on "ssl_ca_file = 'no.crt'"
	as_server mv "$T/hosts/etc/away.key" "$T/hosts/etc/outside.key"
	as_server rm "$T/hosts/data/server.crt" "$T/hosts/data/server.key"
	cluster_start hosts
	hosts_outside -c fast
	cluster_stop hosts
	hosts_outside --offline
	echo '# none' | as_server tee "$T/hosts/etc/hosts.conf" >/dev/null
	captured backup hosts --offline -o "$archive" --force
	for name in no.crt server.crt server.key; do
		lines 1 "^pg_basetar: warning: .*hosts/data/$name\" is not in the backup" "$T/stderr"
	done
}

# Put where the settings say, the copy serves them.
hosts_start() {
	restore copy "$archive" gnu 19
	as_server mkdir "$T/copy/etc"
	cp -p "$T/copy/data/pg_basetar_config"/* "$T/copy/etc"
	sed -i "s|$T/hosts/etc|$T/copy/etc|" "$T/copy/etc/pg_hosts.conf"
	cluster_set copy "hosts_file = '$T/copy/etc/pg_hosts.conf'"
	cluster_start copy
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
	t 'under load, split, gzip, SHA256' split -z --manifest-checksums=SHA256
	t 'it starts' split_starts
	load_stop main
	t 'one archive, read by 19 as it is, plain and gzip; its LSNs have eight digits' verified_as_tar
	t 'pg_basebackup -X fetch' theirs -X fetch
	t 'pg_basebackup -X stream -z' theirs -X stream -z
	t 'pg_basebackup, zstd: the way to read it is told' theirs_zstd
	t 'an incremental backup on our manifest' incremental
	t 'multixacts are removed meanwhile' truncated
	cluster_stop main
	t 'checksums were switched off' checksums -d off
	t 'checksums were switched on' checksums -e on
	rm -rf "$T/main" "$T/copy"
fi
t 'a standby that crashed after an abandoned record' abandoned
if [ -e "$T/replayed" ]; then
	t 'its snapshot goes on after that record' its_snapshot
	t 'a standby, and the same promoted, running and stopped' promoted
fi
t 'certificates of hosts lie elsewhere' prepare_hosts
if [ -e "$T/hosts/data/postmaster.pid" ]; then
	t 'the server says where they are' hosts_outside -c fast
	t 'a copy with them starts' hosts_start
	cluster_stop hosts
	t 'the configuration says it' hosts_outside --offline
	t 'one is missing' host_file_missing
	t 'there are only those of hosts' hosts_alone
fi

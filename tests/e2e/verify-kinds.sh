#!/bin/sh
# verify: sound backups of all kinds are sound, ours and pg_basebackup's, of all releases.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/verified.sh
. "$top/tests/e2e/lib/verified.sh"
export PGUSER=postgres

ours() { # OPTION...: in a file, and through a pipe
	taken "$x" "$@"
	is_sound "$x"
	# shellcheck disable=SC2002 # a pipe is what is wanted
	cat "$x" | captured_pipe
}

captured_pipe() {
	"$BIN" verify - >"$T/stdout" && grep -q '^restorable' "$T/stdout"
}

# The manifest's end of WAL is where it says that the backup is consistent.
same_end() {
	taken "$x"
	is_sound "$x"
	end=$(tar -xOf "$x" backup_manifest | sed -n 's/.*"End-LSN": "\(.*\)".*/\1/p')
	grep -qx "restorable, consistent from $end" "$T/stdout"
	is_sound --report="$T/report.json" "$x"
	grep -qx '  "result": "sound",' "$T/report.json"
	grep -qx "  \"stop_lsn\": \"$end\"," "$T/report.json"
	verified 0 -q "$x"
	[ ! -s "$T/stdout" ]
}

split() { # OPTION...
	taken "$T/out/split" --split "$@"
	is_sound "$T/out/split"
}

without_wal() {
	taken "$x" -X none --no-wait-archive
	verified 0 "$x"
	grep -qE '^restorable with the WAL from [0-9A-F/]+ on, consistent from [0-9A-F/]+$' "$T/stdout"
}

stock() { # VERDICT OPTION...: by pg_basebackup
	verdict=$1
	shift
	rm -rf "$T/out/stock"
	at main pg_basebackup -Ft -c fast -D "$T/out/stock" "$@" >/dev/null 2>&1
	verified 0 "$T/out/stock"
	grep -q "^$verdict" "$T/stdout"
}

stock_stream() { # OPTION...
	at plain pg_basebackup -Ft -c fast -X fetch -D - "$@" >"$x" 2>/dev/null
	is_sound "$x"
}

stock_stream_sha512() {
	at plain pg_basebackup -Ft -c fast -X fetch --manifest-checksums=SHA512 -D - >"$x" 2>/dev/null
	verified 1 "$x"
	grep -q '^hint: Verify again with --manifest-checksums=SHA512' "$T/stderr"
	is_sound --manifest-checksums=SHA512 "$x"
}

cold() { # OPTION...
	rm -rf "$x" "$T/out/split"
	captured as_server "$T/bin/pg_basetar" -D "$T/main/data" "$@"
	[ "$rc" -eq 0 ]
}

offline() {
	cold --offline -o "$x"
	is_sound "$x"
	cold --offline --split -o "$T/out/split"
	is_sound "$T/out/split"
}

snapshot() { # of a server that was killed
	cluster_start main
	sql main 'insert into t select g from generate_series(1, 40000) g'
	cluster_stop main immediate
	as_server rm -f "$T/main/data/postmaster.pid"
	cold --snapshot -o "$x"
	is_sound "$x"
	cold --snapshot --no-manifest -o "$x"
	is_sound "$x"
}

version() {
	cluster_init v "$1" -k
	cluster_set v wal_level=replica
	cluster_start v
	as_server mkdir "$T/v/space"
	sql v "create tablespace s location '$T/v/space'"
	sql v 'create table t tablespace s as select g from generate_series(1, 1000) g'
	rm -f "$x"
	captured backup v -c fast -o "$x"
	[ "$rc" -eq 0 ]
	is_sound "$x"
	cluster_stop v
}

cluster_init plain -k --wal-segsize=1
cluster_start plain
t 'pg_basebackup to standard output' stock_stream
t 'the same with SHA256' stock_stream --manifest-checksums=SHA256
t 'the same with a digest that nothing tells' stock_stream_sha512
cluster_stop plain

cluster_init main -k --wal-segsize=1
cluster_start main
tablespace main spc1
sql main 'create table t tablespace spc1 as select g from generate_series(1, 20000) g'
sql main 'create table torn as select g from generate_series(1, 20000) g'
t 'the end that the manifest has' same_end
t 'one archive, gzip' ours -z
for digest in SHA224 SHA256 SHA384 SHA512 NONE; do
	t "one archive, $digest" ours --manifest-checksums=$digest
done
t 'one archive, no manifest' ours --no-manifest
t 'without WAL' without_wal
t 'split' split
t 'split, gzip, SHA256' split -z --manifest-checksums=SHA256
t 'split, no manifest' split --no-manifest
for method in fetch stream; do
	t "pg_basebackup -X $method" stock 'restorable, consistent' -X $method
	t "pg_basebackup -X $method -z" stock 'restorable, consistent' -X $method -z
done
t 'pg_basebackup -X none' stock 'restorable with the WAL' -X none
t 'pg_basebackup --no-manifest' stock 'restorable, consistent' --no-manifest
t 'pg_basebackup, SHA384' stock 'restorable, consistent' --manifest-checksums=SHA384

cluster_stop main
t 'shut down' offline
t 'a snapshot' snapshot
for major in $(majors all); do
	t "a cluster of $major" version "$major"
done

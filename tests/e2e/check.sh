#!/bin/sh
# check, and backup --dry-run: all that a backup needs, asked without one; nothing is left.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
export PGUSER=postgres

# asked OPTION...: of the cluster main, by the owner; $rc.
asked() {
	captured as_server timeout 60 "$BIN" check -D "$T/main/data" "$@"
	cat "$T/stdout"
}

# says VERDICT NAME [PATTERN]: one line is so.
says() {
	lines 1 "^$(printf %-8s "$1") $2: .*${3:-}" "$T/stdout"
}

# A tree as it is: what a check must not change.
tree() {
	find "$T/main/data" -path "$T/main/data/pg_stat*" -prune -o -path "$T/main/data/pg_wal" -prune -o \
		-path "$T/main/data/global" -prune -o -path "$T/main/data/base" -prune -o -printf '%p %s\n' | sort
}

prepared() { # MAJOR
	# shellcheck disable=SC2046 # a word or none
	cluster_init main "$1" -k $(small_segments "$1")
	cluster_set main autovacuum=off
	cluster_start main
	tablespace main spc
	sql main 'create table t tablespace spc as select generate_series(1, 100000) as n'
	sql main checkpoint
}

# All is well, of each kind of source, and after it the backup is.
sound() { # MAJOR
	tree >"$T/before"
	start=$(sql main 'select pg_current_wal_lsn()')
	asked -o "$T/out/x.tar" -c fast
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	lines 0 '^failed\|^skipped\|^warning' "$T/stdout"
	for name in directory output user cluster links server connection identity wal_level role archiving \
		archiver tablespaces slot configuration size room checksums; do
		says ok "$name"
	done
	says ok cluster "PostgreSQL $1 is supported"
	says ok size 'about [0-9.]* MB before compression'
	[ "$(sql main 'select pg_current_wal_lsn()')" = "$start" ]
	tree | diff "$T/before" -
	clean main
	empty_of_backups
	captured backup main -c fast --dry-run --split -o "$T/out/set"
	[ "$rc" -eq 0 ]
	empty_of_backups
	[ "$(id -u)" -ne 0 ] || "$BIN" check -q -D "$T/main/data" -o "$T/out/x.tar"
	captured backup main -q -c fast -o "$T/out/real.tar"
	[ "$rc" -eq 0 ]
	size=$(stat -c %s "$T/out/real.tar")
	asked --json
	told=$(sed -n 's/^  "bytes_estimated": \([0-9]*\),$/\1/p' "$T/stdout")
	[ "$told" -gt $((size * 8 / 10)) ]
	[ "$told" -lt $((size * 12 / 10)) ]
	rm "$T/out/real.tar"
	cluster_stop main immediate
	cp -a "$T/main/data" "$T/snap"
	cp -a "$T/main/spc" "$T/snapspc"
	cluster_start main
	cluster_stop main
	captured as_server "$BIN" check -D "$T/snap" --snapshot -T "$T/main/spc=$T/snapspc" -o "$T/out/x.tar"
	cat "$T/stdout"
	lines 0 '^failed\|^skipped\|^warning' "$T/stdout"
	says ok wal
	asked --offline -o "$T/out/x.tar"
	[ "$rc" -eq 0 ]
	says ok state
	says ok wal
	lines 0 '^failed\|^skipped' "$T/stdout"
	empty_of_backups
	rm -rf "$T/snap" "$T/snapspc"
	cluster_start main
}

empty_of_backups() {
	[ -z "$(ls -A "$T/out")" ]
}

# Each thing that a backup refuses has its line, and the others are asked all the same.
refused() {
	asked -U nobody -o "$T/none/x.tar"
	[ "$rc" -eq 1 ]
	says failed output 'No such file or directory'
	says failed connection 'role "nobody" does not exist'
	says ok cluster
	lines 1 '^skipped  identity, wal_level, role, ' "$T/stdout"
	[ "$(grep -c '^         hint: ' "$T/stdout")" -eq 2 ]
	one_error "$T/stderr" 'a backup would fail: 2 of 18 checks failed'
	asked -q -U nobody
	[ "$(wc -l <"$T/stdout")" -eq 2 ]
	sql main 'create role plain login'
	asked -U plain --wait-archive -X none
	[ "$rc" -eq 1 ]
	says failed role 'role plain may not start and stop a backup'
	says failed archiving 'archive_mode is off'
	says warning slot 'WAL is not held back: ' || lines 1 '^ok       slot' "$T/stdout"
	asked --offline
	[ "$rc" -eq 1 ]
	says failed server 'is running'
	lines 1 '^skipped  label, state' "$T/stdout"
	captured as_server "$BIN" check -D "$T/none"
	[ "$rc" -eq 1 ]
	cp "$T/stdout" "$T/lines"
	lines 1 '^failed   directory: ' "$T/lines"
	[ "$(wc -l <"$T/lines")" -eq 3 ]
	mv "$T/main/spc" "$T/main/away"
	asked -o "$T/out/x.tar"
	mv "$T/main/away" "$T/main/spc"
	[ "$rc" -eq 1 ]
	says failed links "$T/main/spc"
	clean main
	empty_of_backups
	asked --split -o /dev/null
	[ "$rc" -eq 1 ]
	says failed output /dev/null
	asked --no-slot -o /dev/stdout
	[ "$rc" -eq 0 ]
	says ok output 'standard output, which is not looked at'
	says ok slot 'as the options say'
	captured backup main --dry-run -U nobody
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'a backup would fail: 1 of 18'
}

# An archiver that fails is a warning, and so are a server without a slot and without checksums.
warned() {
	cluster_set main archive_mode=on 'archive_command=false' max_replication_slots=0 wal_level=replica
	cluster_stop main
	cluster_start main
	sql main 'select pg_switch_wal()' >"$T/segment"
	wait_until 60 fails_to_archive
	asked -o "$T/out/x.tar"
	[ "$rc" -eq 0 ]
	says warning archiver 'fails to archive its WAL: the last attempt, for segment "[0-9A-F]*", failed'
	says warning slot 'WAL is not held back'
	lines 1 '"result": "warning".*archive' - <<-JSON
		$(as_server "$BIN" check -D "$T/main/data" --json | grep '"check": "archiver"')
	JSON
	cluster_set main wal_level=minimal max_wal_senders=0 archive_mode=off
	cluster_stop main
	cluster_start main
	asked
	[ "$rc" -eq 1 ]
	says failed wal_level 'wal_level is "minimal"'
	says ok role
	clean main
}

fails_to_archive() {
	[ "$(sql main 'select failed_count > 0 from pg_stat_archiver')" = t ]
}

# A file system that is too small, with compression and without.
no_room() {
	[ "$(id -u)" -eq 0 ] || skip 'not run as root'
	mkdir "$T/small"
	mount -t tmpfs -o size=2m none "$T/small" || skip 'no file system can be mounted'
	echo "$T/small" >"$T/mounted"
	chmod 777 "$T/small"
	asked -o "$T/small/x.tar"
	cp "$T/stdout" "$T/plain"
	asked -o "$T/small/x.tar.gz"
	cp "$T/stdout" "$T/packed"
	dd if=/dev/zero of="$T/small/full" bs=64k 2>/dev/null || :
	for name in x.tar x.tar.gz; do
		asked -o "$T/small/$name"
		[ "$rc" -eq 1 ]
		says failed room 'the output needs about [0-9.]* MB, but 0[.]0 kB are free'
	done
	umount "$T/small"
	rm "$T/mounted"
	lines 1 '^failed   room: the output needs about [0-9.]* MB, but 2.1 MB are free' "$T/plain"
	cp "$T/packed" "$T/stdout"
	says warning room 'the output needs about [0-9.]* MB before compression'
}

words() {
	for words in '--report=x' '--frobnicate' 'x.tar'; do
		asked "$words"
		[ "$rc" -eq 1 ]
		[ ! -s "$T/stdout" ]
	done
	captured backup main --json
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'option "--json" is not for the command "backup"'
	"$BIN" help check | grep -q -e '--json'
	"$BIN" --help | grep -q '^  check '
}

for major in $(majors slice); do
	t "$major: a cluster" prepared "$major"
	t "$major: a sound one, running, stopped and as a snapshot" sound "$major"
	[ "$major" -ne "$packaged" ] || {
		t 'what a backup refuses' refused
		t 'no room' no_room
		t 'words' words
	}
	t "$major: warnings" warned
	stop_servers
	rm -rf "$T/main"
done

#!/bin/sh
# --create-slot: a replication slot for the standby that will be made of the backup.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
export PGUSER=postgres

slots() {
	sql main 'select slot_name from pg_replication_slots'
}

backed_up() { # OPTION...
	rm -f "$T/out/base.tar"
	captured backup main -c fast -o "$T/out/base.tar" "$@"
}

follows_main() {
	[ "$(sql copy 'select count(*) from t')" = 5 ]
}

# The WAL since the backup is still there when the standby comes, however late.
followed() { # MAJOR
	# shellcheck disable=SC2046 # a word or none
	cluster_init main "$1" $(small_segments "$1")
	cluster_set main autovacuum=off max_wal_size=32MB min_wal_size=32MB
	cluster_start main
	sql main 'create table t (n int)'
	backed_up -C -S standby1
	[ "$rc" -eq 0 ]
	lines 1 '^pg_basetar: replication slot "standby1" keeps WAL for a standby until it is dropped$' "$T/stderr"
	[ "$(slots)" = standby1 ]
	"$BIN" verify -q "$T/out/base.tar"
	start=$("$BIN" info "$T/out/base.tar" | sed -n 's/^start position: *\([^,]*\),.*/\1/p')
	[ "$(sql main "select restart_lsn <= '$start' and not active and not temporary from pg_replication_slots")" = t ]
	first=$(sql main "select pg_walfile_name('$start')")
	for n in 1 2 3 4 5; do
		sql main "insert into t values ($n)"
		sql main 'select pg_switch_wal()' >"$T/switched"
		sql main checkpoint
	done
	[ -e "$T/main/data/pg_wal/$first" ]
	cluster_dir copy "$1"
	captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/data" --standby --primary-slot=standby1 \
		--primary-conninfo="host=$T/main port=$(cat "$T/main/port")"
	[ "$rc" -eq 0 ]
	cluster_start copy
	wait_until 60 follows_main
	[ "$(sql main 'select active from pg_replication_slots')" = t ]
	cluster_stop copy
	rm -rf "$T/copy"
}

# What is there is not taken, and a backup that fails leaves none.
not_left() {
	backed_up -C -S standby1
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'replication slot "standby1": .*already exists'
	grep -q '^hint: .*leave out --create-slot' "$T/stderr"
	backed_up -C -S other --wait-archive -X none
	[ "$rc" -eq 1 ]
	[ "$(slots)" = standby1 ]
	# the output breaks after the slot was made
	rc=0
	backup main -c fast -C -S other 2>"$T/stderr" | head -c 100000 >"$T/cut" || rc=$?
	wait_until 20 has_no_session main
	[ "$(slots)" = standby1 ]
	[ "$(wc -c <"$T/cut")" -eq 100000 ]
	sql main 'create role plain login; grant pg_read_all_settings to plain'
	sql main "do \$\$ declare f text; begin
		for f in select oid::regprocedure::text from pg_proc where proname in
			('pg_start_backup', 'pg_stop_backup', 'pg_backup_start', 'pg_backup_stop')
		loop execute 'grant execute on function ' || f || ' to plain'; end loop; end \$\$"
	backed_up -C -S other -U plain
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'replication slot "other": '
	grep -q '^hint: .*REPLICATION' "$T/stderr"
	[ "$(slots)" = standby1 ]
}

checked() {
	captured as_server "$BIN" check -D "$T/main/data" -C -S standby1
	[ "$rc" -eq 1 ]
	lines 1 '^failed   slot: replication slot "standby1": .*already exists' "$T/stdout"
	captured as_server "$BIN" check -D "$T/main/data" -C -S other
	[ "$rc" -eq 0 ]
	lines 1 '^ok       slot: ' "$T/stdout"
	wait_until 20 has_no_session main
	[ "$(slots)" = standby1 ]
}

words() {
	for words in '-C' '-C -S Upper' '-C -S a-b' '-C -S x --no-slot' '-C -S x --offline' '-C -S x --snapshot'; do
		# shellcheck disable=SC2086 # words
		backed_up $words
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" 'options? "--'
		[ ! -e "$T/out/base.tar" ]
	done
	[ "$(slots)" = standby1 ]
}

for major in $(majors slice); do
	t "$major: a standby follows through it" followed "$major"
	[ -e "$T/main/data/postmaster.pid" ] || continue
	t "$major: none is left by a backup that failed" not_left
	t "$major: a check makes none" checked
	[ "$major" -ne "$packaged" ] || t 'words' words
	stop_servers
	rm -rf "$T/main" "$T/copy"
done

#!/bin/sh
# Clusters that are laid out in some other way than initdb leaves them.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
archive=$T/out/base.tar

# taken OPTION...: a backup of "main", its members in $T/list, what it said in $T/stderr.
taken() {
	rm -f "$archive"
	captured backup main -c fast -o "$archive" "$@"
	[ "$rc" -eq 0 ]
	tar -tf "$archive" >"$T/list"
	clean main
}

silent() {
	[ ! -s "$T/stderr" ]
}

# The archive restores, verifies and starts; the copy is left running.
comes_back() {
	restore copy "$archive"
	verify copy
	cluster_start copy
	[ "$(sql copy 'select sum(g) from t')" -eq 500500 ]
}

fresh() { # INITDB OPTION...
	[ ! -e "$T/main/data/postmaster.pid" ] || cluster_stop main
	[ ! -e "$T/copy/data/postmaster.pid" ] || cluster_stop copy
	cluster_init main "$@"
	cluster_start main
	sql main 'create table t as select generate_series(1, 1000) g'
}

wal_elsewhere() {
	as_server mkdir "$T/wal"
	fresh -X "$T/wal/main"
	taken
	silent
	tar -tvf "$archive" | grep -q '^d.* pg_wal/$'
	comes_back
	[ -d "$T/copy/data/pg_wal" ] && [ ! -L "$T/copy/data/pg_wal" ]
}

segment_size() { # MB
	fresh --wal-segsize="$1"
	taken
	[ "$(tar -tvf "$archive" | awk '/ pg_wal\/[0-9A-F]+$/ { print $3 }' | sort -u)" -eq $(($1 * 1048576)) ]
	comes_back
}

group_access() {
	fresh -g
	taken
	tar -tvf "$archive" | grep -q '^-rw-r----- .* PG_VERSION$'
	tar -tvf "$archive" | grep -q '^drwxr-x--- .* base/$'
	comes_back
}

# Debian's way: what initdb put into the data directory lies elsewhere.
configuration_elsewhere() {
	fresh
	cluster_stop main
	as_server mkdir "$T/etc"
	for name in postgresql.conf pg_hba.conf pg_ident.conf; do
		as_server mv "$T/main/data/$name" "$T/etc/main-$name"
	done
	cluster_start main -c config_file="$T/etc/main-postgresql.conf" \
		-c hba_file="$T/etc/main-pg_hba.conf" -c ident_file="$T/etc/main-pg_ident.conf"
	taken -v
	for name in postgresql.conf pg_hba.conf pg_ident.conf; do
		lines 1 "^pg_basetar_config/$name\$" "$T/list"
		grep -q "\"$T/etc/main-$name\" is sent as pg_basetar_config/$name" "$T/stderr"
	done
	lines 0 '^pg_hba.conf$' "$T/list"
	restore copy "$archive"
	verify copy
	config=$T/copy/data/pg_basetar_config
	cmp "$T/etc/main-pg_hba.conf" "$config/pg_hba.conf"
	cluster_start copy -c "config_file=$config/postgresql.conf" -c "hba_file=$config/pg_hba.conf" \
		-c "ident_file=$config/pg_ident.conf" -c "data_directory=$T/copy/data"
	[ "$(sql copy 'select sum(g) from t')" -eq 500500 ]
}

tablespace_inside() { # the server warns, and allows it
	fresh
	as_server mkdir "$T/main/data/inner"
	sql main "create tablespace inner_space location '$T/main/data/inner'"
	sql main 'alter table t set tablespace inner_space'
	taken
	file=$(sql main "select regexp_replace(pg_relation_filepath('t'), '.*/', '')")
	lines 1 "/$file\$" "$T/list"
	lines 1 "^pg_basetar_tblspc/.*/$file\$" "$T/list"
	comes_back
}

odd_names() {
	fresh
	long=$(printf '%0200d' 7)
	as_server mkdir -p "$T/main/data/$long/$long"
	as_server touch "$T/main/data/$long/$long/$long" "$T/main/data/$(printf 'caf\351')"
	as_server cp -p "$T/main/data/PG_VERSION" "$T/main/data/two
lines and \\ \"quotes\""
	taken
	silent
	comes_back
	diff -r -x pg_wal -x 'postmaster.*' -x pg_control -x base -x global -x pg_stat_tmp -x pg_dynshmem -x pg_stat \
		-x pg_xact -x pg_subtrans -x pg_logical -x pg_notify -x 'backup_*' -x pg_basetar.info \
		-x postgresql.auto.conf "$T/main/data" "$T/copy/data"
}

left_out() { # what is of no use in a copy, or would do harm
	fresh
	as_server mkdir "$T/main/data/base/pgsql_tmp" "$T/main/data/pg_replslot/old"
	for name in base/pgsql_tmp/pgsql_tmp1.0 pgsql_tmp2 pg_replslot/old/state backup_label.old \
		pg_stat_tmp/x pg_notify/0000 current_logfiles.tmp; do
		echo x | as_server tee "$T/main/data/$name" >/dev/null
	done
	echo old | as_server tee "$T/main/data/backup_manifest" "$T/main/data/pg_basetar.info" >/dev/null
	taken
	lines 0 'pgsql_tmp' "$T/list"
	lines 0 '^pg_replslot/.' "$T/list"
	lines 0 '^pg_notify/.' "$T/list"
	lines 0 '^pg_stat_tmp/.' "$T/list"
	lines 0 '^postmaster\.' "$T/list"
	lines 1 '^backup_manifest$' "$T/list"
	lines 1 '^pg_basetar.info$' "$T/list"
	comes_back
	fails grep -qw old "$T/copy/data/pg_basetar.info"
}

special_files() {
	fresh
	as_server mkfifo "$T/main/data/base/fifo"
	as_server ln -s /etc/hostname "$T/main/data/link"
	taken
	lines 1 '^pg_basetar: warning: .*fifo' "$T/stderr"
	lines 1 '^pg_basetar: warning: .*link' "$T/stderr"
	lines 0 'fifo$' "$T/list"
	lines 0 '^link$' "$T/list"
	comes_back
}

unlogged() {
	fresh
	sql main 'create unlogged table u as select generate_series(1, 100) g'
	sql main 'create index on u (g)'
	taken
	file=$(sql main "select pg_relation_filepath('u')")
	lines 1 "^${file}_init\$" "$T/list"
	lines 0 "^$file\$" "$T/list"
	comes_back
	[ "$(sql copy 'select count(*) from u')" -eq 0 ]
	sql copy 'insert into u values (1)'
}

is_promoted() { # NAME
	[ "$(sql "$1" 'select pg_is_in_recovery()')" = f ]
}

# The WAL comes from the archive; the backup waits until it is there.
wal_none() {
	fresh
	cluster_stop main
	as_server mkdir "$T/archive"
	cluster_set main archive_mode=on "archive_command='cp %p $T/archive/%f'"
	cluster_start main
	taken -X none
	lines 0 '^pg_wal/[0-9A-F]' "$T/list"
	restore copy "$archive"
	verify copy -n
	as_server touch "$T/copy/data/recovery.signal"
	cluster_set copy archive_mode=off "restore_command='cp $T/archive/%f %p'"
	cluster_start copy
	wait_until 60 is_promoted copy
	[ "$(sql copy 'select sum(g) from t')" -eq 500500 ]
}

# Of the copy a backup can be made in turn, by this program and by the server's own.
again() {
	fresh
	tablespace main space
	sql main 'alter table t set tablespace space'
	taken
	comes_back
	as_server timeout 60 "$BIN" -D "$T/copy/data" -c fast -o "$T/out/again.tar"
	cluster_stop copy
	archive=$T/out/again.tar comes_back
	at copy pg_basebackup -Ft -c fast -D "$T/out/server" -h "$T/copy"
}

SHA() { # NAME BITS
	fresh
	taken --manifest-checksums="$1"
	tar -xOf "$archive" backup_manifest | grep -q "\"Checksum-Algorithm\": \"$1\""
	comes_back
}

no_manifest() {
	fresh
	taken --no-manifest
	lines 0 '^backup_manifest$' "$T/list"
	restore copy "$archive"
	cluster_start copy
	[ "$(sql copy 'select sum(g) from t')" -eq 500500 ]
}

t 'pg_wal is a link' wal_elsewhere
t 'WAL segments of 1 MB' segment_size 1
t 'WAL segments of 64 MB' segment_size 64
t 'group access' group_access
t 'configuration files outside' configuration_elsewhere
t 'a tablespace inside the data directory' tablespace_inside
t 'long and odd names' odd_names
t 'what is left out' left_out
t 'special files and links' special_files
t 'unlogged tables come back empty' unlogged
t 'WAL left to the archive' wal_none
t 'a backup of the copy' again
t 'manifest with SHA256' SHA SHA256
t 'no manifest' no_manifest

#!/bin/sh
# Where a backup could be called good and hold less than the cluster, or cost what is there.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
data=$T/main/data
archive=$T/out/base.tar

# A fresh cluster, a copy of the one that is made below.
fresh() {
	for cluster in main copy; do
		[ ! -e "$T/$cluster/data/postmaster.pid" ] || cluster_stop "$cluster" immediate
	done
	rm -rf "$T/main"
	cp -a "$T/pristine" "$T/main"
	rm -f "$archive"
	cluster_start main 7<&-
}

# A backup of "main" is made, its members in $T/list, what it said in $T/stderr.
taken() {
	captured backup main -c fast -o "$archive"
	[ "$rc" -eq 0 ]
	tar -tf "$archive" >"$T/list"
	clean main
}

# refused PATTERN OPTION...: the error line matches, a hint follows, nothing is written.
refused() {
	pattern=$1
	shift
	captured backup main -c fast -o "$archive" "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$pattern"
	tail -n 1 "$T/stderr" | grep -q '^hint: ..*'
	empty "$T/out"
	clean main
}

# comes_back TABLE...: of the archive, each table with its 1000 rows.
comes_back() {
	restore copy "$archive"
	verify copy
	cluster_start copy
	for table in "$@"; do
		[ "$(sql copy "select sum(g) from $table")" -eq 500500 ]
	done
}

# filled NAME [CLAUSE]: a table.
filled() {
	sql main "create table $1 ${2:-} as select generate_series(1, 1000) g"
}

# --------------------------------------------------------------------- tablespaces

tablespaces_anywhere() { # the server warns of those in its data directory, and allows them
	fresh
	sql main "create tablespace in_base location '$data/base'"
	sql main "create tablespace in_links location '$data/pg_tblspc'"
	tablespace main apart
	for space in in_base in_links apart; do
		filled "t_$space" "tablespace $space"
		sql main "create database d_$space tablespace $space"
	done
	taken
	lines 3 '^pg_tblspc/[0-9][0-9]*$' "$T/list"
	sort "$T/list" | uniq -d | diff /dev/null -
	comes_back t t_in_base t_in_links t_apart
	for space in in_base in_links apart; do
		[ "$(at copy psql -X -A -t -d "d_$space" -c 'select 1')" -eq 1 ]
	done
}

# In-place ones are for developers; recovery stops at one, unless the cluster allows them.
tablespace_in_place() {
	fresh
	at main psql -X -q -v ON_ERROR_STOP=1 -c 'set allow_in_place_tablespaces = on' \
		-c "create tablespace inner_space location ''"
	filled t_inner 'tablespace inner_space'
	refused 'allow_in_place_tablespaces is off'
	tail -n 1 "$T/stderr" | grep -q 'allow_in_place_tablespaces = on'
	cluster_set main allow_in_place_tablespaces=on
	sql main 'select pg_reload_conf()'
	taken
	comes_back t t_inner
}

# ------------------------------------------- what happens while the files are being sent

# meanwhile COMMAND...: a backup with that in the middle, its exit status in $rc.
meanwhile() {
	hold main
	"$@"
	let_go
	clean main
}

goes_well() { # STATEMENT...: replay sees to it
	meanwhile statements "$@"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	mv "$T/held.tar" "$archive"
	comes_back t
}

statements() {
	for statement in "$@"; do
		sql main "$statement"
	done
}

new_tablespace() { # in a copy on this host it would be the same directory
	meanwhile tablespace main late
	[ "$rc" -eq 0 ]
	oid=$(sql main "select oid from pg_tablespace where spcname = 'late'")
	lines 1 '' "$T/stderr"
	lines 1 "^pg_basetar: warning: tablespace $oid was created .*\"$T/main/late\"" "$T/stderr"
	tar -tf "$T/held.tar" >"$T/list"
	lines 0 "/$oid" "$T/list"
}

moved_database() { # TABLESPACE
	meanwhile sql main "alter database moving set tablespace $1"
	[ "$rc" -eq 1 ]
	oid=$(sql main "select oid from pg_database where datname = 'moving'")
	one_error "$T/stderr" "database with OID $oid was moved to another tablespace"
	tail -n 1 "$T/stderr" | grep -q '^hint: '
	fails seen_whole "$T/held.tar"
}

# --------------------------------------------------------- links in the place of data

linked() { # PATH: the server does not mind
	as_server mv "$data/$1" "$T/main/elsewhere"
	as_server ln -s "$T/main/elsewhere" "$data/$1"
	refused "\"$1\" is a symbolic link"
	as_server rm "$data/$1"
	as_server mv "$T/main/elsewhere" "$data/$1"
}

# -------------------------------------------------------------- configuration files

# A restored copy may have been started with the files where the archive had them.
configuration_of_a_copy() {
	fresh
	cluster_stop main
	as_server mkdir "$data/pg_basetar_config" "$T/main/etc"
	as_server mv "$data/postgresql.conf" "$data/pg_basetar_config"
	as_server mv "$data/pg_hba.conf" "$T/main/etc/hba"
	echo 'of long ago' | as_server tee "$data/pg_basetar_config/pg_hba.conf"
	set -- -c "config_file=$data/pg_basetar_config/postgresql.conf"
	cluster_start main "$@" -c "hba_file=$T/main/etc/hba" -c "ident_file=$data/pg_ident.conf"
	taken
	for name in '' postgresql.conf pg_hba.conf; do
		lines 1 "^pg_basetar_config/$name\$" "$T/list"
	done
	restore copy "$archive"
	verify copy
	cmp "$T/main/etc/hba" "$T/copy/data/pg_basetar_config/pg_hba.conf"
	cmp "$data/pg_basetar_config/postgresql.conf" "$T/copy/data/pg_basetar_config/postgresql.conf"
}

# ---------------------------------------------------------------------- the output

output_in_linked_wal() {
	fresh
	cluster_stop main
	as_server mv "$data/pg_wal" "$T/main/wal"
	as_server ln -s "$T/main/wal" "$data/pg_wal"
	cluster_start main
	find "$T/main/wal" | sort >"$T/before"
	refused 'inside the WAL directory' -o "$T/main/wal/base.tar"
	refused 'inside the WAL directory' -o "$T/main/wal/archive_status/base.tar"
	find "$T/main/wal" | sort | diff "$T/before" -
}

forced() { # NTH PATTERN: that fsync fails; the old file is there, whole
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	echo precious | as_server tee "$archive"
	captured as_server strace -f -qq -o /dev/null -e trace=fsync \
		-e "inject=fsync:error=EIO:when=$1" \
		"$BIN" -D "$data" -c fast -o "$archive" --force
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$2"
	[ "$(cat "$archive")" = precious ]
	[ "$(find "$T/out" -mindepth 1)" = "$archive" ]
	clean main
	rm "$archive"
}

# ----------------------------------------------------------------------- messages

forged_line() { # a name is a name, whatever it looks like
	as_server mkfifo "$data/base/a
hint: x$(printf '\033[2J\r')pg_basetar: done"
	taken
	lines 1 '' "$T/stderr"
	lines 1 '^pg_basetar: warning: .*fifo "base/a?hint: x?\[2J?pg_basetar: done"$' "$T/stderr"
}

cluster_init main --wal-segsize=1
cluster_set main autovacuum=off
cluster_start main
filled t
cluster_stop main
mv "$T/main" "$T/pristine"

t 'tablespaces in base, in pg_tblspc, and apart' tablespaces_anywhere
t 'a tablespace in place' tablespace_in_place
t 'configuration files in pg_basetar_config' configuration_of_a_copy
t 'the output in the WAL directory' output_in_linked_wal

fresh
for path in pg_xact/0000 pg_multixact/members pg_multixact/offsets/0000 pg_logical/mappings; do
	t "a link in the place of $path" linked "$path"
done
t '--force, and the file cannot be synced' forced 1 'could not fsync: Input/output error'
t '--force, and its directory cannot be synced' forced 2 'could not fsync directory: Input/output'
t 'a name that forges messages' forged_line

tablespace main here
tablespace main there
sql main 'create database moving tablespace here'
as_server rm "$data"/base/a*
t 'meanwhile, a tablespace is created' new_tablespace
t 'meanwhile, a database moves to another tablespace' moved_database there
t 'meanwhile, a database moves to the default one' moved_database pg_default
t 'meanwhile, databases come and go, and tables move' goes_well 'drop database moving' \
	'drop tablespace there' 'create database late' 'alter table t set tablespace here'

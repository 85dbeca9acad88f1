#!/bin/sh
# restore and what a copy may do to its original: it does not archive over the original's WAL.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
export PGUSER=postgres

archived() { # SEGMENT
	test -e "$T/main/archive/$1"
}

# A cluster whose archive_command does not mind what is there.
prepared() { # MAJOR
	major=$1
	# shellcheck disable=SC2046 # a word or none
	cluster_init main "$major" $(small_segments "$major")
	as_server mkdir "$T/main/archive"
	cluster_set main archive_mode=on "archive_command = 'cp %p \"$T/main/archive/%f\"'" autovacuum=off
	cluster_start main
	# what ALTER SYSTEM wrote counts more than postgresql.conf
	sql main 'alter system set archive_mode = on'
	sql main 'create table t as select 1 as n'
	captured backup main -c fast -q -o "$T/out/$major.tar"
	[ "$rc" -eq 0 ]
	# it knows servers of its own release and older ones
	[ "$major" -gt "$packaged" ] || at main pg_basebackup -Ft -c fast -X fetch -D "$T/out/$major.stock"
	sql main 'insert into t values (2)'
	last=$(sql main 'select pg_walfile_name(pg_switch_wal())')
	wait_until 60 archived "$last"
	cluster_stop main
	(cd "$T/main/archive" && md5sum ./*) >"$T/archive.md5"
}

# copied FROM OPTION...: restored, but not started.
copied() {
	from=$1
	shift
	cluster_dir copy "$major"
	captured as_server "$BIN" restore "$from" -D "$T/copy/data" "$@"
	[ "$rc" -eq 0 ]
}

# last_archive_mode VALUE: of the lines in postgresql.auto.conf the last one says that.
last_archive_mode() {
	[ "$(sed -n "s/^archive_mode = '\(.*\)'$/\1/p" "$T/copy/data/postgresql.auto.conf" | tail -n 1)" = "$1" ]
}

# The copy writes WAL of the original's names, and the archive stays what it was.
harmless() { # FROM OPTION...
	copied "$@"
	lines 1 '^pg_basetar: archive_mode is set to off in ' "$T/stderr"
	[ "$major" -ne "$packaged" ] || as_server pg_verifybackup -q "$T/copy/data"
	cluster_start copy
	[ "$(sql copy 'show archive_mode')" = off ]
	for _ in 1 2 3; do
		sql copy 'insert into t values (100)'
		sql copy 'select pg_switch_wal()' >/dev/null
	done
	sql copy checkpoint
	cluster_stop copy
	(cd "$T/main/archive" && md5sum -c --quiet "$T/archive.md5")
	[ "$(find "$T/main/archive" -type f | wc -l)" -eq "$(wc -l <"$T/archive.md5")" ]
	rm -rf "$T/copy"
}

# What is meant to stand for the original, or to follow it, archives as that does.
successor() {
	for options in --archive-mode=keep '--restore-command=false --target-name=x' \
		'--restore-command=false --target-timeline=1' --standby; do
		# shellcheck disable=SC2086 # words
		copied "$T/out/$major.tar" $options
		last_archive_mode on
		case $options in
		*--target*) lines 1 '^pg_basetar: archive_mode is left as it was: .*--archive-mode=off' "$T/stderr" ;;
		*) lines 0 'archive_mode' "$T/stderr" ;;
		esac
		rm -rf "$T/copy"
	done
	for options in '--standby --archive-mode=off' '--restore-command=false --target-name=x --archive-mode=off' \
		'--restore-command=false' '-q'; do
		# shellcheck disable=SC2086 # words
		copied "$T/out/$major.tar" $options
		last_archive_mode off
		[ "$options" = -q ] || lines 1 '^pg_basetar: archive_mode is set to off in ' "$T/stderr"
		rm -rf "$T/copy"
	done
	[ ! -s "$T/stderr" ] # with -q
	captured as_server "$BIN" restore "$T/out/$major.tar" -D "$T/none" --archive-mode=on
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" '"on" is neither "keep" nor "off"'
}

# Settings that somebody wrote by hand, without an end of line.
by_hand() {
	cluster_init main
	printf 'archive_mode = on\nwork_mem = 5MB' | as_server tee "$T/main/data/postgresql.auto.conf"
	as_server "$BIN" -q -D "$T/main/data" --offline -o "$T/out/hand.tar"
	copied "$T/out/hand.tar"
	printf 'archive_mode = on\nwork_mem = 5MB\narchive_mode = '\''off'\''\n' |
		diff - "$T/copy/data/postgresql.auto.conf"
	rm -rf "$T/copy"
	as_server rm "$T/main/data/postgresql.auto.conf"
	as_server "$BIN" -q -D "$T/main/data" --offline --force -o "$T/out/hand.tar"
	copied "$T/out/hand.tar"
	echo "archive_mode = 'off'" | diff - "$T/copy/data/postgresql.auto.conf"
	[ "$(stat -c %a "$T/copy/data/postgresql.auto.conf")" = 600 ]
	rm -rf "$T/copy"
}

# ------------------------------------------------- subscriptions

# warned TIMES OPTION...
warned() {
	times=$1
	shift
	copied "$@"
	lines "$times" '^pg_basetar: warning: .*replication origins.*max_logical_replication_workers' "$T/stderr"
	rm -rf "$T/copy"
}

# The file is there in every cluster that wrote a checkpoint.
subscribed() {
	cluster_init main "$major"
	cluster_start main
	captured backup main -q -c fast -o "$T/out/without.tar"
	[ "$rc" -eq 0 ]
	sql main "select pg_replication_origin_create('as_of_one')"
	sql main "select pg_replication_origin_advance('as_of_one', '0/16B3748')"
	captured backup main -q -c fast -o "$T/out/with.tar"
	[ "$rc" -eq 0 ]
	at main pg_basebackup -Ft -c fast -X fetch -D "$T/out/with.stock"
	cluster_stop main
	warned 0 "$T/out/without.tar"
	warned 1 "$T/out/with.tar"
	warned 1 "$T/out/with.stock"
	warned 1 "$T/out/with.tar" --restore-command=false --target-name=x
	warned 0 "$T/out/with.tar" --standby
}

# ------------------------------------------------- the data directory in its own configuration

# tells TIMES FILE: a server with that would run the original.
tells() {
	lines "$1" "^pg_basetar: warning: \"$T/copy/data/$2\" sets data_directory to \"$T/main/data\": " "$T/stderr"
}

data_directory() {
	cluster_init main "$major"
	cluster_set main "# data_directory = '/none'" "Data_Directory '$T/main/data' # as told"
	as_server "$BIN" -q -D "$T/main/data" --offline -o "$T/out/inside.tar"
	copied "$T/out/inside.tar" --config=keep
	tells 1 postgresql.conf
	rm -rf "$T/copy"
	# to where the line says
	mv "$T/main" "$T/aside/main"
	as_server mkdir "$T/main"
	captured as_server "$BIN" restore "$T/out/inside.tar" -D "$T/main/data"
	[ "$rc" -eq 0 ]
	lines 0 data_directory "$T/stderr"
	rm -r "$T/main"
	mv "$T/aside/main" "$T/main"
	# as on Debian
	as_server mkdir "$T/main/etc"
	as_server mv "$T/main/data/postgresql.conf" "$T/main/etc/"
	cluster_start main -c "config_file=$T/main/etc/postgresql.conf"
	captured backup main -q -c fast -o "$T/out/outside.tar"
	[ "$rc" -eq 0 ]
	cluster_stop main
	copied "$T/out/outside.tar" --config=keep
	tells 1 pg_basetar_config/postgresql.conf
	rm -rf "$T/copy"
}

# ------------------------------------------------- tablespaces in the data directory

# One directly in it, of a name after pg_basetar_tblspc, one deeper, before; and one that is elsewhere.
nested() { # MAJOR
	major=$1
	# shellcheck disable=SC2046 # a word or none
	cluster_init main "$major" $(small_segments "$major")
	cluster_start main
	as_server mkdir -p "$T/main/data/zts" "$T/main/data/deep/er/ts" "$T/main/spc"
	for space in "zts $T/main/data/zts" "deep $T/main/data/deep/er/ts" "spc $T/main/spc"; do
		sql main "create tablespace ${space%% *} location '${space#* }'"
		sql main "create table t_${space%% *} tablespace ${space%% *} as select generate_series(1, 1000) as n"
	done
	captured backup main -q -c fast -o "$T/out/nested.tar"
	[ "$rc" -eq 0 ]
	captured backup main -q -c fast --split -o "$T/out/nested.d"
	[ "$rc" -eq 0 ]
	[ "$major" -gt "$packaged" ] || at main pg_basebackup -Ft -c fast -X fetch -D "$T/out/nested.stock"
	cluster_stop main
	tar -xOf "$T/out/nested.tar" pg_basetar.info | lines 2 '^tablespace_inside: ' -
	find "$T/main/data" "$T/main/spc" -printf '%p %s %T@\n' | sort >"$T/before"
}

# holds CLUSTER: all tables.
holds() {
	cluster_start "$1"
	for space in zts deep spc; do
		[ "$(sql "$1" "select count(*) from t_$space")" -eq 1000 ]
	done
	cluster_stop "$1"
}

# elsewhere FROM OPTION...: below the new data directory, and the original stays what it was.
elsewhere() {
	from=$1
	shift
	cluster_dir copy "$major"
	captured as_server "$BIN" restore "$from" -D "$T/copy/data" -T "$T/main//spc/=$T/copy//spc" "$@"
	[ "$rc" -eq 0 ]
	find "$T/main/data" "$T/main/spc" -printf '%p %s %T@\n' | sort | diff "$T/before" -
	readlink "$T/copy/data/pg_tblspc"/* | sort >"$T/links"
	printf '%s\n' "$T/copy/data/deep/er/ts" "$T/copy/data/zts" "$T/copy/spc" | diff - "$T/links"
	[ -z "$(find "$T/copy/data" "$T/copy/spc" -not -user "$owner")" ]
	[ "$(stat -c %a "$T/copy/data/deep/er")" = "$(stat -c %a "$T/main/data/deep/er")" ]
	holds copy
	rm -rf "$T/copy"
}

# What does not know that they were inside does not restore into a cluster, whosever it is.
not_into_a_cluster() {
	rm -rf "$T/copy"
	cluster_dir copy "$major"
	as_server mv "$T/main/data/zts" "$T/main/data/deep" "$T/aside/"
	as_server mkdir -p "$T/main/data/deep/er"
	captured as_server "$BIN" restore "$T/out/nested.stock" -D "$T/copy/data" -T "$T/main/spc=$T/copy/spc"
	rm -rf "$T/main/data/deep"
	as_server mv "$T/aside/zts" "$T/aside/deep" "$T/main/data/"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "tablespace [0-9]*: \"$T/main/data/.*\" is in the data directory of a cluster"
	[ ! -e "$T/copy/data" ]
	captured as_server "$BIN" restore "$T/out/nested.stock" -D "$T/copy/data" -T "$T/main/spc=$T/copy/spc" \
		-T "$T/main/data/zts=$T/copy/zts" -T "$T/main/data/deep/er/ts=$T/copy/deep"
	[ "$rc" -eq 0 ]
	holds copy
}

# The original is gone, and the copy takes its place.
same_place() {
	mv "$T/main" "$T/gone"
	for from in "$T/out/nested.tar" "$T/out/nested.d" "$T/out/nested.stock"; do
		[ -e "$from" ] || continue
		cluster_dir main "$major"
		captured as_server "$BIN" restore "$from" -D "$T/main/data"
		[ "$rc" -eq 0 ]
		lines 1 "^pg_basetar: tablespace [0-9]* is in \"$T/main/data/deep/er/ts\"" "$T/stderr"
		holds main
		rm -rf "$T/main"
	done
	cluster_dir main "$major"
	rm -rf "$T/main"
	as_server ln -s volume "$T/main"
	captured as_server "$BIN" restore "$T/out/nested.tar" -D "$T/elsewhere"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "\"$T/main/spc\": could not create directory: No such file"
	grep -q '^hint: .*mount that volume.*-T OLD=NEW' "$T/stderr"
	rm "$T/main"
	mv "$T/gone" "$T/main"
}

tablespaces_inside() { # MAJOR
	t "$1: tablespaces in the data directory" nested "$1"
	t "$1: restored elsewhere" elsewhere "$T/out/nested.tar"
	t "$1: a set" elsewhere "$T/out/nested.d"
	[ "$1" -gt "$packaged" ] || t "$1: of pg_basebackup: not into a cluster" not_into_a_cluster
	t "$1: restored to the same place" same_place
	rm -rf "$T/out"/* "$T/main"
}

for major in $(majors slice); do
	t "$major: a cluster that archives" prepared "$major"
	t "$major: a copy does not archive" harmless "$T/out/$major.tar"
	[ "$major" -gt "$packaged" ] || t "$major: nor one of pg_basebackup" harmless "$T/out/$major.stock"
	[ "$major" != 15 ] || t "$major: a successor does" successor
	[ ! -e "$T/main/data/postmaster.pid" ] || cluster_stop main
	rm -rf "$T/main"
done
major=$packaged
t 'settings written by hand' by_hand
rm -rf "$T/main"
t 'a subscriber' subscribed
rm -rf "$T/main" "$T/out"/*
as_server mkdir "$T/aside"
t 'data_directory' data_directory
rm -rf "$T/main" "$T/out"/*
for major in $(majors slice); do
	tablespaces_inside "$major"
done

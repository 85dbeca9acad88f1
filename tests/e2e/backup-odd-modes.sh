#!/bin/sh
# Sound clusters with odd modes, owners and directories: lost+found, set-group-ID, files of root's; and
# those that keep the server out, which are a finding.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/odd.sh
. "$top/tests/e2e/lib/odd.sh"

# ------------------------------------------------------------------- modes and directories

# As a cluster is that shares its directories with a group, and keeps what is the user's own in it.
oddly_moded() {
	as_server find "$T/main/data" -exec chmod g+s {} +
	as_server chmod u+s,+t "$T/main/data/base"
	as_server mkdir "$T/main/data/mine"
	as_server touch "$T/main/data/mine/note"
	as_server chmod 0555 "$T/main/data/mine"
	as_server rm -r "$T/main/data/pg_stat_tmp" "$T/main/data/pg_snapshots" "$T/main/data/pg_serial"
}

# KIND OPTION...
odd_modes() {
	kind=$1
	takes "$@"
	[ ! -s "$T/stderr" ]
	gives "$kind" "$T/out/$kind"
	lines 0 ' warning: ' "$T/stderr"
	[ -z "$(find "$T/copy" -perm /7000)" ]
	for name in pg_stat_tmp pg_snapshots pg_serial mine/note; do
		[ -e "$T/copy/data/$name" ]
	done
	runs
}

odd_modes_unpacked() {
	restore copy "$T/out/modes.tar"
	[ -d "$T/copy/data/pg_snapshots" ]
	runs
}

# Of pg_basebackup, which sends all bits, and no directory that is not there.
odd_modes_stock() {
	rm -rf "$T/out/stock"
	at main pg_basebackup -D "$T/out/stock" -Ft -c fast -X fetch
	gives stock "$T/out/stock"
	lines 1 'or other members have set-user-ID, set-group-ID or sticky bits' "$T/stderr"
	[ -z "$(find "$T/copy" -perm /7000)" ]
	[ -d "$T/copy/data/pg_snapshots" ]
	runs
}

t 'a primary' make_main
t 'set-group-ID on all, a directory of mode 0555, three directories gone' oddly_moded
t 'that, online' odd_modes modes.tar -c fast
t 'unpacked by hand' odd_modes_unpacked
t 'split' odd_modes modes --split -c fast
t 'by pg_basebackup' odd_modes_stock
cluster_stop main
t 'offline' odd_modes stopped.tar --offline
t 'as a snapshot' odd_modes snapshot.tar --snapshot

# ------------------------------------------------------------------------------ lost+found

# As mkfs makes it: nobody but root may look into it.
mkfs_made() {
	for directory; do
		mkdir -m 700 "$directory/lost+found"
	done
}

# The data directory, that of the WAL and a tablespace are file systems of their own.
lost_and_found() {
	[ "$(id -u)" -eq 0 ] || skip 'only root can make it'
	cluster_start main
	tablespace main spc
	sql main 'create table spaced tablespace spc as select generate_series(1, 100) i'
	mkfs_made "$T/main/data" "$T/main/data/pg_wal" "$T/main/spc"
}

# Restored to where such file systems are mounted, one of them with the tablespace of a release
# before this one.
gives_where_mounted() { # ARCHIVE
	as_server mkdir -p "$T/new/data" "$T/new/wal" "$T/new/spc/PG_9.6_201608131/1"
	as_server touch "$T/new/spc/PG_9.6_201608131/1/2"
	mkfs_made "$T/new/data" "$T/new/wal" "$T/new/spc"
	captured "$BIN" verify "$T/out/$1"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	cluster_dir copy
	captured as_server "$BIN" restore -N "$T/out/$1" -D "$T/new/data" --waldir "$T/new/wal" \
		-T "$T/main/spc=$T/new/spc"
	[ "$rc" -eq 0 ]
	lines 1 'new/spc" also has the tablespace of another release' "$T/stderr"
	[ -e "$T/new/spc/PG_9.6_201608131/1/2" ]
	as_server ln -s "$T/new/data" "$T/copy/data"
	cluster_start copy
	[ "$(sql copy 'select count(*) from spaced')" -eq 100 ]
	cluster_stop copy
	rm -rf "$T/copy" "$T/new"
}

# KIND OPTION...
lost_and_given() {
	kind=$1
	takes "$@"
	[ ! -s "$T/stderr" ]
	gives_where_mounted "$kind"
}

# The output, too.
lost_and_split() {
	as_server mkdir "$T/out/mounted"
	mkfs_made "$T/out/mounted"
	lost_and_given mounted --split -c fast
}

lost_again() {
	rmdir "$T/main/data/lost+found" "$T/main/data/pg_wal/lost+found" "$T/main/spc/lost+found"
	cluster_start main
	sql main 'drop table spaced'
	sql main 'drop tablespace spc'
	cluster_stop main
}

# The tablespace of this release is in the way.
own_release() {
	mkdir -p "$T/new/spc"
	cp -a "$T/main/spc/." "$T/new/spc"
	chown "$owner" "$T/new" "$T/new/spc"
	captured as_server "$BIN" restore -N "$T/out/lost.tar" -D "$T/new/data" -T "$T/main/spc=$T/new/spc"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'tablespace [0-9]*: .*the directory is not empty'
	rm -rf "$T/new"
}

t 'lost+found in the data directory, in pg_wal and in a tablespace' lost_and_found
if [ -e "$T/main/data/lost+found" ]; then
	t 'that, online' lost_and_given lost.tar -c fast
	t 'the same tablespace there' own_release
	t 'split, into such a directory' lost_and_split
	cluster_stop main
	t 'offline' lost_and_given lost-stopped.tar --offline
	t 'as a snapshot' lost_and_given lost-snapshot.tar --snapshot
	t 'all as before' lost_again
fi

# ----------------------------------------------- owners and modes that keep the server out

# A configuration file of root's that the server can read is as good as its own.
root_owned() {
	[ "$(id -u)" -eq 0 ] || skip 'only root can make it'
	chown root "$T/main/data/postgresql.conf" "$T/main/data/pg_ident.conf"
	chmod 644 "$T/main/data/postgresql.conf"
	chgrp "$(id -g "$owner")" "$T/main/data/pg_ident.conf"
	chmod 640 "$T/main/data/pg_ident.conf"
	takes rooted.tar --offline
	[ ! -s "$T/stderr" ]
	gives rooted.tar "$T/out/rooted.tar"
	runs
}

kept_out() {
	relation=$(cd "$T/main/data" && find base/1 -type f -name '[1-9]*' | sort | sed -n 1p)
	chown root "$T/main/data/$relation" "$T/main/data/pg_xact/0000"
	chmod 644 "$T/main/data/$relation" "$T/main/data/pg_xact/0000"
	chmod 500 "$T/main/data/pg_twophase"
	captured backup main --offline -o "$T/out/kept.tar"
	[ "$rc" -eq 3 ]
	lines 1 "\"$relation\" belongs to user 0 and has mode 0644: the server, which runs as" "$T/stderr"
	lines 1 '"pg_xact/0000" belongs to user 0' "$T/stderr"
	lines 1 '"pg_twophase" has mode 0500, which keeps the server out' "$T/stderr"
	lines 1 'backup is complete, but owners or modes keep the server out of 3 files' "$T/stderr"
	captured "$BIN" verify "$T/out/kept.tar"
	[ "$rc" -eq 3 ]
	lines 1 "warning: 2 members belong to user 0, as \"$relation\" does, and pg_control to" "$T/stderr"
	lines 1 'name: "pg_twophase".*mode' "$T/stderr"
	lines 2 '' "$T/stderr"
}

# All get one owner, and directories what they need.
kept_out_restored() {
	cluster_dir copy
	captured "$BIN" restore -N "$T/out/kept.tar" -D "$T/copy/data" --force
	[ "$rc" -eq 3 ]
	cluster_start copy
	[ "$(sql copy 'select count(*) from kept')" -eq 1000 ]
	cluster_stop copy
	rm -rf "$T/copy"
}

t 'configuration of root, which the server can read' root_owned
if [ -e "$T/out/rooted.tar" ]; then
	t 'a relation and the states of transactions of root, a directory that is closed' kept_out
	t 'restored by force' kept_out_restored
fi

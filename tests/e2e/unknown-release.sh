#!/bin/sh
# A release that the program does not know is named before anything else is said: of a data
# directory, running or not, and of archives, ours and those of pg_basebackup, whatever in them
# only looks damaged because that release writes it otherwise.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"

# names_release RELEASE COMMAND...: it fails with one error, which says that, and nothing else.
names_release() {
	release=$1
	shift
	captured "$@"
	[ "$rc" -eq 1 ]
	grep -qE "PostgreSQL $release is not supported by this release of pg_basetar \(10 to [0-9]+\)" \
		"$T/stderr"
	one_error "$T/stderr" "PostgreSQL $release is not supported"
	lines 0 'damaged' "$T/stderr"
	lines 0 'is that one sound' "$T/stderr"
	lines 0 'NOT restorable' "$T/stdout"
	lines 0 'finding' "$T/stdout"
}

# ------------------------------------------------------------------------- data directories

prepare() {
	cluster_init main
	cluster_start main
	sql main 'create table t as select generate_series(1, 1000) as a'
	tablespace main space
	sql main 'create table u tablespace space as select 1 as a'
	backup main -c fast -o "$T/out/ours.tar"
	backup main -c fast --split -o "$T/out/split"
	at main pg_basebackup -c fast -D "$T/out/theirs" -Ft -X fetch
	at main pg_basebackup -c fast -D "$T/out/stream" -Ft -X stream
	cluster_stop main
	backup main --offline -o "$T/out/offline.tar"
	captured "$BIN" verify "$T/out/ours.tar"
	[ "$rc" -eq 0 ]
}

# of RELEASE DIR: what a cluster of that release may look like: all that we know is otherwise.
of() {
	find "$2" -name PG_VERSION | while read -r file; do
		echo "$1" >"$file"
	done
	find "$2" -name pg_filenode.map -exec truncate -s 600 {} +
	[ ! -e "$2/pg_xact" ] || mv "$2/pg_xact" "$2/pg_states"
	[ ! -e "$2/backup_label" ] ||
		sed -i 's|0/\(.......\) |LSN \1 |; s/^BACKUP METHOD: .*/METHOD: other/' "$2/backup_label"
	[ ! -e "$2/global/pg_control" ] ||
		printf '\320\007\0\0' | dd of="$2/global/pg_control" bs=1 seek=8 conv=notrunc status=none
	[ ! -e "$2/pg_basetar.info" ] ||
		sed -i "s/^server_version: .*/server_version: $1/" "$2/pg_basetar.info"
	[ ! -e "$2/backup_manifest" ] || sed -i '1s/: [12],/: 3,/' "$2/backup_manifest"
	for segment in "$2"/pg_wal/0*; do
		[ ! -f "$segment" ] || printf '\040\322' | dd of="$segment" conv=notrunc status=none
	done
}

directories() { # RELEASE
	rm -rf "$T/other"
	cp -a "$T/main" "$T/other"
	of "$1" "$T/other/data"
	names_release "$1" backup other -o "$T/out/x.tar"
	names_release "$1" backup other --offline -o "$T/out/x.tar"
	names_release "$1" backup other --snapshot -o "$T/out/x.tar" -T "$T/main/space=$T/other/space"
	# the process is no server, but at work on the directory
	sed "1s/.*/$$/" >"$T/other/data/postmaster.pid" <<-END
		1
		$T/other/data
		1700000000
		5432
		$T

		  5432001         0
		ready
	END
	names_release "$1" backup other -o "$T/out/x.tar"
	[ ! -e "$T/out/x.tar" ]
}

# --------------------------------------------------------------------------------- archives

# members DIR FILE FIRST...: FILE anew, of DIR: FIRST..., the directories, and PG_VERSION last
# the relations, as readdir() may have it; then pg_control, the WAL and the manifest.
members() {
	from=$1
	to=$2
	shift 2
	(
		cd "$from"
		{
			printf '%s\n' "$@"
			find base global pg_* -mindepth 0 ! -path 'pg_wal/?*' ! -name pg_basetar.info \
				! -path global/pg_control
			echo PG_VERSION
			echo global/pg_control
			find pg_wal -mindepth 1
			[ ! -e backup_manifest ] || echo backup_manifest
		} >"$T/members"
		tar -c --format=ustar --no-recursion -T "$T/members"
	) >"$to"
}

# all_name RELEASE FILE|DIR
all_name() {
	names_release "$1" "$BIN" verify "$2"
	names_release "$1" "$BIN" info "$2"
	names_release "$1" "$BIN" info --brief "$2"
	rm -rf "$T/restored"
	names_release "$1" as_server "$BIN" restore "$2" -D "$T/restored" --original-tablespaces
	[ ! -e "$T/restored/global/pg_control" ]
	[ -d "$2" ] || {
		"$BIN" verify - <"$2" >"$T/stdout" 2>"$T/stderr" && return 1
		one_error "$T/stderr" "PostgreSQL $1 is not supported"
	}
}

ours() { # RELEASE ARCHIVE FIRST...
	release=$1
	name=$2
	shift 2
	rm -rf "$T/tree"
	mkdir "$T/tree"
	tar -xf "$T/out/$name.tar" -C "$T/tree"
	of "$release" "$T/tree"
	members "$T/tree" "$T/out/other.tar" "$@"
	all_name "$release" "$T/out/other.tar"
}

# In several archives, the main one anew, the others with the directory of that release.
several() { # RELEASE DIR FIRST...
	release=$1
	name=$2
	shift 2
	rm -rf "$T/tree" "$T/out/other"
	mkdir "$T/tree"
	cp -a "$T/out/$name" "$T/out/other"
	tar -xf "$T/out/$name/base.tar" -C "$T/tree"
	of "$release" "$T/tree"
	of "$release" "$T/out/other"
	members "$T/tree" "$T/out/other/base.tar" "$@"
	all_name "$release" "$T/out/other"
}

t 'a cluster and its backups' prepare
for release in 20 9.6; do
	t "$release: data directories" directories "$release"
	t "$release: pg_basebackup" several "$release" theirs backup_label tablespace_map
	t "$release: pg_basebackup with pg_wal.tar" several "$release" stream backup_label tablespace_map
done
t '20: our archive' ours 20 ours backup_label pg_basetar.info
t '20: our archive of a stopped cluster' ours 20 offline pg_basetar.info
t '20: ours in several' several 20 split backup_label tablespace_map pg_basetar.info

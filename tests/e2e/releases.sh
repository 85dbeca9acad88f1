#!/bin/sh
# Every supported version: a backup of a busy server restores and starts, by hand and by the program;
# a copy that lost its backup_label does not start.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/restored.sh
. "$top/tests/e2e/lib/restored.sh"

prepare() { # MAJOR
	cluster_init main "$1"
	cluster_start main
	load_init main 1
}

take() { # MAJOR
	backup main -c fast -Z gzip -l "version $1" -o "$T/out/base.tar.gz"
	clean main
	loaded main
}

# pg_verifybackup reads the WAL of its own version only; manifests of version 2 from 17 on, and
# with one the pg_control of its own version only.  So the server's own is taken where it is there.
verified() { # MAJOR
	restore copy "$T/out/base.tar.gz" gnu "$1"
	manifest=$T/copy/data/backup_manifest
	[ "$(sed '$d' "$manifest" | sha256sum | cut -c 1-64)" = "$(tail -n 1 "$manifest" | cut -d '"' -f 4)" ]
	own=$(cat "$T/copy/bin")/pg_verifybackup
	if [ -x "$own" ]; then
		as_server "$own" -i pg_basetar_tblspc "$T/copy/data" | grep -qx 'backup successfully verified'
		return
	fi
	case $1 in
	1[0-6]) verify copy -n ;;
	*)
		version_1 <"$manifest" >"$T/manifest"
		verify copy -n -m "$T/manifest"
		;;
	esac
}

# Of a manifest of version 2, which has the system identifier besides, one of version 1.
version_1() {
	system=$(sql main 'select system_identifier from pg_control_system()')
	sed -e '1s/: 2,$/: 1,/' -e "2{/^\"System-Identifier\": $system,\$/d;}" -e '$d' >"$T/body"
	cat "$T/body"
	printf '"Manifest-Checksum": "%s"}\n' "$(sha256sum <"$T/body" | cut -c 1-64)"
}

# consistent NAME: it starts, and holds together.
consistent() {
	cluster_start "$1"
	balanced "$1"
	sql "$1" "select count(bt_index_parent_check(c.oid))
		from pg_class c join pg_index i on i.indexrelid = c.oid join pg_am a on a.oid = c.relam
		where a.amname = 'btree' and c.relpersistence = 'p' and i.indisvalid"
	cluster_stop "$1"
}

starts() { # MAJOR
	restore copy "$T/out/base.tar.gz" gnu "$1"
	mv "$T/main/spc1" "$T/main/spc1.away"
	consistent copy
	[ "$(readlink "$T"/copy/data/pg_tblspc/* | grep -c '^\.\./pg_basetar_tblspc/')" -eq 3 ]
}

# The same as by hand, and as good.
restored_too() { # MAJOR
	MAJOR=$1
	restored ours "$T/out/base.tar.gz"
	[ "$rc" -eq 0 ]
	says_only_where
	same ours "$T/out/base.tar.gz"
	consistent ours
}

needs_label() { # MAJOR
	restore copy "$T/out/base.tar.gz" gnu "$1"
	rm "$T/copy/data/backup_label"
	fails cluster_start copy
	# PANIC up to 18
	lines 1 '\(PANIC\|FATAL\): .*could not locate a valid checkpoint record' "$T/copy/log"
}

for major in $(majors all); do
	t "$major: a server under load" prepare "$major"
	[ -e "$T/main/data/postmaster.pid" ] || continue
	load_start main
	t "$major: backup" take "$major"
	load_stop main
	t "$major: pg_verifybackup" verified "$major"
	cluster_stop main
	t "$major: starts unaided" starts "$major"
	t "$major: restored by the program" restored_too "$major"
	t "$major: does not start without backup_label" needs_label "$major"
	rm -rf "$T/main" "$T/copy" "$T/ours" "$T/out/base.tar.gz"
done

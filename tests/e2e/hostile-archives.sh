#!/bin/sh
# What is read was written by somebody else: archives that were changed, sets that lost a part, and
# what pg_basebackup makes of odd clusters.  Those that other programs packed anew are in
# verify-packed.sh, words that mean harm in hostile-words.sh.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/verified.sh
. "$top/tests/e2e/lib/verified.sh"
from=$a

prepared() {
	cluster_init main -k --wal-segsize=1
	cluster_set main autovacuum=off
	cluster_start main
	tablespace main spc
	sql main 'create table t tablespace spc as select generate_series(1, 1000)'
	backup main -c fast -o "$a"
	chmod 644 "$a"
	is_sound "$a"
}

# ---------------------------------------------------------------- changed and packed anew

owners_named() {
	tar -tvf "$a" base | head -n 1 | grep -q "$owner/$(id -gn "$owner") "
	[ -z "$(tar --numeric-owner -tvf "$a" | awk '{ print $2 }' | sort -u | sed 1d)" ]
}

# members ARCHIVE: their names as GNU tar takes them, in order.
members() {
	tar -tf "$1" | sed 's,/$,,'
}

# Owner names are no proof: pg_control says that there was a pg_basetar.info.
info_lost() {
	rm -rf "$T/out/tree" "$x"
	mkdir "$T/out/tree"
	tar -xpf "$a" -C "$T/out/tree"
	members "$a" | grep -vx pg_basetar.info |
		tar --format=ustar --no-recursion -cf "$x" -C "$T/out/tree" -T -
	found 'missing: "pg_basetar.info": is missing: it says how the backup was made' "$x"
	lines 1 '' "$T/stderr"
}

# info_of COMMAND...: the archive $from with a pg_basetar.info that COMMAND makes of its own.
info_of() {
	rm -rf "$T/out/tree" "$x"
	mkdir "$T/out/tree"
	tar -xpf "$from" -C "$T/out/tree"
	"$@" "$T/out/tree/pg_basetar.info"
	members "$from" | tar --format=ustar --no-recursion -cf "$x" -C "$T/out/tree" -T -
}

info_of_an_earlier() {
	info_of sed -i 's,^start: .*,start: 0/28,'
	found 'info: "pg_basetar.info": belongs to another backup than backup_label' "$x"
}

info_of_a_later() {
	info_of sed -i 's,^start: .*,start: 9/28,'
	found 'info: "pg_basetar.info": start: 0/[0-9A-F]+ expected, 9/28 found' "$x"
}

info_without_start() {
	from=$T/out/n.tar
	backup main -c fast --no-manifest -o "$from"
	chmod 644 "$from"
	info_of sed -i -e '/^start: /d' -e '/^start_time: /d'
	tar -xOf "$x" pg_basetar.info | lines 0 '^start' -
	verified 0 "$x"
}

# stale NAME OPTION...: a copy of $x that pg_basebackup sends, with pg_basetar.info as its first file.
stale() {
	copy=$1
	shift
	rm -rf "$T/out/set" "$T/out/tree"
	at "$copy" pg_basebackup -Ft -c fast -D "$T/out/set" "$@" >/dev/null 2>&1
	verified 0 "$T/out/set"
	mkdir "$T/out/tree"
	tar -xf "$T/out/set/base.tar" -C "$T/out/tree"
	members "$T/out/set/base.tar" >"$T/out/names"
	{
		grep -x -e backup_label -e tablespace_map "$T/out/names"
		echo pg_basetar.info
		grep -vx -e backup_label -e tablespace_map -e pg_basetar.info "$T/out/names"
	} | tar --format=ustar --no-recursion --owner=postgres --group=postgres \
		-cf "$T/out/set/base.tar" -C "$T/out/tree" -T -
	verified 0 "$T/out/set"
	captured "$BIN" info "$T/out/set"
	grep -q 'pg_basebackup base backup' "$T/stdout"
}

stale_info() {
	restore copy "$a"
	cluster_start copy
	stale copy
	stale copy -X none
	cluster_stop copy
}

# A standby that has replayed nothing is backed up from where it was restored from.
stale_on_a_standby() {
	restore copy "$a"
	follows copy main
	cluster_start copy
	stale copy -X none
	cluster_stop copy
	sql main checkpoint
	cluster_stop main
	captured as_server "$BIN" -D "$T/main/data" --offline -o "$T/out/offline.tar"
	[ "$rc" -eq 0 ]
	cluster_start main
	chmod 644 "$T/out/offline.tar"
	restore copy "$T/out/offline.tar"
	follows copy main
	cluster_start copy
	stale copy -X none
	cluster_stop copy
}

# ---------------------------------------------------------------- oddities of pg_basebackup

# stock OPTION...: by pg_basebackup, a directory.
stock() {
	rm -rf "$T/out/set"
	at main pg_basebackup -Ft -c fast -D "$T/out/set" "$@" >/dev/null 2>&1
}

# restored_here FROM: as the cluster "copy".
restored_here() {
	cluster_dir copy
	captured as_server "$BIN" restore "$1" -D "$T/copy/data" -T "$T/main/spc=$T/copy/spc"
	[ "$rc" -eq 0 ]
}

# PostgreSQL writes a time before 1970 without its sign, which GNU tar refuses.
before_1970() {
	as_server touch -d '1969-12-31 12:00:00 UTC' "$T/main/data/old"
	stock
	captured backup main -c fast -o - >/dev/null
	mv "$T/stdout" "$T/out/ours.tar"
	as_server rm "$T/main/data/old"
	is_sound "$T/out/set"
	is_sound "$T/out/ours.tar"
	for from in "$T/out/set" "$T/out/ours.tar"; do
		restored_here "$from"
		[ "$(stat -c %Y "$T/copy/data/old")" -eq -43200 ]
	done
}

label_of_two_lines() {
	stock -l "one
two"
	verified 0 "$T/out/set"
	lines 1 '' "$T/stderr"
	grep -q 'warning: the label in backup_label has several lines' "$T/stderr"
	captured "$BIN" info "$T/out/set"
	grep -q '^label: *one?two$' "$T/stdout"
	restored_here "$T/out/set"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 1000 ]
	cluster_stop copy
	stock -l "one
START TIMELINE: 7"
	verified 3 "$T/out/set"
	grep -q 'label: "backup_label": line "START TIMELINE: 7" is not valid' "$T/stderr"
	lines 0 'a copy of a running server' "$T/stderr"
}

# Whether it was made without WAL or lost it, nothing tells.
wal_lost() {
	stock -X stream
	is_sound "$T/out/set"
	verified 0 --need-wal "$T/out/set"
	rm "$T/out/set/pg_wal.tar"
	verified 0 "$T/out/set"
	lines 1 'warning: the backup has no WAL: .* pg_wal.tar was lost; the WAL archive must have the WAL from [0-9A-F/]* on' "$T/stderr"
	grep -q '^restorable with the WAL from' "$T/stdout"
	verified 3 --need-wal "$T/out/set"
	lines 1 '' "$T/stderr"
	grep -q 'missing: "pg_wal": the WAL from [0-9A-F/]* on is not in the backup' "$T/stderr"
	grep -qx 'NOT restorable: 1 finding' "$T/stdout"
}

without_wal() {
	captured backup main -c fast -X none --no-wait-archive -o "$x" --force
	[ "$rc" -eq 0 ]
	chmod 644 "$x"
	is_sound "$x"
	verified 3 --need-wal "$x"
	grep -q 'missing: "pg_wal": ' "$T/stderr"
	verified 0 --need-wal "$a"
	verified 1 --need-wal # what is needed as well is an archive
}

# ---------------------------------------------------------------- what this release cannot read

# unknown COMMAND...: the release is what is said, and nothing of damage.
unknown() {
	captured "$BIN" "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'PostgreSQL 25 is not supported by this release of pg_basetar \([0-9]+ to [0-9]+\)'
	fails grep -q restorable "$T/stderr"
}

# Its label is written otherwise, and so are pg_control and WAL.
release_of_the_future() {
	stock
	rm -rf "$T/out/tree"
	mkdir "$T/out/tree"
	tar -xpf "$T/out/set/base.tar" -C "$T/out/tree"
	members "$T/out/set/base.tar" | sed -e '/^PG_VERSION$/d' \
		-e 's,^global/pg_control$,PG_VERSION\n&,' >"$T/out/order"
	sed -i 's/^START WAL.*/START: 0:0/' "$T/out/tree/backup_label"
	echo 25 >"$T/out/tree/PG_VERSION"
	tar --format=ustar --no-recursion -cf "$T/out/set/base.tar" -C "$T/out/tree" -T "$T/out/order"
	unknown verify "$T/out/set"
	from=$a
	info_of sed -i 's/^server_version: .*/server_version: 25/'
	unknown verify "$x"
	unknown info "$x"
	cluster_dir copy
	unknown restore "$x" -D "$T/copy/data"
	cp -a "$T/main/data" "$T/copy/data"
	echo 25 >"$T/copy/data/PG_VERSION"
	unknown -D "$T/copy/data" -o "$T/out/y.tar"
}

compressed_set() {
	[ -n "$(command -v xz)" ] || skip 'no xz here'
	stock
	xz -0 "$T"/out/set/*.tar
	verified 1 "$T/out/set"
	one_error "$T/stderr" '\.tar\.xz: compressed with xz, which this version does not read'
	grep -q '^hint: First decompress the archives of the directory with "xz -d"' "$T/stderr"
}

# Of a cluster that was restored, and has the manifest of its backup: servers up to 12 know no manifest, and send the file as one of the cluster's.
old_manifest() { # MAJOR
	cluster_init old "$1"
	cluster_start old
	sql old 'create table kept as select generate_series(1, 1000) g'
	echo 'of another backup' | as_server tee "$T/old/data/backup_manifest" >/dev/null
	rm -rf "$T/out/set"
	at old pg_basebackup -Ft -c fast -X fetch -D - >"$T/out/old.tar"
	at old pg_basebackup -Ft -z -c fast -D "$T/out/set"
	cluster_stop old
	[ "$(tar -tf "$T/out/old.tar" | grep -c '^\(\./\)*backup_manifest$')" -eq 1 ]
	for from in "$T/out/old.tar" "$T/out/set"; do
		passes "$from"
		"$BIN" info "$from" >"$T/told"
		cluster_dir copy "$1"
		captured as_server "$BIN" restore -N "$from" -D "$T/copy/data"
		[ "$rc" -eq 0 ]
		cmp "$T/old/data/backup_manifest" "$T/copy/data/backup_manifest"
		cluster_start copy
		[ "$(sql copy 'select count(*) from kept')" -eq 1000 ]
		cluster_stop copy
	done
	rm -rf "$T/copy" "$T/old" "$T/out/set" "$T/out/old.tar"
}

t 'a cluster, and its backup' prepared
t 'members have the names of owner and group' owners_named
t 'packed anew without pg_basetar.info' info_lost
t 'pg_basetar.info of an earlier backup' info_of_an_earlier
t 'pg_basetar.info of a later backup' info_of_a_later
t 'pg_basetar.info of the first archives, without a start' info_without_start
t 'pg_basebackup of a restored cluster, pg_basetar.info first: sound' stale_info
t 'pg_basebackup of a restored standby that is where it began: sound' stale_on_a_standby
t 'a file of 1969: sound, and restored as it was' before_1970
t 'pg_basebackup: a label of two lines: a warning' label_of_two_lines
t 'pg_basebackup: pg_wal.tar is lost: a warning, or a finding' wal_lost
t 'ours, without WAL: a finding with --need-wal' without_wal
t 'a release that is not known is named, before any damage' release_of_the_future
t 'a set that is compressed otherwise' compressed_set
for major in $(majors only 10 12); do # the first and the last without manifests
	t "$major: pg_basebackup of a cluster with a backup_manifest" old_manifest "$major"
done

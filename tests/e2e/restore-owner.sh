#!/bin/sh
# restore by root: whose the copy is, and what root gives away for it.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
export PGUSER=postgres
[ "$(id -u)" -eq 0 ] || skip_all 'not run as root'
own=$(id -u "$owner"):$(id -g "$owner")
theirs=$(id -u games):$(id -g games) # a user that has nothing to do with it
none=4711:4712                       # who have no names here
a=$T/out/a.tar

prepared() {
	cluster_init main -k --wal-segsize=1
	cluster_set main autovacuum=off
	cluster_start main
	tablespace main spc
	sql main 'create table t tablespace spc as select generate_series(1, 1000) as n'
	# as a key that the server may read, though not change
	install -m 640 -o root -g "${own#*:}" /dev/null "$T/main/data/server.key"
	captured backup main -c fast -q -o "$a"
	[ "$rc" -eq 0 ]
	at main pg_basebackup -Ft -c fast -D "$T/out/set" # with a pg_wal.tar of owners that are made up
	cluster_stop main
}

# repacked ARCHIVE TAR-OPTION...: the same members, of other owners, in $T/out/x.tar.
repacked() {
	from=$1
	shift
	rm -rf "$T/out/tree" "$T/out/x.tar"
	mkdir "$T/out/tree"
	tar -xpf "$from" -C "$T/out/tree"
	tar -tf "$from" | sed 's,/$,,' |
		tar --format=ustar --no-recursion -cf "$T/out/x.tar" -C "$T/out/tree" "$@" -T -
}

# restored FROM OPTION...: by root, in $rc.
restored() {
	from=$1
	shift
	captured timeout 60 "$BIN" restore "$from" -N -D "$T/copy/data" -T "$T/main/spc=$T/copy/spc" "$@"
}

fresh() {
	cluster_dir copy
}

# belongs UID:GID: all of the copy, but for what was root's before.
belongs() {
	find "$T/copy/data" "$T/copy/spc" -not -name server.key -printf '%U:%G\n' | sort -u | diff - "$T/expected"
}

# given UID:GID WARNINGS OPTION...: $T/out/x.tar is given to these, with so many warnings.
given() {
	echo "$1" >"$T/expected"
	warnings=$2
	shift 2
	restored "$T/out/x.tar" "$@"
	[ "$rc" -eq 0 ]
	belongs
	lines "$warnings" 'warning: ' "$T/stderr"
	rm -rf "$T/copy"/*a* "$T/copy/spc"
}

starts() {
	chown "$owner" "$T/copy"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 1000 ]
	cluster_stop copy
}

# What was made by tar of PostgreSQL has WAL of user 0.
of_basebackup() {
	tar --numeric-owner -tvf "$T/out/set/pg_wal.tar" | grep -q ' 0/0 '
	fresh
	echo "$own" >"$T/expected"
	restored "$T/out/set"
	[ "$rc" -eq 0 ]
	belongs
	[ "$(stat -c %u:%g "$T/copy/data/server.key")" = "0:${own#*:}" ]
	lines 0 'warning: ' "$T/stderr"
	lines 1 "^pg_basetar: tablespace [0-9]* is in \"$T/copy/spc\"\$" "$T/stderr"
	starts
}

# Names count; a number is foreign where its name is not known here.
by_name() {
	fresh
	repacked "$a" --owner="$owner:4711" --group="$(id -gn "$owner"):4712"
	given "$own" 0
	repacked "$a" --owner=nobody_here:4711 --group=nobody_here:4712
	given "$none" 1
	grep -q 'user "nobody_here", who does not exist on this host: the files are given to user number 4711' "$T/stderr"
	repacked "$a" --numeric-owner --owner=4711 --group=4712
	given "$none" 1
	repacked "$a" --numeric-owner --owner="${own%:*}" --group="${own#*:}"
	given "$own" 0
	repacked "$a" --owner=root --group=root
	given 0:0 1
	grep -q 'belong to root, but a server does not run as root' "$T/stderr"
}

by_directory() {
	fresh
	for names in nobody_here '' root; do
		case $names in
		'') repacked "$a" --numeric-owner --owner=4711 --group=4712 ;;
		root) repacked "$a" --owner=root:0 --group=root:0 ;;
		*) repacked "$a" --owner=nobody_here:4711 --group=nobody_here:4712 ;;
		esac
		install -d -o "${own%:*}" -g "${own#*:}" "$T/copy/data"
		given "$own" 0
		install -d -o "${own%:*}" -g 0 "$T/copy/spc" # the group of whom made it is no choice
		given "$own" 0
	done
	install -d -o "${own%:*}" "$T/copy/data"
	repacked "$a" --owner="$owner:4711" --group="$(id -gn "$owner"):4712"
	given "$own" 0
	# a mount point is root's, as a rule
	install -d -o root -g root "$T/copy/data"
	given "$own" 0
	# a cluster whose owner is not called as pg_basebackup calls each
	cp -r "$T/out/set" "$T/out/set2"
	repacked "$T/out/set/base.tar" --owner="$owner:${theirs%:*}" --group="$owner:${theirs#*:}"
	mv "$T/out/x.tar" "$T/out/set2/base.tar"
	install -d -o games "$T/copy/data"
	echo "$theirs" >"$T/expected"
	restored "$T/out/set2"
	[ "$rc" -eq 0 ]
	belongs
	rm -rf "$T/copy"/*a* "$T/copy/spc"
	echo "$own" >"$T/expected"
	restored "$T/out/set2"
	[ "$rc" -eq 0 ]
	belongs
	grep -q "warning: the files are given to user \"$owner\", by the user name in the backup; by its user number" "$T/stderr"
}

by_option() {
	fresh
	repacked "$a" --owner=root --group=root
	given "$own" 0 --owner="$owner"
	given "${own%:*}:${theirs#*:}" 0 --owner="$owner:games"
	given "${own%:*}:4712" 0 --owner="${own%:*}:4712"
	given "$none" 0 --owner="$none"
	for bad in nobody_here "$owner:nobody_here" 4711 : 4294967295:1; do
		restored "$a" --owner="$bad"
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" 'option "--owner": '
		[ ! -e "$T/copy/data" ]
	done
	captured as_server "$BIN" restore "$a" -D "$T/copy/data" --owner=games
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'only root can give files to another user'
	captured as_server "$BIN" restore "$a" -q -D "$T/copy/data" -T "$T/main/spc=$T/copy/spc" --owner="$owner"
	[ "$rc" -eq 0 ]
}

# refused PATTERN FROM OPTION...: nothing was written, and nothing given away.
refused() {
	pattern=$1
	shift
	find "$T/copy" -printf '%p %u %g %m\n' | sort >"$T/before"
	restored "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$pattern"
	find "$T/copy" -printf '%p %u %g %m\n' | sort | diff "$T/before" -
}

# A user who has the directory could change what root has put into it.
of_somebody_else() {
	fresh
	install -d -o games "$T/copy/data"
	refused "\"$T/copy/data\": the directory belongs to user number ${theirs%:*}, the backup to ${own%:*}" "$a"
	refused 'the directory belongs to user number' "$T/out/set"
	refused 'the directory belongs to user number' "$a" --owner="$owner"
	rmdir "$T/copy/data"
	install -d -o games "$T/copy/spc" "$T/copy/wal"
	refused "\"$T/copy/spc\": the directory belongs to user number" "$a"
	rmdir "$T/copy/spc"
	refused "\"$T/copy/wal\": the directory belongs to user number" "$a" --waldir="$T/copy/wal"
	cp "$a" "$T/out/x.tar"
	install -d -o games "$T/copy/data"
	given "$theirs" 0 --owner=games
}

# Links choose the directory that root gives away.
links() {
	fresh
	install -d -m 755 "$T/roots" "$T/roots/empty"
	for way in "$T/roots/empty" "$T/roots/new" ../roots/empty; do
		ln -s "$way" "$T/copy/data"
		chown -h games "$T/copy/data"
		refused 'a symbolic link of user number' "$a"
		chown -h "$owner" "$T/copy/data" # nor may the cluster's owner take what is root's
		refused 'a symbolic link of user number' "$a"
		rm "$T/copy/data"
	done
	ln -s "$T/roots" "$T/copy/dir" # on the way
	chown -h games "$T/copy/dir"
	captured "$BIN" restore "$a" -D "$T/copy/dir/new" -T "$T/main/spc=$T/copy/spc"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'a symbolic link of user number'
	[ "$(ls "$T/roots")" = empty ]
	[ ! -e "$T/copy/spc" ]
	[ "$(stat -c %U "$T/roots/empty")" = root ]
	# root's own, and the owner's to what is the owner's
	ln -s "$T/roots/empty" "$T/copy/data"
	restored "$a"
	[ "$rc" -eq 0 ]
	[ "$(stat -c %U "$T/roots/empty/PG_VERSION")" = "$owner" ]
	rm -r "$T/copy/data" "$T/copy/spc" "$T/roots"
	install -d -o "$owner" "$T/roots"
	ln -s "$T/roots" "$T/copy/data"
	chown -h "$owner" "$T/copy/data"
	restored "$a"
	[ "$rc" -eq 0 ]
	starts
	rm -r "$T/roots"
}

# The places that only the archive names.
tablespaces() {
	for from in "$a" "$T/out/set"; do
		fresh
		captured "$BIN" restore "$from" -D "$T/copy/data"
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" "tablespace [0-9]* was at \"$T/main/spc\", but only the archive names that directory"
		grep -q '^hint: .*--original-tablespaces' "$T/stderr"
		[ ! -e "$T/copy/data" ]
		mv "$T/main/spc" "$T/main/aside"
		captured "$BIN" restore "$from" -D "$T/copy/data" --original-tablespaces
		[ "$rc" -eq 0 ]
		lines 1 "^pg_basetar: tablespace [0-9]* is in \"$T/main/spc\"\$" "$T/stderr"
		[ "$(stat -c %U "$T/main/spc"/PG_*)" = "$owner" ]
		rm -r "$T/main/spc"
		mv "$T/main/aside" "$T/main/spc"
		rm -r "$T/copy/data"
		captured as_server "$BIN" restore "$from" -D "$T/copy/data"
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" 'the directory is not empty'
	done
}

# As into a container: the link says "/", but leads to where a file system is mounted.
other_root() {
	fresh
	mkdir "$T/elsewhere"
	# shellcheck disable=SC2016 # of that shell
	unshare -m sh -c 'mount -t tmpfs none "$1" && touch "$1/mounted" && exec sleep 60' sh "$T/elsewhere" &
	process=$!
	there=/proc/$process/root$T/elsewhere
	wait_until 5 test -e "$there/mounted" || skip 'no file system can be mounted'
	captured "$BIN" restore "$a" -N -D "$there/data" -T "$T/main/spc=$T/copy/spc"
	[ -e "$there/data/global/pg_control" ] || rc=1
	kill "$process"
	[ "$rc" -eq 0 ]
	[ -d "$T/elsewhere" ]
	[ ! -e "$T/elsewhere/data" ]
}

# A server takes a key of root that its group reads, and one of its own that nobody else reads.
key() {
	for from in "$a" "$T/out/set"; do
		fresh
		restored "$from" --owner=games
		[ "$rc" -eq 0 ]
		[ "$(stat -c %u:%g:%a "$T/copy/data/server.key")" = "0:${theirs#*:}:640" ]
		fresh
		captured as_server "$BIN" restore "$from" -N -D "$T/copy/data" -T "$T/main/spc=$T/copy/spc"
		[ "$rc" -eq 0 ]
		[ "$(stat -c %u:%g:%a "$T/copy/data/server.key")" = "$own:600" ]
		[ "$(stat -c %a "$T/copy/data/base/1/PG_VERSION")" = 600 ]
	done
}

t 'a cluster, and its backups' prepared
t 'the WAL of pg_basebackup, of user 0' of_basebackup
t 'by the name in the archive, else the number' by_name
t 'a directory that was prepared' by_directory
t '--owner' by_option
t 'a directory of somebody else' of_somebody_else
t 'links that lead to it' links
t 'tablespaces where they were' tablespaces
t 'a key of root' key
t 'the root of another process' other_root

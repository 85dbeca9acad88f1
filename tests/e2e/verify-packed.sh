#!/bin/sh
# Archives that other programs packed anew, in each format that is read: verified, described,
# restored and started as the original is.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/verified.sh
. "$top/tests/e2e/lib/verified.sh"
tree=$T/out/tree
set=$T/out/set
ten=ten_bytes_
part=$ten$ten$ten$ten$ten$ten # two such are more than the field of a name holds, or of a target
long=$part/$part

# described ARCHIVE|DIR: but for the size of the archive.
described() {
	"$BIN" info "$1" | sed 's/^\(size:\).*\(unpacked\)/\1 \2/'
}

# ---------------------------------------------------------------- packing

# unpacked ARCHIVE: in $tree, its names in order in the file "names", as the manual says.
unpacked() {
	rm -rf "$tree"
	mkdir "$tree"
	tar -tf "$1" >"$T/names"
	tar -xpf "$1" -C "$tree"
}

by_python() { # FORMAT ARCHIVE
	[ -n "$(command -v python3)" ] || skip 'no python3 here'
	python3 -c 'import sys, tarfile
new = tarfile.open(sys.argv[1], "w", format=getattr(tarfile, sys.argv[2]))
for name in open(sys.argv[3]).read().splitlines():
    new.add(sys.argv[4] + "/" + name, name, recursive=False)
new.close()' "$2" "$1" "$T/names" "$tree"
}

# packed PROGRAM FORMAT ARCHIVE: what is in $tree, in the order of "names".
packed() {
	[ -n "$(command -v "$1")" ] || [ "$1" = python ] || skip "no $1 here"
	case $1 in
	tar) tar --format="$2" --no-recursion -cf "$3" -C "$tree" -T "$T/names" ;;
	bsdtar) bsdtar --format "$2" -n -cf "$3" -C "$tree" -T "$T/names" ;;
	busybox) (cd "$tree" && xargs -d '\n' -x busybox tar --no-recursion -cf "$3" <"$T/names") ;;
	python) by_python "$2" "$3" ;;
	esac
}

# is_gnu ARCHIVE: no header in it is ustar.
is_gnu() {
	LC_ALL=C grep -aq 'ustar  ' "$1"
	! LC_ALL=C grep -aqP 'ustar\x{0}00' "$1" || return 1
}

# ---------------------------------------------------------------- what it was

# Where the tablespace is.
space() {
	readlink "$T"/main/data/pg_tblspc/*
}

# spaced DIR: the tablespace is there now, with the table in it.
spaced() {
	sql main 'drop table if exists t'
	sql main 'drop tablespace if exists spc'
	as_server mkdir -p "$1"
	sql main "create tablespace spc location '$1'"
	sql main 'create table t tablespace spc as select generate_series(1, 1000)'
}

# starts FROM: restored from there as "copy", it has all that it had.
starts() {
	cluster_dir copy
	as_server mkdir -p "$T/copy/$part"
	captured as_server "$BIN" restore "$1" -D "$T/copy/data" -T "$(space)=$T/copy/$long"
	[ "$rc" -eq 0 ]
	has_all
}

has_all() {
	[ ! -e "$T/main/data/$long" ] || [ "$(cat "$T/copy/data/$long")" = kept ]
	[ "$(readlink "$T"/copy/data/pg_tblspc/*)" = "$T/copy/$long" ]
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 1000 ]
	cluster_stop copy
}

prepared() {
	cluster_init main -k --wal-segsize=1
	cluster_set main autovacuum=off
	cluster_start main
	spaced "$T/main/spc"
}

# ---------------------------------------------------------------- directories of archives

# each_anew: each archive of the directory $set, by GNU tar.
each_anew() {
	for archive in "$set"/*.tar; do
		unpacked "$archive"
		packed tar gnu "$archive"
		is_gnu "$archive"
	done
}

# pg_basebackup refuses names and targets of more than 99 bytes.
stock_anew() { # OPTION...
	rm -rf "$set"
	at main pg_basebackup -Ft -c fast -D "$set" "$@" >/dev/null 2>&1
	is_sound "$set"
	described "$set" >"$T/info"
	each_anew
	is_sound "$set"
	described "$set" | diff "$T/info" -
	starts "$set"
}

stock_one_anew() {
	rm -rf "$set"
	mkdir "$set"
	sql main 'drop table t'
	sql main 'drop tablespace spc'
	at main pg_basebackup -Ft -c fast -X fetch -D - >"$set/one.tar" 2>/dev/null
	is_sound "$set/one.tar"
	each_anew
	is_sound "$set/one.tar"
	cluster_dir copy
	as_server sh -c "'$BIN' restore - -D '$T/copy/data' <'$set/one.tar'"
	cluster_start copy
	cluster_stop copy
	spaced "$T/main/spc"
}

split_anew() {
	rm -rf "$set"
	backup main -c fast --split -o "$set"
	chmod -R a+rX "$set"
	is_sound "$set"
	described "$set" >"$T/info"
	each_anew
	is_sound "$set"
	described "$set" | diff "$T/info" -
	gzip "$set"/*.tar
	is_sound "$set"
	starts "$set"
}

# ---------------------------------------------------------------- one archive

# A path and a file that are longer than the fields of a header.
lengthened() {
	spaced "$T/main/$long"
	as_server mkdir "$T/main/data/$part"
	as_server sh -c "echo kept >'$T/main/data/$long'"
	backup main -c fast -o "$a"
	chmod 644 "$a"
	is_sound "$a"
	described "$a" >"$T/info.one"
	grep -q "$T/main/$long" "$T/info.one"
}

one_anew() { # PROGRAM [FORMAT]
	unpacked "$a"
	packed "$1" "${2:-}" "$x"
	case ${2:-gnu} in
	gnu*) is_gnu "$x" ;;
	esac
	is_sound "$x"
	described "$x" | diff "$T/info.one" -
	starts "$x"
}

# Whether it is compressed, or cannot be seeked in, makes no difference.
through_pipes() {
	unpacked "$a"
	packed tar gnu "$x"
	for program in cat gzip; do
		"$program" <"$x" >"$T/out/packed"
		captured sh -c "cat '$T/out/packed' | '$BIN' verify -"
		[ "$rc" -eq 0 ]
		[ ! -s "$T/stderr" ]
		sh -c "cat '$T/out/packed' | '$BIN' info -" | sed 's/^\(size:\).*\(unpacked\)/\1 \2/' |
			sed "s/$program/none/" | diff "$T/info.one" -
	done
	cluster_dir copy
	as_server mkdir -p "$T/copy/$part"
	gzip <"$x" | as_server "$BIN" restore - -D "$T/copy/data" -T "$(space)=$T/copy/$long"
	has_all
}

# ---------------------------------------------------------------- what is not read

# refused MESSAGE HINT: the archive $x, by each command; and nothing says that it is damaged.
refused() {
	for command in verify info restore; do
		cluster_dir copy
		as_server mkdir -p "$T/copy/$part"
		set -- "$1" "$2" "$command" "$x"
		[ "$command" != restore ] || set -- "$@" -D "$T/copy/data" -T "$(space)=$T/copy/$long"
		(
			message=$1
			hint=$2
			shift 2
			captured as_server "$BIN" "$@"
			[ "$rc" -eq 1 ]
			grep -v '^pg_basetar: warning: ' "$T/stderr" | grep -qE "^pg_basetar: .*($message)"
			tail -n 1 "$T/stderr" | grep -q -e "^hint: .*$hint"
			fails grep -q restorable "$T/stderr" "$T/stdout"
		)
	done
}

gnu() {
	tar --no-recursion -c "$@" -C "$tree" -T "$T/names"
}

# Most of a segment that was left early is zeros.
sparse() {
	unpacked "$a"
	segment=$(grep '^pg_wal/[0-9A-F]\{24\}$' "$T/names" | tail -n 1)
	cp --sparse=always -p "$tree/$segment" "$tree/$segment.sparse"
	mv "$tree/$segment.sparse" "$tree/$segment"
	gnu -f "$x"
	is_sound "$x"
	gnu --sparse -f "$x"
	refused "member \"$segment\" is a sparse file" 'without --sparse'
	gnu --sparse --format=posix -f "$x"
	refused 'unknown key "GNU.sparse' 'without --sparse'
}

labelled() {
	unpacked "$a"
	gnu --label=weekly -f "$x"
	refused 'offset 0: member "weekly" is the label of a volume' 'without --label'
	gnu --label=weekly --format=posix -f "$x"
	refused 'offset 0: member ".*" is a pax header for all members' 'without --label'
}

# It sorts the members as well, so that more is wrong with it.
incremental() {
	unpacked "$a"
	rm -f "$T/out/list"
	gnu --listed-incremental="$T/out/list" -f "$x"
	verified 1 "$x"
	grep -q 'member "PG_VERSION" has times or parts of a sparse file in its header' "$T/stderr"
	tail -n 1 "$T/stderr" | grep -q '^hint: .* without --listed-incremental'
}

volumes() {
	unpacked "$a"
	(cd "$T/out" && gnu --multi-volume -L 20000 -f volume1 -f volume2 -f volume3)
	verified 1 "$T/out/volume1"
	one_error "$T/stderr" 'cut short'
	mv "$T/out/volume2" "$x"
	refused 'is the rest of a file' 'without --multi-volume'
}

linked() {
	unpacked "$a"
	cmp "$tree/base/1/PG_VERSION" "$tree/base/5/PG_VERSION"
	ln -f "$tree/base/1/PG_VERSION" "$tree/base/5/PG_VERSION"
	gnu -f "$x"
	refused 'member "base/5/PG_VERSION" is a hard link' 'with --hard-dereference'
	gnu --hard-dereference -f "$x"
	is_sound "$x"
}

# Its members are in the order of the directory; and if not, their names are others.
as_directory() {
	unpacked "$a"
	tar -C "$tree" -cf "$x" .
	refused 'names of its members begin with "./"' 'in the order and with the names'
	sed -i 's,^,./,' "$T/names"
	gnu -f "$x"
	refused 'names of its members begin with "./"' 'and with the names of the backup'
}

# Neither does that format have long names.
before_posix() {
	unpacked "$a"
	sed -i "/$part/d" "$T/names"
	gnu --format=v7 -f "$x"
	refused 'neither of the ustar nor of the GNU format' '--format=posix or --format=ustar'
}

t 'a cluster' prepared
t 'pg_basebackup: each of its archives, by GNU tar' stock_anew
t 'pg_basebackup -X fetch: each of its archives, by GNU tar' stock_anew -X fetch
t 'pg_basebackup -D -: by GNU tar' stock_one_anew
t 'long names, and their backup' lengthened
t '--split: each archive, by GNU tar' split_anew
t 'by GNU tar, ustar' one_anew tar ustar
t 'by GNU tar, pax' one_anew tar posix
t 'by GNU tar, its own format' one_anew tar gnu
t 'by GNU tar, its older format' one_anew tar oldgnu
t 'by Python, pax' one_anew python PAX_FORMAT
t 'by Python, GNU' one_anew python GNU_FORMAT
t 'by bsdtar, pax' one_anew bsdtar pax
t 'by bsdtar, GNU' one_anew bsdtar gnutar
t 'by busybox' one_anew busybox
t 'by GNU tar, compressed, through pipes' through_pipes
t 'sparse: refused' sparse
t 'with a label: refused' labelled
t 'incremental: refused' incremental
t 'in volumes: refused' volumes
t 'hard links: refused' linked
t 'with "./" before all names: refused' as_directory
t 'a format of before POSIX: refused' before_posix

# shellcheck shell=sh
# Backups of the cluster "main", with its three tablespaces, that the program restores.

# moved NAME: the options that send the tablespaces of main to $T/NAME.
moved() {
	for space in spc1 spc2 spc3; do
		printf -- '-T %s=%s\n' "$T/main/$space" "$T/$1/$space"
	done
}

# restored NAME FROM OPTION...: into a new cluster, to the byte; its exit status in $rc.
restored() {
	copy=$1
	from=$2
	shift 2
	cluster_dir "$copy" "${MAJOR:-$release}"
	# shellcheck disable=SC2046 # words
	captured as_server timeout 120 "$BIN" restore "$from" -D "$T/$copy/data" --archive-mode=keep \
		$(moved "$copy") "$@"
}

# says_only_where: the restore said where each tablespace is, and nothing else.
says_only_where() {
	fails grep -v "^pg_basetar: tablespace [0-9]* is in \"$T/" "$T/stderr"
}

# same NAME ARCHIVE|DIR: as it is by hand, tablespace by tablespace.
same() {
	rm -rf "$T/hand"
	mkdir "$T/hand"
	case $2 in
	*.tar*) tar -xf "$2" -C "$T/hand" ;;
	*)
		tar -xf "$(echo "$2"/base.tar*)" -C "$T/hand"
		for file in "$2"/[1-9]*.tar*; do
			oid=$(basename "${file%%.tar*}")
			mkdir -p "$T/hand/pg_basetar_tblspc/$oid"
			tar -xf "$file" -C "$T/hand/pg_basetar_tblspc/$oid"
		done
		[ ! -e "$2/backup_manifest" ] || cp "$2/backup_manifest" "$T/hand/"
		[ ! -e "$2/pg_wal.tar" ] || tar -xf "$2/pg_wal.tar" -C "$T/hand/pg_wal"
		[ ! -e "$2/pg_wal.tar.gz" ] || tar -xf "$2/pg_wal.tar.gz" -C "$T/hand/pg_wal"
		;;
	esac
	diff -r --no-dereference -x pg_basetar_tblspc -x pg_tblspc -x tablespace_map \
		"$T/hand" "$T/$1/data"
	[ "$(find "$T/$1/data/pg_tblspc" -type l | wc -l)" -eq "${spaces:-3}" ]
	for link in "$T/$1/data/pg_tblspc"/*; do
		diff -r --no-dereference "$T/hand/pg_basetar_tblspc/${link##*/}" "$(readlink "$link")"
		[ "$(stat -c %a "$link/")" = 700 ]
	done
	[ ! -e "$T/$1/data/pg_basetar_tblspc" ]
	[ "$(stat -c %a "$T/$1/data")" = 700 ]
}

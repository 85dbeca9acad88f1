# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # lib/base.sh and the tests have the other end of these
# Backups of the cluster "main", with its three tablespaces, that the program restores; sourced after
# lib/base.sh and lib/background.sh.

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

# says_only_where: the restore said where each tablespace is, and what it did, and nothing else.
says_only_where() {
	fails grep -v -e "^pg_basetar: tablespace [0-9]* is in \"$T/" -e '^pg_basetar: restored ' \
		-e '^pg_basetar: start it with: ' -e '^pg_basetar: port [0-9]* .* is in use' "$T/stderr"
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
		for file in "$2"/pg_wal.tar*; do
			[ ! -e "$file" ] || tar -xf "$file" -C "$T/hand/pg_wal"
		done
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

# under_load: the cluster "main", whose load goes on until load_stop.  What pg_basebackup -X fetch
# asks for at its end has to be there still, however slow the machine is.
under_load() {
	# shellcheck disable=SC2046 # a word or none
	cluster_init main -k $(small_segments "$release")
	keeps_wal main 2000
	cluster_start main
	load_init main 1
	load_start main
}

made() { # OUTPUT OPTION...
	output=$1
	shift
	captured backup main -c fast -o "$output" "$@"
	[ "$rc" -eq 0 ]
	loaded main
}

# archived_under_load: such a backup of it, $T/out/one.tar; the server goes on, its load does not.
archived_under_load() {
	under_load
	made "$T/out/one.tar"
	load_stop main
}

# refused PATTERN ARGUMENT...
refused() {
	pattern=$1
	shift
	captured as_server timeout 60 "$BIN" restore "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$pattern"
}

# reads_a_pipe NAME: a restore that waits for what is written to descriptor 7.
reads_a_pipe() {
	cluster_dir "$1"
	rm -f "$T/fifo"
	mkfifo "$T/fifo"
	chmod 666 "$T/fifo"
	# shellcheck disable=SC2046 # words
	$as "$BIN" restore - -D "$T/$1/data" $(moved "$1") <"$T/fifo" 2>"$T/stderr" &
	pid=$!
	exec 7>"$T/fifo"
}

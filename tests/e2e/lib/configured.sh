# shellcheck shell=sh
# shellcheck disable=SC2154 # lib/base.sh sets rc
# For tests of configuration files: the cluster "main", whose files lie here and there.
archive=$T/out/base.tar
data=$T/main/data
etc=$T/etc

# taken OPTION...: a backup of "main", its members in $T/list, what it said in $T/stderr.
taken() {
	rm -rf "$archive"
	case $* in
	*--offline* | *--snapshot*) ;;
	*) set -- -c fast "$@" ;;
	esac
	captured backup main -o "$archive" "$@"
	[ "$rc" -eq 0 ]
	tar -tf "$archive" >"$T/list"
}

silent() {
	[ ! -s "$T/stderr" ]
}

warned() { # PATTERN: of nothing else
	lines 1 '^pg_basetar: warning: ' "$T/stderr"
	lines 1 "^pg_basetar: warning: .*$1" "$T/stderr"
}

members() { # NAME...
	for member in "$@"; do
		lines 1 "^$member\$" "$T/list"
	done
}

# Stopped, as initdb left it, and nothing outside.
fresh() { # [MAJOR]
	for cluster in main copy; do
		[ ! -e "$T/$cluster/data/postmaster.pid" ] || cluster_stop "$cluster" immediate
	done
	rm -rf "$etc" "$T/copy"
	if [ "${1:-$packaged}" = "$packaged" ]; then
		rm -rf "$T/main"
		cp -a "$T/pristine" "$T/main"
	else
		cluster_init main "$1"
	fi
	as_server mkdir "$etc"
}

write() { # FILE LINE...
	file=$1
	shift
	printf '%s\n' "$@" | as_server tee "$file" >/dev/null
}

# Debian's way: the three files elsewhere, and what is theirs beside them.
moved_out() {
	for name in postgresql.conf pg_hba.conf pg_ident.conf; do
		as_server mv "$data/$name" "$etc/$name"
	done
	write "$etc/environment" 'of no use here'
	as_server mkdir "$etc/conf.d"
	printf '%s\n' "data_directory = '$data'" "hba_file = '$etc/pg_hba.conf'" \
		"ident_file = '$etc/pg_ident.conf'" "Include_Dir = 'conf.d' # as Debian has it" |
		as_server tee -a "$etc/postgresql.conf" >/dev/null
}

started() {
	cluster_start main -c "config_file=$etc/postgresql.conf"
}

# The copy starts from what the archive holds, its paths put right; it is left running.
starts() { # [OPTION...]
	config=$T/copy/data/pg_basetar_config
	cluster_start copy -c "config_file=$config/postgresql.conf" -c "hba_file=$config/pg_hba.conf" \
		-c "ident_file=$config/pg_ident.conf" -c "data_directory=$T/copy/data" "$@"
}

shows() { # SETTING VALUE
	[ "$(sql copy "show $1")" = "$2" ]
}

certificate() { # FILE-PREFIX
	command -v openssl >/dev/null || skip 'no openssl here'
	as_server openssl req -new -x509 -nodes -days 2 -subj /CN=test -newkey rsa:2048 \
		-out "$1.crt" -keyout "$1.key" 2>/dev/null
	chmod 600 "$1.key"
}

# What fresh() begins with.
pristine() {
	cluster_init main --wal-segsize=1
	cluster_set main autovacuum=off
	mv "$T/main" "$T/pristine"
}

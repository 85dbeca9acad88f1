#!/bin/sh
# Configuration files where they are hard to find: through symbolic links, in a snapshot, on a host
# with another cluster.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/configured.sh
. "$top/tests/e2e/lib/configured.sh"

# ------------------------------------------------------------------------ links

# Everything that the server opens by its name in the data directory.
linked() {
	# shellcheck disable=SC2119 # of the packaged release
	fresh
	certificate "$data/server"
	as_server cp "$data/server.crt" "$data/root.crt"
	cluster_set main ssl=on "ssl_ca_file='root.crt'" "include_dir='conf.d'" "include 'one/x.conf'" \
		logging_collector=on
	as_server mkdir "$etc/conf.d" "$etc/one" "$etc/log" "$data/kept"
	write "$etc/conf.d/x.conf" 'max_connections = 38'
	write "$etc/one/x.conf" 'work_mem = 6MB'
	write "$data/kept/inside.conf" 'maintenance_work_mem = 8MB'
	as_server ln -s "$data/kept/inside.conf" "$etc/conf.d/y.conf"
	write "$data/postgresql.auto.conf" 'temp_buffers = 9MB'
	for name in postgresql.conf pg_hba.conf pg_ident.conf postgresql.auto.conf server.crt server.key root.crt; do
		as_server mv "$data/$name" "$etc/$name"
		as_server ln -s "$etc/$name" "$data/$name"
	done
	as_server rm "$data/root.crt"
	as_server mv "$etc/root.crt" "$data/kept/root.crt"
	as_server ln -s kept/root.crt "$data/root.crt"
	for name in conf.d one log; do
		as_server ln -s "$etc/$name" "$data/$name"
	done
	cluster_start main
}

links_come_along() { # OPTION...
	taken "$@"
	silent
	members postgresql.conf pg_hba.conf pg_ident.conf postgresql.auto.conf server.crt server.key root.crt \
		conf.d/ conf.d/x.conf conf.d/y.conf one/ one/x.conf kept/inside.conf
	lines 0 '^log\|pg_basetar_config' "$T/list"
	restore copy "$archive"
	verify copy
	as_server mv "$etc" "$etc.away"
	cluster_start copy
	shows max_connections 38
	shows work_mem 6MB
	shows maintenance_work_mem 8MB
	shows temp_buffers 9MB
	shows ssl on
	cluster_stop copy
	as_server mv "$etc.away" "$etc"
}

links_of_a_group() { # who may read the data directory may read the copy's, but for the key
	chmod 750 "$data"
	taken
	chmod 700 "$data"
	tar -tvf "$archive" | grep -q '^-rw-r----- .* postgresql.conf$'
	tar -tvf "$archive" | grep -q '^-rw------- .* server.key$'
}

links() {
	linked
	links_come_along
	links_of_a_group
	cluster_stop main
	links_come_along --offline
}

dangling_link() {
	# shellcheck disable=SC2119 # of the packaged release
	fresh
	cluster_start main
	as_server mv "$data/pg_ident.conf" "$etc/"
	as_server ln -s "$etc/nothing" "$data/pg_ident.conf"
	taken
	warned '/pg_ident.conf" is not in the backup: .*No such file'
	cluster_stop main
}

# ----------------------------------------------------------------- names that meet

# The log directory is not sent, whatever its setting says and wherever it is: there is no warning.
log_is() { # VALUE: of the setting, whose server was started
	cluster_set main "log_directory='$1'"
	for how in '' --offline; do
		[ -n "$how" ] || cluster_start main
		taken ${how:+"$how"}
		silent
		lines 0 'logs\|log2' "$T/list"
		[ -n "$how" ] || cluster_stop main
	done
}

log_directories() {
	# shellcheck disable=SC2119 # of the packaged release
	fresh
	as_server mkdir "$etc/logs" "$data/kept"
	as_server ln -s "$T/main" "$T/name"
	as_server ln -s "$etc/logs" "$data/logs"
	cluster_set main logging_collector=on
	for value in logs ./logs/ kept/..//logs "$data/logs" "$data/./kept/../logs/" "$T/name/data/logs" \
		"$etc/logs" "$etc/../etc/logs/"; do
		log_is "$value"
	done
	# a link that leads to it through another, in the data directory or outside
	as_server ln -s logs "$data/log2"
	log_is log2
	log_is "$data/log2"
	log_is "$etc/logs"
	as_server rm "$data/log2"
	as_server ln -s "$etc/logs" "$T/log2"
	as_server ln -sfn "$T/log2" "$data/logs"
	log_is "$T/log2"
	log_is "$data/logs"
	# another than it, which a restart of the server would make the log directory
	cluster_set main "log_directory='log'"
	cluster_start main
	cluster_set main "log_directory='$data/logs'"
	taken
	silent
	cluster_stop main
	# of a host that does not have it: by its name
	as_server mkdir "$T/away"
	as_server mv "$etc/logs" "$T/away/"
	taken --offline
	silent
	# a directory in which it is says nothing of the rest there
	as_server mv "$T/away" "$etc/logs"
	as_server ln -sfn "$etc/logs" "$data/logs"
	cluster_set main "log_directory='logs/logs'"
	taken --offline
	warned 'skipping symbolic link "logs"'
	rm -rf "$T/name" "$T/log2"
}

# --------------------------------------------------------------- another cluster's

# Of the cluster main, which crashed, a snapshot: $T/snap/data.  OPTION... of pg_ctl started it.
snapshot_taken() {
	cluster_start main "$@"
	cluster_stop main immediate
	rm -rf "${T:?}/snap"
	as_server mkdir "$T/snap"
	as_server cp -a "$data" "$T/snap/data"
}

# cold HOW [OPTION...]: a backup of it, or with --offline of what was shut down.
cold() {
	rm -f "$archive"
	captured backup snap -o "$archive" "$@"
	[ "$rc" -eq 0 ]
	tar -tf "$archive" >"$T/list"
}

# Each of FILE... is named, and is not there; there is no other word.
not_ours() {
	lines $# '' "$T/stderr"
	for name in "$@"; do
		lines 1 "^pg_basetar: warning: \"$name\" is not in the backup: it belongs to another cluster: \"$T/.*\" is not" "$T/stderr"
	done
	lines 0 pg_basetar_config "$T/list"
}

ours() { # silent, and with the configuration
	silent
	members pg_basetar_config/postgresql.conf pg_basetar_config/pg_hba.conf \
		pg_basetar_config/pg_ident.conf pg_basetar_config/conf.d/x.conf
}

in_etc="$etc/postgresql.conf $etc/pg_hba.conf $etc/pg_ident.conf"

# The paths in /etc are another cluster's now, which is elsewhere, or where the original was.
of_another() {
	# shellcheck disable=SC2119 # of the packaged release
	fresh
	moved_out
	write "$etc/conf.d/x.conf" 'work_mem = 6MB'
	files="-c config_file=$etc/postgresql.conf -c hba_file=$etc/pg_hba.conf -c ident_file=$etc/pg_ident.conf"
	# shellcheck disable=SC2086 # words
	snapshot_taken $files
	cold --snapshot
	ours # the original is there
	as_server mv "$data" "$T/gone"
	as_server sed "s|$data|$T/other/data|" "$etc/postgresql.conf" >"$T/other.conf"
	cp "$etc/postgresql.conf" "$T/main.conf"
	cat "$T/other.conf" >"$etc/postgresql.conf"
	cold --snapshot
	# shellcheck disable=SC2086 # words
	not_ours $in_etc
	as_server mv "$T/gone" "$data" # the original is there, the files are another's
	cold --snapshot
	# shellcheck disable=SC2086 # words
	not_ours $in_etc
	as_server mv "$data" "$T/gone"
	# where the original was is another cluster, and what it says of itself is the same
	cat "$T/main.conf" >"$etc/postgresql.conf"
	as_server cp -a "$T/other/data" "$data"
	cold --snapshot
	# shellcheck disable=SC2086 # words
	not_ours $in_etc
	# it says nothing of itself
	as_server sed -i '/^data_directory/d' "$etc/postgresql.conf"
	cold --snapshot
	# shellcheck disable=SC2086 # words
	not_ours $in_etc
	cat "$T/main.conf" >"$etc/postgresql.conf"
	# none is there: the file system is mounted elsewhere
	rm -rf "$data"
	cold --snapshot
	warned "\"$etc/.*\" is sent as a configuration file of this cluster, although .* \"$data\" no longer exists"
	members pg_basetar_config/postgresql.conf pg_basetar_config/conf.d/x.conf
	as_server mkdir "$data"
	cold --snapshot
	warned 'is sent as a configuration file of this cluster, although'
	as_server rmdir "$data"
	as_server mv "$T/gone" "$data"
}

# What is shut down, and where a directory is that nobody else may look into.
stopped_of_another() {
	# shellcheck disable=SC2119 # of the packaged release
	fresh
	moved_out
	write "$etc/conf.d/x.conf" 'work_mem = 6MB'
	started
	cluster_stop main
	rm -rf "${T:?}/snap"
	as_server mkdir "$T/snap"
	as_server cp -a "$data" "$T/snap/data"
	cold --offline
	ours
	as_server sed -i "s|^data_directory.*|data_directory = '$T/other/data'|" "$etc/postgresql.conf"
	cold --offline
	not_ours "$etc/postgresql.conf"
	[ "$(id -u)" -eq 0 ] || return 0
	chmod 700 "$T/other"
	chown 0 "$T/other"
	cold --offline
	chown "$owner" "$T/other"
	chmod 755 "$T/other"
	not_ours "$etc/postgresql.conf"
}

# Files that the one in the data directory names, and what it links to.
named_of_another() {
	# shellcheck disable=SC2119 # of the packaged release
	fresh
	write "$etc/extra.conf" 'work_mem = 6MB'
	cluster_set main "include '$etc/extra.conf'"
	as_server mv "$data/pg_hba.conf" "$etc/hba.conf"
	as_server ln -s "$etc/hba.conf" "$data/pg_hba.conf"
	snapshot_taken
	cold --snapshot
	silent
	members pg_hba.conf "pg_basetar_config/elsewhere$etc/extra.conf"
	as_server rm -r "$data"
	cold --snapshot
	warned 'is sent as a configuration file of this cluster, although'
	as_server cp -a "$T/other/data" "$data"
	cold --snapshot
	not_ours "$T/snap/data/pg_hba.conf" "$etc/extra.conf"
	lines 0 '^pg_hba.conf' "$T/list"
}

# The server was started with -D of its configuration.
directory_of_another() {
	# shellcheck disable=SC2119 # of the packaged release
	fresh
	moved_out
	write "$etc/conf.d/x.conf" 'work_mem = 6MB'
	as_server pg_ctl -D "$etc" -l "$T/main/log" -s -w \
		-o "-p $(cat "$T/main/port") -k $T/main -c listen_addresses=" start </dev/null
	as_server pg_ctl -D "$data" -s -w -m immediate stop
	rm -rf "${T:?}/snap"
	as_server mkdir "$T/snap"
	as_server cp -a "$data" "$T/snap/data"
	cold --snapshot
	ours
	as_server rm -r "$data"
	as_server cp -a "$T/other/data" "$data"
	cold --snapshot
	# shellcheck disable=SC2086 # words
	not_ours $in_etc
}

pristine
cluster_init other --wal-segsize=1

t 'links in the data directory' links
t 'a link that leads nowhere' dangling_link
t 'the log directory is a link' log_directories
t "files that are another cluster's now: a snapshot" of_another
t "files that are another cluster's now: shut down" stopped_of_another
t "files that are another cluster's now: named in the data directory" named_of_another
t "files that are another cluster's now: -D names them" directory_of_another

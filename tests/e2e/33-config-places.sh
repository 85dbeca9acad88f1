#!/bin/sh
# Configuration files where they are hard to find: through symbolic links, in a snapshot, on a host
# with another cluster.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/e2e/configured.sh
. "$top/tests/e2e/configured.sh"

# ------------------------------------------------------------------------ links

# Everything that the server opens by its name in the data directory.
linked() {
	fresh 15
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
	fresh 15
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
	fresh 15
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

pristine

t 'links in the data directory' links
t 'a link that leads nowhere' dangling_link
t 'the log directory is a link' log_directories

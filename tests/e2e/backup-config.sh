#!/bin/sh
# Configuration files, wherever they lie: what the cluster uses is in the backup, and the copy
# starts from it; what cannot be is named.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/configured.sh
. "$top/tests/e2e/lib/configured.sh"

included() {
	write "$etc/conf.d/10 local.conf" 'max_connections = 37' "include 'deeper/a.conf'"
	write "$etc/conf.d/note.txt" 'max_connections = no'
	as_server mkdir "$etc/conf.d/deeper" "$etc/conf.d/dir.conf"
	write "$etc/conf.d/deeper/a.conf" "include '../../b.conf'" "include_if_exists '/no/such/file'"
	write "$etc/b.conf" 'work_mem = 5MB'
	write "$T/main/shared.conf" 'maintenance_work_mem = 7MB'
	printf '%s\n' "include = '$T/main/shared.conf'" "include_if_exists = 'nothing'" |
		as_server tee -a "$etc/postgresql.conf" >/dev/null
	write "$etc/users" '"some body", postgres, plain'
	write "$etc/pg_hba.conf" 'local all @users trust' 'local "@nobody" "all" reject'
}

sent_whole() {
	silent
	members pg_basetar_config/ pg_basetar_config/postgresql.conf pg_basetar_config/pg_hba.conf \
		pg_basetar_config/pg_ident.conf pg_basetar_config/conf.d/ \
		'pg_basetar_config/conf.d/10 local.conf' pg_basetar_config/conf.d/deeper/ \
		pg_basetar_config/conf.d/deeper/a.conf pg_basetar_config/b.conf \
		pg_basetar_config/users "pg_basetar_config/elsewhere$T/main/shared.conf"
	lines 0 'environment\|note.txt\|dir.conf' "$T/list"
	restore copy "$archive"
	verify copy
	as_server sed -i "s|$T/main/shared.conf|elsewhere&|" "$T/copy/data/pg_basetar_config/postgresql.conf"
	starts
	shows max_connections 37
	shows work_mem 5MB
	shows maintenance_work_mem 7MB
	cluster_stop copy
}

debian() {
	fresh
	moved_out
	included
	started
	taken
	sent_whole
	tar -xOf "$archive" pg_basetar.info >"$T/info"
	lines 1 '^config_file: pg_basetar_config/postgresql.conf$' "$T/info"
	lines 1 "^config: conf.d/10 local.conf $etc/conf.d/10 local.conf\$" "$T/info"
	"$BIN" info "$archive" >"$T/info"
	lines 8 'pg_basetar_config/.*, from /' "$T/info"
	lines 1 "^ *pg_basetar_config/conf.d/10 local.conf, from $etc/conf.d/10 local.conf\$" "$T/info"
	"$BIN" info --brief --json "$archive" >"$T/info"
	lines 1 "{ \"location\": \"$etc/b.conf\", \"name\": \"b.conf\" }" "$T/info"
	cluster_dir restored
	captured as_server "$BIN" restore "$archive" -D "$T/restored/data" --config=keep
	[ "$rc" -eq 0 ]
	lines 1 "\"$T/restored/data/pg_basetar_config/b.conf\" was at \"$etc/b.conf\"" "$T/stderr"
	lines 1 warning "$T/stderr"
	lines 1 "warning: .*/postgresql.conf\" sets data_directory to \"$T/main/data\"" "$T/stderr"
	rm -rf "$T/restored"
	# a role that is told nothing: from the files themselves
	sql main 'create role plain login; grant execute on function pg_backup_start, pg_backup_stop to plain' >/dev/null
	mv "$T/list" "$T/list.1"
	captured backup main -c fast -o "$T/out/plain.tar" -U plain --report "$T/out/report"
	[ "$rc" -eq 0 ]
	lines 1 'slot' "$T/stderr"
	lines 1 '^' "$T/stderr"
	tar -tf "$T/out/plain.tar" | grep pg_basetar_config >"$T/list"
	grep pg_basetar_config "$T/list.1" | diff - "$T/list"
	lines 1 "{ \"location\": \"$etc/b.conf\", \"name\": \"b.conf\" }" "$T/out/report"
	cluster_stop main
	rm "$T/out/plain.tar" "$T/out/report"
}

cold() { # SOURCE: the cluster of the last case
	taken "--$1"
	sent_whole
}

empty_directory() { # a server does not start without
	fresh
	moved_out
	started
	taken
	silent
	members pg_basetar_config/conf.d/
	restore copy "$archive"
	starts
}

# pg_ctl -D CONFIGURATION, and the file says where the data is.
by_configuration() {
	fresh
	moved_out
	as_server pg_ctl -D "$etc" -l "$T/main/log" -s -w \
		-o "-p $(cat "$T/main/port") -k $T/main -c listen_addresses=" start </dev/null
	as_server pg_ctl -D "$data" -s -w stop
	taken --offline
	silent
	members pg_basetar_config/postgresql.conf pg_basetar_config/pg_hba.conf
}

# What the files say and the server does not yet, the copy does: it need not be there.
not_yet() {
	fresh
	cluster_start main
	as_server cp "$data/pg_hba.conf" "$etc/next.conf"
	write "$etc/ca.crt" 'of a time to come'
	cluster_set main "hba_file = '$etc/next.conf'" "ident_file = '$etc/nothing'" 'ssl = on' \
		"ssl_ca_file = '$etc/ca.crt'"
	taken
	silent
	members pg_hba.conf pg_basetar_config/pg_hba.conf pg_basetar_config/ca.crt
	cluster_stop main
}

# ------------------------------------------------------------------------- TLS

tls() {
	fresh
	moved_out
	certificate "$etc/server"
	as_server mkdir "$T/main/ssl"
	as_server cp "$etc/server.crt" "$T/main/ssl/ca.crt"
	write "$etc/conf.d/ssl.conf" 'ssl = on' "ssl_cert_file = '$etc/server.crt'" \
		"ssl_key_file = '$etc/server.key'" "ssl_ca_file = '$T/main/ssl/ca.crt'"
	# root's, for a group of which the server is
	chown 0:"$(id -g "$owner")" "$etc/server.key"
	chmod 640 "$etc/server.key"
	started
	taken
	silent
	members pg_basetar_config/server.crt pg_basetar_config/server.key \
		"pg_basetar_config/elsewhere$T/main/ssl/ca.crt"
	tar -tvf "$archive" | grep -q "^-rw------- .* pg_basetar_config/server.key\$"
	restore copy "$archive"
	starts -c "ssl_cert_file=$T/copy/data/pg_basetar_config/server.crt" \
		-c "ssl_key_file=$T/copy/data/pg_basetar_config/server.key" \
		-c "ssl_ca_file=$T/copy/data/pg_basetar_config/elsewhere$T/main/ssl/ca.crt"
	shows ssl on
}

# -------------------------------------------------------------- what cannot be sent

# The server has read it; since then something became of it.
gone() {
	fresh
	moved_out
	write "$etc/conf.d/x.conf" 'work_mem = 6MB'
	started
	mv "$etc" "$etc.away"
	taken
	lines 3 '^pg_basetar: warning: ' "$T/stderr"
	for name in postgresql.conf pg_hba.conf pg_ident.conf; do
		lines 1 "^pg_basetar: warning: \"$etc/$name\" is not in the backup: .*No such file" "$T/stderr"
	done
	lines 0 pg_basetar_config "$T/list"
	cluster_dir restored
	captured as_server "$BIN" restore "$archive" -D "$T/restored/data"
	[ "$rc" -eq 0 ]
	lines 0 'put it where' "$T/stderr"
	lines 3 'warning: configuration file ".*" is not in the backup: it could not be read' "$T/stderr"
	for how in '' --brief; do
		"$BIN" info ${how:+"$how"} "$archive" >"$T/info"
		lines 3 "$etc/.* is not in the archive (could not be read)\$" "$T/info"
		lines 0 'pg_basetar_config' "$T/info"
		"$BIN" info ${how:+"$how"} --json "$archive" >"$T/info"
		lines 3 "\"location\": \"$etc/.*\", \"name\": null" "$T/info"
	done
	rm -rf "$T/restored"
	captured "$BIN" verify "$archive"
	[ "$rc" -eq 0 ]
	lines 1 '^restorable' "$T/stdout"
	lines 1 'warning: the backup has no postgresql.conf' "$T/stderr"
	lines 3 'warning: configuration file ".*" is not in the backup' "$T/stderr"
	mv "$etc.away" "$etc"
}

unreadable() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	mkdir "$T/closed"
	mv "$etc/conf.d/x.conf" "$T/closed/"
	ln -s "$T/closed/x.conf" "$etc/conf.d/x.conf"
	taken
	silent
	chmod 700 "$T/closed"
	taken
	warned "\"$etc/conf.d/x.conf\" is not in the backup: .*Permission denied"
	chmod 755 "$T/closed"
	chmod 600 "$T/closed/x.conf"
	chown root "$T/closed/x.conf"
	taken
	warned "\"$etc/conf.d/x.conf\" is not in the backup: .*Permission denied"
	rm "$etc/conf.d/x.conf"
	mkfifo "$etc/conf.d/x.conf"
	write "$etc/pg_ident.conf" 'a b c'
	taken
	warned "\"$etc/conf.d/x.conf\" is not in the backup: is not a regular file"
	rm "$etc/conf.d/x.conf"
	as_server ln -s "$etc/nothing" "$etc/conf.d/x.conf"
	taken
	warned "\"$etc/conf.d/x.conf\" is not in the backup: .*No such file"
	rm "$etc/conf.d/x.conf"
}

loops() { # a server would not start again with them
	write "$etc/conf.d/x.conf" "include 'x.conf'" "include '../postgresql.conf'" "include_dir '.'" \
		"include '/dev/zero'" "include '/proc/kmsg'" "include ''" 'include'
	as_server ln -s . "$etc/conf.d/more"
	write "$etc/conf.d/y.conf" "include 'more/y.conf'"
	taken
	lines 1 '^pg_basetar: warning: ".*more/y.conf" is not in the backup: files include each other too deep' "$T/stderr"
	lines 1 '^pg_basetar: warning: "/dev/zero" is not in the backup: is not a regular file' "$T/stderr"
	"$BIN" verify "$archive"
	cluster_stop main
}

collisions() {
	fresh
	as_server mkdir "$etc/hba" "$etc/elsewhere"
	moved_out
	as_server mv "$etc/postgresql.conf" "$etc/main.conf"
	as_server mv "$etc/pg_hba.conf" "$etc/hba/"
	write "$etc/postgresql.conf" 'work_mem = 6MB'
	write "$etc/elsewhere/x.conf" 'max_connections = 39'
	write "$etc/users" nobody
	write "$etc/hba/users" postgres
	write "$etc/pg_ident.conf" 'map @users postgres'
	write "$etc/hba/pg_hba.conf" 'local all @users trust'
	printf '%s\n' "hba_file = '$etc/hba/pg_hba.conf'" "include 'postgresql.conf'" "include 'elsewhere/x.conf'" |
		as_server tee -a "$etc/main.conf" >/dev/null
	cluster_start main -c "config_file=$etc/main.conf"
	taken
	silent
	members pg_basetar_config/postgresql.conf "pg_basetar_config/elsewhere$etc/postgresql.conf" \
		"pg_basetar_config/elsewhere$etc/elsewhere/x.conf" pg_basetar_config/pg_hba.conf \
		pg_basetar_config/users "pg_basetar_config/elsewhere$etc/users"
	tar -xOf "$archive" pg_basetar_config/users >"$T/users"
	grep -qx postgres "$T/users"
	"$BIN" verify "$archive"
	cluster_stop main
}

# --------------------------------------------------------------- other releases

authentication_includes() { # 16 and later
	fresh 17
	as_server mkdir "$etc/hba.d"
	as_server mv "$data/pg_hba.conf" "$etc/hba.d/90.conf"
	write "$etc/hba.d/10.conf" 'local all @../users trust'
	write "$etc/users" postgres
	write "$etc/ident.conf" 'map a b'
	write "$data/pg_hba.conf" "include_dir \"$etc/hba.d\"" 'include_if_exists nothing.conf' \
		"include \\" 'more.conf'
	write "$data/more.conf" "local all all trust"
	write "$data/pg_ident.conf" "include $etc/ident.conf"
	cluster_start main
	taken
	silent
	members "pg_basetar_config/elsewhere$etc/hba.d/" "pg_basetar_config/elsewhere$etc/hba.d/10.conf" \
		"pg_basetar_config/elsewhere$etc/hba.d/90.conf" "pg_basetar_config/elsewhere$etc/users" \
		"pg_basetar_config/elsewhere$etc/ident.conf" pg_hba.conf more.conf
	captured backup main -c fast --split -o "$T/out/set"
	silent
	tar -tf "$T/out/set/base.tar" | grep -c pg_basetar_config | grep -qx "$(grep -c pg_basetar_config "$T/list")"
	"$BIN" verify "$T/out/set"
	rm -r "$T/out/set"
	cluster_stop main
}

old_release() {
	fresh 10
	moved_out
	included
	write "$etc/pg_ident.conf" 'include a b'
	started
	taken
	silent
	members 'pg_basetar_config/conf.d/10 local.conf' pg_basetar_config/users
	cluster_stop main
	write "$etc/recovery.conf" 'standby_mode = on'
	as_server ln -s "$etc/recovery.conf" "$data/recovery.conf"
	taken --offline
	silent
	members recovery.conf
}

# ------------------------------------------------------- of pg_basebackup, and others

server_backup() {
	fresh
	moved_out
	started
	at main pg_basebackup -Ft -c fast -D "$T/out/server"
	captured "$BIN" verify "$T/out/server"
	[ "$rc" -eq 0 ]
	lines 1 '^restorable' "$T/stdout"
	warned 'the backup has no postgresql.conf'
	rm -r "$T/out/server"
	cluster_stop main
}

# In a container the server has other names for its directories than we have.
container() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	unshare -m true 2>/dev/null || skip 'no name spaces here'
	fresh
	mkdir -p "$T/inner"
	cluster_set main "include '$T/inner/data/local.conf'"
	write "$data/local.conf" 'work_mem = 6MB'
	write "$etc/extra.conf" 'of another cluster'
	as_server mkdir "$T/main/etc"
	write "$T/main/etc/extra.conf" 'work_mem = 7MB'
	cluster_set main "include '$etc/extra.conf'"
	cat >"$T/contained" <<-END
		mount --bind $T/main $T/inner && mount --bind $T/main/etc $etc
		exec $as pg_ctl -D $T/inner/data -l $T/main/log -s -w \
			-o '-p $(cat "$T/main/port") -k $T/main -c listen_addresses=' start </dev/null
	END
	unshare -m --propagation private sh "$T/contained"
	taken -h "$T/main"
	warned "\"$etc/extra.conf\" is not in the backup: the server runs in a container"
	lines 0 pg_basetar_config "$T/list"
	cluster_stop main
	# by the same path here and there; the file is one of both, then of the server's alone
	sed -i "s|mount --bind $T/main $T/inner|mount --bind $etc/both.conf $T/main/etc/both.conf|
		s|--bind $T/main/etc|--rbind $T/main/etc|; s|$T/inner|$T/main|g" "$T/contained"
	as_server sed -i "s|$T/inner|$T/main|" "$data/postgresql.conf"
	write "$etc/both.conf" 'temp_buffers = 9MB'
	as_server touch "$T/main/etc/both.conf" "$T/main/etc/there.conf"
	cluster_set main "include '$etc/both.conf'" "include '$etc/there.conf'" "include_if_exists '$etc/none'"
	write "$etc/none" 'of another cluster'
	unshare -m --propagation private sh "$T/contained"
	taken
	lines 2 warning "$T/stderr"
	lines 2 "\"$etc/\(extra\|there\).conf\" is not in the backup: the server runs in a container" "$T/stderr"
	members "pg_basetar_config/elsewhere$etc/both.conf"
	cluster_stop main
}

pristine

t "Debian's layout" debian
t 'the same, shut down' cold offline
t 'the same, a snapshot' cold snapshot
t 'an empty directory that is included' empty_directory
t 'a directory of configuration that names the data' by_configuration
t 'settings that wait for a start' not_yet
t 'TLS' tls
t 'files that are gone' gone
t 'files that cannot be read' unreadable
t 'loops, and what is no file' loops
t 'two files of one name' collisions
t 'includes of pg_hba.conf' authentication_includes
t 'version 10' old_release
t 'an archive of pg_basebackup' server_backup
t 'a server in a container' container

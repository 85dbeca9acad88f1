#!/bin/sh
# restore where the configuration of the original is outside of its data directory, as Debian has it, or
# names places of the original: the command that is printed runs the copy, and the original stays what
# it is.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/configured.sh
. "$top/tests/e2e/lib/configured.sh"
export PGUSER=postgres

# As pg_createcluster makes it, with a port and a socket of its own; it runs.
debian() { # MAJOR
	major=$1
	rm -f "$T/out"/*
	# shellcheck disable=SC2046 # a word or none
	cluster_init main "$major" $(small_segments "$major")
	rm -rf "$etc"
	as_server mkdir "$etc" "$T/main/run" "$T/main/var"
	moved_out
	cat >"$T/lines" <<-LINES
		external_pid_file = '$T/main/run/main.pid'
		port = $(cat "$T/main/port")			# (change requires restart)
		unix_socket_directories = '$T/main' # comma-separated list of directories
		listen_addresses = ''
		cluster_name = '$major/main'
		log_directory = '$T/main/var'
		include_if_exists = '$etc/none.conf'
		include '$etc/one.conf'
	LINES
	as_server tee -a "$etc/postgresql.conf" <"$T/lines" >/dev/null
	write "$etc/one.conf" 'work_mem = 6MB' "Data_Directory = '$data'" "include 'conf.d/two.inc'"
	write "$etc/conf.d/two.inc" "maintenance_work_mem = 8MB"
	write "$etc/conf.d/x.conf" 'max_connections = 38' "hba_file '$etc/pg_hba.conf'"
	write "$etc/pg_hba.conf" 'local all all trust' "local all @$etc/names reject" 'local all @names trust'
	write "$etc/names" nobody
	[ "$major" -gt 14 ] || as_server sh -c "echo \"stats_temp_directory = '$T/main/run'\" >>'$etc/postgresql.conf'"
	[ "$major" -lt 16 ] || as_server sh -c "echo 'include_if_exists conf.d/hba.inc' >>'$etc/pg_hba.conf'"
	write "$etc/conf.d/hba.inc" 'local all all trust'
	as_server "$(cat "$T/main/bin")/pg_ctl" -D "$data" -l "$T/main/log" -s -w \
		-o "-c config_file=$etc/postgresql.conf" start </dev/null
	sql main 'create table t as select 1 as n'
	captured backup main -q -c fast -o "$T/out/base.tar"
	[ "$rc" -eq 0 ]
	find "$etc" "$T/main/run" "$T/main/var" "$data/PG_VERSION" -printf '%p %s %T@\n' | sort >"$T/before"
}

# What the program prints is run as it stands, but for the programs of releases that Debian has not.
run_printed() {
	sed -n 's/^pg_basetar: start it with: //p' "$T/stderr" >"$T/command"
	lines 1 pg_ctl "$T/command"
	case $(cat "$T/command") in
	*/pg_ctl*) ;;
	*) sed -i "s,pg_ctl,$(cat "$T/main/bin")/pg_ctl," "$T/command" ;;
	esac
	"$@" sh "$T/command" </dev/null >"$T/command.out" 2>&1 || {
		cat "$T/command.out" "$T/copy/data/startup.log"
		return 1
	}
}

# Its port is the next one that is free.
copy_port() {
	sed -n 's/.*-p \([0-9]*\).*/\1/p' "$T/command" >"$T/copy/port"
	[ "$(cat "$T/copy/port")" -gt "$(cat "$T/main/port")" ]
}

# at() has the sockets of a cluster in its own directory; the copy's are those of its configuration.
copy_sql() {
	as_server psql -X -q -A -t -h "$T/main" -p "$(cat "$T/copy/port")" -d postgres -c "$1"
}

# The copy works on its own directory, and the original has not noticed.
apart() {
	[ "$(copy_sql 'show data_directory')" = "$T/copy/data" ]
	[ "$(copy_sql 'show config_file')" = "$T/copy/data/postgresql.conf" ]
	[ "$(copy_sql 'show hba_file')" = "$T/copy/data/pg_hba.conf" ]
	[ "$(copy_sql 'show ident_file')" = "$T/copy/data/pg_ident.conf" ]
	[ "$(copy_sql 'show work_mem')" = 6MB ]
	[ "$(copy_sql 'show maintenance_work_mem')" = 8MB ]
	[ "$(copy_sql 'show max_connections')" = 38 ]
	[ "$(copy_sql 'show cluster_name')" = "$major/main" ]
	copy_sql 'insert into t values (2)'
	[ "$(copy_sql 'select count(*) from t')" = 2 ]
	[ "$(sql main 'select count(*) from t')" = 1 ]
	[ "$(cat "$T/main/run/main.pid")" = "$(head -n 1 "$data/postmaster.pid")" ]
	find "$etc" "$T/main/run" "$T/main/var" "$data/PG_VERSION" -printf '%p %s %T@\n' | sort | diff "$T/before" -
}

# beside RUN OPTION...: a copy next to the running original; RUN: as_server, or env for root.
beside() {
	run=$1
	shift
	cluster_dir copy "$major"
	captured "$run" "$BIN" restore "$T/out/base.tar" -D "$T/copy/data" "$@"
	[ "$rc" -eq 0 ]
	lines 1 "^pg_basetar: the configuration, which was outside of the data directory, is installed in \"$T/copy/data\"" "$T/stderr"
	lines 1 "^pg_basetar: \"postgresql.conf\": data_directory = '$data' is taken out: " "$T/stderr"
	lines 1 "^pg_basetar: \"pg_basetar_config/one.conf\": data_directory = '$data' is taken out: " "$T/stderr"
	lines 1 "^pg_basetar: \"postgresql.conf\": hba_file = '$etc/pg_hba.conf' is taken out: " "$T/stderr"
	lines 1 "^pg_basetar: \"pg_basetar_config/conf.d/x.conf\": hba_file = .* is taken out: " "$T/stderr"
	lines 1 "^pg_basetar: \"postgresql.conf\": external_pid_file = .* is taken out: " "$T/stderr"
	lines 1 "^pg_basetar: \"postgresql.conf\": log_directory = .* is taken out: " "$T/stderr"
	lines 0 '^pg_basetar: warning: ' "$T/stderr"
	lines 1 "^pg_basetar: port $(cat "$T/main/port") of the copy's configuration is in use" "$T/stderr"
	lines 1 "^pg_basetar: restored [0-9]* [kM]B in [0-9.]* s into \"$T/copy/data\"\$" "$T/stderr"
	run_printed "$run"
	copy_port
	apart
	cluster_stop copy
	# to the byte, what was not changed
	tar -xOf "$T/out/base.tar" pg_basetar_config/postgresql.conf | cmp - "$T/copy/data/pg_basetar_config/postgresql.conf"
	tar -xOf "$T/out/base.tar" pg_basetar_config/postgresql.conf >"$T/old"
	grep -v -e '^#pg_basetar: ' "$T/copy/data/postgresql.conf" | diff "$T/old" - | grep '^>' | grep -v include | lines 0 '' -
	[ -z "$(find "$T/copy/data" -not -user "$owner")" ]
	[ "$(stat -c %a "$T/copy/data/postgresql.conf")" = 600 ]
	rm -rf "$T/copy"
}

by_root() {
	[ "$(id -u)" -eq 0 ] || skip 'not root'
	beside env
}

# --config=keep: nothing is installed, and no command is told that would run the original.
kept() {
	cluster_dir copy "$major"
	captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/data" --config=keep
	[ "$rc" -eq 0 ]
	[ ! -e "$T/copy/data/postgresql.conf" ]
	lines 1 "\"$T/copy/data/pg_basetar_config/postgresql.conf\" was at \"$etc/postgresql.conf\"" "$T/stderr"
	lines 1 "warning: .* sets data_directory to \"$data\"" "$T/stderr"
	lines 0 'start it with' "$T/stderr"
	lines 1 '^pg_basetar: restored ' "$T/stderr"
	for member in $(tar -tf "$T/out/base.tar" | grep '^pg_basetar_config/.*[^/]$'); do
		tar -xOf "$T/out/base.tar" "$member" | cmp - "$T/copy/data/$member"
	done
	captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/no" --config=none
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" '"none" is neither "install" nor "keep"'
	captured as_server "$BIN" restore -q "$T/out/base.tar" -D "$T/copy/quiet"
	[ ! -s "$T/stderr" ]
}

# A target without an action: the server pauses there, and the restore says so.
pauses() {
	cluster_dir copy "$major"
	for target in time=2099-01-01 name=x; do
		captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/$target" --restore-command='cp %f %p' "--target-$target"
		[ "$rc" -eq 0 ]
		lines 1 '^pg_basetar: recovery will pause at the target, .*pg_wal_replay_resume.*--target-action=promote' "$T/stderr"
	done
	captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/other" --restore-command='cp %f %p' --target-name=x \
		--target-action=promote
	lines 0 'pause' "$T/stderr"
}

# A TLS key and certificate from elsewhere, as Debian's snakeoil.
with_tls() {
	major=$packaged
	[ ! -e "$data/postmaster.pid" ] || cluster_stop main
	certificate "$etc/own"
	as_server mkdir "$T/tls"
	as_server cp "$etc/own.crt" "$etc/own.key" "$T/tls/"
	as_server chmod 600 "$T/tls/own.key"
	as_server sh -c "printf '%s\n' 'ssl = on' \"ssl_cert_file = '$T/tls/own.crt'\" \"ssl_key_file = '$T/tls/own.key'\" >>'$etc/postgresql.conf'"
	as_server "$(cat "$T/main/bin")/pg_ctl" -D "$data" -l "$T/main/log" -s -w -o "-c config_file=$etc/postgresql.conf" start </dev/null
	captured backup main -q -c fast -o "$T/out/tls.tar"
	[ "$rc" -eq 0 ]
	cluster_stop main
	mv "$T/tls" "$T/main/run" "$T/aside/"
	cluster_dir copy "$major"
	captured as_server "$BIN" restore "$T/out/tls.tar" -D "$T/copy/data"
	[ "$rc" -eq 0 ]
	run_printed as_server
	cat "$T/main/port" >"$T/copy/port"
	[ "$(copy_sql 'show ssl')" = on ]
	[ "$(copy_sql 'show ssl_key_file')" = "pg_basetar_config/elsewhere$T/tls/own.key" ]
	cluster_stop copy
	mv "$T/aside/tls" "$T/"
	mv "$T/aside/run" "$T/main/"
}

# Neither the directory of its socket: the host of the copy is another.
without_socket_directory() {
	mv "$T/main" "$T/aside/main"
	cluster_dir copy "$major"
	captured as_server "$BIN" restore "$T/out/base.tar" -D "$T/copy/data"
	[ "$rc" -eq 0 ]
	lines 1 "\"postgresql.conf\": unix_socket_directories is '/tmp' instead of '$T/main': " "$T/stderr"
	mv "$T/aside/main" "$T/main"
}

# ------------------------------------------------- its own configuration, in the data directory

inside() { # MAJOR
	major=$1
	rm -rf "$etc" "$T/main" "$T/copy" "$T/out"/*
	cluster_init main "$major"
	as_server mkdir "$data/conf.d" "$T/main/run"
	cluster_set main "data_directory = '$data'" "hba_file = '$data/pg_hba.conf'" "external_pid_file = '$T/main/run/pid'" \
		"include_dir 'conf.d'" "include '$data/conf.d/two.inc'"
	write "$data/conf.d/a.conf" "ident_file = '$data/pg_ident.conf'" "log_directory = '$data/conf.d/log'"
	write "$data/conf.d/two.inc" 'work_mem = 6MB'
	cluster_start main
	captured backup main -q -c fast -o "$T/out/inside.tar"
	[ "$rc" -eq 0 ]
	cluster_dir copy "$major"
	captured as_server "$BIN" restore "$T/out/inside.tar" -D "$T/copy/data"
	[ "$rc" -eq 0 ]
	lines 1 "\"postgresql.conf\": data_directory = '$data' is taken out" "$T/stderr"
	lines 1 "\"conf.d/a.conf\": ident_file = '$data/pg_ident.conf' is taken out" "$T/stderr"
	lines 1 "\"conf.d/a.conf\": log_directory is 'conf.d/log' instead of '$data/conf.d/log'" "$T/stderr"
	lines 0 warning "$T/stderr"
	cluster_start copy
	[ "$(sql copy 'show data_directory')" = "$T/copy/data" ]
	[ "$(sql copy 'show hba_file')" = "$T/copy/data/pg_hba.conf" ]
	[ "$(sql copy 'show work_mem')" = 6MB ]
	grep -q "^include = 'conf.d/two.inc'\$" "$T/copy/data/postgresql.conf"
	cluster_stop copy
	cluster_stop main
	rm -rf "$T/copy"
}

# ------------------------------------------------- what somebody else put into the archive

# packed PATH COMMAND...: the archive with another file in it, whose member is made by COMMAND in $T/hostile.
repacked() {
	rm -rf "$T/hostile"
	as_server mkdir "$T/hostile"
	tar -xf "$1" -C "$T/hostile" pg_basetar_config
	(cd "$T/hostile" && "$2")
	tar -C "$T/hostile" -cf "$T/part.tar" --owner=postgres --group=postgres pg_basetar_config
	python3 - "$1" "$T/part.tar" "$T/out/hostile.tar" <<-'PY'
		import sys, tarfile
		old, part, new = sys.argv[1:]
		with tarfile.open(old) as a, tarfile.open(part) as p, tarfile.open(new, "w", format=tarfile.PAX_FORMAT) as out:
		    done = False
		    for m in a:
		        if m.name.startswith("pg_basetar_config"):
		            if not done:
		                for q in p:
		                    out.addfile(q, p.extractfile(q) if q.isreg() else None)
		            done = True
		            continue
		        out.addfile(m, a.extractfile(m) if m.isreg() else None)
	PY
	chmod 644 "$T/out/hostile.tar"
}

leads_out() {
	rm pg_basetar_config/postgresql.conf
	ln -s "$T/secret" pg_basetar_config/postgresql.conf
}

is_huge() {
	head -c 17000000 /dev/zero | tr '\0' '#' >pg_basetar_config/postgresql.conf
}

includes_more() {
	printf "include '%s'\n" ../../secret "../../../../../../..$T/secret" "$T/secret" none.conf postgresql.conf \
		../global/pg_control ../pg_wal "$T/main/data/global/pg_control" >>pg_basetar_config/postgresql.conf
}

hostile() {
	command -v python3 >/dev/null || skip 'no python3 here'
	major=$packaged
	echo "work_mem = 1MB" >"$T/secret"
	repacked "$T/out/base.tar" leads_out
	rm -rf "$T/copy"
	cluster_dir copy "$major"
	captured as_server "$BIN" restore --force "$T/out/hostile.tar" -D "$T/copy/data"
	[ "$rc" -eq 1 ]
	grep -q 'member "pg_basetar_config/postgresql.conf" is refused: the symbolic link is not that of a tablespace' "$T/stderr"
	[ ! -e "$T/copy/data/global/pg_control" ]
	rm -rf "$T/copy/data"
	repacked "$T/out/base.tar" is_huge
	captured as_server "$BIN" restore --force "$T/out/hostile.tar" -D "$T/copy/data"
	[ "$rc" -eq 1 ]
	grep -q 'configuration file "pg_basetar_config/postgresql.conf": it is implausibly large' "$T/stderr"
	[ ! -e "$T/copy/data/global/pg_control" ]
	rm -rf "$T/copy/data"
	repacked "$T/out/base.tar" includes_more
	captured as_server "$BIN" restore --force "$T/out/hostile.tar" -D "$T/copy/data"
	[ "$rc" -eq 3 ]
	[ "$(cat "$T/secret")" = 'work_mem = 1MB' ]
	fails grep -q '^include.*secret' "$T/copy/data/postgresql.conf"
	tar -xOf "$T/out/base.tar" global/pg_control | cmp - "$T/copy/data/global/pg_control"
}

as_server mkdir "$T/aside"
for major in $(majors slice); do
	t "$major: a cluster as Debian has it" debian "$major"
	[ -e "$data/postmaster.pid" ] || continue
	t "$major: the copy runs beside it" beside as_server
	t "$major: restored by root" by_root
	[ "$major" -ne "$packaged" ] || t 'kept as it was' kept
	[ "$major" -ne "$packaged" ] || t 'a target where recovery pauses' pauses
	cluster_stop main
	if [ "$major" -eq "$packaged" ]; then
		t 'what somebody else made' hostile
		t 'no directory for the socket' without_socket_directory
		t 'TLS files' with_tls
	fi
	t "$major: configuration in the data directory" inside "$major"
done

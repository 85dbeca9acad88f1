#!/bin/sh
# PostgreSQL 19 has certificates for host names, in files that a file of its own names.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/by19.sh
. "$top/tests/e2e/lib/by19.sh"

certificate() { # FILE: and its key
	openssl req -new -x509 -days 30 -nodes -subj /CN=example -out "$1.crt" -keyout "$1.key" 2>/dev/null
	chmod 600 "$1.key"
	[ "$(id -u)" -ne 0 ] || chown "$owner" "$1.crt" "$1.key"
}

prepare_hosts() {
	command -v openssl >/dev/null || skip 'no openssl here'
	cluster_init hosts 19 --wal-segsize=1
	as_server mkdir "$T/hosts/etc" "$T/hosts/data/tls"
	certificate "$T/hosts/data/server"
	certificate "$T/hosts/data/tls/inside"
	certificate "$T/hosts/etc/outside"
	as_server cp "$T/hosts/etc/outside.crt" "$T/hosts/etc/authority.crt"
	printf '%s\n' '# hosts' "a.example,b.example $T/hosts/etc/outside.crt $T/hosts/etc/outside.key $T/hosts/etc/authority.crt" \
		'"c.example" tls/inside.crt "tls/inside.key"' 'include more.conf' |
		as_server tee "$T/hosts/etc/hosts.conf" >/dev/null
	echo 'd.example tls/inside.crt tls/inside.key' | as_server tee "$T/hosts/etc/more.conf" >/dev/null
	cluster_set hosts ssl=on ssl_sni=on "hosts_file = '$T/hosts/etc/hosts.conf'"
	cluster_start hosts
}

# as_server_knows OPTION...: the files outside, whoever says where they are.
hosts_outside() {
	rm -f "$archive"
	captured backup hosts -o "$archive" "$@"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	tar -tf "$archive" >"$T/list"
	for name in pg_hosts.conf more.conf outside.crt outside.key authority.crt; do
		lines 1 "^pg_basetar_config/$name\$" "$T/list"
	done
	lines 1 '^tls/inside.key$' "$T/list"
	lines 1 '^pg_hosts.conf$' "$T/list"
	tar -tvf "$archive" pg_basetar_config/outside.key | grep -q '^-rw------- '
	passes "$archive"
}

# Without one of them no copy starts.
host_file_missing() {
	as_server mv "$T/hosts/etc/outside.key" "$T/hosts/etc/away.key"
	captured backup hosts --offline -o "$archive" --force
	as_server mv "$T/hosts/etc/away.key" "$T/hosts/etc/outside.key"
	[ "$rc" -eq 0 ]
	lines 1 "^pg_basetar: warning: .*$T/hosts/etc/outside.key" "$T/stderr"
	lines 1 '' "$T/stderr"
	cluster_set hosts ssl_sni=off
	as_server mv "$T/hosts/etc/outside.key" "$T/hosts/etc/away.key"
	captured backup hosts --offline -o "$archive" --force
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
}

# Where hosts have their own, no server needs the certificate, key and authority of the settings.
hosts_alone() {
	cluster_set hosts ssl_sni=on "ssl_ca_file = 'no.crt'"
	as_server mv "$T/hosts/etc/away.key" "$T/hosts/etc/outside.key"
	as_server rm "$T/hosts/data/server.crt" "$T/hosts/data/server.key"
	cluster_start hosts
	hosts_outside -c fast
	cluster_stop hosts
	hosts_outside --offline
	echo '# none' | as_server tee "$T/hosts/etc/hosts.conf" >/dev/null
	captured backup hosts --offline -o "$archive" --force
	for name in no.crt server.crt server.key; do
		lines 1 "^pg_basetar: warning: .*hosts/data/$name\" is not in the backup" "$T/stderr"
	done
}

# Put where the settings say, the copy serves them.
hosts_start() {
	restore copy "$archive" gnu 19
	as_server mkdir "$T/copy/etc"
	cp -p "$T/copy/data/pg_basetar_config"/* "$T/copy/etc"
	sed -i "s|$T/hosts/etc|$T/copy/etc|" "$T/copy/etc/pg_hosts.conf"
	cluster_set copy "hosts_file = '$T/copy/etc/pg_hosts.conf'"
	cluster_start copy
	cluster_stop copy
}

t 'certificates of hosts lie elsewhere' prepare_hosts
if [ -e "$T/hosts/data/postmaster.pid" ]; then
	t 'the server says where they are' hosts_outside -c fast
	t 'a copy with them starts' hosts_start
	cluster_stop hosts
	t 'the configuration says it' hosts_outside --offline
	t 'one is missing' host_file_missing
	t 'there are only those of hosts' hosts_alone
fi

#!/bin/sh
# The recipes of pg_basetar-recipes(7), each run as it stands there, with the real programs: a backup goes
# and comes back, a run that fails leaves nothing that looks like a backup.  The directories that it names
# are in $T/world, vault is this host by an sshd of our own.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
world=$T/world
page=$top/man/pg_basetar-recipes.7
command -v bash >/dev/null || skip_all 'no bash here'

# recipe NAME: its text.
recipe() {
	awk -v name="$1" '
		/^\.\\" example / { is_it = $3 == name; next }
		/^\.Bd / { shown = is_it; is_it = 0; next }
		/^\.Ed/ { shown = 0 }
		shown { print }' "$page" | sed 's/\\e/\\/g; s/\\&//g' |
		sed -E "s#(^|[ ='\"(:])/(backup|srv|vault|etc/keys)(/|[ ='\"]|\$)#\\1$world/\\2\\3#g"
}

# follow NAME [EDIT]: run the recipe as the owner of the cluster; EDIT is what sed makes of it.
follow() {
	recipe "$1" | sed -E "${2:-}" >"$T/out/recipe"
	[ -s "$T/out/recipe" ]
	cat "$T/out/recipe"
	as_server env PATH="$T/bin:$PATH" PGDATA="$T/main/data" timeout 300 bash "$T/out/recipe"
}

needs() {
	for program; do
		command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] ||
			skip "no $program here"
	done
}

prepared() {
	cluster_init main
	cluster_start main
	sql main 'create table t as select generate_series(1, 1000) g'
	as_server mkdir -p "$world/backup" "$world/srv" "$world/vault" "$world/etc/keys" "$T/home"
	as_server ln -s "$T/main/data" "$world/srv/data"
	ln -sf "$BIN" "$T/bin/pg_basetar" 2>/dev/null || :
	[ -x "$T/bin/pg_basetar" ]
}

# comes_back NAME [EDIT]: the restored copy starts, with its table.
comes_back() {
	rm -rf "$world/srv/new"
	follow "$@"
	as_server sh -c "echo 'port = 1' >>'$world/srv/new/postgresql.auto.conf'"
	as_server pg_ctl -D "$world/srv/new" -s -w -l "$T/out/log" \
		-o "-k $T/out -c listen_addresses= -c logging_collector=off" start
	seen=$(as_server psql -X -At -h "$T/out" -p 1 -c 'select sum(g) from t' postgres)
	as_server pg_ctl -D "$world/srv/new" -s -m immediate stop
	[ "$seen" = 500500 ]
}

# goes NAME FILE [EDIT]: FILE is there; and not after a run that failed.
goes() {
	rm -rf "$world"/backup/* "$world"/vault/*
	if follow "$1" "s/pg_basetar -D/pg_basetar -U none_such -w -D/; ${3:-}"; then
		false
	fi
	[ ! -e "$2" ]
	rm -rf "$world"/backup/* "$world"/vault/*
	follow "$1" "s/pg_basetar -D/pg_basetar -c fast -D/; ${3:-}"
	[ -e "$2" ]
}

# An sshd with keys of its own, as the owner of the cluster, on a port of its own.
by_ssh() {
	needs ssh sshd ssh-keygen
	ssh_port=$((first_port + 19))
	as_server ssh-keygen -q -t ed25519 -N '' -f "$T/home/host"
	as_server ssh-keygen -q -t ed25519 -N '' -f "$T/home/user"
	as_server cp "$T/home/user.pub" "$T/home/authorized"
	cat >"$T/home/sshd_config" <<-EOF
		Port $ssh_port
		ListenAddress 127.0.0.1
		HostKey $T/home/host
		AuthorizedKeysFile $T/home/authorized
		PidFile $T/home/sshd.pid
		StrictModes no
		UsePAM no
	EOF
	cat >"$T/home/ssh_config" <<-EOF
		Host vault
		HostName 127.0.0.1
		Port $ssh_port
		User $owner
		IdentityFile $T/home/user
		UserKnownHostsFile /dev/null
		StrictHostKeyChecking no
		LogLevel ERROR
	EOF
	printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$(command -v ssh)" "$T/home/ssh_config" >"$T/bin/ssh"
	chmod 755 "$T/bin/ssh"
	as_server "$(command -v sshd || echo /usr/sbin/sshd)" -f "$T/home/sshd_config" -E "$T/home/sshd.log"
	trap 'cat "$T/home/sshd.log"; kill "$(cat "$T/home/sshd.pid")"' EXIT
	wait_until 20 as_server "$T/bin/ssh" vault true
	goes ssh "$world/vault/base.tar.gz"
	comes_back ssh-back
}

by_gpg() {
	needs gpg
	as_server mkdir -m 700 "$T/gpg"
	export GNUPGHOME="$T/gpg"
	as_server gpg -q --batch --passphrase '' --quick-gen-key backup@example.org default default never
	trap 'as_server gpgconf --kill all || :' EXIT
	goes gpg "$world/backup/base.tar.gz.gpg"
	comes_back gpg-back
}

by_age() {
	needs age age-keygen
	as_server age-keygen -o "$world/etc/keys/identity"
	as_server sh -c "age-keygen -y '$world/etc/keys/identity' >'$world/etc/keys/recipients'"
	goes age "$world/backup/base.tar.gz.age"
	comes_back age-back
}

by_openssl() {
	needs openssl
	as_server sh -c "openssl rand -hex 32 >'$world/etc/keys/secret'"
	goes openssl "$world/backup/base.tar.gz.enc"
	comes_back openssl-back
}

# A server of rclone's own: S3, if this release has it, else WebDAV.
by_rclone() {
	needs rclone curl
	port=$((first_port + 18))
	as_server mkdir -p "$world/store/bucket"
	if rclone serve --help | grep -q '^ *s3 '; then
		set -- s3 --auth-key key,secret
		export RCLONE_CONFIG_STORE0_TYPE=s3 RCLONE_CONFIG_STORE0_PROVIDER=Rclone \
			RCLONE_CONFIG_STORE0_ENDPOINT="http://127.0.0.1:$port" \
			RCLONE_CONFIG_STORE0_ACCESS_KEY_ID=key RCLONE_CONFIG_STORE0_SECRET_ACCESS_KEY=secret
	else
		set -- webdav
		export RCLONE_CONFIG_STORE0_TYPE=webdav RCLONE_CONFIG_STORE0_URL="http://127.0.0.1:$port"
	fi
	export RCLONE_CONFIG_STORE_TYPE=alias RCLONE_CONFIG_STORE_REMOTE=store0:bucket RCLONE_CONFIG=/dev/null
	# shellcheck disable=SC2086 # words
	$as rclone serve "$@" --addr "127.0.0.1:$port" "$world/store" 2>"$T/out/rclone.log" &
	server=$!
	trap 'kill "$server"' EXIT
	wait_until 20 curl -s -o /dev/null "http://127.0.0.1:$port/"
	goes rclone "$world/store/bucket/base.tar.gz"
	comes_back rclone-back
}

# There is no drive here: a fifo takes the records as one, and a file gives them back.
by_tape() {
	needs mt dd
	as_server mkfifo "$world/nst0"
	printf '#!/bin/sh\necho "$@" >>%s\n' "$T/out/mt" >"$T/bin/mt"
	chmod 755 "$T/bin/mt"
	touch "$T/out/mt"
	chmod 666 "$T/out/mt"
	dd if="$world/nst0" of="$world/tape" bs=64k 2>"$T/out/dd" &
	follow tape "s#/dev/nst0#$world/nst0#; s/pg_basetar -D/pg_basetar -c fast -D/"
	wait
	lines 1 '^[0-9]*+0 records in' "$T/out/dd"
	comes_back tape-back "s#/dev/nst0#$world/tape#"
	lines 2 '^-f .* rewind$' "$T/out/mt"
}

by_split() {
	needs split
	goes fat "$world/backup/base" 's/4095m/1m/'
	[ "$(find "$world/backup/base" -name 'base.tar.gz.a?' | wc -l)" -gt 2 ]
	comes_back fat-back
}

# crontab NAME: as cron runs its last line: no environment but what is set above it, "\%" for "%".
crontab() {
	recipe "$1" >"$T/out/crontab"
	line=$(tail -n 1 "$T/out/crontab" | cut -d ' ' -f 6- | sed 's/\\%/%/g')
	shell=$(sed -n 's/^SHELL=//p' "$T/out/crontab")
	as_server env -i HOME="$T/home" LOGNAME="$owner" "PATH=$T/bin:/usr/bin:/bin" \
		"$shell" -c "$line" >"$T/out/mail" 2>&1
}

by_cron() {
	rm -rf "$world"/backup/*
	crontab cron
	[ ! -s "$T/out/mail" ]
	"$BIN" verify -q "$world/backup/$(date +%F).tar.gz"
	rm -rf "$world"/backup/*
	crontab cron-keep
	[ ! -s "$T/out/mail" ]
	[ -e "$world/backup/$(date +%F).tar.gz" ]
	needs age age-keygen
	[ -e "$world/etc/keys/recipients" ]
	crontab cron-pipe
	[ ! -s "$T/out/mail" ]
	[ -e "$world/backup/$(date +%F).tar.gz.age" ]
	rm -rf "$world"/backup/*
	mv "$world/srv/data" "$world/srv/gone"
	fails crontab cron-pipe
	mv "$world/srv/gone" "$world/srv/data"
	[ -s "$T/out/mail" ]
	[ -z "$(find "$world/backup" -name '*.age')" ]
}

# Cron has no search path there.
by_installed_crontab() {
	rm -rf "$world"/backup/*
	line=$(tail -n 1 "$top/packaging/examples/crontab" | sed 's/\\%/%/g')
	[ "$(echo "$line" | cut -d ' ' -f 6)" = postgres ]
	[ "$(echo "$line" | cut -d ' ' -f 7)" = /usr/bin/pg_basetar ]
	line=$(echo "$line" | cut -d ' ' -f 8- |
		sed "s#/var/lib/postgresql/[0-9]*/main#$world/srv/data#; s#/var/backups/pg_basetar#$world/backup#")
	as_server env -i HOME="$T/home" LOGNAME="$owner" PATH=/nowhere /bin/sh -c "$BIN $line" >"$T/out/mail" 2>&1
	[ ! -s "$T/out/mail" ]
	"$BIN" verify -q "$world/backup/$(date +%F).tar.gz"
}

by_systemd() {
	needs systemd-analyze
	mkdir -p "$T/out/units"
	for unit in systemd systemd-failed; do
		recipe $unit >"$T/out/unit"
		name=$(sed -n '1s#^.*/##p' "$T/out/unit")
		sed "s/^User=.*/User=$(id -un)/" "$T/out/unit" >"$T/out/units/$name"
	done
	captured systemd-analyze verify --man=no "$T/out/units/pg_basetar.service"
	lines 0 'units/pg_basetar' "$T/stderr"
	command=$(sed -n 's/^ExecStart=//p' "$T/out/units/pg_basetar.service" | sed 's/%%/%/g')
	rm -rf "$world"/backup/*
	as_server env PATH="$T/bin:$PATH" sh -c "$command -c fast"
	"$BIN" verify -q "$world/backup/$(date +%F).tar.gz"
}

# allowed SET...: the system calls in sets of systemd's, as it lists them.
allowed() {
	systemd-analyze syscall-filter | awk -v wanted="$*" '
		/^@/ { set = $1; next }
		/^ +[@a-z]/ { members[set] = members[set] " " $1 }
		END {
			n = split(wanted, todo, " ")
			for (i = 1; i <= n; i++) {
				if (todo[i] !~ /^@/) {
					print todo[i]
					continue
				}
				many = split(members[todo[i]], each, " ")
				for (k = 1; k <= many; k++)
					todo[++n] = each[k]
			}
		}' | sort -u
}

# The units that are installed, with the file that they read; and they allow what a backup asks of the kernel.
by_installed_units() {
	needs systemd-analyze strace
	rm -rf "$world"/backup/* "$T/out/units"
	mkdir "$T/out/units"
	for unit in service timer; do
		sed "s#^ExecStart=pg_basetar#ExecStart=$BIN#; s/^User=.*/User=$(id -un)/" \
			"$top/packaging/systemd/pg_basetar@.$unit" >"$T/out/units/pg_basetar@.$unit"
	done
	captured systemd-analyze verify --man=no "$T/out/units/pg_basetar@x.timer" "$T/out/units/pg_basetar@x.service"
	lines 0 'pg_basetar@' "$T/stderr"
	lines 1 '^PGDATA=/' "$top/packaging/examples/cluster.conf"
	options=$(sed -n 's/^PG_BASETAR_OPTIONS=//p' "$top/packaging/examples/cluster.conf")
	command=$(sed -n "s/^ExecStart=//p" "$T/out/units/pg_basetar@.service" |
		sed "s/%%/%/g; s#%S/pg_basetar/%i#$world/backup#")
	as_server strace -f -qq -c -o "$T/out/calls" env PGDATA="$T/main/data" PG_BASETAR_OPTIONS="$options" \
		sh -c "exec $command"
	"$BIN" verify -q "$world"/backup/20*.tar.gz
	# shellcheck disable=SC2046 # words
	allowed $(sed -n 's/^SystemCallFilter=//p' "$T/out/units/pg_basetar@.service") >"$T/allowed"
	grep -qx pread64 "$T/allowed"
	awk '$1 ~ /^[0-9.]+$/ && $NF != "total" { print $NF }' "$T/out/calls" | sort -u >"$T/used"
	grep -qx pread64 "$T/used"
	[ -z "$(comm -23 "$T/used" "$T/allowed")" ]
}

by_ping() {
	needs curl python3
	port=$((first_port + 17))
	mkdir -p "$T/out/web/5f1c"
	(cd "$T/out/web" && exec python3 -u -m http.server --bind 127.0.0.1 "$port") >"$T/out/pings" 2>&1 &
	server=$!
	trap 'kill "$server"' EXIT
	wait_until 20 curl -s -o /dev/null "http://127.0.0.1:$port/"
	rm -rf "$world"/backup/*
	follow ping "s#https://hc.example.org#http://127.0.0.1:$port#"
	lines 1 '"GET /5f1c HTTP' "$T/out/pings"
	follow ping "s#https://hc.example.org#http://127.0.0.1:$port#" || : # the name is there
	grep -q '"GET /5f1c/1 HTTP' "$T/out/pings"
}

# checks NAME STATUS TEXT ARGUMENT...: a plugin of Nagios says TEXT, and ends so.
checks() {
	recipe "$1" >"$T/out/plugin"
	expected=$2
	text=$3
	shift 3
	captured sh "$T/out/plugin" "$@"
	[ "$rc" -eq "$expected" ]
	lines 1 "^$text" "$T/stdout"
}

by_nagios() {
	rm -rf "$world"/backup/* "$T/out/m.prom"
	checks nagios 3 UNKNOWN "$T/out/m.prom" 26
	backup main -U none_such -w -q -o "$T/out/n.tar" --metrics="$T/out/m.prom" --report="$T/out/r.json" || :
	checks nagios 2 'CRITICAL: no backup' "$T/out/m.prom" 26
	checks nagios-report 2 'CRITICAL: ".*none_such' "$T/out/r.json"
	backup main -c fast -q -o "$T/out/n.tar" --metrics="$T/out/m.prom" --report="$T/out/r.json"
	checks nagios 0 'OK: last backup 0 hours ago' "$T/out/m.prom" 26
	checks nagios-report 0 OK "$T/out/r.json"
	backup main -c fast -q -o "$T/out/n.tar" --metrics="$T/out/m.prom" || :
	checks nagios 1 'WARNING: exit status 1' "$T/out/m.prom" 26
	sed -i 's/^\(pg_basetar_last_success.*} \).*/\11700000000/' "$T/out/m.prom"
	checks nagios 2 'CRITICAL: last backup' "$T/out/m.prom" 26
	sed -i 's/"result": "sound"/"result": "running"/' "$T/out/r.json"
	checks nagios-report 1 'WARNING: a run' "$T/out/r.json"
	checks nagios-report 3 UNKNOWN "$T/out/none.json"
}

t 'a cluster' prepared
t 'ssh' by_ssh
t 'gpg' by_gpg
t 'age' by_age
t 'openssl' by_openssl
t 'rclone' by_rclone
t 'a tape' by_tape
t 'files for FAT' by_split
t 'cron' by_cron
t 'the crontab that is installed' by_installed_crontab
t 'systemd' by_systemd
t 'the units that are installed' by_installed_units
t 'a ping' by_ping
t 'Nagios' by_nagios

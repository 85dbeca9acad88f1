#!/bin/sh
# Run by root: the output is root's, all the rest is done as the owner of the data directory.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
[ "$(id -u)" -eq 0 ] || skip_all 'needs root'
archive=$T/out/base.tar

# As from cron: hardly any environment, a directory only root can use, no role, port or socket.
from_cron() {
	captured env -i -C / PATH=/usr/bin:/bin \
		timeout 60 "$BIN" -D "$T/main/data" -c fast -l nightly -o "$archive" "$@"
}

refused() { # PATTERN
	from_cron
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$1"
	empty "$T/out"
	clean main
}

takes() {
	from_cron
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stdout" ]
	[ ! -s "$T/stderr" ]
	clean main
}

belongs_to_root() {
	[ "$(stat -c '%U:%G %a' "$archive")" = 'root:root 600' ]
	empty_but_for_it=$(find "$T/out" -mindepth 1)
	[ "$empty_but_for_it" = "$archive" ]
}

keeps_owners() {
	tar --numeric-owner -tvf "$archive" | awk '{ print $2 }' | sort -u >"$T/owners"
	[ "$(cat "$T/owners")" = "$(id -u postgres)/$(id -g postgres)" ]
}

restores_as_root() { # tar run by root gives each file back to its owner
	cluster_dir copy
	as_server mkdir -m 700 "$T/copy/data"
	tar -xf "$archive" -C "$T/copy/data"
	verify copy
	cluster_start copy
	cluster_stop copy
}

threads_are_the_owners() { # in the middle of a run held up by its pipe
	rm -f "$T/pipe"
	mkfifo "$T/pipe"
	exec 7<>"$T/pipe"
	env -i "$BIN" -D "$T/main/data" -c fast -j 2 -Z none >"$T/pipe" 2>"$T/stderr" 7<&- &
	pid=$!
	timeout 60 head -c 50000 <&7 >"$T/head"
	for thread in /proc/"$pid"/task/*; do
		[ "$(awk '/^Uid:/ { print $3 }' "$thread/status")" -eq "$(id -u postgres)" ]
		[ "$(awk '/^Gid:/ { print $3 }' "$thread/status")" -eq "$(id -g postgres)" ]
		awk '/^Groups:/ { for (; NF > 1; NF--) if ($NF == 0) exit 1 }' "$thread/status"
		[ "$(awk '/^CapEff:/ { print $2 }' "$thread/status")" = 0000000000000000 ]
	done
	kill -TERM "$pid"
	exec 7<&-
	wait "$pid" || :
	clean main
}

hostile_links() { # what the owner of the directory could point to is not followed
	as_server ln -s /etc/shadow "$T/main/data/base/shadow"
	as_server ln -s /root "$T/main/data/base/root"
	from_cron --force
	[ "$rc" -eq 0 ]
	lines 2 '^pg_basetar: warning: .*base/\(shadow\|root\)' "$T/stderr"
	tar -tf "$archive" >"$T/list"
	lines 0 '^base/\(shadow\|root\)' "$T/list"
	as_server rm "$T/main/data/base/shadow" "$T/main/data/base/root"
}

secret_file() { # root could read it, the owner cannot: then neither does the backup
	rm -f "$archive"
	touch "$T/main/data/base/secret"
	chmod 600 "$T/main/data/base/secret"
	refused 'secret.*Permission denied'
	rm "$T/main/data/base/secret"
}

# A directory of root that others write to, put in the place of the data directory: what is
# planted in it would be read with root's rights.
directory_of_root() {
	cluster_stop main
	mkdir -m 1777 "$T/public"
	as_server cp -r --preserve=mode "$T/main/data/." "$T/public" || :
	as_server mv "$T/main/data" "$T/main/away"
	as_server ln -s "$T/public" "$T/main/data"
	printf '%s\n' 'postgres "-D" "x" "-c" "config_file=/etc/shadow"' |
		as_server tee "$T/public/postmaster.opts" >/dev/null
	for source in --offline --snapshot; do
		captured "$BIN" -D "$T/main/data" "$source" -o "$archive" --force
		[ "$rc" -eq 1 ]
		one_error "$T/stderr" 'belongs to root'
		lines 1 '^hint: PostgreSQL does not run as root' "$T/stderr"
	done
	rm "$T/main/data"
	as_server mv "$T/main/away" "$T/main/data"
}

# What its owner cannot read is not sent as configuration either.
planted_configuration() {
	printf '%s\n' "include '/etc/shadow'" "hba_file = '/etc/gshadow'" |
		as_server tee "$T/main/data/evil.conf" >/dev/null
	printf '%s\n' 'postgres "-c" "config_file=/etc/shadow"' |
		as_server tee "$T/main/data/postmaster.opts" >/dev/null
	as_server mv "$T/main/data/pg_ident.conf" "$T/main/ident"
	as_server ln -s /etc/shadow "$T/main/data/pg_ident.conf"
	rm -f "$archive"
	for config in /etc/shadow "$T/main/data/evil.conf"; do
		echo "postgres \"-c\" \"config_file=$config\"" |
			as_server tee "$T/main/data/postmaster.opts" >/dev/null
		captured "$BIN" -D "$T/main/data" --offline -o "$archive" --force
		[ "$rc" -eq 0 ]
		lines 1 'warning: "/etc/shadow" is not in the backup: .*Permission denied' "$T/stderr"
		lines 1 'warning: ".*/pg_ident.conf" is not in the backup: .*Permission denied' "$T/stderr"
		fails grep -qa '^root:' "$archive"
	done
	lines 1 'warning: "/etc/gshadow" is not in the backup: .*Permission denied' "$T/stderr"
	as_server rm "$T/main/data/evil.conf" "$T/main/data/pg_ident.conf"
	as_server mv "$T/main/ident" "$T/main/data/pg_ident.conf"
	cluster_start main
}

existing_output() {
	rm -f "$archive"
	echo precious >"$archive"
	from_cron
	[ "$rc" -eq 1 ]
	[ "$(cat "$archive")" = precious ]
	from_cron --force
	[ "$rc" -eq 0 ]
	tar -tf "$archive" >"$T/list"
	belongs_to_root
}

output_by_link() { # a name that is a symlink is not written through
	rm -f "$archive"
	ln -s "$T/out/elsewhere" "$archive"
	from_cron
	[ "$rc" -eq 1 ]
	[ ! -e "$T/out/elsewhere" ]
	rm -f "$archive"
}

# ----------------------------------------------------- a place that is not root's own

# as_root OPTION...: a run by root in the background, perhaps under $trace.
as_root() {
	# shellcheck disable=SC2086 # words
	env -i -C / PATH=/usr/bin:/bin ${trace:-} "$BIN" -D "$T/main/data" -c fast "$@" \
		</dev/null 2>"$T/stderr" &
	pid=$!
	trap 'kill -KILL "$pid" || :' EXIT
}

checkpointer() { # SIGNAL
	kill -"$1" "$(sql main "select pid from pg_stat_activity where backend_type = 'checkpointer'")"
}

# While the checkpoint stands still the directory is another one.
directory_is_swapped() {
	checkpointer STOP
	as_root --split -o "$T/hands/dir"
	wait_until 30 in_phase 'waiting for the checkpoint'
	as_server mv "$T/hands/dir" "$T/hands/moved"
	as_server ln -s "$1" "$T/hands/dir"
	checkpointer CONT
	ends
}

swapped_directory() {
	mkdir -m 700 "$T/secret"
	directory_is_swapped "$T/secret"
	empty "$T/secret"
	[ "$rc" -eq 0 ]
	[ -f "$T/hands/moved/backup_manifest" ]
	clean main
	rm -r "$T/hands/moved" "$T/hands/dir"
}

into_the_cluster() {
	as_server mkdir "$T/main/data/inner"
	directory_is_swapped "$T/main/data/inner"
	empty "$T/main/data/inner"
	rmdir "$T/main/data/inner"
	clean main
	rm -r "$T/hands/moved" "$T/hands/dir"
}

# What was a fifo when it was looked at is a link to a file of root's when it is opened.
swapped_fifo() { # PATTERN COMMAND...: what puts another thing into its place
	pattern=$1
	shift
	strace -o /dev/null true 2>/dev/null || skip 'strace cannot trace here'
	echo precious >"$T/secret.txt"
	chmod 600 "$T/secret.txt"
	as_server mkfifo "$T/hands/fifo"
	trace="strace -D -qq -o $T/trace -e trace=openat"
	as_root -o "$T/hands/fifo"
	wait_until 30 grep -q 'hands/fifo.*ENXIO' "$T/trace"
	as_server "$@"
	ends
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" "$pattern"
	lines 1 '^hint: ' "$T/stderr"
	[ "$(cat "$T/secret.txt")" = precious ]
	clean main
	rm "$T/hands/fifo" "$T/secret.txt" "$T/trace"
}

chown root:root "$T/out"
chmod 700 "$T/out"
cluster_init main
cluster_start main
printf '%s\n' 'local all all peer' | as_server tee "$T/main/data/pg_hba.conf" >/dev/null
sql main 'select pg_reload_conf()' >/dev/null

t 'nobody but the owner can connect' fails env PGHOST="$T/main" PGPORT="$(cat "$T/main/port")" \
	psql -X -U postgres -d postgres -c 'select 1'
t 'a backup from cron: by peer, without a word' takes
t 'the output is root:root, mode 600' belongs_to_root
t 'members keep the owner of the files' keeps_owners
t 'restored by root, it starts' restores_as_root
t 'while it works, it is the owner' threads_are_the_owners
t 'links that lead out are not followed' hostile_links
t 'a file the owner cannot read' secret_file
t 'a data directory of root' directory_of_root
t 'configuration that only root can read' planted_configuration
t 'an existing output' existing_output
t 'an output that is a link' output_by_link
as_server mkdir "$T/hands"
t 'the directory of --split is swapped' swapped_directory
t 'and for one in the cluster' into_the_cluster
t 'a fifo is swapped for a file' swapped_fifo 'was replaced by another file' ln -sf "$T/secret.txt" "$T/hands/fifo"
t 'for a device' swapped_fifo 'was replaced by another file' ln -sf /dev/null "$T/hands/fifo"

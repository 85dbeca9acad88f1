#!/bin/sh
# What cannot be done is refused: exit 1, one line that says what is wrong, one hint, nothing
# left, and no backup left running on the server.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
archive=$T/out/base.tar

# All that a refused run might change.
state() {
	find "$T/out" "$T/main/spc" -printf '%p %y %s\n' | sort
	find "$T/main/data" -maxdepth 1 -printf '%p %y\n' | sort
}

# refused PATTERN COMMAND...: the error line matches.
refused() {
	pattern=$1
	shift
	state >"$T/before"
	captured "$@"
	[ "$rc" -eq 1 ]
	[ ! -s "$T/stdout" ]
	one_error "$T/stderr" "$pattern"
	tail -n 1 "$T/stderr" | grep -q '^hint: ..*'
	state | diff "$T/before" -
	clean main
}

# ------------------------------------------------------------------ the command line

cluster_init main --wal-segsize=1
cluster_set main autovacuum=off
cluster_start main
tablespace main spc
sql main 'create table t tablespace spc as select generate_series(1, 1000) g'
sql main 'create role plain login'
long=$(printf '%01025d' 0)
newline=$(printf 'a\nb')

for once in '--label=a' '--progress' '--checkpoint=fast' '--no-wait-archive' '--wal-method=fetch'; do
	name=${once%%=*}
	t "twice: $name" refused "duplicate option \"$name\"" backup main -o "$archive" "$once" "$once"
done
while read -r options pattern; do
	[ -n "$options" ] || continue
	# shellcheck disable=SC2046 # words
	t "option: $options" refused "$pattern" backup main -o "$archive" $(echo "$options" | tr , ' ')
done <<'EOT'
	--nonsense                  unknown option
	-Z,gzip:10                  gzip|level
	-Z,lzw                      lzw
	-Z,none:3                   none
	-j,0                        jobs
	-j,many                     jobs
	-c,slow                     checkpoint
	-X,all                      wal-method
	-p,70000                    port
	-F,plain                    format
	--quiet,--verbose           exclude each other
	--no-manifest,--manifest-checksums=NONE exclude each other
	--manifest-checksums=MD5    manifest-checksums
	something                   something
	--offline,--snapshot        exclude each other
	--offline,-h,x              exclude each other
	--snapshot,-X,none          exclude each other
	-T,/a=/b                    no tablespace of the cluster is at "/a"
	--snapshot,-T,/a            OLD=NEW
	--offline                   is running, process
	--snapshot                  is running, process
EOT
t 'a label of 1025 bytes' refused 'label.*1024' backup main -o "$archive" -l "$long"
t 'a label with a newline' refused 'label.*control' backup main -o "$archive" -l "$newline"

# ---------------------------------------------------------------- the data directory

elsewhere() { # DATADIR OPTION...
	data=$1
	shift
	as_server timeout 60 "$BIN" -D "$data" -o "$archive" "$@"
}
mkdir "$T/empty" "$T/files" "$T/v9.6" "$T/v20" "$T/vjunk"
echo text >"$T/file"
echo text >"$T/files/file"
echo 9.6 >"$T/v9.6/PG_VERSION"
echo 20 >"$T/v20/PG_VERSION"
echo 15x >"$T/vjunk/PG_VERSION"
t 'data directory missing' refused 'No such file' elsewhere "$T/none"
t 'data directory is a file' refused 'Not a directory' elsewhere "$T/file"
t 'data directory is empty' refused 'is empty' elsewhere "$T/empty"
t 'data directory without PG_VERSION' refused 'PG_VERSION' elsewhere "$T/files"
t 'version 9.6' refused '9\.6' elsewhere "$T/v9.6"
t 'version 20' refused 'PostgreSQL 20 is not supported by this release of pg_basetar \(10 to 19\)' elsewhere "$T/v20"
t 'PG_VERSION is junk' refused 'PG_VERSION' elsewhere "$T/vjunk"

as_a_stranger() {
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		timeout 60 "$BIN" -D "$T/main/data" -o "$archive"
}
stranger() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	refused 'Permission denied' as_a_stranger
}
t 'data directory of another owner' stranger

# The server writes the whole file anew at its next checkpoint.
control_damaged() {
	printf X | as_server dd of="$T/main/data/global/pg_control" bs=1 seek=33 conv=notrunc status=none
	refused 'pg_control' backup main -o "$archive"
	sql main checkpoint
}
t 'pg_control is damaged' control_damaged

volume_gone() {
	sql main checkpoint
	as_server mv "$T/main/spc" "$T/main/spc.away"
	as_server mkdir "$T/main/spc"
	refused 'spc' backup main -o "$archive"
	as_server rmdir "$T/main/spc"
	as_server mv "$T/main/spc.away" "$T/main/spc"
}
t "a tablespace's volume is not mounted" volume_gone

# ------------------------------------------------------------------------ the server

at main pg_basebackup -c fast -R -D "$T/standby.data" -T "$T/main/spc=$T/standby.spc"
cluster_dir standby
as_server mv "$T/standby.data" "$T/standby/data"
cluster_start standby

cluster_init other
cluster_set other wal_level=minimal max_wal_senders=0
cluster_start other

cluster_init down
as_server cp -a "$T/down/data" "$T/stale"
gone=$(sh -c 'echo $$')
printf '%s\n' "$gone" "$T/stale" 1700000000 5432 "$T" '' '  5432001   1' 'ready   ' |
	as_server tee "$T/stale/postmaster.pid" >/dev/null

socket() { # NAME: options that lead to that server
	echo "-h $T/$1 -p $(cat "$T/$1/port")"
}
minimal() {
	refused 'wal_level' backup other -o "$archive"
	clean other
}
t 'server down' refused 'running|postmaster.pid' elsewhere "$T/down/data"
t 'postmaster.pid is stale' refused 'running|postmaster.pid' elsewhere "$T/stale"
t 'nothing listens there' refused 'No such file|connect' backup main -o "$archive" -h "$T/empty"
t 'wal_level=minimal' minimal
# shellcheck disable=SC2046 # words
{
	t 'another cluster' refused 'system identifier|another' \
		backup main -o "$archive" $(socket other)
	t 'its standby instead of the primary' refused 'standby|another' \
		backup main -o "$archive" $(socket standby)
	t 'its primary instead of the standby' refused 'another|data directory' \
		backup standby -o "$archive" $(socket main)
}
t 'a role without the privilege' refused 'role .*plain.* may not' backup main -o "$archive" -U plain
t 'the hint says what to grant' grep -q '^hint: .*GRANT' "$T/stderr"
t 'a role that does not exist' refused 'nobody' backup main -o "$archive" -U nobody
cluster_stop standby
cluster_stop other

# ------------------------------------------------------------------------ the output

echo precious >"$T/out/there.tar"
to() { # PATH
	backup main -o "$1"
}
t 'output exists' refused 'exists' to "$T/out/there.tar"
t 'and is untouched' grep -qx precious "$T/out/there.tar"
t 'output is a directory' refused 'directory' to "$T/out"
t 'output ends in a slash' refused 'directory' to "$T/out/"
t 'parent missing' refused 'No such file' to "$T/out/none/base.tar"
t 'output in the data directory' refused 'inside' to "$T/main/data/base.tar"
t 'output deep in the data directory' refused 'inside' to "$T/main/data/base/base.tar"
t 'output in a tablespace' refused 'inside' to "$T/main/spc/base.tar"
as_server ln -s "$T/main/data" "$T/link"
t 'output in the data directory, by a link' refused 'inside' to "$T/link/base.tar"

closed() {
	backup main >&-
}
reader_gone() {
	{
		rc=0
		backup main || rc=$?
		echo "$rc" >"$T/rc"
	} | head -c 1000000 >/dev/null
	return "$(cat "$T/rc")"
}
on_a_terminal() {
	rc=0
	script -qefc "$as timeout --foreground 60 $BIN -D $T/main/data 2>$T/tty" /dev/null || rc=$?
	cat "$T/tty" >&2
	return "$rc"
}
t 'standard output is closed' refused 'standard output' closed
t 'the reader goes away' refused 'standard output|pipe' reader_gone
terminal() {
	script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip 'no pseudo-terminal here'
	refused 'terminal' on_a_terminal
}
t 'standard output is a terminal' terminal

as_server chmod a-w "$T/out"
t 'a directory without write permission' refused 'Permission denied' to "$T/out/base.tar"
as_server chmod u+w "$T/out"
t 'after all that, a backup works' to "$archive"

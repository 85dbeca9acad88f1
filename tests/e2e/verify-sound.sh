#!/bin/sh
# verify: nothing is found in what is sound.  Backups of all kinds, of quiet and of busy servers,
# ours and pg_basebackup's, from a file, a pipe and a directory.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/background.sh
. "$top/tests/e2e/lib/background.sh"
# shellcheck source=tests/e2e/lib/chain.sh
. "$top/tests/e2e/lib/chain.sh"
mutilate=${MUTILATE:-$top/build/rel/mutilate}
[ -x "$mutilate" ] || skip_all "no $mutilate here (make unit)"
out=$T/out/backup

# ------------------------------------------------------------------------------- the verdict

# The end of the WAL, as the manifest has it, but without the zeros that 19 puts before the digits
# after the slash; nothing if there is none.
end_of() { # FILE|DIR
	{
		if [ -d "$1" ] && [ -e "$1/backup_manifest" ]; then
			cat "$1/backup_manifest"
		elif [ ! -d "$1" ]; then
			tar -xOf "$1" backup_manifest 2>/dev/null || :
		fi
	} | sed -n 's,.*"End-LSN": "\([^"]*/\)0*\([^"]*\)".*,\1\2,p' | head -n 1
}

# is_sound FILE|DIR [WAL]: and no word but the verdict and perhaps warnings; WAL "none": it is not there.
is_sound() {
	captured timeout 120 "$BIN" verify "$1"
	cat "$T/stdout"
	[ "$rc" -eq 0 ]
	fails grep -v '^pg_basetar: warning: ' "$T/stderr"
	end=$(end_of "$1")
	lines 1 '' "$T/stdout"
	case ${2:-} in
	none) grep -qE "^restorable with the WAL from [0-9A-F/]+ on, consistent from ${end:-its end}\$" "$T/stdout" ;;
	*) grep -qE "^restorable, consistent from ${end:-[0-9A-F]+/[0-9A-F]+}\$" "$T/stdout" ;;
	esac
	[ -d "$1" ] || piped "$1"
}

# The same words when it comes through a pipe.
piped() {
	cp "$T/stdout" "$T/said"
	captured through_cat "$1"
	[ "$rc" -eq 0 ]
	cmp "$T/said" "$T/stdout"
}

# shellcheck disable=SC2002 # a pipe, not the file
through_cat() {
	cat "$1" | timeout 120 "$BIN" verify -
}

# ours NAME OPTION...
ours() {
	cluster=$1
	shift
	rm -rf "$out"
	fast='-c fast'
	case " $* " in
	*' --offline '*) fast= ;;
	esac
	# shellcheck disable=SC2086 # words
	captured backup "$cluster" $fast -o "$out" "$@"
	[ "$rc" -eq 0 ]
	case " $* " in
	*' -X none '*) is_sound "$out" none ;;
	*) is_sound "$out" ;;
	esac
}

# has_its_own NAME: the programs of its release are there, pg_basebackup among them.
has_its_own() {
	[ -x "$(cat "$T/$1/bin")/pg_basebackup" ]
}

# theirs NAME OPTION...: of pg_basebackup, the server's own where it is there, a directory.
theirs() {
	cluster=$1
	shift
	rm -rf "$out"
	program=pg_basebackup
	! has_its_own "$cluster" || program=$(cat "$T/$cluster/bin")/pg_basebackup
	at "$cluster" "$program" -Ft -c fast -D "$out" "$@"
	case " $* " in
	*' -X none '*) is_sound "$out" none ;;
	*) is_sound "$out" ;;
	esac
}

# theirs_out NAME OPTION...: to standard output.
theirs_out() {
	cluster=$1
	shift
	rm -rf "$out"
	at "$cluster" pg_basebackup -Ft -c fast -X fetch -D - "$@" >"$T/out/base.tar"
	mv "$T/out/base.tar" "$out"
	is_sound "$out"
}

# as_theirs NAME METHOD: in the shape that pg_basebackup of its release gives it.
as_theirs() {
	rm -rf "$out" "$T/out/split"
	captured backup "$1" -c fast --split -o "$T/out/split"
	[ "$rc" -eq 0 ]
	mkdir "$out"
	for file in "$T/out/split"/[1-9]*.tar; do
		[ ! -e "$file" ] || cp "$file" "$out"
	done
	"$mutilate" stock "$T/out/split" "$out" "$2"
	if [ "$2" = stdout ]; then
		mv "$out/base.tar" "$T/out/base.tar"
		rm -rf "$out"
		mv "$T/out/base.tar" "$out"
	fi
	is_sound "$out"
}

# -------------------------------------------------------------------------------- the servers

# Tablespaces elsewhere, in place and in the data directory; a file of the configuration
# elsewhere; the unlogged and the empty.
make_main() {
	cluster_init main -k --wal-segsize=1
	as_server mkdir "$T/main/etc"
	as_server mv "$T/main/data/pg_hba.conf" "$T/main/etc/"
	cluster_set main wal_keep_size=1GB "hba_file = '$T/main/etc/pg_hba.conf'" allow_in_place_tablespaces=on
	cluster_start main
	load_init main 1
	as_server mkdir "$T/main/data/inside"
	sql main "create tablespace inside location '$T/main/data/inside'" 2>/dev/null
	sql main "create tablespace here location ''"
	sql main 'create table t tablespace here as select generate_series(1, 3000) g'
	sql main 'create unlogged table u tablespace inside as select generate_series(1, 3000) g'
	sql main 'create index on u (g)'
	sql main 'create table nothing ()'
	as_server mkdir "$T/main/data/pg_empty"
}

# pg_basebackup up to 15 leaves that out which is in place, and verify finds it (verify-lost-tablespace.sh).
without_here() {
	sql main 'alter table t set tablespace pg_default'
	sql main checkpoint
	sql main 'drop tablespace here'
}

# Names that pg_basebackup refuses, or nearly.
odd_names() {
	# shellcheck disable=SC1003 # it does end there
	for name in "$(printf 'long%0110d' 0)" "$(printf 'latin1-\351')" 'a "name"\'; do
		as_server "$1" "$T/main/data/$name"
	done
}

make_small() { # MAJOR [INITDB OPTION...]
	cluster_init small "$@"
	cluster_set small wal_level=replica
	cluster_start small
	as_server mkdir "$T/small/space"
	sql small "create tablespace space location '$T/small/space'"
	sql small 'create table t tablespace space as select generate_series(1, 3000) g'
}

# Of it tablespace_map does not tell.
in_place() {
	cluster_set small allow_in_place_tablespaces=on
	sql small 'select pg_reload_conf()'
	sql small "create tablespace here location ''"
	sql small 'create table h tablespace here as select generate_series(1, 3000) g'
	theirs small
	theirs small -X fetch -z
	sql small 'drop table h'
	sql small 'drop tablespace here'
}

drop_space() {
	sql small 'drop table t'
	sql small 'drop tablespace space'
	sql small checkpoint
}

standbys() {
	sql main 'drop table t, u'
	sql main 'drop tablespace if exists here'
	sql main 'drop tablespace inside'
	standby_of main standby max_standby_streaming_delay=-1
	standby_of standby second max_standby_streaming_delay=-1
}

promotion() {
	sql main 'create table more as select generate_series(1, 3000) g'
	level second main
	cluster_stop main immediate
	as_server pg_ctl -D "$T/standby/data" -s promote
	wait_until 60 is_open standby
	wait_until 60 on_timeline second 2
	sql standby 'create table yet_more as select generate_series(1, 3000) g'
	sql standby checkpoint
	level second standby
	sql second checkpoint
}

promoted_meanwhile() {
	rm -rf "$out"
	hold second
	promotion
	let_go
	[ "$rc" -eq 0 ]
	mv "$T/held.tar" "$out"
	tar -tf "$out" | grep -q '^pg_wal/00000002.history$'
	is_sound "$out"
}

# A crash, and the disk as it was then, tablespaces of "main" by -T; those of the others are in their
# data directory.
maps="-T $T/main/spc1=$T/snap/spc1 -T $T/main/spc2=$T/snap/spc2 -T $T/main/spc3=$T/snap/spc3"

snapshot() { # OPTION...
	rm -rf "$out"
	captured backup snap --snapshot -o "$out" "$@"
	[ "$rc" -eq 0 ]
	is_sound "$out"
}

shoot() { # NAME
	cluster_stop "$1" immediate
	rm -rf "$T/snap"
	cp -a "$T/$1" "$T/snap"
	cluster_start "$1"
}

t 'a cluster with all there is' make_main
t 'at rest: plain' ours main
for digest in CRC32C SHA224 SHA256 SHA384 SHA512 NONE; do
	t "at rest: gzip, $digest" ours main -z --manifest-checksums=$digest
	t "at rest: split, $digest" ours main --split --manifest-checksums=$digest
done
t 'odd names' odd_names touch
t 'odd names: plain' ours main
t 'odd names: split, gzip, SHA256' ours main --split -z --manifest-checksums=SHA256
t 'odd names: away' odd_names rm
t 'at rest: no manifest' ours main --no-manifest
t 'at rest: split, gzip, no manifest' ours main --split -z --no-manifest
t 'at rest: a blocking factor' ours main -b 256
t 'at rest: gzip, a blocking factor' ours main -z -b 256
t 'at rest: gzip 9, three jobs' ours main -Z gzip:9 -j 3
t 'at rest: WAL left to the archive' ours main -X none --no-wait-archive
t 'at rest: WAL left to the archive, split' ours main --split -z -X none --no-wait-archive
[ "$packaged" -ge 16 ] || t 'without a tablespace in place' without_here
for digest in CRC32C SHA224 SHA256 SHA384 SHA512 NONE; do
	t "at rest: pg_basebackup, $digest" theirs main --manifest-checksums=$digest
done
for method in fetch stream none; do
	t "at rest: pg_basebackup -X $method" theirs main -X $method
	t "at rest: pg_basebackup -X $method -z" theirs main -X $method -z
done
t 'at rest: pg_basebackup --no-manifest' theirs main --no-manifest
t 'at rest: pg_basebackup --manifest-force-encode' theirs main --manifest-force-encode

load_start main
for time in 1 2 3; do
	t "busy $time: plain" ours main
	t "busy $time: gzip" ours main -z
	t "busy $time: split" ours main --split -z
	t "busy $time: no manifest" ours main --no-manifest
	t "busy $time: WAL left to the archive" ours main -X none --no-wait-archive
	t "busy $time: pg_basebackup" theirs main
	t "busy $time: pg_basebackup -X fetch" theirs main -X fetch
done
# CREATE INDEX and VACUUM FULL write pages of files that nobody sees yet ahead of their WAL, and a
# snapshot that has such pages is refused (the manual, CAVEATS): they are over by then.
shoot_busy() {
	churn_stop main
	shoot main
	wait
}
t 'a crash' shoot_busy
# shellcheck disable=SC2086 # words
{
	t 'its snapshot' snapshot $maps
	t 'its snapshot: split, gzip' snapshot $maps --split -z
	t 'its snapshot: no manifest' snapshot $maps --no-manifest
}

t 'standbys' standbys
load_start main
for time in 1 2; do
	t "standby $time: plain" ours standby
	t "standby $time: split, gzip" ours standby --split -z
	t "standby $time: no manifest" ours standby --no-manifest
	t "standby $time: pg_basebackup" theirs standby
	t "standby $time: pg_basebackup -X fetch" theirs standby -X fetch
	t "standby $time: of a standby" ours second
done
load_stop main
t 'a standby, crashed' shoot standby
t 'its snapshot' snapshot
stop_second() {
	level second main
	cluster_stop second
}
t 'a standby is stopped' stop_second
t 'stopped standby' ours second --offline
t 'stopped standby: split' ours second --offline --split
t 'it goes on' cluster_start second
t 'promoted while the backup ran' promoted_meanwhile
t 'promoted earlier' ours standby
t 'promoted earlier: pg_basebackup' theirs standby
t 'promoted earlier: its standby' ours second
t 'promoted earlier: its standby, pg_basebackup' theirs second
t 'the crash of a primary' shoot standby
t 'its snapshot' snapshot
stop_all() {
	cluster_stop second
	cluster_stop standby
}
t 'they are stopped' stop_all
t 'stopped primary' ours standby --offline
t 'stopped primary: gzip, no manifest' ours standby --offline -z --no-manifest
t 'stopped primary: split, gzip' ours standby --offline --split -z
rm -rf "$T/standby" "$T/second" "$T/snap" "$T/main"

# releases.sh has all of them, each verified before it is restored.  Besides the slice: 14, of
# which pg_basebackup is at hand and the functions are older; 17, the first with manifests of version 2
for major in $(majors slice 14 17); do
	# shellcheck disable=SC2046 # a word or none
	t "$major: a server" make_small "$major" $(small_segments "$major")
	[ -e "$T/small/data/postmaster.pid" ] || continue
	t "$major: plain" ours small
	! has_its_own small || t "$major: its own pg_basebackup" theirs small -X fetch -z
	! has_its_own small || [ "$major" -lt 16 ] || t "$major: its own, a tablespace in place" in_place
	t "$major: split, gzip, SHA256" ours small --split -z --manifest-checksums=SHA256
	theirs=yes # the packaged pg_basebackup knows that server
	[ "$major" -le "$packaged" ] || theirs=no
	[ "$major" -ge 13 ] || theirs=unproved # without a manifest
	case $theirs in
	yes)
		t "$major: pg_basebackup" theirs small
		t "$major: pg_basebackup -X fetch -z" theirs small -X fetch -z
		;;
	no)
		for method in fetch stream; do
			t "$major: as pg_basebackup -X $method" as_theirs small $method
		done
		;;
	esac
	t "$major: without tablespaces" drop_space
	case $theirs in
	yes) t "$major: pg_basebackup to standard output" theirs_out small ;;
	no) t "$major: as pg_basebackup to standard output" as_theirs small stdout ;;
	esac
	cluster_stop small
	t "$major: stopped" ours small --offline
	rm -rf "$T/small"
done
while read -r options; do
	# shellcheck disable=SC2086 # words
	t "$packaged, $options: a server" make_small "$packaged" $options
	t "$packaged, $options: plain" ours small
	t "$packaged, $options: pg_basebackup" theirs small
	t "$packaged, $options: without tablespaces" drop_space
	t "$packaged, $options: pg_basebackup to standard output" theirs_out small
	cluster_stop small
	rm -rf "$T/small"
done <<'EOT'
	--wal-segsize=1
	-k -g
	-k --wal-segsize=64
EOT

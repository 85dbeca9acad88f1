#!/bin/sh
# What is read was written by somebody else: archives that were changed, sets that lost a part, and
# input that means harm.  Those that other programs packed anew are in verify-packed.sh.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
a=$T/out/a.tar
x=$T/out/x.tar
from=$a

# verified STATUS ARGUMENT...
verified() {
	status=$1
	shift
	captured "$BIN" verify "$@"
	cat "$T/stdout"
	[ "$rc" -eq "$status" ]
}

# is_sound ARCHIVE|DIR: without a word more than the verdict.
is_sound() {
	verified 0 "$1"
	[ ! -s "$T/stderr" ]
	lines 1 '^restorable' "$T/stdout"
}

# found PATTERN ARCHIVE|DIR: a finding says so.
found() {
	verified 3 "$2"
	grep -qE "^pg_basetar: $1" "$T/stderr"
}

prepared() {
	cluster_init main -k --wal-segsize=1
	cluster_set main autovacuum=off
	cluster_start main
	tablespace main spc
	sql main 'create table t tablespace spc as select generate_series(1, 1000)'
	backup main -c fast -o "$a"
	chmod 644 "$a"
	is_sound "$a"
}

# ---------------------------------------------------------------- changed and packed anew

owners_named() {
	tar -tvf "$a" base | head -n 1 | grep -q "$owner/$(id -gn "$owner") "
	[ -z "$(tar --numeric-owner -tvf "$a" | awk '{ print $2 }' | sort -u | sed 1d)" ]
}

# members ARCHIVE: their names as GNU tar takes them, in order.
members() {
	tar -tf "$1" | sed 's,/$,,'
}

# Owner names are no proof: pg_control says that there was a pg_basetar.info.
info_lost() {
	rm -rf "$T/out/tree" "$x"
	mkdir "$T/out/tree"
	tar -xpf "$a" -C "$T/out/tree"
	members "$a" | grep -vx pg_basetar.info |
		tar --format=ustar --no-recursion -cf "$x" -C "$T/out/tree" -T -
	found 'missing: "pg_basetar.info": it says how the backup was made' "$x"
	lines 1 '' "$T/stderr"
}

# info_of COMMAND...: the archive $from with a pg_basetar.info that COMMAND makes of its own.
info_of() {
	rm -rf "$T/out/tree" "$x"
	mkdir "$T/out/tree"
	tar -xpf "$from" -C "$T/out/tree"
	"$@" "$T/out/tree/pg_basetar.info"
	members "$from" | tar --format=ustar --no-recursion -cf "$x" -C "$T/out/tree" -T -
}

info_of_an_earlier() {
	info_of sed -i 's,^start: .*,start: 0/28,'
	found 'info: "pg_basetar.info": is of another backup than backup_label' "$x"
}

info_of_a_later() {
	info_of sed -i 's,^start: .*,start: 9/28,'
	found 'info: "pg_basetar.info": start: 0/[0-9A-F]+ expected, 9/28 found' "$x"
}

info_without_start() {
	from=$T/out/n.tar
	backup main -c fast --no-manifest -o "$from"
	chmod 644 "$from"
	info_of sed -i -e '/^start: /d' -e '/^start_time: /d'
	tar -xOf "$x" pg_basetar.info | lines 0 '^start' -
	verified 0 "$x"
}

# stale NAME OPTION...: a copy of $x that pg_basebackup sends, with pg_basetar.info as its first file.
stale() {
	copy=$1
	shift
	rm -rf "$T/out/set" "$T/out/tree"
	at "$copy" pg_basebackup -Ft -c fast -D "$T/out/set" "$@" >/dev/null 2>&1
	verified 0 "$T/out/set"
	mkdir "$T/out/tree"
	tar -xf "$T/out/set/base.tar" -C "$T/out/tree"
	members "$T/out/set/base.tar" >"$T/out/names"
	{
		grep -x -e backup_label -e tablespace_map "$T/out/names"
		echo pg_basetar.info
		grep -vx -e backup_label -e tablespace_map -e pg_basetar.info "$T/out/names"
	} | tar --format=ustar --no-recursion --owner=postgres --group=postgres \
		-cf "$T/out/set/base.tar" -C "$T/out/tree" -T -
	verified 0 "$T/out/set"
	captured "$BIN" info "$T/out/set"
	grep -q 'pg_basebackup base backup' "$T/stdout"
}

stale_info() {
	restore copy "$a"
	cluster_start copy
	stale copy
	stale copy -X none
	cluster_stop copy
}

# A standby that has replayed nothing is backed up from where it was restored from.
stale_on_a_standby() {
	restore copy "$a"
	follows copy main
	cluster_start copy
	stale copy -X none
	cluster_stop copy
	sql main checkpoint
	cluster_stop main
	captured as_server "$BIN" -D "$T/main/data" --offline -o "$T/out/offline.tar"
	[ "$rc" -eq 0 ]
	cluster_start main
	chmod 644 "$T/out/offline.tar"
	restore copy "$T/out/offline.tar"
	follows copy main
	cluster_start copy
	stale copy -X none
	cluster_stop copy
}

# ---------------------------------------------------------------- oddities of pg_basebackup

# stock OPTION...: by pg_basebackup, a directory.
stock() {
	rm -rf "$T/out/set"
	at main pg_basebackup -Ft -c fast -D "$T/out/set" "$@" >/dev/null 2>&1
}

# restored_here FROM: as the cluster "copy".
restored_here() {
	cluster_dir copy
	captured as_server "$BIN" restore "$1" -D "$T/copy/data" -T "$T/main/spc=$T/copy/spc"
	[ "$rc" -eq 0 ]
}

# PostgreSQL writes a time before 1970 without its sign, which GNU tar refuses.
before_1970() {
	as_server touch -d '1969-12-31 12:00:00 UTC' "$T/main/data/old"
	stock
	captured backup main -c fast -o - >/dev/null
	mv "$T/stdout" "$T/out/ours.tar"
	as_server rm "$T/main/data/old"
	is_sound "$T/out/set"
	is_sound "$T/out/ours.tar"
	for from in "$T/out/set" "$T/out/ours.tar"; do
		restored_here "$from"
		[ "$(stat -c %Y "$T/copy/data/old")" -eq -43200 ]
	done
}

label_of_two_lines() {
	stock -l "one
two"
	verified 0 "$T/out/set"
	lines 1 '' "$T/stderr"
	grep -q 'warning: the label in backup_label has several lines' "$T/stderr"
	captured "$BIN" info "$T/out/set"
	grep -q '^label: *one?two$' "$T/stdout"
	restored_here "$T/out/set"
	cluster_start copy
	[ "$(sql copy 'select count(*) from t')" -eq 1000 ]
	cluster_stop copy
	stock -l "one
START TIMELINE: 7"
	verified 3 "$T/out/set"
	grep -q 'label: "backup_label": line "START TIMELINE: 7" is wrong' "$T/stderr"
	lines 0 'a copy of a running server' "$T/stderr"
}

# Whether it was made without WAL or lost it, nothing tells.
wal_lost() {
	stock -X stream
	is_sound "$T/out/set"
	verified 0 --need-wal "$T/out/set"
	rm "$T/out/set/pg_wal.tar"
	verified 0 "$T/out/set"
	lines 1 'warning: the backup has no WAL: .* pg_wal.tar was lost; the WAL from [0-9A-F/]* on' "$T/stderr"
	grep -q '^restorable with the WAL from' "$T/stdout"
	verified 3 --need-wal "$T/out/set"
	lines 1 '' "$T/stderr"
	grep -q 'missing: "pg_wal": the WAL from [0-9A-F/]* on is not in the backup' "$T/stderr"
	grep -qx 'NOT restorable: 1 finding' "$T/stdout"
}

without_wal() {
	captured backup main -c fast -X none --no-wait-archive -o "$x" --force
	[ "$rc" -eq 0 ]
	chmod 644 "$x"
	is_sound "$x"
	verified 3 --need-wal "$x"
	grep -q 'missing: "pg_wal": ' "$T/stderr"
	verified 0 --need-wal "$a"
	verified 1 --need-wal # what is needed as well is an archive
}

# ---------------------------------------------------------------- what this release cannot read

# unknown COMMAND...: the release is what is said, and nothing of damage.
unknown() {
	captured "$BIN" "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'PostgreSQL 25 is not supported by this release of pg_basetar \([0-9]+ to [0-9]+\)'
	fails grep -q restorable "$T/stderr"
}

# Its label is written otherwise, and so are pg_control and WAL.
release_of_the_future() {
	stock
	rm -rf "$T/out/tree"
	mkdir "$T/out/tree"
	tar -xpf "$T/out/set/base.tar" -C "$T/out/tree"
	members "$T/out/set/base.tar" | sed -e '/^PG_VERSION$/d' \
		-e 's,^global/pg_control$,PG_VERSION\n&,' >"$T/out/order"
	sed -i 's/^START WAL.*/START: 0:0/' "$T/out/tree/backup_label"
	echo 25 >"$T/out/tree/PG_VERSION"
	tar --format=ustar --no-recursion -cf "$T/out/set/base.tar" -C "$T/out/tree" -T "$T/out/order"
	unknown verify "$T/out/set"
	from=$a
	info_of sed -i 's/^server_version: .*/server_version: 25/'
	unknown verify "$x"
	unknown info "$x"
	cluster_dir copy
	unknown restore "$x" -D "$T/copy/data"
	cp -a "$T/main/data" "$T/copy/data"
	echo 25 >"$T/copy/data/PG_VERSION"
	unknown -D "$T/copy/data" -o "$T/out/y.tar"
}

compressed_set() {
	[ -n "$(command -v xz)" ] || skip 'no xz here'
	stock
	xz -0 "$T"/out/set/*.tar
	verified 1 "$T/out/set"
	one_error "$T/stderr" '\.tar\.xz: compressed with xz, which this version does not read'
	grep -q '^hint: Decompress the archives of the directory first, with "xz -d"' "$T/stderr"
}

# ---------------------------------------------------------------- terminals

# C1 in UTF-8 and as a byte, a turn of direction: no output has them, and the name can be told.
evil=$(printf 'a\302\2332J\342\200\256b\233')
told='a\\xC2\\x9B2J\\xE2\\x80\\xAEb\\x9B'

harmless() { # FILE...
	! LC_ALL=C grep -q "$(printf '[\200-\377]')" "$@"
}

evil_names() {
	verified 1 "$T/out/$evil"
	harmless "$T/stderr"
	grep -q "$told" "$T/stderr"
	as_server touch "$T/main/data/$evil"
	as_server ln -s nowhere "$T/main/data/link$evil"
	captured backup main -c fast -l "l${evil%?}" -o "$x" -v -P --force
	[ "$rc" -eq 0 ]
	chmod 644 "$x"
	harmless "$T/stderr"
	grep -q "link$told" "$T/stderr"
	"$BIN" info "$x" >"$T/stdout"
	harmless "$T/stdout"
	grep -q "^label: *l${told%?????}" "$T/stdout"
	"$BIN" info --json "$x" >"$T/stdout"
	grep -q '"la\\u009b2J\\u202eb' "$T/stdout"
	tar --delete -f "$x" "$evil" # its name is Latin-1, and no member of a pax header
	verified 3 "$x"
	harmless "$T/stderr"
	grep -q "$told" "$T/stderr"
	as_server rm "$T/main/data/$evil" "$T/main/data/link$evil"
}

# ---------------------------------------------------------------- passwords

# A connection string that is wrong in some way: what may be a password is nowhere repeated.
passwords() {
	while read -r connection; do
		for how in -d --dbname; do
			rm -f "$T/out/report.json"
			captured as_server timeout 60 "$BIN" -D "$T/main/data" "$how" "$connection" -w \
				-o "$T/out/y.tar" --report="$T/out/report.json"
			[ "$rc" -eq 1 ]
			one_error "$T/stderr"
			fails grep -iq secret "$T/stderr" "$T/out/report.json"
		done
		captured "$BIN" "$connection"
		[ "$rc" -eq 1 ]
		fails grep -iq secret "$T/stderr"
	done <<'EOF'
postgresql://u:secret@[::1/db
postgresql://u:%zzsecret@localhost/db
postgresql://u:s@secret@localhost/db
postgresql://u:s/secret@localhost/db
postgresql://u:secret@localhost/db?secret
postgres:/u:secret@localhost/db
host=localhost password=a secret
host=localhost password=a secret=b
EOF
}

# said_nowhere COMMAND...: neither it nor its report repeats the password.  Few of them succeed.
said_nowhere() {
	rm -f "$T/out/report.json" "$T/out/y.tar"
	captured as_server timeout 60 "$@" --report="$T/out/report.json"
	[ "$rc" -eq 0 ] || one_error "$T/stderr"
	fails grep -q SECRET "$T/stderr"
	[ ! -e "$T/out/report.json" ] || fails grep -q SECRET "$T/out/report.json"
}

# What takes a connection string for a name sends it on: to the server, which repeats it, at most
# 63 bytes of it, or to the system's resolver.
misplaced_passwords() {
	uri=postgresql://u:SECRET@localhost/db
	long=postgresql://$(printf '%050d' 0):SECRETSECRET@localhost/db
	for value in "$uri" "$long" 'postgresql://u:SE"SECRET@h/db' "host=h password=SECRET" \
		"host=h sslpassword = 'my SECRET'" u:SECRET@h/db; do
		quoted=$(printf '%s' "$value" | sed "s/'/\\\\'/g")
		for keyword in dbname host user port service sslmode options passfile; do
			said_nowhere "$BIN" -D "$T/main/data" -v -w -o "$T/out/y.tar" \
				-d "host=$T/main $keyword='$quoted'"
		done
		for variable in PGDATABASE PGHOST PGUSER PGPORT PGSERVICE PGOPTIONS PGSSLMODE; do
			said_nowhere env "PGHOST=$T/main" "$variable=$value" \
				"$BIN" -D "$T/main/data" -v -w -o "$T/out/y.tar"
		done
		for option in -h -p -U; do
			said_nowhere "$BIN" -D "$T/main/data" -w -o "$T/out/y.tar" "$option" "$value"
		done
		said_nowhere "$BIN" restore "$T/out/y.tar" -D "$T/out/new" "--primary-conninfo=$value"
		[ "$value" != u:SECRET@h/db ] || continue # a file may have that name
		said_nowhere "$BIN" -D "$value" -o "$T/out/y.tar"
		said_nowhere "$BIN" -D "$T/main/data" "-o$value"
		said_nowhere "$BIN" verify "$value"
	done
	said_nowhere "$BIN" -D "$T/main/data" -p SECRET -o "$T/out/y.tar"
	said_nowhere "$BIN" -D "$T/main/data" -W SECRET -o "$T/out/y.tar"
}

# ---------------------------------------------------------------- the program itself

# is_hardened: what an archive that found a hole in it would have to overcome.
is_hardened() {
	[ -n "$(command -v readelf)" ] || skip 'no readelf here'
	LC_ALL=C readelf -W --file-header --program-headers --dynamic --symbols "$BIN" >"$T/elf"
	! grep -q -e __asan -e __tsan "$T/elf" || skip 'built with a sanitizer'
	grep -q '^ *Type: *DYN' "$T/elf"
	lines 1 'INTERP' "$T/elf" || lines 2 'INTERP' "$T/elf"
	grep -q 'GNU_RELRO' "$T/elf"
	grep -qE 'BIND_NOW|FLAGS_1.*NOW' "$T/elf"
	fails grep -q "GNU_STACK.*RWE" "$T/elf"
	grep -q '__stack_chk_fail' "$T/elf"
}

# Branches lead to marked places only, where the machine can see to that.
has_landing_pads() {
	[ -n "$(command -v objdump)" ] || skip 'no objdump here'
	[ "$(uname -m)" = x86_64 ] || skip 'not on x86_64'
	! readelf -sW "$BIN" | grep -q -e __asan -e __tsan || skip 'built with a sanitizer'
	objdump -d --disassemble=main "$BIN" | grep -q endbr64
}

# The flags of a packager reach the compiler; a value of its own is not set twice.
flags_of_a_packager() {
	make -n -B -C "$top" V=packager CPPFLAGS='-DPACKAGER -D_FORTIFY_SOURCE=3' \
		build/packager/src/main.o >"$T/make"
	grep -q -e '-DPACKAGER -D_FORTIFY_SOURCE=3' "$T/make"
	fails grep -q -e '_FORTIFY_SOURCE=2' "$T/make"
	make -n -B -C "$top" V=rel all >"$T/make"
	grep -q -e '-D_FORTIFY_SOURCE=2' "$T/make"
}

t 'a cluster, and its backup' prepared
t 'members have the names of owner and group' owners_named
t 'packed anew without pg_basetar.info' info_lost
t 'pg_basetar.info of an earlier backup' info_of_an_earlier
t 'pg_basetar.info of a later backup' info_of_a_later
t 'pg_basetar.info of the first archives, without a start' info_without_start
t 'pg_basebackup of a restored cluster, pg_basetar.info first: sound' stale_info
t 'pg_basebackup of a restored standby that is where it began: sound' stale_on_a_standby
t 'a file of 1969: sound, and restored as it was' before_1970
t 'pg_basebackup: a label of two lines: a warning' label_of_two_lines
t 'pg_basebackup: pg_wal.tar is lost: a warning, or a finding' wal_lost
t 'ours, without WAL: a finding with --need-wal' without_wal
t 'a release that is not known is named, before any damage' release_of_the_future
t 'a set that is compressed otherwise' compressed_set
t 'names that steer a terminal' evil_names
t 'malformed connection strings with passwords' passwords
t 'connection strings where a name is expected' misplaced_passwords
t 'the program is hardened: PIE, RELRO, no lazy binding, a stack that is no code' is_hardened
t 'the program is hardened: control flow' has_landing_pads
t 'the flags of a packager' flags_of_a_packager

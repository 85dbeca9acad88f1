#!/bin/sh
# Names with the date.  info DIRECTORY: the backups in it, each by what it says of itself; nothing in it makes it fail.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
shelf=$T/out/shelf

listed() {
	captured timeout 60 "$BIN" info "$@"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
	cat "$T/stdout"
}

prepared() {
	for cluster in main other; do
		cluster_init "$cluster"
		cluster_start "$cluster"
	done
	as_server mkdir "$shelf"
	listed "$shelf"
	[ "$(cat "$T/stdout")" = 'no backups' ]
	backup main -c fast -q -l first -o "$shelf/one.tar.gz" --report="$shelf/any name"
	backup main -c fast -q --split -o "$shelf/two"
	backup other -c fast -q -o "$shelf/third.tar"
	at main pg_basebackup -Ft -X fetch -c fast -D - >"$shelf/stock.tar"
	identifier=$(sql main 'select system_identifier from pg_control_system()')
	echo "$identifier" >"$T/out/identifier"
}

all() {
	listed "$shelf"
	lines 2 '^system identifier [0-9]*, server version '"$packaged:\$" "$T/stdout"
	lines 1 '^  one.tar.gz  *20[0-9-]*T[0-9:]*Z  *0/.* to 0/.*, timeline 1  .* MB  sound     first$' "$T/stdout"
	lines 1 '^  two  *20[0-9-]*T.* -         pg_basetar base backup$' "$T/stdout"
	lines 1 '^  stock.tar  *20..-..-.. ..:..:.. .* pg_basebackup base backup$' "$T/stdout"
	lines 0 'any name' "$T/stdout"
	grep -A 3 "$(cat "$T/out/identifier")" "$T/stdout" | sed -n 's/^  \([^ ]*\) .*/\1/p' >"$T/out/order"
	printf '%s\n' one.tar.gz two stock.tar | cmp - "$T/out/order"
}

# What verify found last counts.
verdicts() {
	"$BIN" verify -q "$shelf/one.tar.gz" --report="$shelf/later"
	sed -i 's/"result": "sound"/"result": "findings"/; s/"ended": "2/"ended": "9/' "$shelf/later"
	listed --json "$shelf"
	grep '"name": "one.tar.gz"' "$T/stdout" | grep -q '"verdict": "findings", "verdict_of": "verify", "verdict_ended": "9'
	sed -i 's,"start_lsn": ".*",\"start_lsn": "0/1",' "$shelf/later" # of another backup of that name
	listed --json "$shelf"
	grep '"name": "one.tar.gz"' "$T/stdout" | grep -q '"verdict": "sound", "verdict_of": "backup"'
	echo '{' >"$shelf/later"
	head -c 100 "$shelf/any name" >"$shelf/later still"
	listed "$shelf"
	lines 1 '^  later: ' "$T/stdout"
	rm "$shelf/later" "$shelf/later still"
}

others() {
	echo text >"$shelf/notes"
	: >"$shelf/empty"
	head -c 100000 /dev/urandom >"$shelf/random.tar.gz"
	head -c 2000000 "$shelf/one.tar.gz" >"$shelf/cut.tar.gz"
	head -c 2000000 "$shelf/third.tar" >"$shelf/cut.tar"
	ln -s one.tar.gz "$shelf/latest"
	ln -s nowhere "$shelf/nowhere"
	mkfifo "$shelf/fifo"
	mkdir "$shelf/dir"
	printf x >"$shelf/$(printf 'evil\033[31m\nname')"
	listed "$shelf"
	for other in notes empty random.tar.gz cut.tar.gz cut.tar latest nowhere fifo dir evil; do
		sed '1,/^not backups/d' "$T/stdout" | grep -q "^  $other.*: "
	done
	lines 0 "$(printf '\033')" "$T/stdout"
	[ "$(sed '1,/^not backups/d' "$T/stdout" | wc -l)" -eq 10 ]
	listed --json "$shelf"
	lines 1 '"name": "latest", "reason": "is a symbolic link"' "$T/stdout"
}

# One that is itself a backup, and the same with --list.
itself() {
	cp "$shelf/one.tar.gz" "$shelf/two/2026-12-01.tar.gz"
	captured "$BIN" info "$shelf/two"
	[ "$rc" -eq 0 ]
	lines 1 '^label: ' "$T/stdout"
	listed --list "$shelf/two"
	lines 1 '^  2026-12-01.tar.gz ' "$T/stdout"
	captured "$BIN" info --list "$shelf/nothing"
	one_error "$T/stderr" 'could not open directory'
	captured "$BIN" info --list -
	one_error "$T/stderr" 'needs a directory'
}

# -o with conversions: the local time, of a file and of a directory; what else has a percent sign is refused.
named() {
	today=$(date +%F)
	captured backup main -c fast -q -o "$T/out/%Y-%m-%d 100%%.tar.gz"
	[ "$rc" -eq 0 ]
	if [ ! -e "$T/out/$today 100%.tar.gz" ]; then # it is past midnight by now
		[ -e "$T/out/$(date +%F) 100%.tar.gz" ]
		today=$(date +%F)
	fi
	captured backup main -c fast -q -o "$T/out/%F 100%%.tar.gz"
	one_error "$T/stderr" 'File exists'
	captured backup main -c fast -q --force -o "$T/out/%F 100%%.tar.gz"
	[ "$rc" -eq 0 ]
	captured backup main -c fast -q --split -o "$T/out/set-%Y"
	[ "$rc" -eq 0 ]
	[ -e "$T/out/set-$(date +%Y)/base.tar" ]
	captured backup main -c fast -o "$T/out/%b.tar"
	one_error "$T/stderr" '"%b" is not a conversion of a name'
	captured "$BIN" check -D "$T/main/data" -o "$T/out/%b.tar"
	one_error "$T/stderr" '"%b" is not a conversion of a name'
}

t 'backups of two clusters' prepared
t 'names with the date' named
t 'each has a line, the oldest first' all
t 'verdicts' verdicts
t 'what is no backup is named' others
t 'a directory that is a backup' itself

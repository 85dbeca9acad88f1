#!/bin/sh
# Words that mean harm, or should not be said: names that steer a terminal, and passwords, also where a
# name is expected.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
# shellcheck source=tests/e2e/lib/verified.sh
. "$top/tests/e2e/lib/verified.sh"

prepared() {
	cluster_init main --wal-segsize=1
	cluster_set main autovacuum=off
	cluster_start main
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

t 'a cluster' prepared
t 'names that steer a terminal' evil_names
t 'malformed connection strings with passwords' passwords
t 'connection strings where a name is expected' misplaced_passwords

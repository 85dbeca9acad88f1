# shellcheck shell=sh
# shellcheck disable=SC2154 # lib/base.sh sets rc
# For tests of verify: what it says of an archive or of a directory of archives, and archives that are
# changed; sourced after lib/base.sh.
a=$T/out/a.tar
x=$T/out/x.tar # what is changed

# verified STATUS ARGUMENT...
verified() {
	status=$1
	shift
	captured "$BIN" verify "$@"
	cat "$T/stdout"
	[ "$rc" -eq "$status" ]
}

# is_sound ARGUMENT...: without a word more than the verdict; but of a backup without a manifest that it
# has none.
is_sound() {
	verified 0 "$@"
	fails grep -v '^pg_basetar: warning: the backup has no manifest: ' "$T/stderr"
	lines 1 '' "$T/stdout"
	grep -qE '^restorable(, consistent from [0-9A-F]+/[0-9A-F]+$| with the WAL from )' "$T/stdout"
}

# found PATTERN ARGUMENT...: one of the findings is that.
found() {
	pattern=$1
	shift
	verified 3 "$@"
	grep -qE "^pg_basetar: $pattern" "$T/stderr"
	tail -n 1 "$T/stdout" | grep -qE '^NOT restorable: [0-9]+ findings?$'
}

# unreadable PATTERN ARGUMENT...: not to its end.
unreadable() {
	pattern=$1
	shift
	verified 1 "$@"
	grep -qE "^pg_basetar: NOT restorable: .*could not be read to its end: .*$pattern" "$T/stderr"
	[ ! -s "$T/stdout" ]
}

# taken FILE OPTION...: a backup of the cluster "main".
taken() {
	file=$1
	shift
	rm -rf "$file"
	captured backup main -c fast -o "$file" "$@"
	[ "$rc" -eq 0 ]
}

# ---------------------------------------------------------------- damaged

# offset ARCHIVE MEMBER: of its header.
offset() {
	number=$(tar -tRf "$1" | awk -v m="$2" '{ sub(/^block /, "") } $2 == m { print $1 + 0; exit }')
	[ -n "$number" ]
	echo $((number * 512))
}

flipped() { # PATTERN MEMBER BYTE [ARCHIVE]
	cp "${4:-$a}" "$x"
	flip "$x" $(($(offset "$x" "$2") + 512 + $3))
	found "$1" "$x"
}

# only_missing FILE MEMBER [PATTERN]: one cause is one finding, whatever else asks for the member.
only_missing() {
	cp "$1" "$x"
	tar --delete -f "$x" "$2"
	is_only_missing "$2" "${3:-.}" "$x"
}

is_only_missing() { # MEMBER PATTERN FILE|DIRECTORY
	found "missing: \"$1\": $2" --report="$T/report.json" "$3"
	[ "$(grep -vc '^pg_basetar: warning: ' "$T/stderr")" -eq 1 ]
	grep -qx 'NOT restorable: 1 finding' "$T/stdout"
	grep -q "\"kind\": \"missing\", \"file\": \"$1\"" "$T/report.json"
}

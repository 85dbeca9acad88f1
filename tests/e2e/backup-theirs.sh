#!/bin/sh
# Command lines written for pg_basebackup -Ft, with a real server: what they ask for is done, passed
# over with a message, or refused with what to do instead.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"

cluster_init main --wal-segsize=1
cluster_start main
empty_dir=$T/out/empty
as_server mkdir "$empty_dir"

# ours OPTION...: a script's pg_basebackup, renamed; the cluster is $PGDATA.
ours() {
	as_server env PGDATA="$T/main/data" timeout 300 "$BIN" "$@"
}

# Each option that the help of pg_basebackup of that release names is known.
known() { # MAJOR
	client=$(server_of "$1")/pg_basebackup
	[ -x "$client" ] || skip "no pg_basebackup of version $1 here"
	"$client" --help | sed -n 's/^ *\(-[A-Za-z], \)\{0,1\}--\([a-z-]*\)\(.*\)/\2 \3/p' >"$T/options"
	[ "$(wc -l <"$T/options")" -gt 20 ]
	while read -r option value; do
		case $option in help | version) continue ;; esac
		case $value in
		=*) captured ours --offline --"$option"=1 ;;
		*) captured ours --offline --"$option" ;;
		esac
		lines 0 'unknown option\|is ambiguous\|takes no value\|needs a value' "$T/stderr"
	done <"$T/options"
}
t 'all options of the packaged pg_basebackup are known' known "$packaged"
t 'all options of pg_basebackup 19 are known' known 19

taken() { # NOTES OPTION...
	notes=$1
	shift
	rm -f "$T/out/base.tar.gz"
	captured ours -o "$T/out/base.tar.gz" -c fast "$@"
	[ "$rc" -eq 0 ]
	lines "$notes" '^pg_basetar: option "--.* is \(ignored\|taken as\)' "$T/stderr"
	"$BIN" verify -q "$T/out/base.tar.gz"
	clean main
}
while read -r notes options; do
	# shellcheck disable=SC2086 # words
	t "taken: $options" taken "$notes" $options
done <<'EOT'
0 -Ft -X fetch -z -l nightly
1 -F tar -X stream --gzip --no-sync
1 -Ft --wal-method=stream -Z 1 --manifest-checksums=SHA256
1 -n -N -w
1 --no-clean --no-slot
1 -s 10 -Z gzip:level=1
1 --slot=standby1 -d postgres
1 --manifest-force-encode -r 900M
0 --sync-method=fsync --no-verify-checksums -t client
1 --sync-method=syncfs --compress=client-gzip
4 -Ft -nXstream -s 5 -S standby1 -U postgres
EOT

quiet() {
	rm -f "$T/out/base.tar.gz"
	captured ours -q -Xs -n -o "$T/out/base.tar.gz" -c fast
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stderr" ]
}
t 'nothing is said with -q' quiet

to_the_server() {
	captured ours -Ft -z -c fast -X fetch -t "server:$T/out/dir"
	[ "$rc" -eq 0 ]
	lines 1 '^pg_basetar: option "--target=server" is taken as "--split --output"' "$T/stderr"
	[ "$(ls "$T/out/dir")" = "$(printf 'backup_manifest\nbase.tar.gz')" ]
	"$BIN" verify -q "$T/out/dir"
}
t '-t server:DIR' to_the_server

blackhole() {
	captured ours -c fast -X fetch -t blackhole
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stdout" ]
}
t '-t blackhole' blackhole

refused() { # HINT OPTION...
	hint=$1
	shift
	captured ours -o "$T/out/none.tar" "$@"
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'options? "--'
	grep -q "^hint: .*$hint" "$T/stderr"
	[ ! -e "$T/out/none.tar" ]
	clean main
}
t 'refused: -C without -S' refused 'Name it with --slot' -C
t 'refused: -i' refused 'each backup is restored alone' -i old/backup_manifest
t 'refused: -R' refused 'restore --standby' -R
t 'refused: -F p' refused 'pg_basetar restore' -F p
t 'refused: -t server: with -o' refused 'with -o alone' -t server:/b

# not_the_output OUT: -D of such a script; the command that the hint names is the right one.
not_the_output() {
	captured ours -Ft -X fetch -c fast -D "$1"
	[ "$rc" -eq 1 ]
	[ ! -s "$T/stdout" ]
	one_error "$T/stderr" 'data directory'
	command=$(sed -n 's/^hint: .* write: pg_basetar //p' "$T/stderr")
	[ -n "$command" ]
	as_server env PGDATA="$T/main/data" sh -c "'$BIN' -c fast $command" >"$T/stream"
	case $1 in
	-) "$BIN" verify -q "$T/stream" ;;
	*) "$BIN" verify -q "$1" ;;
	esac
}
t '-D OUT that is missing' not_the_output "$T/out/missing"
t '-D OUT that is empty' not_the_output "$empty_dir"
t '-D -' not_the_output -

# Progress has a percent, but for --no-estimate-size.
progress() { # OPTION...
	script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip 'no pseudo-terminal here'
	script -qefc "$as timeout --foreground 60 $BIN -D $T/main/data -c fast -P $* -o $T/out/p.tar --force" \
		/dev/null >"$T/screen" </dev/null
}
measured() {
	progress
	grep -q '100%' "$T/screen"
}
not_measured() {
	progress --no-estimate-size
	lines 0 '%' "$T/screen"
	grep -q 'MB' "$T/screen"
}
t 'progress with percent' measured
t 'progress without, with --no-estimate-size' not_measured

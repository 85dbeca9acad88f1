# shellcheck shell=sh
# shellcheck disable=SC2154 # lib/base.sh sets rc
# For tests of --split: directories of archives of "main"; sourced after lib/background.sh.
dir=$T/out/split

# shellcheck disable=SC2120 # of a test that calls it with none
# taken OPTION...: a backup of "main" in $dir.
taken() {
	rm -rf "$dir"
	captured backup main -c fast --split -o "$dir" "$@"
	[ "$rc" -eq 0 ]
	[ ! -s "$T/stdout" ]
	clean main
}

# One that was held up by the rate: it is in the middle of the tablespaces.
slow() {
	rm -rf "$dir"
	start main -c fast --split -o "$dir" -r "$@"
	wait_until 60 in_phase 'sending files'
	empty "$dir"
}

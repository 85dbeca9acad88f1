#!/bin/sh
# Completion: each shell that is here loads its script, and completes command lines by it.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"

# by_bash LINE WORD: what bash offers for the last word of LINE; "=" is a word of its own.  Its options of
# completion can only be set while a key is handled.
by_bash() {
	cat >"$T/complete" <<-'BASH'
		source "$2"
		compopt() { echo "compopt $*"; }
		line=${1//=/ = }
		read -ra COMP_WORDS <<<"$line"
		[[ $line != *' ' ]] || COMP_WORDS+=('')
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		set -u
		_pg_basetar
		printf '%s\n' "${COMPREPLY[@]-}"
	BASH
	bash --norc "$T/complete" "$1" "$T/out/bash" >"$T/words" 2>"$T/error"
	cat "$T/words" "$T/error"
	[ ! -s "$T/error" ]
	[ "$(grep -v ^compopt "$T/words" | tr '\n' ' ')" = "$2 " ]
}

in_bash() {
	[ -n "$(command -v bash)" ] || skip 'no bash here'
	"$BIN" completion bash >"$T/out/bash"
	by_bash 'pg_basetar ver' verify
	by_bash 'pg_basetar ' 'backup check verify info restore help completion'
	by_bash 'pg_basetar verify --ne' --need-wal
	by_bash 'pg_basetar restore base.tar --sync' --sync-method=
	lines 1 '^compopt -o nospace$' "$T/words"
	by_bash 'pg_basetar -D verify --dr' --dry-run
	by_bash 'pg_basetar --wait-archive=5 --dr' --dry-run
	by_bash 'pg_basetar --checkpoint=f' fast
	by_bash 'pg_basetar -c ' 'fast spread'
	by_bash 'pg_basetar verify --manifest-checksums=' 'CRC32C SHA224 SHA256 SHA384 SHA512 NONE'
	by_bash 'pg_basetar help in' info
	by_bash 'pg_basetar completion f' fish
	by_bash 'pg_basetar -o ' ''
	lines 0 '^compopt' "$T/words" # files
	by_bash 'pg_basetar verify ' ''
	lines 0 '^compopt' "$T/words"
	by_bash 'pg_basetar -D ' ''
	lines 1 '^compopt -o dirnames$' "$T/words"
}

in_zsh() {
	[ -n "$(command -v zsh)" ] || skip 'no zsh here'
	"$BIN" completion zsh >"$T/out/zsh"
	zsh -n "$T/out/zsh"
}

in_fish() {
	[ -n "$(command -v fish)" ] || skip 'no fish here'
	"$BIN" completion fish >"$T/out/fish"
	HOME=$T fish --no-config -c "source $T/out/fish; complete -C 'pg_basetar ver'" >"$T/words"
	lines 1 '^verify' "$T/words"
	HOME=$T fish --no-config -c "source $T/out/fish; complete -C 'pg_basetar -c '" >"$T/words"
	lines 2 '^fast\|^spread' "$T/words"
}

another_shell() {
	captured "$BIN" completion tcsh
	[ "$rc" -eq 1 ]
	one_error "$T/stderr" 'no completion for the shell "tcsh"'
}

t 'bash completes' in_bash
t 'zsh reads its script' in_zsh
t 'fish completes' in_fish
t 'another shell is refused' another_shell

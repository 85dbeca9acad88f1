#!/bin/sh
# What packagers do: install into a directory, take it away again, pack the sources, and get the same
# bytes wherever they build.
built=$(cd "$(dirname "${BIN:-${0%/*}/../../build/rel/pg_basetar}")" && pwd)
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
unset MAKEFLAGS
[ -n "$(command -v make)" ] || skip_all 'no make here'

# made WORD...: with the program as it was built.
made() {
	make -s -C "$top" B="$built" -o "$built/pg_basetar" "$@"
}

installed() {
	made DESTDIR="$T/root" PREFIX=/opt/x install
	(cd "$T/root" && find . -type f -printf '%m %P\n' | sort) >"$T/files"
	lines 1 '^755 opt/x/bin/pg_basetar$' "$T/files"
	"$BIN" completion bash | cmp - "$T/root/opt/x/share/bash-completion/completions/pg_basetar"
	"$BIN" completion zsh | cmp - "$T/root/opt/x/share/zsh/site-functions/_pg_basetar"
	"$BIN" completion fish | cmp - "$T/root/opt/x/share/fish/vendor_completions.d/pg_basetar.fish"
	for page in "$top"/man/*; do
		lines 1 "^644 opt/x/share/man/man${page##*.}/${page##*/}\$" "$T/files"
	done
	for file in "$top"/packaging/systemd/* "$top"/packaging/examples/*; do
		[ "$(grep -c "/${file##*/}\$" "$T/files")" -eq 1 ]
	done
	lines 1 '^644 opt/x/lib/systemd/system/pg_basetar@.service$' "$T/files"
	cmp "$BIN" "$T/root/opt/x/bin/pg_basetar"
}

# What others have installed stays.
uninstalled() {
	echo theirs >"$T/root/opt/x/bin/other"
	made DESTDIR="$T/root" PREFIX=/opt/x uninstall
	[ "$(find "$T/root" -type f)" = "$T/root/opt/x/bin/other" ]
}

# A few objects for all: no path, no date.
same_objects() {
	for place in a much/longer/b; do
		mkdir -p "$T/$place"
		cp -R "$top/Makefile" "$top/src" "$T/$place"
		make -s -C "$T/$place" V=rel CFLAGS=-g build/rel/src/main.o build/rel/src/lib/error.o
	done
	cmp "$T/a/build/rel/src/main.o" "$T/much/longer/b/build/rel/src/main.o"
	cmp "$T/a/build/rel/src/lib/error.o" "$T/much/longer/b/build/rel/src/lib/error.o"
	fails grep -q "$T" "$T/a/build/rel/src/main.o"
}

# Whoever packs it, it is what was committed.
packed_sources() {
	git -C "$top" rev-parse HEAD || skip 'no repository here'
	made DIST="$T/out/one.tar" dist
	(
		umask 077
		made DIST="$T/out/two.tar" dist
	)
	cmp "$T/out/one.tar.gz" "$T/out/two.tar.gz"
	version=$("$BIN" --version | cut -d ' ' -f 2)
	tar -tf "$T/out/one.tar.gz" >"$T/files"
	lines 1 "^pg_basetar-$version/Makefile\$" "$T/files"
	lines 0 '/build/' "$T/files"
	fails grep -v "^pg_basetar-$version/" "$T/files"
}

t 'make install: the program, its manual, completion, units' installed
t 'make uninstall: nothing of it is left' uninstalled
t 'the same objects from two directories' same_objects
t 'make dist: the same archive each time' packed_sources

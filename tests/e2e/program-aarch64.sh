#!/bin/sh
# The checksums as they are compiled for aarch64, which has instructions of its own for CRC-32C and
# wide registers for those of pages: their unit tests, cross-compiled, in an emulator.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
compiler=aarch64-linux-gnu-gcc
emulator=qemu-aarch64
for program in "$compiler" "$emulator"; do
	command -v "$program" >/dev/null || skip_all "$program is missing"
done
echo 'int main(void) { return 0; }' >"$T/empty.c"
$compiler -static -o "$T/empty" "$T/empty.c" 2>/dev/null || skip_all "$compiler has no C library"

# compile NAME SOURCE...: a program of these sources, tests/cross in the place of cmocka.
compile() {
	program=$T/$1
	shift
	(cd "$top" && $compiler -static -pthread -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -Wall -Wextra -Werror \
		-Itests/cross -Isrc -Itests -o "$program" "$@")
}

crc32c() {
	compile crc32c tests/unit/test_crc32c.c src/lib/crc32c.c
	$emulator "$T/crc32c" >"$T/crc32c.out"
	cat "$T/crc32c.out"
	grep -qx "crc32c: the processor's instruction" "$T/crc32c.out"
}

pages() {
	compile page tests/unit/test_page.c src/pg/page.c tests/support/pages.c
	$emulator "$T/page"
}

t 'CRC-32C by the instructions of ARMv8, and by tables' crc32c
t 'checksums of pages' pages

#!/bin/sh
# The program itself: what somebody who found a hole in it would have to overcome, and how it is built.
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"

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
	make -n -B -C "$top" V=1 all >"$T/make"
	grep -q -e ' -o build/rel/src/main.o ' "$T/make"
	grep -q -e '-D_FORTIFY_SOURCE=2' "$T/make"
}

t 'the program is hardened: PIE, RELRO, no lazy binding, a stack that is no code' is_hardened
t 'the program is hardened: control flow' has_landing_pads
t 'the flags of a packager' flags_of_a_packager

/* Types of members that are refused: what they are called, and how to pack without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tar/membertype.h"

static void
check(char type, const char *text, const char *hint, bool lacks_magic)
{
	struct error err = { 0 };

	assert_int_equal(tar_membertype_refuse(type, "a", &err), -1);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_string_equal(err.text, text);
	assert_string_equal(err.hint, hint);
	assert_int_equal(tar_membertype_lacks_magic(type), lacks_magic);
}

static void
what_tar_programs_write_has_a_hint(void **state)
{
	(void)state;
	check('1', "member \"a\" is a hard link",
	    "Pack the files again with --hard-dereference: then each is a file of its own.",
	    false);
	check('S', "member \"a\" is a sparse file, packed with --sparse",
	    "Pack the files again without --sparse (-S).", false);
	check('D', "member \"a\" is a directory of an incremental archive",
	    "Pack the files again without --listed-incremental (-g) or --incremental (-G).",
	    false);
	check('M', "member \"a\" is the rest of a file that begins in another volume",
	    "Pack the files again without --multi-volume (-M), into one archive.", true);
	check('V', "member \"a\" is the label of a volume",
	    "Pack the files again without --label (-V).", true);
	check('g', "member \"a\" is a pax header for all members",
	    "Pack the files again without --label (-V) or --pax-option.", false);
}

static void
others_have_none(void **state)
{
	(void)state;
	check('3', "unknown type 0x33 of member \"a\"", "", false);
	check('\0', "unknown type 0x00 of member \"a\"", "", false);
	check('\xff', "unknown type 0xff of member \"a\"", "", false);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_tar_programs_write_has_a_hint),
		cmocka_unit_test(others_have_none),
	};

	return cmocka_run_group_tests_name("membertype", tests, NULL, NULL) != 0;
}

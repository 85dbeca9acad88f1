#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "support/command.h"
#include "support/faketree.h"
#include "support/smallcluster.h"

/*
 * A small cluster that was shut down, backed up in each form, is verified, described and restored: the
 * commands whole, and what is restored is what was backed up.
 */

/* ---- each form ---- */

struct form {
	const char *name;
	const char *options;  /* of the backup, with its output */
	const char *output;   /* what verify, info and restore read */
	const char *restored; /* options of the restore */
	const char *verdict;  /* of verify */
	const char *warning;  /* of it; NULL: none */
};

#define SOUND "restorable, consistent from 0/1000A0\n"
#define UNPROVED "the backup has no manifest"

static const struct form forms[] = {
	{ "one archive", "--offline -o %/out/a.tar", "%/out/a.tar", "", SOUND, NULL },
	{ "gzip", "--offline -z -o %/out/a.tgz", "%/out/a.tgz", "-j 3", SOUND, NULL },
	{ "gzip, three threads", "--offline -Z gzip:9 -j 3 -o %/out/a.tar.gz",
	    "%/out/a.tar.gz", "-N", SOUND, NULL },
	{ "records of a tape", "--offline -b 20 -o %/out/a.tar", "%/out/a.tar", "", SOUND,
	    NULL },
	{ "split", "--offline --split -o %/out/set", "%/out/set", "", SOUND, NULL },
	{ "split, gzip", "--offline --split -z -o %/out/set", "%/out/set", "", SOUND,
	    NULL },
	{ "no digests", "--offline --manifest-checksums=NONE -o %/out/a.tar",
	    "%/out/a.tar", "", SOUND, NULL },
	{ "SHA224", "--offline --manifest-checksums=SHA224 -o %/out/a.tar", "%/out/a.tar",
	    "", SOUND, NULL },
	{ "SHA256", "--offline --manifest-checksums=SHA256 -o %/out/a.tar", "%/out/a.tar",
	    "", SOUND, NULL },
	{ "SHA384", "--offline --manifest-checksums=SHA384 -o %/out/a.tar", "%/out/a.tar",
	    "", SOUND, NULL },
	{ "SHA512", "--offline --manifest-checksums=SHA512 -o %/out/a.tar", "%/out/a.tar",
	    "", SOUND, NULL },
	{ "no manifest", "--offline --no-manifest -o %/out/a.tar", "%/out/a.tar", "",
	    SOUND, UNPROVED },
	{ "pages are not checked", "--offline --no-verify-checksums -o %/out/a.tar",
	    "%/out/a.tar", "", SOUND, NULL },
	{ "a snapshot", "--snapshot -T %/spc=%/spc -o %/out/a.tar", "%/out/a.tar", "",
	    SOUND, NULL },
	{ "a snapshot, split", "--snapshot -T %/spc=%/spc --split -o %/out/set",
	    "%/out/set", "", SOUND, NULL },
};

static void
forms_one(void **state)
{
	const struct form *f = *state;
	char *root = smallcluster_new();
	char line[1024];
	struct command c;

	snprintf(line, sizeof(line), "-D %%/data -q %s", f->options);
	command_expect(&c, root, line, REPORT_SOUND);
	command_expect_said(&c, "");
	snprintf(line, sizeof(line), "verify %s", f->output);
	command_expect(&c, root, line, REPORT_SOUND);
	command_expect_said(&c, f->verdict);
	if (f->warning)
		command_expect_said(&c, f->warning);
	else if (strcmp(c.said, f->verdict) != 0)
		fail_msg("it said more:\n%s", c.said);
	snprintf(line, sizeof(line), "info %s", f->output);
	command_expect(&c, root, line, REPORT_SOUND);
	command_expect_said(&c, "tablespace 16400: ");
	snprintf(line, sizeof(line),
	    "restore %s -q -D %%/out/copy -T %%/spc=%%/out/space --archive-mode=keep%s%s",
	    f->output, f->restored[0] ? " " : "", f->restored);
	command_expect(&c, root, line, REPORT_SOUND);
	command_expect_said(&c, "");
	smallcluster_expect_copy(root, "out/copy", "out/space");
	faketree_free(root);
}

/* ---- what is not of one form ---- */

/* A tablespace that is left out is named by all. */
static void
without_tablespace(void **state)
{
	char *root = smallcluster_new();
	struct command c;

	(void)state;
	command_expect(&c, root,
	    "-D %/data --offline --without-tablespace=16400 -o %/out/a.tar",
	    REPORT_SOUND);
	command_expect_said(&c, "is left out: the copy will not have its content");
	command_expect(&c, root, "verify %/out/a.tar", REPORT_SOUND);
	command_expect_said(&c, "was left out of the backup");
	command_expect(&c, root, "info %/out/a.tar", REPORT_SOUND);
	command_expect_said(&c, "left out");
	command_expect(&c, root, "restore %/out/a.tar -D %/out/copy -T 16400=%/out/space",
	    REPORT_FAILED);
	command_expect_said(&c, "was left out of the backup");
	faketree_free(root);
}

int
main(void)
{
	enum { FORMS = sizeof(forms) / sizeof(forms[0]) };
	struct CMUnitTest tests[FORMS + 1] = { cmocka_unit_test(without_tablespace) };

	for (size_t i = 0; i < FORMS; i++)
		tests[1 + i] = (struct CMUnitTest){ .name = forms[i].name,
			.test_func = forms_one,
			.initial_state = (void *)(uintptr_t)&forms[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

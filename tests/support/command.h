#ifndef PG_BASETAR_SUPPORT_COMMAND_H
#define PG_BASETAR_SUPPORT_COMMAND_H

#include "format/report.h"

/*
 * A command of the program, run in this process as main() does.  ${line} is its command line, words
 * with blanks between them, in which each % stands for ${root}: "-D %/data -o %/out/a.tar".
 */
struct command {
	int status; /* REPORT_SOUND, REPORT_FINDINGS or REPORT_FAILED */
	char said
	    [8192]; /* on standard error, then on standard output; what is longer is cut */
};

/* What it said is kept from the test's own output. */
void command_run(struct command *, const char *root, const char *line);

/* The same, but fail the test unless its status is that. */
void command_expect(struct command *, const char *root, const char *line, int status);

/* Fail the test unless it said ${text} somewhere; "" is nothing at all. */
void command_expect_said(const struct command *, const char *text);

#endif

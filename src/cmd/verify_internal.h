#ifndef PG_BASETAR_CMD_VERIFY_INTERNAL_H
#define PG_BASETAR_CMD_VERIFY_INTERNAL_H

/* What the files of the command share. */

#include "check/checker.h"
#include "cmd/reading.h"
#include "cmd/verify.h"
#include "run/report.h"

struct verify {
	struct reading reading; /* first */
	const struct options *opt;
	struct checker *checker;
	struct report *report;
};

/* verify_report.c */
void verify_report_write(struct verify *v, bool is_sound, const struct error *why);

#endif

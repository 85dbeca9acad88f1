#ifndef PG_BASETAR_FORMAT_REPORT_JSON_H
#define PG_BASETAR_FORMAT_REPORT_JSON_H

#include <stddef.h>
#include <time.h>

#include "format/report.h"
#include "lib/finding.h"
#include "lib/json.h"

/* What every report begins with: the key that comes first. */
#define REPORT_BEGINNING "{\n  \"pg_basetar_report\": "

/* A warning or finding, followed by its texts. */
struct report_row {
	struct report_row *next;
	struct finding finding; /* a warning has a text and nothing else */
	char texts[];
};

struct report_rows {
	struct report_row *first, **end;
	size_t count;
	uint64_t left_out;
};

/* What was said during a run that began at ${started}. */
struct report_said {
	time_t started;
	struct report_rows warnings, findings;
};

/* The whole text of the report. */
MUST_CHECK int report_json(struct json *j, const struct report_said *said,
    enum report_verdict verdict, const struct error *why,
    const struct report_facts *facts, struct error *err);

#endif

#ifndef PG_BASETAR_FORMAT_REPORT_INTERNAL_H
#define PG_BASETAR_FORMAT_REPORT_INTERNAL_H

/* What report.c (the file, and what is heard) and report_json.c (the keys) share. */

#include <stddef.h>
#include <time.h>

#include "cli/message.h"
#include "cli/place.h"
#include "format/report.h"
#include "lib/json.h"
#include "lib/stream.h"

/* What every report begins with: the key that comes first. */
#define REPORT_BEGINNING "{\n  \"pg_basetar_report\": "

/* A warning or finding, with its texts behind it. */
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

struct report {
	struct message_listener listener; /* first */
	struct sink *sink;
	bool is_refused; /* and never to be written */
	char *path;
	struct place place;
	time_t started;
	struct report_rows warnings, findings;
};

/* The whole text. */
MUST_CHECK int report_build(const struct report *, enum report_verdict verdict,
    const struct error *why, const struct report_facts *facts, struct json *j,
    struct error *err);

#endif

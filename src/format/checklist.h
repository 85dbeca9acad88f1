#ifndef PG_BASETAR_FORMAT_CHECKLIST_H
#define PG_BASETAR_FORMAT_CHECKLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/error.h"

/* What was asked before a backup, and the answers, one row each (pg_basetar-check(1)). */

enum checklist_verdict {
	CHECKLIST_OK,
	CHECKLIST_WARNING, /* a backup can be made, but something is to be known */
	CHECKLIST_FAILED,  /* a backup would fail */
	CHECKLIST_SKIPPED  /* it could not be asked after what failed before */
};
#define CHECKLIST_VERDICTS 4

struct checklist_row {
	const char *name; /* borrowed */
	enum checklist_verdict verdict;
	char *text, *hint; /* owned; .hint NULL: absent */
};

struct checklist {
	size_t count;
	struct checklist_row *rows;
	size_t counts[CHECKLIST_VERDICTS];
	uint64_t bytes; /* of the backup before compression; 0: not known */
	bool has_room;  /* the room for it is known */
	uint64_t room;
};

/* ${name} outlives the list; ${hint} may be NULL or empty. */
MUST_CHECK int checklist_add(struct checklist *, const char *name,
    enum checklist_verdict verdict, const char *text, const char *hint,
    struct error *err);

/*
 * For a terminal: a line for each row, one for its hint, and one for all that were skipped;
 * ${only_failed}: those that failed alone.
 */
MUST_CHECK int checklist_text(
    const struct checklist *, bool only_failed, struct buf *text, struct error *err);

/* For programs. */
MUST_CHECK int checklist_json(
    const struct checklist *, struct buf *text, struct error *err);

void checklist_free(struct checklist *);

#endif

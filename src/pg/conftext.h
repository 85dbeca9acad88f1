#ifndef PG_BASETAR_PG_CONFTEXT_H
#define PG_BASETAR_PG_CONFTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/error.h"

/*
 * The text of postgresql.conf and of what it includes, line by line: NAME = VALUE, where the
 * sign may be missing and the value be between single quotes ("Setting Parameters" of the
 * documentation, the same from 10 to 18).  No other line than these means anything here: the
 * server takes no file that has one, so whatever a running server took is read whole.
 */
struct conftext {
	const char *at, *end;
	struct buf name, value;
};

/* Names longer than that are no setting's. */
#define CONFTEXT_NAME_MOST 127

/* ${text} is borrowed. */
void conftext_begin(struct conftext *, const char *text, size_t len);

/*
 * The next one: *name in lower case, *value without quotes and escapes; "include" and its like
 * come as settings too.  Both are valid until the next call.  *name is NULL at the end.  An
 * error is of memory.
 */
MUST_CHECK int conftext_next(
    struct conftext *, const char **name, const char **value, struct error *err);

void conftext_end(struct conftext *);

/*
 * Is ${value} a boolean, and which?  A word may be cut short where that is clear.  NULL is
 * none.
 */
bool conftext_bool(const char *value, bool *is_on);

/* Is a boolean of that value true?  NULL, and what is no boolean, is not. */
bool conftext_is_on(const char *value);

#endif

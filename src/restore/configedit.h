#ifndef PG_BASETAR_RESTORE_CONFIGEDIT_H
#define PG_BASETAR_RESTORE_CONFIGEDIT_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "pg/hbatext.h"

/*
 * The text of a configuration file, with other values where the copy needs them.  A line that is
 * changed stays above its new one, or without one, as a comment that begins with "#pg_basetar: ".
 */

/* What becomes of a line. */
struct configedit_change {
	enum { CONFIGEDIT_STAYS, CONFIGEDIT_OUT, CONFIGEDIT_VALUE } fate;
	struct buf value; /* the new one */
};

/* Who decides, embedded by the caller. */
struct configedit {
	/* of a line NAME = VALUE, "include" and its like too */
	int (*setting)(struct configedit *, const char *name, const char *value,
	    struct configedit_change *, struct error *);
	/* of a file that a line of authentication names: it stays, or has another name */
	int (*name)(struct configedit *, enum hbatext_kind kind, const char *name,
	    struct configedit_change *, struct error *);
};

/*
 * Append to ${out} the text of a file of the syntax of postgresql.conf.  *is_changed becomes true
 * if a line was changed.  Errors: memory, and those of the caller.
 */
MUST_CHECK int configedit_settings(struct configedit *, const struct buf *text,
    struct buf *out, bool *is_changed, struct error *err);

/* The same of pg_hba.conf and its like. */
MUST_CHECK int configedit_authentication(struct configedit *, enum hbatext_form form,
    const struct buf *text, struct buf *out, bool *is_changed, struct error *err);

#endif

#ifndef PG_BASETAR_LIB_RELOCATION_H
#define PG_BASETAR_LIB_RELOCATION_H

#include <stddef.h>

#include "lib/error.h"

/*
 * Where else the tablespace is whose link says OLD: pairs OLD=NEW, written as the option
 * --tablespace-mapping of PostgreSQL's own tools has them.
 */
struct relocation {
	/* what a link says: absolute, but in a cluster that was unpacked by hand */
	char *old;
	char *new; /* absolute; both are without a slash at the end, or several at once */
};

struct relocations {
	size_t count;
	struct relocation *rows;
};

/*
 * Add the pair ${text}.  A "=" that belongs to a name has a backslash before it; any
 * other backslash is part of the name.  ERROR_USAGE: no OLD, a NEW that is not absolute, or OLD
 * is in the list already.
 */
MUST_CHECK int relocations_add(
    struct relocations *list, const char *text, struct error *err);

/* What stands for the location ${path}, slashes that say nothing aside; NULL: nothing does. */
const char *relocations_find(const struct relocations *list, const char *path);

void relocations_free(struct relocations *list);

#endif

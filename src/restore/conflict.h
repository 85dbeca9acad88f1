#ifndef PG_BASETAR_RESTORE_CONFLICT_H
#define PG_BASETAR_RESTORE_CONFLICT_H

#include <stdbool.h>

#include "lib/error.h"

/*
 * Several directories of one restore may not be usable.  One error names them all, so that one run
 * shows all that has to be changed.
 */

/* Is it about one directory, so that the others can still be looked at? */
bool restore_conflict_is(const struct error *);

/* Add ${one} to what ${all} has, whose kind is ERROR_NONE as long as that is nothing. */
void restore_conflict_add(struct error *all, const struct error *one);

#endif

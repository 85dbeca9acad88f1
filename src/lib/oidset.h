#ifndef PG_BASETAR_LIB_OIDSET_H
#define PG_BASETAR_LIB_OIDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* OIDs that are there: added as they come, and asked for often.  All zeros is an empty set. */
struct oidset {
	uint32_t *rows;
	size_t count, room;
	bool is_unsorted;
};

MUST_CHECK int oidset_add(struct oidset *, uint32_t oid, struct error *err);
bool oidset_has(struct oidset *, uint32_t oid);

/* The same of an OID in decimal; ERROR_FORMAT: it is not one. */
MUST_CHECK int oidset_add_text(struct oidset *, const char *oid, struct error *err);
bool oidset_has_text(struct oidset *, const char *oid);

void oidset_free(struct oidset *);

#endif

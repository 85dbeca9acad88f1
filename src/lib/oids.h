#ifndef PG_BASETAR_LIB_OIDS_H
#define PG_BASETAR_LIB_OIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* Numbers that PostgreSQL gives to its objects, as a user names them: a few. */
struct oids {
	size_t count;
	uint32_t *rows;
};

/* Add the number ${text}, decimal and not 0, unless it is there; else ERROR_USAGE. */
MUST_CHECK int oids_add(struct oids *, const char *text, struct error *err);

bool oids_has(const struct oids *, uint32_t oid);

void oids_free(struct oids *);

#endif

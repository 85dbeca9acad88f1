#ifndef PG_BASETAR_CLI_OPTNOTE_H
#define PG_BASETAR_CLI_OPTNOTE_H

#include <stddef.h>

/* More notes than there are options that give one. */
#define OPTNOTE_MOST 16

/* What is taken otherwise than pg_basebackup does, for the user: constant texts, each one once. */
struct optnotes {
	const char *rows[OPTNOTE_MOST];
	size_t count;
};

void optnote_add(struct optnotes *, const char *text);

#endif

#ifndef PG_BASETAR_CLI_SUGGEST_H
#define PG_BASETAR_CLI_SUGGEST_H

#include <stddef.h>

#include "lib/error.h"

/*
 * What somebody meant who wrote a word that is not known: of the names that are offered those that
 * differ least from it, by letters that are missing, too many, others or exchanged.  Names that
 * differ by more than a slip are not meant.
 */
#define SUGGEST_MOST 4 /* names; more of them are no help */

struct suggest {
	const char *word; /* borrowed, not terminated */
	size_t len;
	size_t least; /* how much those below differ */
	const char *names[SUGGEST_MOST];
	size_t count;
};

void suggest_start(struct suggest *, const char *word, size_t len);

/* ${name} lives as long as the suggestion. */
void suggest_offer(struct suggest *, const char *name);

/* The hint "Did you mean ...?", each name after ${dashes}; none if nothing is near.  Always -1. */
int suggest_hint(const struct suggest *, const char *dashes, struct error *);

#endif

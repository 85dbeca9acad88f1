#ifndef PG_BASETAR_COMPLETION_VALUE_H
#define PG_BASETAR_COMPLETION_VALUE_H

#include <stdbool.h>

#include "cli/opttable.h"

/* What a shell can offer for the value of an option. */
enum value_kind {
	VALUE_NONE,  /* the option takes none */
	VALUE_ANY,   /* nothing can be offered */
	VALUE_WORDS, /* one of a list */
	VALUE_FILE,
	VALUE_DIRECTORY,
	VALUE_USER,
	VALUE_HOST
};

struct value {
	enum value_kind kind;
	char words[128]; /* of VALUE_WORDS: with blanks between */
};

struct value value_of(const struct opttable_row *);

/* It may be left out, so that it is given in the same word alone. */
bool value_is_optional(const struct opttable_row *);

#endif

#ifndef PG_BASETAR_CLI_ADVICE_H
#define PG_BASETAR_CLI_ADVICE_H

#include "lib/error.h"

/*
 * What the user can do about an error that came without a hint of its own, by what the
 * system said.  A static text; NULL: nothing is known that would help.
 */
const char *advice_for(const struct error *err);

#endif

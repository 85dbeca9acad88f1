#ifndef PG_BASETAR_SUPPORT_DAMAGE_H
#define PG_BASETAR_SUPPORT_DAMAGE_H

#include <stdbool.h>

/* tests/tools/mutilate, which lies in the directory of the build that the test is of. */
const char *damage_program(void);

/*
 * Run it with these arguments, as many as there are before a NULL, what it says unheard.  False: it
 * says that the archive does not fit.
 */
bool damage_run(const char *const arguments[]);

#endif

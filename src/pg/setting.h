#ifndef PG_BASETAR_PG_SETTING_H
#define PG_BASETAR_PG_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

/*
 * What the text of a configuration file (postgresql.conf, see conftext.h) says of one setting
 * that is on or off.  All zeros: nothing.
 */
struct setting {
	bool is_told; /* a line sets it; the last one counts: */
	bool is_on;
	bool has_include; /* a line includes another file, which may set it as well */
};

/*
 * A value that is not on or off leaves the server without configuration: it is passed over.
 * Errors: memory.
 */
MUST_CHECK int setting_read(const char *text, size_t len, const char *name,
    struct setting *out, struct error *err);

#endif

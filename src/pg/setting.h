#ifndef PG_BASETAR_PG_SETTING_H
#define PG_BASETAR_PG_SETTING_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What the text of a configuration file (postgresql.conf) says of one setting that is on or
 * off: a line each, `NAME = VALUE` or `NAME VALUE`, names in any case, a comment from # on
 * (src/backend/utils/misc/guc-file.l of PostgreSQL 10 to 18).  All zeros: nothing.
 */
struct setting {
	bool is_told; /* a line sets it; the last one counts: */
	bool is_on;
	bool has_include; /* a line includes another file, which may set it as well */
};

/* A value that is not on or off leaves the server without configuration: it is passed over. */
void setting_read(const char *text, size_t len, const char *name, struct setting *out);

#endif

#ifndef PG_BASETAR_SERVER_CONNINFO_CHECK_H
#define PG_BASETAR_SERVER_CONNINFO_CHECK_H

#include <stdbool.h>

#include "lib/error.h"

/*
 * Can the connection string be read, by a server that is perhaps newer than the libpq here?
 * ERROR_USAGE, which repeats nothing of it: it cannot.  *is_unknown: it has a keyword that this
 * libpq does not know, and ${err} says so.  (Here no type of libpq is named: conninfo.h.)
 */
MUST_CHECK int conninfo_check(const char *conninfo, bool *is_unknown, struct error *err);

#endif

#ifndef PG_BASETAR_SERVER_CONNINFO_H
#define PG_BASETAR_SERVER_CONNINFO_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "lib/error.h"

/* Connection strings, as libpq takes them. */

/* Does libpq take it for more than a database's name: a connection string or a URI? */
bool conninfo_is_string(const char *dbname);

/*
 * ERROR_USAGE: it cannot be read, or not as it was meant; the error repeats nothing of it.
 * PQconninfoFree() the options.
 */
MUST_CHECK int conninfo_parse(
    const char *conninfo, PQconninfoOption **options, struct error *err);

/* ERROR_USAGE: the name of a database is a URI with a slip of the pen, and a password perhaps. */
MUST_CHECK int conninfo_check_dbname(const char *dbname, struct error *err);

#endif

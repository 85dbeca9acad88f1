#ifndef PG_BASETAR_ARCHIVE_INFOFILE_H
#define PG_BASETAR_ARCHIVE_INFOFILE_H

#include "util/buf.h"
#include "util/error.h"

/*
 * pg_basetar.info, the member that says what PostgreSQL has no place for: one line
 * "KEY: VALUE" each, in the order of pg_basetar.5.  In values a backslash, a line feed
 * and a carriage return are \\, \n and \r.
 */

/* Append one line.  ${key} may come again: tablespaces, configuration files. */
MUST_CHECK int infofile_add(struct buf *text, const char *key, const char *value,
    struct error *err);

#endif

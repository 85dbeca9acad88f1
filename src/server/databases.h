#ifndef PG_BASETAR_SERVER_DATABASES_H
#define PG_BASETAR_SERVER_DATABASES_H

#include "server/session.h"
#include "util/error.h"

/*
 * Which database lies in which tablespace.
 *
 * ALTER DATABASE ... SET TABLESPACE copies the directory of a database, and replay of it
 * copies again, from the old place.  In a backup that was made meanwhile the old place
 * may have been read after the database left, and the new one before it came: then
 * replay copies nothing, in silence, and the database is lost.  So the answer before the
 * backup starts and the one after all has been read are compared.
 *
 * What it cannot see: a database that moved and came back.
 */

/* As text, which the caller frees.  Any role may ask. */
MUST_CHECK int databases_read(struct session *s, char **text, struct error *err);

/* ERROR_STATE when a database that is in both lies elsewhere now. */
MUST_CHECK int databases_compare(const char *before, const char *after, struct error *err);

#endif

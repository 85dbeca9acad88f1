#ifndef PG_BASETAR_SERVER_DATABASES_H
#define PG_BASETAR_SERVER_DATABASES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/oidset.h"
#include "server/session.h"

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

/* Add those that exist, but for what an interrupted DROP DATABASE left. */
MUST_CHECK int databases_list(struct session *s, struct oidset *, struct error *err);

/*
 * No row has an older transaction than this whose status must be known: what vac_truncate_clog()
 * in src/backend/commands/vacuum.c takes before it removes segments of pg_xact, which passes over
 * databases that an interrupted DROP DATABASE left unusable.  Any role may ask.
 */
MUST_CHECK int databases_oldest_xid(struct session *s, uint32_t *xid, struct error *err);

/* ERROR_STATE when a database that is in both lies elsewhere now. */
MUST_CHECK int databases_compare(
    const char *before, const char *after, struct error *err);

/*
 * Which databases are locked against all others, and after that, where the WAL stands: on a
 * primary what has been inserted, on a standby what has been replayed.
 *
 * DROP DATABASE and ALTER DATABASE ... SET TABLESPACE hold that lock while they remove a
 * directory, and release it after the record of it has been inserted (dropdb() and movedb() in
 * src/backend/commands/dbcommands.c); so does replay of the record (dbase_redo()).  Others that
 * take it for a moment, as ALTER DATABASE ... RENAME does, remove nothing.
 */
struct databases_mark {
	char *locked; /* ",5,16384,": OIDs; NULL: not known */
	uint64_t lsn;
};

/*
 * Any role may ask.  With a ${patience} in seconds a server that does not answer soon leaves *mark
 * empty, and is asked anew the next time (session_question()); 0 waits.  On failure *mark is
 * empty, else databases_mark_free() it.
 */
MUST_CHECK int databases_mark_read(
    struct session *s, double patience, struct databases_mark *mark, struct error *err);
bool databases_is_locked(const struct databases_mark *mark, uint32_t database);
void databases_mark_free(struct databases_mark *mark);

/*
 * The next database of an answer, from *at on, that lies in the same tablespace in the
 * ${other} one; *at is moved past it.  False: there is no more.
 */
bool databases_next(
    const char **at, const char *other, uint32_t *database, uint32_t *space);

#endif

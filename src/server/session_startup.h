#ifndef PG_BASETAR_SERVER_SESSION_STARTUP_H
#define PG_BASETAR_SERVER_SESSION_STARTUP_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "server/session.h"

/* What counts in a session before its first query. */

/*
 * Append the startup options of a connection, the user's own first, so that
 * ours count; with those of the release or without.
 */
MUST_CHECK int session_startup_options(const struct session_options *options,
    bool with_release, struct buf *text, struct error *err);
/* Did a connection fail because the server is of an older release than was thought? */
bool session_startup_is_refused(
    const struct session_options *options, const char *message);

#endif

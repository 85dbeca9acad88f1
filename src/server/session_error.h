#ifndef PG_BASETAR_SERVER_SESSION_ERROR_H
#define PG_BASETAR_SERVER_SESSION_ERROR_H

#include <libpq-fe.h>

#include "lib/error.h"
#include "server/session.h"

/* What a server, or libpq, says of a failure, as an error of ours.  Always -1. */

/* libpq calls it for each message that is no answer; ${session} is a struct session. */
void session_error_notice(void *session, const PGresult *message);

/* ERROR_SERVER from a failed query; remembers its SQLSTATE. */
int session_error_result(struct session *s, const PGresult *result, struct error *err);

/* ERROR_SERVER for a connection that broke, and why, as far as it is known. */
int session_error_lost(struct session *s, struct error *err);

/* ERROR_SERVER for a connection that was never made. */
int session_error_connect(const struct session *s, struct error *err);

/* ERROR_CANCELLED. */
int session_error_interrupted(struct error *err);

#endif

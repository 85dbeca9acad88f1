#ifndef PG_BASETAR_SERVER_SESSION_SECRET_H
#define PG_BASETAR_SERVER_SESSION_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"
#include "server/session.h"

/* What may be a password is not repeated. */

/*
 * Put the ${len} bytes of ${text} into ${out}, cut to ${size}, with what may be a
 * password hidden: that of the connection as well.  True: a connection string is in the text.
 */
bool session_secret_mask(
    const struct session *s, char *out, size_t size, const char *text, size_t len);

/* The same for what ${err} says. */
void session_secret_hide(const struct session *s, struct error *err);

#endif

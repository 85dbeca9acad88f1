#ifndef PG_BASETAR_LIB_SECRET_H
#define PG_BASETAR_LIB_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Text that others wrote, a server, libpq or a command line, and that may repeat a password.
 * Messages go to logs and mail, reports to monitoring, so that it is hidden first.
 */

/* What stands in its place. */
#define SECRET_MASK "***"

/*
 * Put the ${len} bytes of ${text} into ${out}, cut to ${size} bytes with the NUL.  Hidden are
 *
 *	the rest of what is quoted after "://", and after "password=" and the like,
 *	what stands between ":" and "@" in one quoted text, or one word,
 *	each of the ${count} words ${known}, unless a letter or a digit is next to it.
 *
 * The rest of the line is hidden where nothing is quoted.  Returns whether one of the first two
 * forms was there: a connection string where none belongs.
 */
bool secret_mask(char *out, size_t size, const char *text, size_t len,
    const char *const *known, size_t count);

/* Is that a URI, or the beginning of a connection string with a password? */
bool secret_is_connection(const char *text);

#endif

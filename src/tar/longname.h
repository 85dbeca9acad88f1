#ifndef PG_BASETAR_TAR_LONGNAME_H
#define PG_BASETAR_TAR_LONGNAME_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * How GNU tar's own format has a name, or the target of a symbolic link, that does not fit the
 * 100 bytes of its field: as the body of a member of its own before the one that it belongs
 * to, of type 'L' or 'K' and name "././@LongLink".  The body is the text and a NUL, and the
 * size in the header counts both.  A symbolic link may have one of each, in any order.
 *
 * Seen so in archives of GNU tar 1.34, of Python's tarfile (GNU_FORMAT), of bsdtar 3.6
 * (--format gnutar) and of busybox tar 1.35.  Read, never written: see tar/pax.h.
 */

/* A body is at most that long; longer than any name that Linux takes. */
#define TAR_LONGNAME_MAX ((size_t)64 * 1024)

/*
 * The text of a body of ${len} bytes.  ${what} it is, for the error: "long name".  The string
 * is the caller's to free.  On failure ${out} is untouched: ERROR_FORMAT for a body that is
 * empty, does not end in a NUL or holds one before.
 */
MUST_CHECK int tar_longname_parse(
    const uint8_t *body, size_t len, const char *what, char **out, struct error *err);

#endif

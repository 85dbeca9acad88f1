#ifndef PG_BASETAR_TAR_PAX_H
#define PG_BASETAR_TAR_PAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/error.h"

/*
 * The body of a pax extended header (IEEE Std 1003.1, utility pax, "pax Extended
 * Header"): records "LENGTH KEY=VALUE\n", where LENGTH is decimal and counts all of the
 * record, itself and the newline included.  Three keys are written:
 *
 *	hdrcharset	first, and only when a value is not plain ASCII: BINARY, "these
 *			are bytes, leave them alone"
 *	path		the member's name
 *	linkpath	the target of a symbolic link
 *
 * More are read, because GNU tar and Python's tarfile, with which archives are packed anew,
 * write them: uid, gid and size for a number that its octal field cannot hold, uname and
 * gname for a name that its field cannot; mtime, atime and ctime, of which the header has
 * all that matters, are passed over.
 */

/* A body is at most that long: 16 times the longest path that Linux takes in one call. */
#define TAR_PAX_MAX ((size_t)64 * 1024)

struct tar_pax {
	char *path; /* NULL: no such record */
	char *link;
	char *uname, *gname;
	bool has_uid, has_gid, has_size;
	uint64_t uid, gid, size;
};

/*
 * Append the records for ${path} and ${link}, either of which may be NULL.  On failure
 * ${out} is what it was: ERROR_MEMORY, or ERROR_UNSUPPORTED over TAR_PAX_MAX bytes.
 */
MUST_CHECK int tar_pax_build(
    struct buf *out, const char *path, const char *link, struct error *err);

/*
 * Parse ${len} bytes, which must be records from end to end.  The strings are the
 * caller's, to be released with tar_pax_free().  On failure ${out} is untouched:
 *
 *	ERROR_FORMAT		not such records, a key twice, a value that is empty or
 *				holds a NUL
 *	ERROR_UNSUPPORTED	a key not listed above: it may change what the member
 *				means (GNU.sparse.*), so it cannot be passed over
 */
MUST_CHECK int tar_pax_parse(
    const uint8_t *bytes, size_t len, struct tar_pax *out, struct error *err);

/* Release the strings; ${pax} is empty and usable again. */
void tar_pax_free(struct tar_pax *pax);

#endif

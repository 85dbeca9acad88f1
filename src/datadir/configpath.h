#ifndef PG_BASETAR_DATADIR_CONFIGPATH_H
#define PG_BASETAR_DATADIR_CONFIGPATH_H

#include "datadir/configset.h"
#include "lib/buf.h"
#include "lib/error.h"

/*
 * Where a configuration file lies, as seen from the data directory, and what it is called in the
 * archive.
 */

/* The server calls the data directory ${path}; NULL, or one that is known: nothing is done. */
MUST_CHECK int configpath_alias(struct configset *, const char *path, struct error *err);

/*
 * Append to ${name} what ${path}, absolute, is called in the data directory: by any name of that,
 * or through links to it.  Nothing: it does not lie there, or is the directory.
 */
MUST_CHECK int configpath_inside(
    const struct configset *, const char *path, struct buf *name, struct error *err);

/*
 * ${path}, which is absolute, without empty parts, "." and ".." as the server resolves them: by
 * the text.  The root is "".
 */
MUST_CHECK int configpath_normalize(const char *path, struct buf *out, struct error *err);

/* What of ${path} is below ${directory}, both normal; "" is the directory; NULL: not below. */
const char *configpath_below(const char *path, const char *directory);

/* Where ${path} is, and what it is called: all of the row but its content. */
MUST_CHECK int configpath_locate(struct configset *, const char *path,
    const struct configset_wish *wish, struct configset_row *row, struct error *err);

/* The other files in the directory of ${path} keep their place relative to it. */
MUST_CHECK int configpath_add_base(
    struct configset *, const char *path, struct error *err);

#endif

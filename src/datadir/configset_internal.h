#ifndef PG_BASETAR_DATADIR_CONFIGSET_INTERNAL_H
#define PG_BASETAR_DATADIR_CONFIGSET_INTERNAL_H

#include "datadir/configset.h"

/* What configset.c, configplace.c and configfollow.c share. */

/* How a file is to be called, if it is outside of the data directory, and taken. */
struct configset_wish {
	const char *fixed; /* as for configset_add() */
	/* so that the file which includes it finds it there; NULL: none */
	const char *name;
	enum configset_need need;
};

/*
 * Add that one file or directory, without what it leads to: its content is appended to
 * ${content}; nothing is if it was known, cannot be read, or is a directory.
 */
MUST_CHECK int configset_take(struct configset *, enum configset_kind kind,
    const char *path, const struct configset_wish *wish, struct buf *content,
    struct error *err);

/*
 * ${path}, which is absolute, without empty parts, "." and ".." as the server resolves them: by
 * the text.  The root is "".
 */
MUST_CHECK int configset_normalize(const char *path, struct buf *out, struct error *err);

/* What of ${path} is below ${directory}, both normal; "" is the directory; NULL: not below. */
const char *configset_below(const char *path, const char *directory);

/* Where ${path} is, and what it is called: all of the row but its content. */
MUST_CHECK int configset_locate(struct configset *, const char *path,
    const struct configset_wish *wish, struct configset_row *row, struct error *err);

/* The other files in the directory of ${path} keep their place relative to it. */
MUST_CHECK int configset_add_base(
    struct configset *, const char *path, struct error *err);

/* ${path} is not in the backup, because ${why}. */
void configset_warn(const struct configset *, const char *path, const char *why);

#endif

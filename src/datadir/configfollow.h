#ifndef PG_BASETAR_DATADIR_CONFIGFOLLOW_H
#define PG_BASETAR_DATADIR_CONFIGFOLLOW_H

#include "datadir/configset.h"
#include "lib/error.h"

/* Configuration files, and what each leads to. */

/*
 * Add the file ${path}, absolute, and all that it includes.  ${fixed}: what it is called if it
 * is outside, whatever its name there, and what else lies in its directory keeps its place;
 * NULL: that depends on where it lies.  A file that is known already is not read again.  Errors
 * are of memory.
 */
MUST_CHECK int configfollow_add(struct configset *, enum configset_kind kind,
    const char *path, const char *fixed, enum configset_need need, struct error *err);

/* What the files say of a setting that is kept; NULL: nothing. */
const char *configfollow_setting(const struct configset *, const char *name);

#endif

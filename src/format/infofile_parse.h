#ifndef PG_BASETAR_FORMAT_INFOFILE_PARSE_H
#define PG_BASETAR_FORMAT_INFOFILE_PARSE_H

#include "format/infofile.h"
#include "lib/error.h"
#include "pg/label.h"

/* pg_basetar.info, as it is read. */

/* "online", "offline", "snapshot". */
const char *infofile_mode_name(enum infofile_mode mode);

/*
 * Read it.  Keys that are not known are passed over.  ERROR_FORMAT names the line that
 * is not a pair, has an invalid escape, or has a key twice that may come once, or the key
 * that is missing.  ERROR_UNSUPPORTED: another version of the format.  On failure *out is
 * untouched, else to be released by infofile_free().
 */
MUST_CHECK int infofile_parse(
    const char *text, size_t len, struct infofile *out, struct error *err);

/* The location of the tablespace ${oid}; NULL: it is not listed. */
const char *infofile_tablespace(const struct infofile *, const char *oid);

/* Its path in the data directory; NULL: it is not known to be there. */
const char *infofile_inside(const struct infofile *, const char *oid);

/*
 * Is it of an earlier backup than ${label}?  A cluster that was restored keeps the file, and
 * pg_basebackup sends it as one of the cluster's, in the order of the directory: perhaps where
 * this program puts its own.  The backup of a restored copy never starts before the one that it
 * was restored from, and at the same LSN only on a standby that has replayed nothing.
 */
bool infofile_is_earlier(const struct infofile *, const struct label *label);

/* All zeros is legal. */
void infofile_free(struct infofile *);

#endif

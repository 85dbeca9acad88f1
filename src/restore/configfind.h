#ifndef PG_BASETAR_RESTORE_CONFIGFIND_H
#define PG_BASETAR_RESTORE_CONFIGFIND_H

#include <stdbool.h>

#include "filling/newdir.h"
#include "format/infofile.h"
#include "lib/buf.h"
#include "lib/error.h"

/*
 * Where a file that the configuration of the original names is in the copy.  What it is called in
 * the archive, and where it was, pg_basetar.info says; nothing is believed but what was restored.
 */
struct configfind {
	struct newdir *datadir;      /* borrowed: the new data directory */
	const struct infofile *info; /* borrowed */
	/* the data directory of the original, absolute and normal */
	struct buf original;
	struct buf here;  /* the new one, absolute where it has such a path */
	bool is_in_place; /* the new one is that */
};

/* It is called ${path} by the configuration; NULL: that does not say. */
MUST_CHECK int configfind_original(
    struct configfind *, const char *path, struct error *err);

/* Is ${path} the new data directory? */
bool configfind_is_here(const struct configfind *, const char *path);

/* What of ${path}, absolute and normal, is below the original's directory, by any name; or NULL. */
const char *configfind_below(const struct configfind *, const char *path);

/* A configuration file of the copy. */
struct configfile {
	const char *path; /* where it is, below the new data directory */
	const char *was;  /* where the original had it: absolute, normal */
};

/*
 * Append to ${found} where in the new data directory is what ${from} calls ${name}, or what the
 * server does where ${from} is NULL; nothing: it is not there.
 */
MUST_CHECK int configfind_path(const struct configfind *, const struct configfile *from,
    const char *name, bool is_directory, struct buf *found, struct error *err);

/* Append to ${was} where the original had what is at ${path} now, or would have it. */
MUST_CHECK int configfind_was(
    const struct configfind *, const char *path, struct buf *was, struct error *err);

/* Is it a regular file, or a directory, in the new data directory?  No link is followed. */
bool configfind_is_there(struct newdir *datadir, const char *path, bool is_directory);

/* Append what ${from} has to call the path ${path} below the new data directory. */
MUST_CHECK int configfind_call(
    const struct configfile *from, const char *path, struct buf *name, struct error *err);

void configfind_free(struct configfind *);

#endif

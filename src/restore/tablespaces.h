#ifndef PG_BASETAR_RESTORE_TABLESPACES_H
#define PG_BASETAR_RESTORE_TABLESPACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filling/newdir.h"
#include "lib/error.h"

struct infofile;
struct options;
struct pg_version;
struct summary_facts;

/* A tablespace, and where it goes. */
struct restore_tablespace {
	uint32_t oid;
	char *location; /* where it goes: absolute, owned */
	/* what the options say: borrowed of -T, or location; NULL: it goes to where it was */
	const char *moved_to;
	/*
	 * It stays below pg_basetar_tblspc, as in a cluster that was unpacked by hand: it has no
	 * directory of its own.
	 */
	bool is_inside;
	/* its path in the data directory, owned; it has no other; NULL: it is not there */
	char *nested;
	struct newdir dir; /* if it has one of its own */
};

/*
 * The tablespaces of a backup in the course of its restore: which there are, and where each goes.
 * tablespaces.c alone writes them.
 */
struct restore_tablespaces {
	const struct options *opt; /* borrowed */
	/* the path of the data directory, without links; borrowed; NULL: none leads there */
	const char *datadir;

	/* what may be in their directories already */
	struct restore_tablespaces_guests {
		struct newdir_guests guests;      /* first */
		const struct pg_version *version; /* of the backup; NULL: not known */
	} guests;
	size_t count;
	struct restore_tablespace *rows; /* in the order of their OIDs */
};

/*
 * It is known what tablespaces there are: from all that a set of archives says, or from
 * pg_basetar.info.  Where each goes follows from the options.  ERROR_STATE: it is not known where
 * one was; ERROR_USAGE: a -T is of none of them.
 */
MUST_CHECK int restore_tablespaces_take_summary(
    struct restore_tablespaces *, const struct summary_facts *facts, struct error *err);
MUST_CHECK int restore_tablespaces_take_info(
    struct restore_tablespaces *, const struct infofile *info, struct error *err);

/*
 * Open the directories of those that have one of their own.  ERROR_STATE: one may not be used, as
 * of newdir_open(); root was not told to use it; it lies in the data directory of a cluster; or
 * overlaps another by its name.  The error names all that are so, and the others are open.
 */
MUST_CHECK int restore_tablespaces_open(struct restore_tablespaces *, struct error *err);

/* One of them by its OID, or by "pg_tblspc/OID", or what is below that; NULL if it is not one. */
const struct restore_tablespace *restore_tablespaces_find(
    const struct restore_tablespaces *, uint32_t oid);
const struct restore_tablespace *restore_tablespaces_of(
    const struct restore_tablespaces *, const char *path);

/* With ${forget} the directories that were made and are empty go away. */
void restore_tablespaces_free(struct restore_tablespaces *, bool forget);

#endif

#ifndef PG_BASETAR_WAL_WALDATABASES_H
#define PG_BASETAR_WAL_WALDATABASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "wal/walrecord.h"

/*
 * The databases that replay of the WAL copies file by file, and whether the backup has what
 * they are copied from: the essay is in waldatabases.c.
 *
 *	waldatabases_new()
 *	for each record: waldatabases_record(), and if it watches: waldatabases_block() for each
 *		block of the record
 *	waldatabases_find()
 */
struct waldatabases;

/* A directory of a database: that which it has in one tablespace. */
struct waldatabases_id {
	uint32_t space, database; /* OIDs */
};

MUST_CHECK int waldatabases_new(struct waldatabases **, struct error *err);
void waldatabases_free(struct waldatabases *);

/* More records than this, 40 bytes each, are counted only. */
#define WALDATABASES_MOST 1000000

/* A record of the lineage ${lineage} of the WAL (lineages.h; 0 where there is only one). */
MUST_CHECK int waldatabases_record(struct waldatabases *, unsigned lineage,
    const struct walrecord *rec, struct error *err);

/* Has a database been copied, so that blocks are wanted from here on? */
bool waldatabases_watches(const struct waldatabases *);

/* The record at ${lsn} changes a page of a database in that tablespace. */
void waldatabases_block(
    struct waldatabases *, uint32_t space, uint32_t database, uint64_t lsn);

/* How many records there were more than WALDATABASES_MOST. */
uint64_t waldatabases_left_out(const struct waldatabases *);

/* A directory that is there after replay, and the one in the backup that it comes from. */
struct waldatabases_copy {
	struct waldatabases_id to;
	struct waldatabases_id from; /* may have come by way of other copies */
	uint64_t lsn;                /* of the record that makes it */
	enum waldatabases_fault {
		WALDATABASES_SOUND,
		WALDATABASES_MISSING, /* the backup has no such directory as ${from} */
		/* the database would be without PG_VERSION, and so without connections */
		WALDATABASES_UNMARKED
	} fault;
	/* of the record after the removal of ${from}; 0: it stayed */
	uint64_t dropped_lsn;
	bool is_changed; /* pages of ${from} were changed after they were copied */
};

/* A line about a copy of what was changed after it was copied, into ${text}. */
#define WALDATABASES_TEXT 256
void waldatabases_describe(
    const struct waldatabases_copy *copy, char text[WALDATABASES_TEXT]);

/* A directory of a database that the backup has. */
struct waldatabases_have {
	struct waldatabases_id id;
	bool has_version; /* PG_VERSION is in it */
};

/* What the caller knows of the WAL and of the backup. */
struct waldatabases_backup {
	/*
	 * Does replay read the record of lineage ${lineage} that ends at ${end_lsn}?  NULL: all.
	 */
	bool (*is_read)(
	    const struct waldatabases_backup *, unsigned lineage, uint64_t end_lsn);
	const struct waldatabases_have *have; /* in the order of waldatabases_sort() */
	size_t nhave;
};

/* By database, then by tablespace. */
void waldatabases_sort(struct waldatabases_have *have, size_t count);

/* The directory ${id} among sorted ones; NULL: it is not there. */
const struct waldatabases_have *waldatabases_look(
    const struct waldatabases_have *have, size_t count, struct waldatabases_id id);

/*
 * The copies that are there when all has been replayed, *count of them, by database; the
 * caller frees *copies.  Those that replay removes again are left out.
 */
MUST_CHECK int waldatabases_find(const struct waldatabases *,
    const struct waldatabases_backup *backup, struct waldatabases_copy **copies,
    size_t *count, struct error *err);

#endif

#ifndef PG_BASETAR_FORMAT_DATABASESET_H
#define PG_BASETAR_FORMAT_DATABASESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "pg/cluster.h"

/*
 * Has each database the two files without which no session begins in it: PG_VERSION, and
 * pg_filenode.map, which says where its catalogs are?
 *
 * They are in the directory of the database in its own tablespace.  In another tablespace, the
 * default one too, it has a directory without them as soon as a relation of it is there.
 *
 * Memory: 24 bytes for each directory of a database.
 */
struct databaseset;

MUST_CHECK int databaseset_new(struct databaseset **, struct error *err);
void databaseset_free(struct databaseset *);

/*
 * A file ${path} of the tree; passed over unless a database has it.  ${major}: of a
 * PG_VERSION the release that it names, 0 if it names none.
 */
MUST_CHECK int databaseset_add(
    struct databaseset *, const char *path, unsigned major, struct error *err);

/* Is given what is wrong, and asked what is known. */
struct databaseset_judge {
	/* ${text} says what is wrong with the file ${path}: "is missing: ...". */
	int (*fault)(struct databaseset_judge *, const char *path, const char *text,
	    struct error *err);
	/* Of a directory that may be no database's: a line. */
	void (*doubt)(struct databaseset_judge *, const char *text);
	/* Need nothing be there, because replay makes or drops this database? */
	bool (*is_exempt)(struct databaseset_judge *, uint32_t database);
	/*
	 * Is it known that there is no such database, or that DROP DATABASE of it was interrupted?
	 * Then no file of it can be missing.
	 */
	bool (*is_none)(struct databaseset_judge *, uint32_t database);
};

/*
 * All have come.  The map of the shared catalogs, without which no server starts, must be among
 * them; ${judge}->fault alone is called.
 */
MUST_CHECK int databaseset_judge_shared(
    const struct databaseset *, struct databaseset_judge *judge, struct error *err);

/* All have come, and which databases there are is not known. */
MUST_CHECK int databaseset_judge(struct databaseset *, const struct pg_version *version,
    struct databaseset_judge *judge, struct error *err);

/* All have come: the same of those alone of which is_none() says so. */
MUST_CHECK int databaseset_judge_none(struct databaseset *,
    const struct pg_version *version, struct databaseset_judge *judge, struct error *err);

/* All have come, and there is a database ${database}, which lies in the tablespace ${space}. */
MUST_CHECK int databaseset_judge_one(struct databaseset *,
    const struct pg_version *version, uint32_t space, uint32_t database,
    struct databaseset_judge *judge, struct error *err);

#endif

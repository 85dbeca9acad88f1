#ifndef PG_BASETAR_PG_RELFILE_H
#define PG_BASETAR_PG_RELFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "pg/cluster.h"

/*
 * Names of relation files: NUMBER[_fsm|_vm|_init][.SEGMENT], the same in every release
 * (src/common/relpath.c; measured on 10 to 18).  Those of temporary relations begin with
 * tBACKEND_.
 */
enum relfile_fork { RELFILE_MAIN, RELFILE_FSM, RELFILE_VM, RELFILE_INIT };

struct relfile {
	bool is_temporary;
	uint32_t relnode; /* all forks and segments of a relation share it */
	enum relfile_fork fork;
	uint32_t segment; /* 0: the first, whose name has no number */
};

/*
 * Is ${base}, a name without a directory, one of a relation file?  False: *out is
 * untouched.  Strict: numbers without leading zeros, none beyond 32 bits, no segment .0.
 * Whether its directory can hold relations is the other question.
 */
bool relfile_parse(const char *base, struct relfile *out);

/* The tablespace of the shared catalogs, whose files are in global (pg_tablespace.dat). */
#define RELFILE_SHARED_SPACE 1664

/* A relation's file, as the WAL names it: by OIDs. */
struct relfile_location {
	uint32_t space, database; /* database 0: of the shared catalogs */
	struct relfile file;
};

/*
 * Is ${path}, relative to the data directory, one of a relation, by directory and name?
 * False: *out is untouched.
 */
bool relfile_locate(const char *path, struct relfile_location *out);

/* Is ${path} a directory of a database, or in one?  False: untouched. */
bool relfile_in_database(const char *path, uint32_t *space, uint32_t *database);

/*
 * Is ${path}, relative to the data directory, in the directory of a database itself?  Then
 * *name is what it is called there.  False: all is untouched.
 */
bool relfile_database_file(
    const char *path, uint32_t *space, uint32_t *database, const char **name);

/*
 * Is ${path} the file PG_VERSION of a database?  Every one has it, in its default tablespace
 * only.  False: untouched.
 */
bool relfile_is_database(const char *path, uint32_t *space, uint32_t *database);

/*
 * Append the directory of a database, relative to the data directory: "base/5", or
 * "pg_tblspc/16400/PG_15_202209061/5".
 */
MUST_CHECK int relfile_database(struct buf *path, uint32_t space, uint32_t database,
    const struct pg_version *version, struct error *err);

/*
 * Is ${below}, relative to the location of a tablespace, the directory of a release,
 * "PG_15_202209061", which *is_directory says, or in it?  False: untouched.
 */
bool relfile_is_of_release(const char *below, bool *is_directory);

/* Is it the name of such a directory, of whatever release: "PG_9.6_201608131" too? */
bool relfile_is_release(const char *name);

/*
 * Can the directory ${path}, relative to the data directory, hold relation files?
 * "global", "base/DATABASE" and "pg_tblspc/OID/PG_MAJOR_CATALOG/DATABASE".
 */
bool relfile_is_relation_dir(const char *path);

#endif

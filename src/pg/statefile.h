#ifndef PG_BASETAR_PG_STATEFILE_H
#define PG_BASETAR_PG_STATEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "pg/cluster.h"

/*
 * Files in which a server keeps state that is in no relation.  A magic number,
 * the size or a CRC-32C in each shows whether it is whole.  Native byte order.
 *
 *	pg_filenode.map	which file each mapped catalog lies in: one in global, and one in the
 *		directory of each database (relmapper.c)
 *	pg_twophase/XID	a prepared transaction (twophase.c)
 *	pg_logical/replorigin_checkpoint	how far each replication origin has come (origin.c)
 *	pg_logical/snapshots/LSN.snap	a snapshot of logical decoding (snapbuild.c)
 *	PG_VERSION	of a database: the release, as that of the whole cluster (miscinit.c)
 */
enum statefile_kind {
	STATEFILE_NONE,
	STATEFILE_RELMAP,
	STATEFILE_TWOPHASE,
	STATEFILE_ORIGINS,
	STATEFILE_SNAPSHOT,
	STATEFILE_VERSION
};

/* Is ${path}, relative to the data directory, such a file?  By its directory and name. */
enum statefile_kind statefile_kind(const char *path);

/* Of a whole one of STATEFILE_ORIGINS with so many bytes: how many origins it has. */
uint64_t statefile_origins(uint64_t size);

/* One that passes, in pieces of any size.  All zeros but for its kind before the first. */
struct statefile {
	enum statefile_kind kind;
	uint64_t len;
	uint8_t head[64]; /* its first bytes */
	uint8_t held[8];  /* its last ones: */
	size_t nheld;     /* so many */
	uint64_t fed;     /* bytes before those, */
	uint32_t crc;     /* and the CRC of what in them has one */
};

void statefile_bytes(struct statefile *, const uint8_t *bytes, size_t len);

/*
 * It has passed: is it one that a server of ${version} takes?  ERROR_FORMAT says why not.  NULL:
 * the release of the cluster is not known, and any goes.
 */
MUST_CHECK int statefile_end(
    const struct statefile *, const struct pg_version *version, struct error *err);

/* Of a whole one of STATEFILE_VERSION that has passed: the release. */
unsigned statefile_major(const struct statefile *);

/* Bytes of the longest pg_filenode.map. */
#define STATEFILE_RELMAP_MOST 524

/*
 * Which file has a mapped catalog, as a whole pg_filenode.map of ${len} bytes says?  False: it does
 * not, and *relnode is untouched.
 */
bool statefile_mapped(
    const uint8_t *map, size_t len, uint32_t relation, uint32_t *relnode);

#endif

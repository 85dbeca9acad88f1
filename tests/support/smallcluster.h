#ifndef PG_BASETAR_SUPPORT_SMALLCLUSTER_H
#define PG_BASETAR_SUPPORT_SMALLCLUSTER_H

#include <stddef.h>
#include <stdint.h>

/*
 * A cluster of PostgreSQL 15 that was shut down cleanly, made by code: all that a backup, verify and
 * restore look at, and no more.  Three databases, a tablespace, one segment of WAL with the
 * checkpoint of the shutdown.  No server would start on it, but what says of itself whether it
 * is whole says that it is.
 *
 *	data	the data directory
 *	spc	its one tablespace, SMALLCLUSTER_SPACE
 *	out	an empty directory, which is ours
 */

/* The first record of its second megabyte of WAL. */
#define SMALLCLUSTER_CHECKPOINT UINT64_C(0x100028)
#define SMALLCLUSTER_SEGMENT "000000010000000000000001"
#define SMALLCLUSTER_SPACE "16400"

/*
 * Make it below TMPDIR, or where that is not set in memory or in /tmp, and return where:
 * faketree_free() removes it.  Where the test runs as root, all of it belongs to another user, as what
 * a server has does.
 */
char *smallcluster_new(void);

/*
 * Make it one that a server is at work on: pg_control says so, and its WAL has a checkpoint in place of
 * that of the shutdown, and after it the end of a backup that began there; it ends at ..._STOP.
 */
#define SMALLCLUSTER_STOP UINT64_C(0x1000C8)
void smallcluster_at_work(const char *root);

/* The same for what the test has added since. */
void smallcluster_give(const char *root);

/* Write the file ${path} of it, in place of the one that may be there. */
void smallcluster_write(
    const char *root, const char *path, const void *bytes, size_t len);

/* Add ${text} to the end of the file. */
void smallcluster_append(const char *root, const char *path, const char *text);

/* Its pg_control with one field (controlimage.h) of another value. */
void smallcluster_set(const char *root, const char *field, uint64_t value);

/* Change one bit of the file at ${offset}, from its end if it is negative. */
void smallcluster_flip(const char *root, const char *path, long offset);

/*
 * Fail the test unless the directory ${copy} has every file of the data directory, to the byte, and
 * ${space} every file of the tablespace; but for what no copy has.
 */
void smallcluster_expect_copy(const char *root, const char *copy, const char *space);

#endif

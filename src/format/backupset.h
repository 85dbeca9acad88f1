#ifndef PG_BASETAR_FORMAT_BACKUPSET_H
#define PG_BASETAR_FORMAT_BACKUPSET_H

#include <stdbool.h>
#include <stddef.h>

#include "format/archivepart.h"
#include "lib/error.h"

/*
 * The files of a backup that is a directory: what --split and pg_basebackup -Ft make.
 *
 *	OID.tar          of each tablespace
 *	base.tar
 *	pg_wal.tar       of pg_basebackup -X stream
 *	backup_manifest
 *
 * The name of an archive may have a suffix for its compression.
 */
#define BACKUPSET_MANIFEST "backup_manifest"

struct backupset_row {
	char *name; /* of the file */
	struct archivepart part;
};

struct backupset {
	size_t count;
	struct backupset_row *rows; /* in the order in which they are to be read */
	bool has_manifest;
	size_t nothers;
	char **others; /* names that are none of these */
};

/*
 * Read the directory ${dirfd}.  ERROR_STATE: it has no base.tar, or an archive twice, with
 * different suffixes.  On failure *out is empty.
 */
MUST_CHECK int backupset_read(int dirfd, struct backupset *out, struct error *err);

/* Are there names in the directory that only a backup of several archives has: base.tar, or a manifest? */
bool backupset_is_there(int dirfd);

void backupset_free(struct backupset *);

/*
 * Is the file ${path} called as one archive of a set, and is another one next to it?  Then ${other}
 * is the name of one, and *directory that of both, to be freed.  NULL: no, or it cannot be looked
 * at.
 */
#define BACKUPSET_NAME 64
MUST_CHECK int backupset_other(
    const char *path, char **directory, char other[BACKUPSET_NAME], struct error *err);

#endif

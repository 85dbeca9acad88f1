#ifndef PG_BASETAR_INVENTORY_INVENTORY_H
#define PG_BASETAR_INVENTORY_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "format/backupset.h"
#include "format/facts.h"
#include "inventory/verdict.h"
#include "lib/error.h"
#include "wal/walhistory.h"

/*
 * The backups that lie in a directory: files, and directories of archives, each read as far as it takes
 * to know which backup it is and that it has an end (reading/summary.h).  Nothing is proved.  Reports that lie
 * there too are read for their verdicts.
 */
enum inventory_kind {
	INVENTORY_BACKUP,  /* of pg_basetar */
	INVENTORY_FOREIGN, /* of pg_basebackup, which wrote no time that can be compared */
	INVENTORY_UNREADABLE, /* no backup, or one that is cut or damaged */
	INVENTORY_NOT_READ /* a link, a pipe or the like, or a directory without archives */
};

struct inventory_row {
	char *name;
	struct stat st; /* what lstat(2) said before it was read */
	enum inventory_kind kind;
	char *fault; /* why it was not read, as a part of a sentence; else NULL */

	/* of a backup */
	char *label, *start_time; /* as its backup_label has them; NULL: not known */
	uint64_t unix_time;       /* when it began; 0: it does not say */
	char began[24];           /* the same, "2026-12-01T03:00:00Z"; or "" */
	unsigned version;         /* major, of the server */
	uint64_t system_identifier, size; /* bytes of its files */
	struct facts_range range;
	struct walhistory
	    history;  /* of the timeline of its stop; empty: it is not in the backup */
	bool has_wal; /* what pg_wal had is in the backup, so that history as well */
	bool is_directory;
	struct timespec
	    touched;    /* of a directory: the latest change of one of its files */
	size_t nothers; /* files in its directory that are not the backup's */
	const char *
	    flaw; /* why its files are not all of one whole backup of ours, and nothing else; or NULL */
	struct verdict verdict;
	enum verdict_result against; /* verdicts_against() */
};

struct inventory {
	int dirfd;
	char *path; /* of the directory */
	struct stat st;
	size_t count;
	struct inventory_row *
	    rows; /* by system identifier, start position, time; what is no backup comes last */
};

/* What is wanted of a directory; all zeros: all. */
struct inventory_wanted {
	/* the file or directory of that name?  NULL: every one */
	bool (*name)(const char *name, const void *arg);
	const void *arg;
	/* of a backup that is not of pg_basetar only that: its end may take long to find */
	bool is_ours_only;
};

/*
 * Open and read the directory ${path}.  ERROR_IO: it cannot be read; ERROR_CANCELLED.  inventory_free()
 * it, also after a failure.
 */
MUST_CHECK int inventory_read(struct inventory *, const char *path,
    const struct inventory_wanted *wanted, struct error *err);

/* Are the files of the backup in ${dirfd} regular ones?  *touched: the latest change (st_ctim) of one. */
bool inventory_are_regular(
    int dirfd, const struct backupset *set, struct timespec *touched);

void inventory_free(struct inventory *);

#endif

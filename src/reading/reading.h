#ifndef PG_BASETAR_READING_READING_H
#define PG_BASETAR_READING_READING_H

#include <pthread.h>

#include "cli/options.h"
#include "cli/patrol.h"
#include "cli/progress.h"
#include "format/archivepart.h"
#include "lib/stream.h"
#include "tar/header.h"

/*
 * A command that reads a backup: from a file, a directory of archives or standard input, once
 * and from start to end, in a thread that patrol.h looks after.
 *
 *	ops->begin()
 *	for each archive:
 *		ops->archive()
 *		for each member: ops->member(), ops->bytes() for its body, ops->member_end()
 *		ops->archive_end()
 *	ops->manifest(), for a manifest next to the archives
 *	ops->finish()
 *	ops->sync(), in a phase of its own
 */
struct reading;

/* What of an archive is wanted next. */
enum reading_wants {
	READING_WANTS_ALL,
	READING_WANTS_CONTROL, /* global/pg_control and what follows it */
	READING_WANTS_END      /* no member any more */
};

struct reading_ops {
	/*
	 * Bodies that are not wanted are not read either, where that can be.  Else all bytes
	 * are, and decoded in other threads than the one that calls: options.jobs.
	 */
	bool is_sparse;

	/* ${dirfd}: of the directory; -1: it is one archive */
	int (*begin)(struct reading *, int dirfd, struct error *);
	/* one that makes is_over true has no more of this archive read, and no archive_end() */
	int (*archive)(struct reading *, const struct archivepart *, struct error *);
	/* ${offset}: where its header is; *is_wanted, true before: bytes() and member_end() are called */
	int (*member)(struct reading *, const struct tar_entry *, uint64_t offset,
	    bool *is_wanted, struct error *);
	/* pieces of any number of pages of 8192; the last may be shorter */
	int (*bytes)(struct reading *, const uint8_t *, size_t len, struct error *);
	int (*member_end)(struct reading *, struct error *);
	int (*archive_end)(struct reading *, struct error *); /* NULL: nothing */
	/* what was wanted comes next, and what is between was not read; NULL: all is wanted */
	int (*skipped)(struct reading *, struct error *);
	/* 0: end */
	int (*manifest)(struct reading *, const uint8_t *, size_t len, struct error *);
	int (*finish)(struct reading *, struct error *);
	int (*sync)(struct reading *, struct error *); /* NULL: nothing */
};

/* The first member of what a command knows. */
struct reading {
	struct patrol patrol; /* first */
	struct cancel cancel;
	const struct options *opt;
	const struct reading_ops *ops;
	struct progress progress;
	bool is_alone; /* no other archive of the backup is read */
	bool is_over;  /* of this archive nothing more is wanted */
	/*
	 * Set by archive() or member(), once an archive: where the rest can be gone to without
	 * what is between (shortcut.h), skipped() is called and it comes; else all comes.
	 */
	enum reading_wants wants;
	bool has_manifest; /* there is one next to the archives */

	/* The archive being read, in the working thread; others may cut it: under the lock. */
	pthread_mutex_t lock;
	struct source *source;   /* unless sparse with a thread of its own; NULL: none */
	struct source *file;     /* at its bottom; owned by it */
	uint64_t past;           /* bytes of the archives before it */
	uint64_t size;           /* bytes of all archives; 0: not known */
	const char *compression; /* of the last archive; NULL: there was none */
	/* bytes of those that were read to their end, decoded; UINT64_MAX: not known */
	uint64_t raw;
};

/* ${outcome}: of one that is interrupted, "the backup was not verified". */
void reading_init(struct reading *, const struct options *, const struct reading_ops *,
    const char *outcome);

/* Read it; ${phase} is what progress calls that until it is synced. */
MUST_CHECK int reading_run(struct reading *, const char *phase, struct error *err);

/* Bytes of the archives that were read or skipped.  Any thread. */
uint64_t reading_done(struct reading *);

/*
 * Bytes that there are to read; 0: not known.  The thread that reads adds those of each archive that
 * it finds, and any thread may ask.
 */
void reading_add_size(struct reading *, uint64_t size);
uint64_t reading_size(struct reading *);

void reading_free(struct reading *);

#endif

#ifndef PG_BASETAR_CMD_VERIFY_INTERNAL_H
#define PG_BASETAR_CMD_VERIFY_INTERNAL_H

/* What the files of the command share. */

#include <pthread.h>

#include "check/checker.h"
#include "cmd/verify.h"
#include "io/stream.h"
#include "run/patrol.h"
#include "run/progress.h"
#include "run/report.h"

struct verify {
	struct patrol patrol; /* first */
	struct cancel cancel;
	const struct options *opt;
	struct checker *checker;
	struct progress progress;
	struct report *report;

	/* The archive being read, in the working thread; others may cut it: under the lock. */
	pthread_mutex_t lock;
	struct source *source;       /* with a thread of its own; NULL: none */
	struct source *file;         /* at its bottom; owned by it */
	uint64_t past;               /* bytes of the archives before it */
	const char *compression;     /* of the last archive */
};

/* verify_archive.c: one archive, its name for messages being ${name} */
MUST_CHECK int verify_archive(struct verify *v, struct source *file, const char *name,
    enum checker_part part, const char *oid, struct error *err);
void verify_cut(struct verify *v);
uint64_t verify_done(struct verify *v);

/* verify_directory.c: archives in a directory, and their manifest */
MUST_CHECK int verify_directory(struct verify *v, int dirfd, struct error *err);

/* verify_report.c */
void verify_report_write(struct verify *v, bool is_sound, const struct error *why);

#endif

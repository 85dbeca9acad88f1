#ifndef PG_BASETAR_ARCHIVE_STATECHECK_H
#define PG_BASETAR_ARCHIVE_STATECHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "datadir/member.h"
#include "lib/cancel.h"
#include "lib/error.h"
#include "lib/settle.h"
#include "pg/cluster.h"

/* Files of the tree that show on their own whether they are whole: one by one, as they are sent. */
struct statecheck {
	struct member_judge judge; /* first; of small files that may be being written */
	const struct pg_version *version;
	uint32_t block_size;
	bool is_frozen;              /* nothing is being written */
	const struct cancel *cancel; /* borrowed */
	struct settle cut; /* counts relations that end in the middle of a page */
	uint64_t damaged;  /* findings */
};

void statecheck_open(struct statecheck *, const struct pg_version *version,
    uint32_t block_size, bool is_frozen, const struct cancel *cancel);

/* In the planner's thread: a small file, whole. */
MUST_CHECK int statecheck_bytes(struct statecheck *, const char *path,
    const uint8_t *bytes, size_t len, struct error *err);
/* A relation's file; what comes of waiting for its last page is in ${st}. */
MUST_CHECK int statecheck_relation(
    struct statecheck *, const char *path, int fd, struct stat *st, struct error *err);
/* Any other, which is too large to be held. */
MUST_CHECK int statecheck_large(
    struct statecheck *, const char *path, int fd, struct error *err);

/* One more finding: ${what} is wrong with the file ${path}. */
MUST_CHECK int statecheck_finding(struct statecheck *, const char *kind, const char *path,
    const char *what, struct error *err);

#endif

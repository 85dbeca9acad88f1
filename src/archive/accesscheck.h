#ifndef PG_BASETAR_ARCHIVE_ACCESSCHECK_H
#define PG_BASETAR_ARCHIVE_ACCESSCHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/error.h"

/* Files and directories of the tree whose owner or mode keeps the server out. */
struct accesscheck {
	uint64_t kept_out;
};

/*
 * In the planner's thread, one more is sent: can the server use it, which runs as the owner of
 * the data directory ${datadir}?  If not, that is a finding.
 */
MUST_CHECK int accesscheck_member(struct accesscheck *, const struct stat *datadir,
    const char *path, const struct stat *st, struct error *err);

/* Say how many there were, if any: then false. */
bool accesscheck_report(const struct accesscheck *);

#endif

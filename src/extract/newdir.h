#ifndef PG_BASETAR_EXTRACT_NEWDIR_H
#define PG_BASETAR_EXTRACT_NEWDIR_H

#include <stdbool.h>

#include "util/error.h"

/* A directory that is new, or empty, and will be filled. */
struct newdir {
	const char *path; /* borrowed */
	int fd;
	bool is_made; /* by us */
};

/*
 * Open ${path}; make it, if there is only the directory it shall be in.  ERROR_STATE:
 * something is in it (with ENOTEMPTY, unless it is known what that is: a cluster, or an unfinished
 * restore), or it is somebody else's, unless for root.  On failure nothing is open, and nothing
 * was made.
 */
MUST_CHECK int newdir_open(struct newdir *, const char *path, struct error *err);

/* Is it still empty?  ERROR_STATE as above. */
MUST_CHECK int newdir_check(const struct newdir *, struct error *err);

/* Make it durable that it is there. */
MUST_CHECK int newdir_sync(const struct newdir *, struct error *err);

/* With ${forget} it goes, if it was made here and nothing is in it. */
void newdir_close(struct newdir *, bool forget);

#endif

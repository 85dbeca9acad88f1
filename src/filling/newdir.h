#ifndef PG_BASETAR_FILLING_NEWDIR_H
#define PG_BASETAR_FILLING_NEWDIR_H

#include <stdbool.h>
#include <sys/types.h>

#include "filling/beneath.h"
#include "filling/route.h"
#include "lib/error.h"

/* What may be there already and stays: other names are in the way.  NULL: nothing may. */
struct newdir_guests {
	bool (*may_stay)(const struct newdir_guests *, int fd, const char *name);
};

/*
 * A directory that is new, or empty, and will be filled.  With lost+found, which mkfs makes, it
 * is empty.  It is locked while it is open, so that no other process fills it too.
 */
struct newdir {
	const char *path; /* borrowed */
	int fd;
	bool is_made;                       /* by us */
	bool has_guests;                    /* when it was last looked at */
	const struct newdir_guests *guests; /* borrowed */
	struct route route;
	struct beneath beneath; /* what is written into it */
};

/*
 * Open ${path}; make it, and the directories that lead to it as route_make() does.  ERROR_STATE:
 * something is in it (with ENOTEMPTY, unless it is known what that is: a cluster, or an unfinished
 * restore), it is open already, here or in another process, or it is somebody else's, unless for
 * root, who calls newdir_check_owner() when the owner is known.  On failure nothing is open, and
 * nothing was made.
 */
MUST_CHECK int newdir_open(struct newdir *, const char *path,
    const struct newdir_guests *guests, struct error *err);

/*
 * May root give it to ${owner}?  Not one that is a third user's, nor what is root's own if a link
 * that is not led there: ERROR_STATE.
 */
MUST_CHECK int newdir_check_owner(const struct newdir *, uid_t owner, struct error *err);

/* Its owner, if it was there and is not root's; false: it is made here, or is root's. */
MUST_CHECK int newdir_owner(
    const struct newdir *, bool *has_owner, uid_t *uid, gid_t *gid, struct error *err);

/* Is it still empty?  ERROR_STATE as above. */
MUST_CHECK int newdir_check(struct newdir *, struct error *err);

/*
 * ${err} is what opening ${path}, or the check, failed with: add what helps, and the path.
 * ${option} names another directory for it; NULL: none does.  Always -1.
 */
int newdir_explain(const char *path, const char *option, struct error *err);

/*
 * Give it, and the directories on its way that were made here, their owner, unless ${uid} is (uid_t)-1,
 * and their mode.
 */
MUST_CHECK int newdir_settle(
    const struct newdir *, uid_t uid, gid_t gid, mode_t mode, struct error *err);

/*
 * Make it durable that it is there.  *is_unsynced: the directory above may not be read, and so
 * not be synced.
 */
MUST_CHECK int newdir_sync(const struct newdir *, bool *is_unsynced, struct error *err);

/*
 * With ${forget} it goes, if it was made here and nothing is in it, and so do the directories on
 * its way: of several close the last one first.
 */
void newdir_close(struct newdir *, bool forget);

#endif

#ifndef PG_BASETAR_FILLING_ROUTE_H
#define PG_BASETAR_FILLING_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"

/*
 * The way to a directory that may not exist yet: taken by its components, so that it is known whose
 * symbolic links were followed, and what is found at its end cannot be changed meanwhile by those
 * who own a component of it.
 */
struct route {
	int parent; /* the directory that holds it: for openat() and the like only */
	/* in it; never a link when it was looked at; "." for the root, or what a link of /proc led to */
	char *name;
	bool has_link;   /* one of a user other than root was followed, */
	uid_t link_uid;  /* of this one, */
	bool has_others; /* and others, of other users */
	/* directories that were missing on the way and were made, the outermost first */
	size_t nmade;
	struct route_made {
		int parent; /* for openat() and the like only */
		int fd;     /* of the directory */
		char *name; /* in its parent */
	} * made;
};

/*
 * ERROR_STATE, .sys: what a component failed with; ELOOP: too many links.  On failure there
 * is nothing to close.
 */
MUST_CHECK int route_open(struct route *, const char *path, struct error *err);

/*
 * The same, and directories of the path that are missing are made with mode 0700, as mkdir -p does,
 * but for the last one.  None is made where a symbolic link leads: that is a volume that is not
 * mounted, more likely.  On failure those that were made are gone again.
 */
MUST_CHECK int route_make(struct route *, const char *path, struct error *err);

/* Remove the directories that were made and are empty. */
void route_unmake(struct route *);

/* Also one that was closed, or is all zeros with .parent -1. */
void route_close(struct route *);

#endif

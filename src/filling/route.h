#ifndef PG_BASETAR_FILLING_ROUTE_H
#define PG_BASETAR_FILLING_ROUTE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/error.h"

/*
 * The way to a directory that may not exist yet: gone part by part, so that it is known whose
 * symbolic links were followed, and what is found at its end cannot be changed meanwhile by those
 * who own a part of it.
 */
struct route {
	int parent; /* the directory that holds it: for openat() and the like only */
	/* in it; never a link when it was looked at; "." for the root, or what a link of /proc led to */
	char *name;
	bool has_link;   /* one of a user other than root was followed, */
	uid_t link_uid;  /* of this one, */
	bool has_others; /* and others, of other users */
};

/*
 * ERROR_STATE, .sys: what a part of the way failed with; ELOOP: too many links.  On failure there
 * is nothing to close.
 */
MUST_CHECK int route_open(struct route *, const char *path, struct error *err);

/* Also one that was closed, or is all zeros with .parent -1. */
void route_close(struct route *);

#endif

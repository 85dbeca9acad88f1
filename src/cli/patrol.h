#ifndef PG_BASETAR_CLI_PATROL_H
#define PG_BASETAR_CLI_PATROL_H

#include "lib/cancel.h"
#include "lib/error.h"
#include "stream/blockpipe.h"

/*
 * Long work in a thread of its own, while the main thread looks after it: it sees the
 * signals, asks the server from time to time whether it still is what it was, and shows
 * how far the work is.  Whatever ends the work early, patrol_run() returns only when
 * the thread has.
 */
struct patrol;

struct patrol_ops {
	int (*work)(struct patrol *, struct error *); /* in the thread */
	/* every few seconds; NULL: nothing */
	int (*watch)(struct patrol *, struct error *);
	void (*tick)(struct patrol *); /* several times a second; NULL */
	/* several times a second: what cannot wait for the next watch; NULL: nothing */
	int (*hurry)(struct patrol *, struct error *);
	/* the cancel is raised: wake whoever waits, again and again; NULL: no one does */
	void (*cut)(struct patrol *);
};

struct patrol {
	struct blockpipe *pipe; /* borrowed: what the work plans for; NULL: no pipe */
	struct cancel *cancel;  /* borrowed */
	const char *outcome;    /* of a run that is interrupted: "no backup was made" */
};

/*
 * 0 when the work is done.  Else the error that ended it: a signal (ERROR_CANCELLED), what
 * watch found, or, of the work and its pipeline, what came first in the stream.
 */
MUST_CHECK int patrol_run(
    struct patrol *, const struct patrol_ops *ops, struct error *err);

/* ERROR_CANCELLED with the name of the signal that asked us to end. */
int patrol_interrupted(const struct patrol *, struct error *err);

#endif

#ifndef PG_BASETAR_STREAM_RATE_H
#define PG_BASETAR_STREAM_RATE_H

#include "lib/cancel.h"
#include "lib/stream.h"

/*
 * A limit on the bytes that leave in a second: one budget, which all sinks of a run
 * share, and a filter that spends it.  Bytes leave in slices of a sixteenth of a second's
 * worth, with a pause between them, so that a reader sees an even flow and not a block at
 * a time.
 *
 * The pause after a slice is counted from when the one before was paid for, so that the
 * time a write takes is no loss.  What a longer time without writes would have allowed is
 * made up for to a quarter of a second's worth, no more.
 */
struct rate;

/* The time: seconds since some moment.  Tests have their own. */
struct rate_clock {
	double (*now)(struct rate_clock *);
	/* Wait until then; ERROR_CANCELLED as soon as ${cancel} is raised. */
	int (*wait)(
	    struct rate_clock *, double until, const struct cancel *, struct error *);
};

struct rate_options {
	uint64_t bytes_per_second; /* at least 1 */
	size_t unit;               /* a slice is a multiple of it: a record, else 1 */
	const struct cancel *cancel;
	struct rate_clock *clock; /* borrowed; NULL: the system's */
};

MUST_CHECK int rate_open(
    struct rate **, const struct rate_options *options, struct error *err);
/* After the sinks that share it.  NULL is no rate. */
void rate_free(struct rate *);

/*
 * Put a filter on top of *sink, which it owns from then on; on failure *sink is as it was.
 * It borrows ${rate}.  Sinks that share one are written to one at a time.
 */
MUST_CHECK int rate_push(struct sink **sink, struct rate *rate, struct error *err);

#endif

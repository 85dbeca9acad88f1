#ifndef PG_BASETAR_LIB_STREAM_H
#define PG_BASETAR_LIB_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * Where bytes go, and where they come from.
 *
 * A sink has three verbs.  write takes all ${len} bytes or fails; there are no short
 * writes.  finish commits: it makes what was written visible and durable, and is
 * called once, after the last write.  free releases, cannot fail, and of a sink that
 * was not finished is removed.  So an output is whole, or it never was.
 *
 * A sink is used by one thread at a time; after a write failed, only free is legal.
 */
struct sink;

struct sink_ops {
	int (*write)(struct sink *, const void *bytes, size_t len, struct error *);
	int (*finish)(struct sink *, struct error *);
	void (*free)(struct sink *);
};

struct sink {
	const struct sink_ops *ops; /* the first member of each kind of sink */
};

MUST_CHECK int sink_write(
    struct sink *s, const void *bytes, size_t len, struct error *err);
MUST_CHECK int sink_finish(struct sink *s, struct error *err);

/* NULL is no sink and no error. */
void sink_free(struct sink *s);

/*
 * A source has two verbs: read puts up to ${len} bytes at ${into} and counts them in
 * ${got}; a count of 0 is the end.  free releases.  One that can go past bytes without
 * reading them has a third: skip goes past up to ${len} of them, counted in ${got}; 0 is the
 * end, or that they must be read.  NULL: they always must.
 */
struct source;

struct source_ops {
	int (*read)(struct source *, void *into, size_t len, size_t *got, struct error *);
	void (*free)(struct source *);
	int (*skip)(struct source *, uint64_t len, uint64_t *got, struct error *);
};

struct source {
	const struct source_ops *ops;
	/* beyond the end of what was written there its bytes are another's: a block device */
	bool goes_on;
};

MUST_CHECK int source_read(
    struct source *s, void *into, size_t len, size_t *got, struct error *err);
/* *got is 0 too where the source cannot skip. */
MUST_CHECK int source_skip(
    struct source *s, uint64_t len, uint64_t *got, struct error *err);
void source_free(struct source *s);

/*
 * Bytes that can be read at any offset: those of a file, and of its source others may read meanwhile.
 */
struct store {
	const struct store_ops *ops; /* the first member of each kind of store */
	uint64_t size;
};

struct store_ops {
	/* Up to ${len} bytes at ${offset}, counted in *got; 0 is the end. */
	int (*read)(struct store *, uint64_t offset, void *into, size_t len, size_t *got,
	    struct error *);
};

/* All ${len} of them; ERROR_FORMAT: it ends before. */
MUST_CHECK int store_read(
    struct store *, uint64_t offset, void *into, size_t len, struct error *err);

/* The bytes from ${offset} on as a source; ${store} is borrowed, and outlives it. */
MUST_CHECK int store_source(
    struct source **out, struct store *store, uint64_t offset, struct error *err);

#endif

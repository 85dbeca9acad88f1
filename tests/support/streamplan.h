#ifndef PG_BASETAR_SUPPORT_STREAMPLAN_H
#define PG_BASETAR_SUPPORT_STREAMPLAN_H

#include "lib/buf.h"
#include "stream/blockpipe.h"

/*
 * A stream planned twice: into a block pipeline, and byte by byte in memory, so that
 * what leaves the pipe can be compared with what was meant.  Its bodies remember what
 * they were told; streamplan_wrong() compares that too.
 */

/* A body, and what it heard.  Written by whoever tells; read when the pipe is freed. */
struct heard {
	struct body body;
	char name[24];        /* "body N", from 0 on */
	size_t start, len;    /* in the expected stream */
	size_t told, missing; /* bytes */
	size_t missing_expected;
	uint32_t direct, combined; /* CRC-32C: of the bytes told; of the pieces' CRCs */
	unsigned ended, freed;     /* how often */
	bool is_wrong;             /* told out of order, nothing, or after its end */
	struct error fail;         /* kind set: what its op is to fail with, */
	size_t fail_at;            /* once so much was told; at the end if never */
};

struct streamplan {
	struct blockpipe *pipe; /* borrowed */
	struct buf expect;
	struct heard *bodies[4096];
	size_t nbodies;
	struct heard *current;
	struct {
		char *path; /* borrowed */
		const uint8_t *bytes;
		size_t len;
	} file;        /* what ranges are read from */
	uint64_t seed; /* of streamplan_random() */
};

/* Any number below ${below}, the next of the sequence of ${plan}. */
size_t streamplan_random(struct streamplan *plan, size_t below);

/* ${len} bytes of no meaning: those from ${start} on of an endless text. */
void streamplan_fill(uint8_t *into, size_t len, uint64_t start);

/* The planner's calls, as in stream/blockpipe.h, of bodies and bytes of this plan's. */
MUST_CHECK int streamplan_header(struct streamplan *, size_t len, struct error *err);
MUST_CHECK int streamplan_padding(struct streamplan *, size_t len, struct error *err);
struct heard *streamplan_begin(struct streamplan *, bool wants_crc32c);
MUST_CHECK int streamplan_bytes(struct streamplan *, size_t len, struct error *err);
MUST_CHECK int streamplan_range(
    struct streamplan *, size_t offset, size_t len, struct error *err);
MUST_CHECK int streamplan_end(struct streamplan *, struct error *err);

/* A range that cannot be read: of a directory. */
MUST_CHECK int streamplan_bad_range(struct streamplan *, size_t len, struct error *err);

/* A member: header, a body of that one piece, padding to 512. */
MUST_CHECK int streamplan_member(
    struct streamplan *, bool is_range, size_t len, struct error *err);

/* ${members} members of all shapes and sizes. */
MUST_CHECK int streamplan_members(struct streamplan *, size_t members, struct error *err);

/*
 * After the pipe was freed: NULL, or what is wrong with what the bodies heard.  Of a
 * stream that was not completed only that each was freed once, and nothing out of order.
 */
const char *streamplan_wrong(const struct streamplan *, bool is_complete);

/* Release bodies and bytes; not the pipe, which must have been freed before. */
void streamplan_free(struct streamplan *);

#endif

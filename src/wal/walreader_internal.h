#ifndef PG_BASETAR_WAL_WALREADER_INTERNAL_H
#define PG_BASETAR_WAL_WALREADER_INTERNAL_H

/* What walreader.c (the walk) and walreader_check.c (is a record sound?) share. */

#include "lib/buf.h"
#include "wal/walreader.h"

enum state {
	STATE_BEFORE,  /* the start position has not come yet */
	STATE_BETWEEN, /* a record begins at next */
	STATE_INSIDE,  /* the record at next has begun; buf has what came of it */
	STATE_FILLER,  /* behind a switch record; next is the segment's end */
	STATE_DONE
};

struct walreader {
	const struct walpage_expect *expect;
	uint64_t stop_lsn;
	bool skips_filler, is_blind;
	struct walreader_sink *sink;

	uint32_t timeline; /* of the file the bytes come from */
	uint64_t lsn;      /* of the next byte that comes */
	bool has_begun;    /* there was a segment */

	enum state state;
	uint64_t end; /* of the last complete record; at first the start position */
	uint64_t next;
	uint64_t prev;      /* the record before it; UINT64_MAX: none was read */
	uint64_t abandoned; /* the record that was left incomplete; UINT64_MAX: none */

	struct walreader_timeline timelines[WALREADER_TIMELINES]; /* of its pages */
	size_t ntimelines;

	/* of the record that has begun */
	struct buf buf;
	struct walrecord rec;
	uint32_t total_len; /* 0: not yet known */
	uint32_t crc;
};

#define NONE UINT64_MAX

/* Not reached: the stop position.  Always -1. */
int walreader_ends_early(const struct walreader *r, struct error *err);

/* Of the record at r->next: what its header says, and the whole of it, which ends at ${end}. */
MUST_CHECK int walreader_check_length(
    const struct walreader *r, uint32_t len, struct error *err);
MUST_CHECK int walreader_check_header(
    const struct walreader *r, const struct walrecord *rec, struct error *err);
MUST_CHECK int walreader_check_overwrite(
    struct walreader *r, const struct walrecord *rec, struct error *err);
MUST_CHECK int walreader_check_crc(const struct walreader *r, const struct walrecord *rec,
    const uint8_t *header, struct error *err);
MUST_CHECK int walreader_check_end(
    const struct walreader *r, uint64_t end, struct error *err);

#endif

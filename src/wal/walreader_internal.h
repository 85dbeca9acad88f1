#ifndef PG_BASETAR_WAL_WALREADER_INTERNAL_H
#define PG_BASETAR_WAL_WALREADER_INTERNAL_H

/* A walk through records: walreader.c writes it, walreader_check.c looks at it. */

#include "lib/buf.h"
#include "wal/walreader.h"

enum state {
	STATE_BEFORE,  /* the start position has not come yet */
	STATE_BETWEEN, /* a record begins at next */
	STATE_INSIDE,  /* the record at next has begun; buf has what came of it */
	STATE_FILLER,  /* after a switch record; next is the segment's end */
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

#endif

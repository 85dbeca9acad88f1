#ifndef PG_BASETAR_PG_SLRU_H
#define PG_BASETAR_PG_SLRU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pg/cluster.h"

/*
 * The files of pg_xact, pg_multixact and pg_commit_ts: what became of each transaction, who
 * holds each shared row lock.  Numbers are given out in sequence; each directory has an array
 * of what belongs to them, in segments of 32 pages that are named by their place in it
 * (src/backend/access/transam/slru.c).  Pages have neither magic nor checksum.
 */
enum slru_kind {
	SLRU_XACT,      /* two bits a transaction (clog.c) */
	SLRU_OFFSETS,   /* of a multixact, where its members begin (multixact.c) */
	SLRU_MEMBERS,   /* five bytes each, in groups of four (multixact.c) */
	SLRU_COMMIT_TS, /* ten bytes a transaction (commit_ts.c) */
	SLRU_KINDS
};

#define SLRU_PAGES 32 /* of a segment */

/* Is ${path}, relative to the data directory, a segment?  False: nothing is touched. */
bool slru_locate(const char *path, enum slru_kind *kind, uint64_t *segment);

#define SLRU_PATH 48
/* The path of a segment, in a cluster of that release. */
void slru_path(char path[SLRU_PATH], enum slru_kind kind, uint64_t segment,
    const struct pg_version *version);

/* Numbers on a page of ${block_size} bytes. */
uint64_t slru_page_numbers(
    enum slru_kind kind, uint32_t block_size, const struct pg_version *version);

/* The last number, which is followed by 0. */
uint64_t slru_last_number(enum slru_kind kind, const struct pg_version *version);

/*
 * The number of the first member of the multixact ${multi}, if ${path} is the segment of
 * pg_multixact/offsets that says so, and ${bytes} have it.  0: they do not say.
 */
uint64_t slru_first_member(const char *path, const uint8_t *bytes, size_t len,
    uint64_t multi, uint32_t block_size, const struct pg_version *version);

/*
 * What became of transactions, in a segment of pg_xact of pages of 8192 bytes: two bits each, the
 * first in the lowest of a byte (clog.c, clog.h; the same in 10 to 19).
 */
#define SLRU_XACT_SEGMENT_BYTES ((size_t)SLRU_PAGES * 8192)
#define SLRU_XACT_SEGMENTS 4096 /* of all transactions */

enum slru_xact_status {
	SLRU_XACT_COMMITTED,
	SLRU_XACT_ABORTED,
	SLRU_XACT_UNKNOWN /* it ran, or a part of it did; or the segment does not say */
};

uint64_t slru_xact_segment(uint32_t xid);

/* By ${len} bytes of the segment that it is in. */
enum slru_xact_status slru_xact_status(const uint8_t *bytes, size_t len, uint32_t xid);

#endif

#ifndef PG_BASETAR_WAL_WALREADER_CHECK_H
#define PG_BASETAR_WAL_WALREADER_CHECK_H

#include <stdint.h>

#include "lib/error.h"
#include "wal/walreader.h"
#include "wal/walrecord.h"

/* Is a record sound, where the walk is? */

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

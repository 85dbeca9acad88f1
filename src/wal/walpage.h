#ifndef PG_BASETAR_WAL_WALPAGE_H
#define PG_BASETAR_WAL_WALPAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "pg/cluster.h"
#include "wal/walhistory.h"

/*
 * The header at the start of each page of a WAL segment (XLogPageHeaderData and
 * XLogLongPageHeaderData in src/include/access/xlog_internal.h, PostgreSQL 10 to 19;
 * offsets compared with real segments of each):
 *
 *	 0  2	magic, one value for each major version
 *	 2  2	flags: 1 begins inside a record, 2 long header; which others there are, and which
 *		of them says that the record that should go on here was abandoned, the release
 *		says (pg/cluster.h)
 *	 4  4	timeline that was current when the page was made
 *	 8  8	address: the LSN of the page's first byte
 *	16  4	bytes that are left of the record the page begins inside of
 *	24	the rest only in the first page of a segment:
 *	24  8	system identifier
 *	32  4	segment size
 *	36  4	page size
 *
 * A segment in pg_wal may be a recycled one: it bears a future name and its former
 * content until the server gets there.  Only the address shows it.
 */
#define WALPAGE_SHORT_HEADER ((size_t)24)
#define WALPAGE_LONG_HEADER ((size_t)40)

/* What the pages of a cluster have in common. */
struct walpage_expect {
	const struct pg_version *version; /* static */
	uint64_t system_identifier;
	uint32_t segment_size;
	uint32_t block_size; /* of WAL */
	/*
	 * Borrowed: of the newest timeline in question.  NULL: it is not known yet; a page
	 * may then be of any timeline up to that in the file's name.
	 */
	const struct walhistory *history;
};

/*
 * Check the header of the page at ${lsn}, of which the first ${len} bytes are at
 * ${page}, in the segment file whose name says ${name_timeline}.
 *
 * The page's timeline must be the one that owns ${lsn} in the history of
 * ${name_timeline}: at a promotion the server copies the beginning of the segment, old
 * timeline and all, into the first file of the new one.  ${name_timeline} must be part
 * of the history; of a file outside it nothing can be said.
 *
 * ERROR_FORMAT says at which LSN what was expected and what was found; when a segment's
 * first page bears another's address, that it was recycled.
 */
MUST_CHECK int walpage_check(const struct walpage_expect *expect, const uint8_t *page,
    size_t len, uint64_t lsn, uint32_t name_timeline, struct error *err);

/*
 * Where the first record begins after the one that the page at ${lsn}, whose header was
 * checked, begins inside of: there, or in the page where it is the first.
 */
uint64_t walpage_first_record(
    const struct walpage_expect *expect, const uint8_t *page, uint64_t lsn);

#endif

#ifndef PG_BASETAR_WAL_WALNAME_H
#define PG_BASETAR_WAL_WALNAME_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Names of the files in pg_wal (src/include/access/xlog_internal.h of PostgreSQL 10 to
 * 18).  A segment is %08X%08X%08X of its timeline and of the two halves of its number:
 * number / P and number % P, where P = 4 GiB / segment size.  A segment's number is
 * that of its first byte, an LSN, divided by the segment size, which is a power of two
 * from 1 MiB to 1 GiB.  Timelines start at 1.
 */

/* Bytes of a segment's name, and of a history file's, with the NUL. */
#define WALNAME_SIZE 25
#define WALNAME_HISTORY_SIZE 17

void walname_build(
    char out[WALNAME_SIZE], uint32_t timeline, uint64_t segno, uint32_t segsize);

/* "0000000A.history", what timeline 10 branched off from. */
void walname_build_history(char out[WALNAME_HISTORY_SIZE], uint32_t timeline);

/* Is this the form of a segment's name: 24 digits, upper case as the server writes? */
bool walname_is_segment(const char *name);

/* Is this the form of a history file's name? */
bool walname_is_history(const char *name);

/*
 * Take a segment's name apart.  False, and nothing is stored, when it is not of that
 * form, when its timeline is 0, or when no segment of that size can have this name.
 */
bool walname_parse(
    const char *name, uint32_t segsize, uint32_t *timeline, uint64_t *segno);

/* The same for a history file's name. */
bool walname_parse_history(const char *name, uint32_t *timeline);

/* The segment that holds the byte at ${lsn}. */
uint64_t walname_segment(uint64_t lsn, uint32_t segsize);

/*
 * The last segment that is needed up to ${stop_lsn}, exclusive: the one that holds the
 * byte before it.  A stop position on a boundary does not need the segment it begins.
 */
uint64_t walname_last_segment(uint64_t stop_lsn, uint32_t segsize);

#endif

#ifndef PG_BASETAR_LIB_LSN_H
#define PG_BASETAR_LIB_LSN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Positions in the WAL as text: two halves of 32 bits in upper-case hexadecimal without
 * leading zeros, "16/B374D848".  All releases from 10 to 18 write them so: the type
 * pg_lsn, backup_label and backup_manifest alike.
 */

/* Room for the longest, "FFFFFFFF/FFFFFFFF", and its NUL. */
#define LSN_TEXT 18

/* The whole string ${text}, just as it would be printed.  False: *lsn is untouched. */
bool lsn_parse(const char *text, uint64_t *lsn);

/* Returns ${out}, so that it can stand among the arguments of a message. */
const char *lsn_print(char out[LSN_TEXT], uint64_t lsn);

/* The same; NULL for 0, which no position is. */
const char *lsn_print_known(char out[LSN_TEXT], uint64_t lsn);

#endif

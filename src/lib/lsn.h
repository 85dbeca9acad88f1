#ifndef PG_BASETAR_LIB_LSN_H
#define PG_BASETAR_LIB_LSN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Positions in the WAL as text: two halves of 32 bits in upper-case hexadecimal, "0/3000028":
 * the type pg_lsn, backup_label, backup_manifest and timeline histories alike.  Up to 18 neither
 * half has leading zeros; 19 writes the lower one with 8 digits, "0/03000028".  Both releases
 * read both forms, and so does every reader here.
 */

/* Room for the longest, "FFFFFFFF/FFFFFFFF", and its NUL. */
#define LSN_TEXT 18

/* The whole string ${text}, in either form.  False: *lsn is untouched. */
bool lsn_parse(const char *text, uint64_t *lsn);

/* Returns ${out}, so that it can stand among the arguments of a message. */
const char *lsn_print(char out[LSN_TEXT], uint64_t lsn);

/* In the form of 19, for files that its server writes so. */
const char *lsn_print_padded(char out[LSN_TEXT], uint64_t lsn);

/* As lsn_print(); NULL for 0, which no position is. */
const char *lsn_print_known(char out[LSN_TEXT], uint64_t lsn);

#endif

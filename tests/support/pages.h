#ifndef PG_BASETAR_TESTS_PAGES_H
#define PG_BASETAR_TESTS_PAGES_H

#include <stdint.h>

#include "pg/page.h"

/*
 * Pages as a server writes them, made by code; and the checksum once more, word by word as
 * it is described, to be compared with.
 */

/* The checksum of the ${block}th page of a fork, by the description. */
uint16_t pages_checksum(const uint8_t page[PAGE_BYTES], uint32_t block);

/* A page of that LSN, full of rows that depend on ${seed}; its checksum is right. */
void pages_make(uint8_t page[PAGE_BYTES], uint32_t block, uint64_t lsn, uint64_t seed);

/* Make the checksum right again. */
void pages_seal(uint8_t page[PAGE_BYTES], uint32_t block);

#endif

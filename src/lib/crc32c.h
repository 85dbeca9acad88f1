#ifndef PG_BASETAR_LIB_CRC32C_H
#define PG_BASETAR_LIB_CRC32C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * CRC-32C (Castagnoli): reflected polynomial 0x82F63B78, start and final value
 * inverted.  The checksum of pg_control, of WAL records and of a manifest's files
 * (src/include/port/pg_crc32c.h of PostgreSQL 9.5 and later; RFC 3720, appendix B.4,
 * has test vectors).  All functions may be called from any thread at any time.
 */

/*
 * The CRC of the bytes whose CRC is ${crc}, followed by ${len} more at ${bytes}.
 * crc32c(0, ...) starts; what comes out is final and can go in again.
 */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t len);

/*
 * The CRC of A followed by B, from ${first}, the CRC of A, and ${second}, that of B,
 * which is ${second_len} bytes long.  Takes O(log second_len).
 */
uint32_t crc32c_combine(uint32_t first, uint32_t second, uint64_t second_len);

/* crc32c() without special instructions: what a machine that has none runs. */
uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t len);

/* Does crc32c() use the processor's CRC instructions here? */
bool crc32c_is_hardware(void);

#endif

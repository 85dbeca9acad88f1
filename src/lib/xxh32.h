#ifndef PG_BASETAR_LIB_XXH32_H
#define PG_BASETAR_LIB_XXH32_H

#include <stddef.h>
#include <stdint.h>

/*
 * XXH32 with the seed 0, the checksum of lz4's frames, of ${len} bytes
 * (doc/xxhash_spec.md of xxHash, "XXH32 Algorithm Description").
 */
uint32_t xxh32(const void *bytes, size_t len);

#endif

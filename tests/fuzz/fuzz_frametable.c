/* A table of frames that anybody wrote: no place outside of the file, and one verdict however it comes. */
#include <stdlib.h>
#include <string.h>

#include "codec/frametable.h"
#include "support/memstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* As a skippable frame after ${frames} frames. */
static enum frametable_verdict
verdict(const uint8_t *bytes, size_t len, size_t frames, size_t chunk)
{
	struct frametable_check c = { 0 };

	for (size_t i = 0; i < frames; i++)
		frametable_check_frame(&c, i, 2 * i);
	frametable_check_begin(&c, FRAMETABLE_SKIPPABLE_MAGIC, len);
	for (size_t n; len > 0; len -= n, bytes += n) {
		n = len < chunk ? len : chunk;
		frametable_check_bytes(&c, bytes, n);
	}
	return frametable_check_end(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct frametable_place place;
	struct error err = { 0 };
	struct memstore m;

	if (len < 2)
		return 0;
	m = memstream_store(bytes + 2, len - 2);
	for (uint64_t want = 0; want < len; want += 1 + bytes[0]) {
		if (frametable_find(&m.store, want, &place, &err))
			break;
		if (place.offset > len - 2)
			abort();
	}
	if (verdict(bytes + 2, len - 2, bytes[1], len) !=
	    verdict(bytes + 2, len - 2, bytes[1], 1 + bytes[0] % 13))
		abort();
	return 0;
}

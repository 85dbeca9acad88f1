/* A table of frames that anybody wrote: no place outside of the file, and one verdict however it comes. */
#include <stdlib.h>
#include <string.h>

#include "codec/frametable.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct memory {
	struct store store;
	const uint8_t *bytes;
};

static int
memory_read(struct store *s, uint64_t offset, void *into, size_t len, size_t *got,
    struct error *err)
{
	(void)err;
	*got = offset >= s->size   ? 0 :
	    len < s->size - offset ? len :
				     (size_t)(s->size - offset);
	if (*got > 0)
		memcpy(into, ((struct memory *)s)->bytes + offset, *got);
	return 0;
}

static const struct store_ops ops = { memory_read };

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
	struct memory m;

	if (len < 2)
		return 0;
	m = (struct memory){ { &ops, len - 2 }, bytes + 2 };
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

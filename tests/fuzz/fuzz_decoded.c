/* What anybody compressed: whatever the pieces it comes in, the same bytes or an error. */
#include <stdlib.h>
#include <string.h>

#include "codec/decoded.h"
#include "support/memstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The sum of what comes out, at most so much of it: a few bytes may stand for many. */
enum { MOST = 4 * 1024 * 1024 };

static int
decode(const uint8_t *bytes, size_t len, size_t chunk, uint64_t *sum, struct error *err)
{
	struct memsource m = memstream_source(bytes, len, chunk);
	struct source *s = &m.source;
	static uint8_t out[64 * 1024];
	const char *name;
	size_t got = 1, all = 0;
	int rc = decoded_push(&s, &name, err);

	*sum = 0;
	while (rc == 0 && got > 0 && all < MOST) {
		rc = source_read(s, out, sizeof(out), &got, err);
		for (size_t i = 0; rc == 0 && i < got; i++)
			*sum = *sum * 31 + out[i];
		all += got;
	}
	source_free(s);
	return all < MOST ? rc : 2;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct error one = { 0 }, two = { 0 };
	uint64_t sum_one, sum_two;
	int rc;

	if (len < 2)
		return 0;
	rc = decode(bytes + 1, len - 1, len, &sum_one, &one);
	if (rc != decode(bytes + 1, len - 1, 1 + bytes[0] % 7, &sum_two, &two))
		abort();
	if (rc != 2 && sum_one != sum_two)
		abort();
	return 0;
}

/* What anybody compressed, by several threads: the same bytes, and an error if one decoder has one. */
#include <stdlib.h>
#include <string.h>

#include "codec/decoded.h"
#include "lib/interrupt.h"
#include "stream/decodepool.h"
#include "support/memstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* At most so much of it is compared: a few bytes may stand for many. */
enum { MOST = 4 * 1024 * 1024 };

static int
decode(const uint8_t *bytes, size_t len, unsigned jobs, uint8_t *out, size_t *all,
    struct error *err)
{
	struct memsource m = memstream_source(bytes, len, 0);
	struct source *s = &m.source;
	const char *name;
	size_t got = 1;
	int rc = jobs == 0 ? decoded_push(&s, &name, err) :
			     decodepool_push(&s, jobs, NULL, &name, err);

	for (*all = 0; rc == 0 && got > 0 && *all < MOST; *all += got)
		rc = source_read(s, out + *all, MOST - *all, &got, err);
	source_free(s);
	return rc;
}

/* How zlib and ISA-L differ in what they take for damaged shows in the place, not in the fact. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t one[MOST], many[MOST];
	struct error err_one = { 0 }, err_many = { 0 };
	size_t len_one, len_many;
	int rc;

	if (len < 2 || interrupt_install(&err_one))
		return 0;
	rc = decode(bytes + 1, len - 1, 0, one, &len_one, &err_one);
	if (rc !=
	    decode(bytes + 1, len - 1, 1 + bytes[0] % 3, many, &len_many, &err_many))
		abort();
	if (rc == 0 && (len_one != len_many || memcmp(one, many, len_one) != 0))
		abort();
	return 0;
}

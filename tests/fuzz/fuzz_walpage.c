#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wal/walpage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Segments of four pages of 64 bytes, far smaller than real ones, so that a few bytes
 * reach every page.  The first two bytes choose the stop position and where the content
 * is cut in two; it must not matter where.
 */
enum { PAGE = 64, SEGMENT = 4 * PAGE, FIRST = 8 * SEGMENT };

static struct walhistory_row line[] = {
	{ 1, FIRST + PAGE + 8 },
	{ 2, FIRST + 2 * PAGE },
	{ 3, UINT64_MAX },
};

static int
scan(const uint8_t *data, size_t size, size_t cut, uint64_t stop, struct error *err)
{
	const struct walhistory history = { .count = 3, .rows = line };
	const struct walpage_expect expect = {
		.magic = 0xD110,
		.system_identifier = 7,
		.segment_size = SEGMENT,
		.block_size = PAGE,
		.history = &history,
	};
	struct walpage_scan s;

	walpage_scan_start(&s, &expect, 3, FIRST, stop);
	if (walpage_scan_bytes(&s, data, cut, err))
		return -1;
	return walpage_scan_bytes(&s, data + cut, size - cut, err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error whole = { 0 }, parts = { 0 };
	uint64_t stop;
	size_t cut;
	int rc;

	if (size < 2)
		return 0;
	stop = FIRST + (uint64_t)data[0] * 2;
	cut = data[1] % 4 * PAGE;
	data += 2;
	size -= 2;
	if (cut > size)
		cut = 0;
	rc = scan(data, size, size, stop, &whole);
	if (scan(data, size, cut, stop, &parts) != rc ||
	    strcmp(whole.text, parts.text) != 0)
		abort();
	if ((rc == 0) != (whole.kind == ERROR_NONE))
		abort();
	return 0;
}

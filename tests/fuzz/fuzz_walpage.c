#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "wal/walpage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Pages of 64 bytes in segments of four, far smaller than real ones.  The first two bytes
 * choose the address that is expected and the timeline in the file's name.
 */
enum { PAGE = 64, SEGMENT = 4 * PAGE, FIRST = 8 * SEGMENT };

static struct walhistory_row line[] = {
	{ 1, FIRST + PAGE + 8 },
	{ 2, FIRST + 2 * PAGE },
	{ 3, UINT64_MAX },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct walhistory history = { .count = 3, .rows = line };
	const struct walpage_expect expect = {
		.version = cluster_version(15),
		.system_identifier = 7,
		.segment_size = SEGMENT,
		.block_size = PAGE,
		.history = &history,
	};
	struct error err = { 0 };
	int rc;

	if (size < 2)
		return 0;
	rc = walpage_check(&expect, data + 2, size - 2,
	    FIRST + data[0] % 8 * (uint64_t)PAGE, data[1] % 4, &err);
	if ((rc == 0) != (err.kind == ERROR_NONE))
		abort();
	return 0;
}

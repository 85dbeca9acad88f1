#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "wal/walhistory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is accepted is a line of timelines that ascends to the one asked for. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walhistory h;
	struct error err = { 0 };
	uint32_t timeline;

	if (size < 4)
		return 0;
	timeline = (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 |
	    (uint32_t)data[2] << 8 | data[3];
	if (walhistory_parse((const char *)data + 4, size - 4, timeline, &h, &err)) {
		if (err.kind == ERROR_NONE || h.count != 0 || h.rows != NULL)
			abort();
		return 0;
	}
	for (size_t i = 0; i < h.count; i++) {
		const struct walhistory_row *row = &h.rows[i];

		if (i > 0 &&
		    (row->timeline <= row[-1].timeline || row->end_lsn < row[-1].end_lsn))
			abort();
		if (i + 1 < h.count && walhistory_at(&h, row->end_lsn) == row->timeline)
			abort();
	}
	if (h.rows[h.count - 1].timeline != timeline ||
	    h.rows[h.count - 1].end_lsn != UINT64_MAX)
		abort();
	walhistory_free(&h);
	return 0;
}

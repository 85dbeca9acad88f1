#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pg/tablespace_row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Any page has no more rows than there is room for, and each has an OID. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tablespace_row rows[TABLESPACE_ROW_MOST];
	uint8_t page[PAGE_BYTES] = { 0 };
	size_t count;

	memcpy(page, data, len < sizeof(page) ? len : sizeof(page));
	count = tablespace_row_page(page, rows);
	if (count > TABLESPACE_ROW_MOST)
		abort();
	for (size_t i = 0; i < count; i++)
		if (rows[i].oid == 0)
			abort();
	return 0;
}

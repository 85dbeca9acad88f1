#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pg/catalogrow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Any page has no more rows than there is room for, and each has an OID. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct catalogrow rows[CATALOGROW_MOST];
	uint8_t page[PAGE_BYTES] = { 0 };
	size_t count;

	memcpy(page, data, len < sizeof(page) ? len : sizeof(page));
	count = catalogrow_page(page, rows);
	if (count > CATALOGROW_MOST)
		abort();
	for (size_t i = 0; i < count; i++)
		if (rows[i].oid == 0)
			abort();
	return 0;
}

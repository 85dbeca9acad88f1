#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "pg/statefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Any bytes are taken or refused, and in pieces as in one. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct statefile whole = { 0 }, parts = { 0 };
	struct error err = { 0 };
	size_t step;

	if (len < 2)
		return 0;
	whole.kind = parts.kind =
	    (enum statefile_kind)(data[0] % (STATEFILE_VERSION + 1));
	step = data[1] ? data[1] : 1;
	data += 2;
	len -= 2;
	statefile_bytes(&whole, data, len);
	for (size_t at = 0; at < len; at += step)
		statefile_bytes(&parts, data + at, len - at < step ? len - at : step);
	if (statefile_end(&whole, NULL, &err) != statefile_end(&parts, NULL, &err))
		abort();
	return 0;
}

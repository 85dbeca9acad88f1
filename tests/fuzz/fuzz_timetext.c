#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "recovery/timetext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(int holds)
{
	if (!holds)
		abort();
}

/* What is read is of a server's range, and no moment is before itself. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	struct timetext t;

	if (text == NULL)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	if (timetext_parse(text, &t) == TIMETEXT_READ) {
		require(t.local > -((int64_t)1 << 46) && t.local < (int64_t)1 << 46);
		require(!t.has_offset || (t.offset > -16 * 3600 && t.offset < 16 * 3600));
		require(t.zone >= text && t.zone <= text + strlen(text));
		require(timetext_before(&t, &t) == TIMETEXT_NOT_BEFORE);
	}
	free(text);
	return 0;
}

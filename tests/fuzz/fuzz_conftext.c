#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pg/conftext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(int holds)
{
	if (!holds)
		abort();
}

/* It ends, and no name or value is longer than the text. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct error err = { 0 };
	struct conftext c;
	const char *name, *value;
	size_t lines = 0;

	conftext_begin(&c, (const char *)data, len);
	do {
		require(conftext_next(&c, &name, &value, &err) == 0);
		if (name) {
			require(name[0] != '\0' && strlen(name) <= CONFTEXT_NAME_MOST);
			require(strlen(name) + strlen(value) <= len);
			(void)conftext_is_on(value);
		}
		require(lines++ <= len);
	} while (name);
	conftext_end(&c);
	return 0;
}

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pg/hbatext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(int holds)
{
	if (!holds)
		abort();
}

static size_t
count(const uint8_t *data, size_t len, int has_includes)
{
	struct error err = { 0 };
	struct hbatext h;
	enum hbatext_kind kind;
	const char *name;
	size_t files = 0;

	hbatext_begin(&h, (const char *)data, len, has_includes);
	for (;;) {
		require(hbatext_next(&h, &kind, &name, &err) == 0);
		if (kind == HBATEXT_NONE)
			break;
		require(strlen(name) < len);
		require(has_includes || kind == HBATEXT_LIST);
		require(files++ <= len);
	}
	hbatext_end(&h);
	return files;
}

/* It ends, and a release with directives finds no fewer files. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	require(count(data, len, 0) <= count(data, len, 1));
	return 0;
}

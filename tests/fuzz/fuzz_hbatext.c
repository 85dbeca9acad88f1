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
count(const uint8_t *data, size_t len, enum hbatext_form form)
{
	struct error err = { 0 };
	struct hbatext h;
	enum hbatext_kind kind;
	const char *name;
	size_t files = 0;

	hbatext_begin(&h, (const char *)data, len, form);
	for (;;) {
		require(hbatext_next(&h, &kind, &name, &err) == 0);
		if (kind == HBATEXT_NONE)
			break;
		require(strlen(name) < len);
		require(form != HBATEXT_WITHOUT_INCLUDES || kind == HBATEXT_LIST);
		require(form == HBATEXT_HOSTS || kind <= HBATEXT_INCLUDE_DIR);
		require(files++ <= len);
	}
	hbatext_end(&h);
	return files;
}

/* It ends, and a release with directives finds no fewer files. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	require(count(data, len, HBATEXT_WITHOUT_INCLUDES) <=
	    count(data, len, HBATEXT_WITH_INCLUDES));
	(void)count(data, len, HBATEXT_HOSTS);
	return 0;
}

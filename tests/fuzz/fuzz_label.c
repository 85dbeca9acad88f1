#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pg/label.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(int holds)
{
	if (!holds)
		abort();
}

/* A release whose label can have those lines. */
static const struct pg_version *
version_of(const struct label *label)
{
	return cluster_version(label->has_timeline ? 15 : 10);
}

/* What is parsed and can be built again, is built as a text that says the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct label first, second;
	struct error err = { 0 };
	struct buf text = { 0 };

	if (label_parse((const char *)data, len, &first, &err))
		return 0;
	if (label_build(&text, &first, version_of(&first), &err) == 0) {
		require(label_parse(buf_text(&text), text.len, &second, &err) == 0);
		require(label_compare(&first, &second, &err) == 0);
		require(strcmp(first.start_time, second.start_time) == 0);
		label_free(&second);
	} else
		require(text.len == 0);
	buf_free(&text);
	label_free(&first);
	return 0;
}

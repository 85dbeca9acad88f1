#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pg/tablespace_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(int holds)
{
	if (!holds)
		abort();
}

/* Up to 13 a backslash at the end of a location or before a line end is ambiguous. */
static int
is_ambiguous(const struct tablespace_map *map, const struct pg_version *version)
{
	for (size_t i = 0; i < map->count; i++) {
		const char *target = map->rows[i].target;

		if (!version->map_escapes_backslash && strchr(target, '\\'))
			return 1;
	}
	return 0;
}

static void
same(const struct tablespace_map *a, const struct tablespace_map *b)
{
	require(a->count == b->count);
	for (size_t i = 0; i < a->count; i++) {
		require(a->rows[i].oid == b->rows[i].oid);
		require(strcmp(a->rows[i].target, b->rows[i].target) == 0);
	}
}

/* What is parsed is built again as a text that parses as the same. */
static void
one_version(const char *text, size_t len, const struct pg_version *version)
{
	struct tablespace_map first, second;
	struct error err = { 0 };
	struct buf again = { 0 };

	if (tablespace_map_parse(text, len, version, &first, &err))
		return;
	require(tablespace_map_build(&again, &first, version, &err) == 0);
	if (!is_ambiguous(&first, version)) {
		require(tablespace_map_parse(
			    buf_text(&again), again.len, version, &second, &err) == 0);
		same(&first, &second);
		tablespace_map_free(&second);
	}
	tablespace_map_free(&first);
	buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	one_version((const char *)data, len, cluster_version(13));
	one_version((const char *)data, len, cluster_version(14));
	return 0;
}

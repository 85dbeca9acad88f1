/*
 * Blocks of the pipeline are of any length once encoded, and a tape drive or a reader of fixed
 * records wants all writes of one size: the buffer of one record makes up the difference.
 */
#include "stream/record.h"

#include <stdlib.h>
#include <string.h>

struct record {
	struct sink sink;
	struct sink *below;
	size_t size, len; /* of the record; of what it holds already */
	uint8_t bytes[];
};

/* Put what fits into the record; hand it on when it is full. */
static int
record_add(
    struct record *r, const uint8_t *bytes, size_t len, size_t *taken, struct error *err)
{
	*taken = len < r->size - r->len ? len : r->size - r->len;
	memcpy(r->bytes + r->len, bytes, *taken);
	r->len += *taken;
	if (r->len < r->size)
		return 0;
	r->len = 0;
	return sink_write(r->below, r->bytes, r->size, err);
}

static int
record_write(struct sink *s, const void *bytes, size_t len, struct error *err)
{
	struct record *r = (struct record *)s;
	const uint8_t *from = bytes;

	while (len > 0) {
		size_t taken = r->size;
		int rc;

		/* a whole record needs no copy */
		if (r->len == 0 && len >= r->size)
			rc = sink_write(r->below, from, r->size, err);
		else
			rc = record_add(r, from, len, &taken, err);
		if (rc == -1)
			return -1;
		from += taken;
		len -= taken;
	}
	return 0;
}

static int
record_finish(struct sink *s, struct error *err)
{
	struct record *r = (struct record *)s;

	if (r->len > 0) {
		memset(r->bytes + r->len, 0, r->size - r->len);
		if (sink_write(r->below, r->bytes, r->size, err))
			return -1;
	}
	return sink_finish(r->below, err);
}

static void
record_free(struct sink *s)
{
	struct record *r = (struct record *)s;

	sink_free(r->below);
	free(r);
}

static const struct sink_ops record_ops = { record_write, record_finish, record_free };

int
record_push(struct sink **sink, size_t size, struct error *err)
{
	struct record *r = malloc(sizeof(*r) + size);

	if (r == NULL)
		return error_memory(err);
	r->sink.ops = &record_ops;
	r->below = *sink;
	r->size = size;
	r->len = 0;
	*sink = &r->sink;
	return 0;
}

/*
 * Users of a stream call these functions and never its table of operations, so that what is
 * optional in the table, a NULL for skip or for the stream itself, is dealt with here alone.
 */
#include "lib/stream.h"

#include <stdlib.h>

int
sink_write(struct sink *s, const void *bytes, size_t len, struct error *err)
{
	return s->ops->write(s, bytes, len, err);
}

int
sink_finish(struct sink *s, struct error *err)
{
	return s->ops->finish(s, err);
}

void
sink_free(struct sink *s)
{
	if (s)
		s->ops->free(s);
}

int
source_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	return s->ops->read(s, into, len, got, err);
}

int
source_skip(struct source *s, uint64_t len, uint64_t *got, struct error *err)
{
	*got = 0;
	return s->ops->skip ? s->ops->skip(s, len, got, err) : 0;
}

void
source_free(struct source *s)
{
	if (s)
		s->ops->free(s);
}

int
store_read(struct store *s, uint64_t offset, void *into, size_t len, struct error *err)
{
	uint8_t *to = into;
	size_t got;

	for (; len > 0; len -= got, to += got, offset += got) {
		if (s->ops->read(s, offset, to, len, &got, err))
			return -1;
		if (got == 0)
			return error_set(err, ERROR_FORMAT, 0, "it has become shorter");
	}
	return 0;
}

struct store_from {
	struct source source;
	struct store *store; /* borrowed */
	uint64_t at;
};

static int
from_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	struct store_from *f = (struct store_from *)s;

	if (f->store->ops->read(f->store, f->at, into, len, got, err))
		return -1;
	f->at += *got;
	return 0;
}

static void
from_free(struct source *s)
{
	free(s);
}

static const struct source_ops from_ops = { from_read, from_free, NULL };

int
store_source(struct source **out, struct store *store, uint64_t offset, struct error *err)
{
	struct store_from *f = calloc(1, sizeof(*f));

	*out = NULL;
	if (f == NULL)
		return error_memory(err);
	f->source.ops = &from_ops;
	f->store = store;
	f->at = offset;
	*out = &f->source;
	return 0;
}

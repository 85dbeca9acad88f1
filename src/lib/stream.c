/*
 * Users of a stream call these functions and never its table of operations, so that what is
 * optional in the table, a NULL for skip or for the stream itself, is dealt with here alone.
 */
#include "lib/stream.h"

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

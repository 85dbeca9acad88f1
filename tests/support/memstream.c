#include "support/memstream.h"

#include <errno.h>
#include <string.h>

static int
fail(struct error *err)
{
	return error_set(err, ERROR_IO, ENOSPC, "injected");
}

static int
source_op_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	struct memsource *m = (struct memsource *)s;

	if (m->at >= m->fail_at)
		return fail(err);
	if (len > m->len - m->at)
		len = m->len - m->at;
	if (len > m->fail_at - m->at)
		len = m->fail_at - m->at;
	if (m->chunk > 0 && len > m->chunk)
		len = m->chunk;
	if (len > 0)
		memcpy(into, m->bytes + m->at, len);
	m->at += len;
	*got = len;
	return 0;
}

static void
source_op_free(struct source *s)
{
	(void)s;
}

static const struct source_ops source_ops = { source_op_read, source_op_free, NULL };

struct memsource
memstream_source(const void *bytes, size_t len, size_t chunk)
{
	return (struct memsource){ .source = { .ops = &source_ops },
		.bytes = bytes,
		.len = len,
		.chunk = chunk,
		.fail_at = MEMSTREAM_NEVER };
}

static int
store_op_read(struct store *s, uint64_t offset, void *into, size_t len, size_t *got,
    struct error *err)
{
	struct memstore *m = (struct memstore *)s;

	if (offset + len > m->fail_at)
		return m->fail_with == ERROR_NONE ?
		    fail(err) :
		    error_set(err, m->fail_with, 0, "injected");
	*got = offset >= s->size   ? 0 :
	    len < s->size - offset ? len :
				     (size_t)(s->size - offset);
	if (*got > 0)
		memcpy(into, m->bytes + offset, *got);
	return 0;
}

static const struct store_ops store_ops = { store_op_read };

struct memstore
memstream_store(const void *bytes, size_t len)
{
	return (struct memstore){
		.store = { &store_ops, len }, .bytes = bytes, .fail_at = MEMSTREAM_NEVER
	};
}

static int
sink_op_write(struct sink *s, const void *bytes, size_t len, struct error *err)
{
	struct memsink *m = (struct memsink *)s;
	size_t room = m->fail_at - m->held.len;

	if (buf_append(&m->held, bytes, len < room ? len : room, err))
		return -1;
	return len <= room ? 0 : fail(err);
}

static int
sink_op_finish(struct sink *s, struct error *err)
{
	struct memsink *m = (struct memsink *)s;

	(void)err;
	m->is_finished = true;
	return 0;
}

static void
sink_op_free(struct sink *s)
{
	struct memsink *m = (struct memsink *)s;

	if (!m->is_finished)
		buf_free(&m->held);
}

static const struct sink_ops sink_ops = { sink_op_write, sink_op_finish, sink_op_free };

struct memsink
memstream_sink(size_t fail_at)
{
	return (struct memsink){ .sink = { &sink_ops }, .fail_at = fail_at };
}

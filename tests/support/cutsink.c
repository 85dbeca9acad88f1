#include "support/cutsink.h"

static int
cut_write(struct sink *s, const void *bytes, size_t len, struct error *err)
{
	struct cutsink *c = (struct cutsink *)s;

	if (c->ncuts == sizeof(c->cuts) / sizeof(c->cuts[0]))
		return error_set(err, ERROR_STATE, 0, "too many writes");
	c->len += len;
	c->cuts[c->ncuts++] = c->len;
	if (len > c->longest)
		c->longest = len;
	return c->is_deaf ? 0 : buf_append(&c->held, bytes, len, err);
}

static int
cut_finish(struct sink *s, struct error *err)
{
	(void)s;
	(void)err;
	return 0;
}

static void
cut_free(struct sink *s)
{
	(void)s;
}

static const struct sink_ops cut_ops = { cut_write, cut_finish, cut_free };

void
cutsink_init(struct cutsink *c, bool is_deaf)
{
	*c = (struct cutsink){ .sink = { &cut_ops }, .is_deaf = is_deaf };
}

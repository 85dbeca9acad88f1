/* A pipe cannot go back: what was read too far is kept and handed out again. */
#include "codec/putback.h"

#include <stdlib.h>
#include <string.h>

struct putback {
	struct source source;
	struct source *below; /* owned */
	struct buf bytes;
	size_t at;
	struct error why; /* after the bytes; no kind: ${below} goes on */
};

static int
putback_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	struct putback *p = (struct putback *)s;

	if (p->at < p->bytes.len) {
		*got = len < p->bytes.len - p->at ? len : p->bytes.len - p->at;
		memcpy(into, p->bytes.data + p->at, *got);
		p->at += *got;
		return 0;
	}
	buf_free(&p->bytes);
	p->at = 0;
	if (p->why.kind == ERROR_NONE)
		return source_read(p->below, into, len, got, err);
	*err = p->why;
	return -1;
}

static int
putback_skip(struct source *s, uint64_t len, uint64_t *got, struct error *err)
{
	struct putback *p = (struct putback *)s;

	return p->at == p->bytes.len && p->why.kind == ERROR_NONE ?
	    source_skip(p->below, len, got, err) :
	    0;
}

static void
putback_free(struct source *s)
{
	struct putback *p = (struct putback *)s;

	source_free(p->below);
	buf_free(&p->bytes);
	free(p);
}

static const struct source_ops putback_ops = { putback_read, putback_free, putback_skip };

int
putback_push(
    struct source **s, struct buf *bytes, const struct error *why, struct error *err)
{
	struct putback *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return error_memory(err);
	p->source.ops = &putback_ops;
	p->source.goes_on = (*s)->goes_on;
	p->below = *s;
	p->bytes = *bytes;
	if (why)
		p->why = *why;
	*bytes = (struct buf){ 0 };
	*s = &p->source;
	return 0;
}

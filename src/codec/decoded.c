/*
 * The compression is known by the first bytes of the stream: standard input has no name, and the
 * name of a file may be wrong.  A pipe cannot go back, so a source in between hands the bytes that
 * were looked at out once more.
 */
#include "codec/decoded.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"

/* Gives back the bytes that were looked at. */
struct peeked {
	struct source source;
	struct source *below; /* owned */
	uint8_t bytes[CODEC_MAGIC];
	size_t len, at;
};

static int
peeked_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	struct peeked *p = (struct peeked *)s;

	if (p->at == p->len)
		return source_read(p->below, into, len, got, err);
	*got = len < p->len - p->at ? len : p->len - p->at;
	memcpy(into, p->bytes + p->at, *got);
	p->at += *got;
	return 0;
}

static int
peeked_skip(struct source *s, uint64_t len, uint64_t *got, struct error *err)
{
	struct peeked *p = (struct peeked *)s;

	return p->at == p->len ? source_skip(p->below, len, got, err) : 0;
}

static void
peeked_free(struct source *s)
{
	struct peeked *p = (struct peeked *)s;

	source_free(p->below);
	free(p);
}

static const struct source_ops peeked_ops = { peeked_read, peeked_free, peeked_skip };

static int
peek(struct peeked *p, struct error *err)
{
	size_t got;

	do {
		if (source_read(
			p->below, p->bytes + p->len, CODEC_MAGIC - p->len, &got, err))
			return -1;
		p->len += got;
	} while (got > 0 && p->len < CODEC_MAGIC);
	return p->len > 0 ? 0 : error_set(err, ERROR_FORMAT, 0, "empty");
}

static int
push(struct source **s, const struct codec *codec, struct error *err)
{
	if (codec == &codecs[0])
		return 0;
	if (codec->methods->decode)
		return codec->methods->decode(s, err);
	if (codec_is_left_out(codec))
		error_set(err, ERROR_UNSUPPORTED, 0,
		    "compressed with %s, and this pg_basetar was built without %s",
		    codec->name, codec->library);
	else
		error_set(err, ERROR_UNSUPPORTED, 0,
		    "compressed with %s, which this version does not read", codec->name);
	return error_hint(
	    err, "Decode it on the way: %s -dc FILE | pg_basetar ... -", codec->program);
}

int
decoded_push(struct source **s, const char **name, struct error *err)
{
	struct peeked *p = calloc(1, sizeof(*p));
	const struct codec *codec;

	if (p == NULL)
		return error_memory(err);
	p->source.ops = &peeked_ops;
	p->source.goes_on = (*s)->goes_on;
	p->below = *s;
	if (peek(p, err)) {
		free(p);
		return -1;
	}
	*s = &p->source;
	codec = codec_by_magic(p->bytes, p->len);
	*name = codec->name;
	return push(s, codec, err);
}

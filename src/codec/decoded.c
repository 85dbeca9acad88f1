#include "codec/decoded.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/gunzip.h"

enum { PEEK = 6 };

/* How files begin; each format's own specification. */
static const struct {
	const char *name;
	const char *program; /* that decodes it; NULL: we do */
	size_t len;
	uint8_t magic[PEEK], mask[PEEK];
} formats[] = {
	{ "gzip", NULL, 2, { 0x1f, 0x8b }, { 0xff, 0xff } },
	{ "zstd", "zstd", 4, { 0x28, 0xb5, 0x2f, 0xfd }, { 0xff, 0xff, 0xff, 0xff } },
	/* a skippable frame, of zstd or lz4 */
	{ "zstd", "zstd", 4, { 0x50, 0x2a, 0x4d, 0x18 }, { 0xf0, 0xff, 0xff, 0xff } },
	{ "lz4", "lz4", 4, { 0x04, 0x22, 0x4d, 0x18 }, { 0xff, 0xff, 0xff, 0xff } },
	{ "xz", "xz", 6, { 0xfd, '7', 'z', 'X', 'Z', 0 },
	    { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
	{ "bzip2", "bzip2", 3, { 'B', 'Z', 'h' }, { 0xff, 0xff, 0xff } },
};

/* Gives back the bytes that were looked at. */
struct peeked {
	struct source source;
	struct source *below; /* owned */
	uint8_t bytes[PEEK];
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
		if (source_read(p->below, p->bytes + p->len, PEEK - p->len, &got, err))
			return -1;
		p->len += got;
	} while (got > 0 && p->len < PEEK);
	return p->len > 0 ? 0 : error_set(err, ERROR_FORMAT, 0, "empty");
}

static bool
begins_like(const struct peeked *p, size_t n)
{
	if (p->len < formats[n].len)
		return false;
	for (size_t i = 0; i < formats[n].len; i++)
		if ((p->bytes[i] & formats[n].mask[i]) != formats[n].magic[i])
			return false;
	return true;
}

static int
push(struct source **s, const struct peeked *p, const char **name, struct error *err)
{
	*name = "none";
	for (size_t n = 0; n < sizeof(formats) / sizeof(formats[0]); n++) {
		if (!begins_like(p, n))
			continue;
		*name = formats[n].name;
		if (formats[n].program == NULL)
			return gunzip_push(s, err);
		error_set(err, ERROR_UNSUPPORTED, 0,
		    "compressed with %s, which this version does not read", *name);
		return error_hint(err,
		    "Decode it on the way: %s -dc FILE | pg_basetar ... -",
		    formats[n].program);
	}
	return 0;
}

int
decoded_push(struct source **s, const char **name, struct error *err)
{
	struct peeked *p = calloc(1, sizeof(*p));

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
	return push(s, p, name, err);
}

/*
 * Places are tried from the one that is ${len} bytes before the end on, forward, since a block is
 * about 1 MiB long at most.  In one that could not be compressed any number of wrong places may
 * stand: zlib refuses most of them within a few bytes, and each is decoded for a while before it
 * counts.
 */
#include "codec/gunziplate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/bytes.h"

enum { FLUSH = 4, RAW_DEFLATE = -15, INPUT = 256 * 1024, TRAILER = 8 };

/* What the longest block of the pipeline may become, and a place is looked for in. */
enum { LOOKED_AT = 9 * 1024 * 1024, LOOKED_AT_FIRST = 256 * 1024 };

/* So many bytes must come out of a place. */
enum { TRIED = 256 * 1024 };

struct gunziplate {
	struct source source;
	struct source *below; /* owned */
	z_stream z;
	bool is_at_end;
	size_t trailer; /* bytes of it that came */
	uint8_t input[INPUT];
};

static int
late_refill(struct gunziplate *g, struct error *err)
{
	size_t got;

	if (g->z.avail_in > 0)
		return 0;
	if (source_read(g->below, g->input, INPUT, &got, err))
		return -1;
	g->z.next_in = g->input;
	g->z.avail_in = (uInt)got;
	return 0;
}

/* The trailer, and zeros. */
static int
late_end(struct gunziplate *g, struct error *err)
{
	do {
		size_t n = g->z.avail_in;

		if (g->trailer < TRAILER)
			n = n < TRAILER - g->trailer ? n : TRAILER - g->trailer;
		if (g->trailer == TRAILER && !bytes_are_zero(g->z.next_in, n))
			return error_set(
			    err, ERROR_FORMAT, 0, "gzip data continues after its end");
		if (g->trailer < TRAILER)
			g->trailer += n;
		g->z.next_in += n;
		g->z.avail_in -= (uInt)n;
		if (late_refill(g, err))
			return -1;
	} while (g->z.avail_in > 0);
	return g->trailer == TRAILER ?
	    0 :
	    error_set(err, ERROR_FORMAT, 0, "gzip data is cut short");
}

static int
late_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	struct gunziplate *g = (struct gunziplate *)s;
	int rc;

	*got = 0;
	while (*got == 0 && !g->is_at_end && len > 0) {
		if (late_refill(g, err))
			return -1;
		if (g->z.avail_in == 0)
			return error_set(err, ERROR_FORMAT, 0, "gzip data is cut short");
		g->z.next_out = into;
		g->z.avail_out = len < UINT32_MAX / 2 ? (uInt)len : UINT32_MAX / 2;
		rc = inflate(&g->z, Z_NO_FLUSH);
		*got = (size_t)(g->z.next_out - (uint8_t *)into);
		g->is_at_end = rc == Z_STREAM_END;
		if (rc == Z_MEM_ERROR)
			return error_memory(err);
		if (rc != Z_OK && rc != Z_BUF_ERROR && rc != Z_STREAM_END)
			return error_set(err, ERROR_FORMAT, 0, "gzip data is damaged");
		if (g->is_at_end && late_end(g, err))
			return -1;
	}
	return 0;
}

static void
late_free(struct source *s)
{
	struct gunziplate *g = (struct gunziplate *)s;

	inflateEnd(&g->z);
	source_free(g->below);
	free(g);
}

static const struct source_ops late_ops = { late_read, late_free, NULL };

/* From ${offset} on. */
static int
late_new(struct source **out, struct store *store, uint64_t offset, struct error *err)
{
	struct gunziplate *g = calloc(1, sizeof(*g));

	*out = NULL;
	if (g == NULL)
		return error_memory(err);
	if (inflateInit2(&g->z, RAW_DEFLATE) != Z_OK) {
		free(g);
		return error_memory(err);
	}
	g->source.ops = &late_ops;
	if (store_source(&g->below, store, offset, err)) {
		late_free(&g->source);
		return -1;
	}
	*out = &g->source;
	return 0;
}

/* Can it be decoded from there on, for a while?  ERROR_FORMAT is no error here. */
static int
late_try(struct store *store, uint64_t offset, bool *is_it, struct error *err)
{
	uint8_t bytes[16 * 1024];
	struct error why = { 0 };
	struct source *s;
	size_t got = 1, all = 0;
	int rc = 0;

	*is_it = false;
	if (late_new(&s, store, offset, err))
		return -1;
	for (; rc == 0 && got > 0 && all < TRIED; all += got)
		rc = source_read(s, bytes, sizeof(bytes), &got, &why);
	source_free(s);
	if (rc == -1 && why.kind != ERROR_FORMAT) {
		*err = why;
		return -1;
	}
	*is_it = rc == 0;
	return 0;
}

/* The first place that counts in the ${len} bytes at ${offset}; *at: after it, 0: no place counts. */
static int
late_find(struct store *store, const uint8_t *bytes, size_t len, uint64_t offset,
    uint64_t *at, struct error *err)
{
	static const uint8_t flush[FLUSH] = { 0, 0, 0xff, 0xff };
	const uint8_t *from = bytes, *found;
	bool is_it = false;

	*at = 0;
	while ((found = memchr(from, 0xff, len - (size_t)(from - bytes))) != NULL) {
		from = found + 1;
		if (found - bytes < 3 || memcmp(found - 3, flush, FLUSH) != 0)
			continue;
		if (late_try(store, offset + (uint64_t)(from - bytes), &is_it, err))
			return -1;
		if (is_it) {
			*at = offset + (uint64_t)(from - bytes);
			return 0;
		}
	}
	return 0;
}

/* The same in the file, from ${from} on, of which little is read at first. */
static int
late_look(struct store *store, uint64_t from, uint64_t *at, struct error *err)
{
	const uint64_t left = store->size - from;
	const size_t most = left < LOOKED_AT ? (size_t)left : LOOKED_AT;
	uint8_t *bytes = malloc(most + 1);
	int rc = bytes ? 0 : error_memory(err);

	*at = 0;
	for (size_t done = 0, len = LOOKED_AT_FIRST; rc == 0 && *at == 0 && done < most;
	     len *= 4) {
		len = len < most ? len : most;
		rc = store_read(store, from + done, bytes + done, len - done, err) ||
			late_find(store, bytes, len, from, at, err) ?
		    -1 :
		    0;
		done = len;
	}
	free(bytes);
	return rc;
}

int
gunziplate_open(struct store *store, uint64_t len, struct source **out, uint64_t *raw,
    struct error *err)
{
	uint64_t at;

	*out = NULL;
	*raw = UINT64_MAX;
	if (late_look(store, len < store->size ? store->size - len : 0, &at, err))
		return -1;
	if (at == 0)
		return error_set(err, ERROR_UNSUPPORTED, 0,
		    "its end has no full flush, as gzip data of pg_basetar has");
	return late_new(out, store, at, err);
}

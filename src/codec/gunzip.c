/*
 * zlib decodes one member and checks its trailer; what may follow a member is decided here.  Damage
 * that inflate() meets in the same call as sound bytes waits until these were handed out: otherwise
 * it would depend on how the input was cut how much of a damaged archive can be read.
 */
#include "codec/gunzip.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/bytes.h"

enum { INPUT = 256 * 1024 };

/* Of a member's header zlib reads it as well, and checks the trailer. */
enum { WINDOW_GZIP = 15 + 16 };

/*
 * Of a member that was begun by others (gunzip_resume()), of which it cannot be told the checksum so
 * far: zlib decodes the rest as raw deflate, and the trailer is checked here, in zlib's words.
 */
enum { WINDOW_RAW = -15, TRAILER = 8 };

struct gunzip {
	struct source source;
	struct source *below; /* owned */
	z_stream z;
	uint64_t offset; /* of the input's end */
	bool is_at_end;  /* of one: zeros, or another */
	bool has_ended;  /* all of it */
	bool is_raw;     /* the member was begun by others; then: */
	struct codec_sum sum;
	bool has_content; /* all of it; what follows is the trailer */
	size_t trailer;   /* bytes that are there of it */
	uint8_t trailer_bytes[TRAILER];
	/* what inflate() said of damage after bytes handed out; or Z_OK */
	int failed;
	uint8_t input[INPUT];
};

static uint64_t
position(const struct gunzip *g)
{
	return g->offset - g->z.avail_in;
}

static int
refill(struct gunzip *g, struct error *err)
{
	size_t got;

	if (g->z.avail_in > 0)
		return 0;
	if (source_read(g->below, g->input, sizeof(g->input), &got, err))
		return -1;
	g->z.next_in = g->input;
	g->z.avail_in = (uInt)got;
	g->offset += got;
	return 0;
}

/* ---- after a member ---- */

static int
pass_zeros(struct gunzip *g, struct error *err)
{
	do {
		for (size_t i = 0; i < g->z.avail_in; i++)
			if (g->z.next_in[i] != 0)
				return error_set(err, ERROR_FORMAT, 0,
				    "gzip data continues after its end, at byte %" PRIu64,
				    position(g) + i);
		g->z.avail_in = 0;
		if (refill(g, err))
			return -1;
	} while (g->z.avail_in > 0);
	g->has_ended = true;
	return 0;
}

/* Nothing, zeros, or a member. */
static int
go_on(struct gunzip *g, struct error *err)
{
	/* we write one member, and need not know whose is what looks like a second one */
	g->has_ended = g->below->goes_on;
	if (g->has_ended)
		return 0;
	if (refill(g, err))
		return -1;
	if (g->z.avail_in == 0 || g->z.next_in[0] == 0)
		return pass_zeros(g, err);
	if (g->z.next_in[0] != 0x1f)
		return error_set(err, ERROR_FORMAT, 0,
		    "gzip data continues after its end, at byte %" PRIu64, position(g));
	g->is_at_end = false;
	g->is_raw = false;
	if (inflateReset2(&g->z, WINDOW_GZIP) != Z_OK)
		return error_set(
		    err, ERROR_STATE, 0, "zlib could not start the next gzip member");
	return 0;
}

/* ---- in a member ---- */

static int
damaged(const struct gunzip *g, int rc, struct error *err)
{
	if (rc == Z_MEM_ERROR)
		return error_memory(err);
	return error_set(err, ERROR_FORMAT, 0,
	    "gzip data is damaged before byte %" PRIu64 ": %s", position(g),
	    g->z.msg              ? g->z.msg :
		rc == Z_NEED_DICT ? "it requires a dictionary" :
				    "inflate");
}

static int
cut_short(const struct gunzip *g, struct error *err)
{
	return error_set(
	    err, ERROR_FORMAT, 0, "gzip data is cut short at byte %" PRIu64, g->offset);
}

/* One more of its bytes; zlib says what is wrong when it has read that much of them. */
static int
check_trailer(struct gunzip *g, struct error *err)
{
	static char bad_data[] = "incorrect data check",
		    bad_len[] = "incorrect length check";

	if (refill(g, err))
		return -1;
	if (g->z.avail_in == 0)
		return cut_short(g, err);
	g->trailer_bytes[g->trailer++] = *g->z.next_in++;
	g->z.avail_in--;
	g->z.msg = g->trailer == 4 && get_u32le(g->trailer_bytes) != g->sum.crc ?
	    bad_data :
	    g->trailer == TRAILER &&
		get_u32le(g->trailer_bytes + 4) != (uint32_t)g->sum.len ?
	    bad_len :
	    NULL;
	if (g->z.msg == NULL) {
		g->is_at_end = g->trailer == TRAILER;
		return 0;
	}
	g->failed = Z_DATA_ERROR;
	return damaged(g, g->failed, err);
}

/* Some bytes, or the end of a member. */
static int
inflate_some(struct gunzip *g, uint8_t *into, size_t len, size_t *got, struct error *err)
{
	int rc;

	if (g->failed != Z_OK)
		return damaged(g, g->failed, err);
	if (g->is_raw && g->has_content)
		return check_trailer(g, err);
	if (refill(g, err))
		return -1;
	if (g->z.avail_in == 0)
		return cut_short(g, err);
	g->z.next_out = into;
	g->z.avail_out = (uInt)len;
	rc = inflate(&g->z, Z_NO_FLUSH);
	*got = len - g->z.avail_out;
	if (g->is_raw) {
		g->sum.crc = (uint32_t)crc32(g->sum.crc, into, (uInt)*got);
		g->sum.len += *got;
	}
	if (rc == Z_STREAM_END)
		*(g->is_raw ? &g->has_content : &g->is_at_end) = true;
	/* Z_BUF_ERROR without input is no failure: inflate() waits for more (zlib.h) */
	else if (rc != Z_OK && !(rc == Z_BUF_ERROR && g->z.avail_in == 0))
		g->failed = rc;
	return *got == 0 && g->failed != Z_OK ? damaged(g, g->failed, err) : 0;
}

static int
gunzip_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	struct gunzip *g = (struct gunzip *)s;

	*got = 0;
	/* avail_out is an unsigned int */
	if (len > UINT32_MAX / 2)
		len = UINT32_MAX / 2;
	while (*got == 0 && !g->has_ended && len > 0)
		if (g->is_at_end ? go_on(g, err) : inflate_some(g, into, len, got, err))
			return -1;
	return 0;
}

static void
gunzip_free(struct source *s)
{
	struct gunzip *g = (struct gunzip *)s;

	inflateEnd(&g->z);
	source_free(g->below);
	free(g);
}

static const struct source_ops gunzip_ops = { gunzip_read, gunzip_free, NULL };

static int
push(struct source **s, int window, struct gunzip **out, struct error *err)
{
	struct gunzip *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return error_memory(err);
	if (inflateInit2(&g->z, window) != Z_OK) {
		free(g);
		return error_memory(err);
	}
	g->source.ops = &gunzip_ops;
	g->below = *s;
	*s = &g->source;
	*out = g;
	return 0;
}

int
gunzip_push(struct source **s, struct error *err)
{
	struct gunzip *g;

	return push(s, WINDOW_GZIP, &g, err);
}

int
gunzip_resume(struct source **s, const struct chunk_state *state, struct error *err)
{
	struct source *below = *s;
	struct gunzip *g;

	if (state->offset == 0)
		return gunzip_push(s, err);
	if (push(s, WINDOW_RAW, &g, err))
		return -1;
	g->is_raw = true;
	g->offset = state->offset;
	g->sum = state->sum;
	if (inflateSetDictionary(&g->z, state->window, (uInt)state->window_len) == Z_OK)
		return 0;
	*s = below;
	inflateEnd(&g->z);
	free(g);
	return error_memory(err);
}

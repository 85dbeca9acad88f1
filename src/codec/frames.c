/*
 * The frames of a stream, one after the other, each up to its end by its format's library.
 *
 * The library is given as much as it asks for at a time, so that each call decodes one block at
 * most: where a library meets damage it does not say what it had put out before in the same
 * call, and those bytes would be lost, or not, as the input happened to be cut.
 */
#include "codec/frames.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "codec/frametable.h"
#include "lib/bytes.h"

enum { INPUT = 256 * 1024 };

/* Skippable frames: a magic number, of which four bits are free, and a length. */
enum { SKIPPABLE_HEAD = 8 };
#define SKIPPABLE_MAGIC UINT32_C(0x184d2a50)
#define SKIPPABLE_MASK UINT32_C(0xfffffff0)

struct frames {
	struct source source;
	struct source *below; /* owned */
	const struct frames_format *format;
	void *decoder;
	enum { BETWEEN, IN_SKIPPABLE, IN_FRAME, AT_END } stage;
	size_t next;      /* of a frame: bytes up to the end of what is decoded next */
	bool is_full;     /* there may be more output, for which there was no room */
	uint64_t to_skip; /* of a skippable frame */
	uint64_t begin;   /* of the frame: where it is, */
	uint64_t raw;     /* and what it was decoded to so far */
	bool is_later;    /* the first frame is not the first: tables are not compared */
	struct frametable_check check;
	uint64_t offset; /* of the input's end */
	size_t at, len;  /* in the input */
	uint8_t input[INPUT];
};

static uint64_t
position(const struct frames *f)
{
	return f->offset - (f->len - f->at);
}

/* As far as the source has them, there are ${least} bytes of input in one piece. */
static int
refill(struct frames *f, size_t least, struct error *err)
{
	size_t got = 1;

	if (f->len - f->at >= least)
		return 0;
	memmove(f->input, f->input + f->at, f->len - f->at);
	f->len -= f->at;
	f->at = 0;
	while (f->len < least && got > 0) {
		if (source_read(f->below, f->input + f->len, INPUT - f->len, &got, err))
			return -1;
		f->len += got;
		f->offset += got;
	}
	return 0;
}

static int
cut_short(const struct frames *f, struct error *err)
{
	return error_set(err, ERROR_FORMAT, 0, "%s data is cut short at byte %" PRIu64,
	    f->format->name, f->offset);
}

/* ---- between two frames ---- */

static int
goes_on(const struct frames *f, struct error *err)
{
	return error_set(err, ERROR_FORMAT, 0,
	    "%s data continues after its end, at byte %" PRIu64, f->format->name,
	    position(f));
}

static int
pass_zeros(struct frames *f, struct error *err)
{
	do {
		for (; f->at < f->len; f->at++)
			if (f->input[f->at] != 0)
				return goes_on(f, err);
		if (refill(f, 1, err))
			return -1;
	} while (f->at < f->len);
	f->stage = AT_END;
	return 0;
}

/* Does the input begin like that, as far as there is any? */
static bool
begins_like(const struct frames *f, uint32_t magic, uint32_t mask)
{
	for (size_t i = 0; i < 4 && f->at + i < f->len; i++)
		if (((f->input[f->at + i] ^ magic >> 8 * i) & mask >> 8 * i & 0xff) != 0)
			return false;
	return true;
}

static int
begin_skippable(struct frames *f, struct error *err)
{
	if (refill(f, SKIPPABLE_HEAD, err))
		return -1;
	if (f->len - f->at < SKIPPABLE_HEAD)
		return cut_short(f, err);
	f->begin = position(f);
	f->to_skip = get_u32le(f->input + f->at + 4);
	frametable_check_begin(&f->check, get_u32le(f->input + f->at), f->to_skip);
	f->at += SKIPPABLE_HEAD;
	f->stage = IN_SKIPPABLE;
	return 0;
}

static int
begin_frame(struct frames *f, struct error *err)
{
	if (refill(f, FRAMES_HEAD, err))
		return -1;
	if (f->len - f->at < FRAMES_HEAD)
		return cut_short(f, err);
	if (f->format->begin(f->decoder, f->input + f->at, err))
		return -1;
	f->begin = position(f);
	f->raw = 0;
	f->next = FRAMES_HEAD;
	f->stage = IN_FRAME;
	return 0;
}

/* What else there may be after a frame. */
static int
end_frames(struct frames *f, struct error *err)
{
	const struct frames_format *format = f->format;

	/* what is on a device after the last frame is another's */
	if (f->at == f->len || f->below->goes_on) {
		f->stage = AT_END;
		return 0;
	}
	if (f->input[f->at] == 0)
		return pass_zeros(f, err);
	if (f->len - f->at < 4 || format->old_mask == 0 ||
	    !begins_like(f, format->old_magic, format->old_mask))
		return goes_on(f, err);
	error_set(err, ERROR_UNSUPPORTED, 0,
	    "%s data has a frame in a format of old releases of %s, at byte %" PRIu64,
	    format->name, format->name, position(f));
	return error_hint(
	    err, "Decode it on the way: %s -dc FILE | pg_basetar ... -", format->name);
}

static int
go_on(struct frames *f, struct error *err)
{
	if (refill(f, 4, err))
		return -1;
	if (f->at < f->len && begins_like(f, SKIPPABLE_MAGIC, SKIPPABLE_MASK))
		return begin_skippable(f, err);
	if (f->at < f->len && begins_like(f, f->format->magic, UINT32_MAX))
		return begin_frame(f, err);
	return end_frames(f, err);
}

/* ---- in a frame ---- */

static int
end_skippable(struct frames *f, struct error *err)
{
	f->stage = BETWEEN;
	if (frametable_check_end(&f->check) != FRAMETABLE_WRONG || f->is_later)
		return 0;
	error_set(err, ERROR_FORMAT, 0,
	    "%s data is damaged: its table of frames, at byte %" PRIu64
	    ", does not agree with the frames",
	    f->format->name, f->begin);
	return error_hint(err,
	    "What was decoded before it is sound as far as its checksums tell: %s -dc FILE | pg_basetar ... -",
	    f->format->name);
}

static int
skip_some(struct frames *f, struct error *err)
{
	uint64_t len;

	if (f->to_skip > 0 && refill(f, 1, err))
		return -1;
	len = f->len - f->at;
	if (f->to_skip > 0 && len == 0)
		return cut_short(f, err);
	if (len > f->to_skip)
		len = f->to_skip;
	frametable_check_bytes(&f->check, f->input + f->at, (size_t)len);
	f->at += (size_t)len;
	f->to_skip -= len;
	return f->to_skip == 0 ? end_skippable(f, err) : 0;
}

/* Some bytes, or the end of a frame. */
static int
decode_some(struct frames *f, uint8_t *into, size_t len, size_t *got, struct error *err)
{
	uint64_t end = position(f) + f->next;
	size_t in_len;

	if (!f->is_full && refill(f, 1, err))
		return -1;
	in_len = f->len - f->at < f->next ? f->len - f->at : f->next;
	if (f->is_full)
		in_len = 0;
	else if (in_len == 0)
		return cut_short(f, err);
	*got = len;
	if (f->format->decode(
		f->decoder, f->input + f->at, &in_len, into, got, &f->next, err)) {
		*got = 0;
		return err->kind == ERROR_FORMAT ?
		    error_wrap(err, "%s data is damaged before byte %" PRIu64,
			f->format->name, end) :
		    -1;
	}
	f->at += in_len;
	f->raw += *got;
	f->is_full = *got == len;
	if (f->next > 0)
		return 0;
	frametable_check_frame(&f->check, position(f) - f->begin, f->raw);
	f->stage = BETWEEN;
	return 0;
}

static int
frames_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	struct frames *f = (struct frames *)s;
	int rc = 0;

	*got = 0;
	while (rc == 0 && *got == 0 && f->stage != AT_END && len > 0)
		rc = f->stage == IN_FRAME ? decode_some(f, into, len, got, err) :
		    f->stage == BETWEEN   ? go_on(f, err) :
					    skip_some(f, err);
	return rc;
}

static void
frames_free(struct source *s)
{
	struct frames *f = (struct frames *)s;

	f->format->close(f->decoder);
	source_free(f->below);
	free(f);
}

static const struct source_ops frames_ops = { frames_read, frames_free, NULL };

static int
push(struct source **s, const struct frames_format *format, bool is_later,
    struct frames **out, struct error *err)
{
	struct frames *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return error_memory(err);
	if (format->open(&f->decoder, err)) {
		free(f);
		return -1;
	}
	f->source.ops = &frames_ops;
	f->format = format;
	f->is_later = is_later;
	f->below = *s;
	*s = &f->source;
	*out = f;
	return 0;
}

int
frames_push(struct source **s, const struct frames_format *format,
    const struct chunk_state *state, struct error *err)
{
	struct frames *f;

	if (push(s, format, false, &f, err))
		return -1;
	if (state) {
		f->offset = state->offset;
		f->check = state->frames;
	}
	return 0;
}

int
frames_late(const struct frames_format *format, struct store *store, uint64_t len,
    struct source **out, uint64_t *raw, struct error *err)
{
	struct frametable_place place;
	struct frames *f;

	*out = NULL;
	if (frametable_find(store, len, &place, err) ||
	    store_source(out, store, place.offset, err))
		return -1;
	*raw = place.raw;
	if (push(out, format, true, &f, err) == 0)
		return 0;
	source_free(*out);
	*out = NULL;
	return -1;
}

void
frames_add(struct chunk_state *state, size_t packed, const struct codec_sum *sum)
{
	frametable_check_frame(&state->frames, packed, sum->len);
}

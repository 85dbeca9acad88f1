#ifndef PG_BASETAR_CODEC_FRAMES_H
#define PG_BASETAR_CODEC_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "codec/chunk.h"
#include "lib/stream.h"

/*
 * Decodes a stream of frames.  zstd (RFC 8878) and lz4 (its frame format, 1.6) have in common
 * that a stream is any number of frames, each with a magic number and complete, and that
 * skippable frames, which have no content for the reader, may stand between them.  What is in
 * a frame is for the library of the format.
 *
 * A stream that ends with a frame is whole as far as can be known here: that of a backup may
 * have been cut there, and the reader of the tar archive in it finds out.  After the last frame
 * nothing but zeros may follow, with which a tape's record is filled up; on a block device anything may.
 *
 * A table of frames (frametable.h) must agree with the frames before it, as far as they were read
 * here: an archive that changed anywhere is not sound, and a reader that finds frames by a wrong table
 * finds others.
 *
 * Sound bytes are handed out before the error that follows them, in whatever pieces the source
 * comes.  ERROR_FORMAT says at which byte of the compressed source: cut short, damaged, followed
 * by what is not a frame, with a wrong table.  ERROR_UNSUPPORTED: a frame in a format from before
 * the present one.
 */

enum { FRAMES_HEAD = 5 }; /* a magic number, and the byte that describes the frame */

struct frames_format {
	const char *name;
	uint32_t magic;
	/* of frames that the library may know, but nothing writes any more */
	uint32_t old_magic, old_mask;

	int (*open)(void **decoder, struct error *);
	void (*close)(void *decoder);
	/* A frame begins with ${head}, which decode() gets as well. */
	int (*begin)(void *decoder, const uint8_t head[FRAMES_HEAD], struct error *);
	/*
	 * Decode up to *in_len bytes into up to *out_len, and count in both what was done.  *next:
	 * so many bytes of input at most are to be given next, so that one call does not go from
	 * sound bytes on to others; 0: the frame has ended.  ERROR_FORMAT: the text is the reason.
	 */
	int (*decode)(void *decoder, const uint8_t *in, size_t *in_len, uint8_t *out,
	    size_t *out_len, size_t *next, struct error *);
};

/*
 * Put it on top of *s, and own that.  ${state}: how far the stream was decoded already, to the end of
 * a frame, and *s stands there; NULL: it begins.  On failure *s is what it was.
 */
MUST_CHECK int frames_push(struct source **s, const struct frames_format *format,
    const struct chunk_state *state, struct error *err);

/* struct chunk_methods, add. */
void frames_add(struct chunk_state *state, size_t packed, const struct codec_sum *sum);

/* struct codec_methods, decode_late: from a frame that the table names.  The table is not compared. */
MUST_CHECK int frames_late(const struct frames_format *format, struct store *store,
    uint64_t len, struct source **out, uint64_t *raw, struct error *err);

#endif

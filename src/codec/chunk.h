#ifndef PG_BASETAR_CODEC_CHUNK_H
#define PG_BASETAR_CODEC_CHUNK_H

#include "codec/codec.h"
#include "codec/frametable.h"

/*
 * Chunks: a compressed stream that was made of blocks can be decoded by several threads.  A chunk is
 * a range of the stream that refers to nothing before it: a frame of zstd or lz4, what gzip has
 * between two full flushes.  Where a chunk ends is found without decoding it.
 *
 * The decoder of whole streams (codec_methods, decode) remains the judge.  A chunk counts only if it
 * is sound to its last byte, and then the bytes are those that the decoder of streams would
 * have made of it.  Whatever is no chunk, or a damaged one, or larger than the limits here, and the
 * end of each stream, is given to the decoder of streams, which resume() sets up as if all before
 * had been decoded by it: so damage has the same sound bytes before it, and the same
 * error, as if there were one thread only.  ISA-L alone takes some damage of gzip for sound that zlib
 * refuses, such as codes that are not complete: that is found by the checksum at the end, as most changed
 * bytes of gzip are anyway.
 */

/*
 * The longest block that the pipeline makes is a little longer than 2 MiB.  Before 1.0-rc1 it was a
 * little longer than 8 MiB, of headers, which became less than a quarter of that.
 */
#define CHUNK_MOST ((size_t)4 * 1024 * 1024)
#define CHUNK_CONTENT_MOST ((size_t)9 * 1024 * 1024)

enum { CHUNK_WINDOW = 32 * 1024 }; /* how far deflate refers back: RFC 1951, 2 */

enum chunk_found {
	CHUNK_FOUND,
	CHUNK_MORE, /* it does not end in the bytes that there are */
	CHUNK_NONE  /* what begins there is no chunk */
};

/* How far a stream has been decoded. */
struct chunk_state {
	uint64_t offset;                /* compressed bytes */
	struct codec_sum sum;           /* of the content */
	struct frametable_check frames; /* that were decoded */
	size_t window_len; /* the last bytes of the content, as many as there are: */
	uint8_t window[CHUNK_WINDOW];
};

struct chunk_methods {
	/* What looks like the end of a chunk may stand within one. */
	bool is_guess;

	/*
	 * Where does the chunk end that begins at ${bytes}, ${offset} bytes into the stream?  Of it
	 * ${len} bytes are there.  *seen is 0 at first, and the function's own until it returns
	 * another value than CHUNK_MORE.  CHUNK_FOUND: *size, and whether it has content.
	 */
	enum chunk_found (*find)(const uint8_t *bytes, size_t len, uint64_t offset,
	    size_t *seen, size_t *size, bool *has_content);

	int (*open)(void **decoder, struct error *);
	void (*close)(void *decoder);
	/*
	 * Put the content of a chunk, at most CHUNK_CONTENT_MOST bytes, into the empty ${out}, and
	 * set ${sum}.  *is_sound: else ${out} is of no use.  -1: ERROR_MEMORY.
	 */
	int (*decode)(void *decoder, const uint8_t *bytes, size_t len, struct buf *out,
	    struct codec_sum *sum, bool *is_sound, struct error *);

	/* The chunk that follows, of ${packed} bytes, was decoded; the state's offset is not this one's. */
	void (*add)(
	    struct chunk_state *state, size_t packed, const struct codec_sum *sum);

	/* As codec_methods, decode; *s stands where ${state} says. */
	int (*resume)(struct source **s, const struct chunk_state *state, struct error *);
};

#endif

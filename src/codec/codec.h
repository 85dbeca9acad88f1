#ifndef PG_BASETAR_CODEC_CODEC_H
#define PG_BASETAR_CODEC_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/error.h"

/*
 * How a block of the stream is encoded.  A codec is one row of codecs[] and one file;
 * it sees blocks of bytes, each by itself, on any worker, and knows nothing of files,
 * members or order.  What must be known of the whole stream (gzip's trailer) is
 * combined from what each block yields, in order, in the writer.
 */

struct encoder; /* the state of one worker, made by the codec */

/* What a block yields for the stream's tail. */
struct codec_sum {
	uint32_t crc; /* of the raw bytes, if the codec's tail needs it */
	uint64_t len; /* raw bytes */
};

enum { CODEC_EDGE = 32 }; /* a head or a tail is at most that many bytes */

struct codec {
	const char *name;        /* as -Z spells it */
	const char *suffixes[2]; /* of output files; NULL where there is none */
	int level_min, level_max, level_default;

	/* NULL in "none", whose blocks are sent as they are. */
	int (*encoder_new)(struct encoder **, int level, struct error *);
	void (*encoder_free)(struct encoder *);
	/* Append the encoded form of ${len} bytes to ${out}, and tell ${sum}. */
	int (*encode)(struct encoder *, const uint8_t *bytes, size_t len, struct buf *out,
	    struct codec_sum *sum, struct error *);

	/* Bytes before the first and after the last block; NULL: none. */
	size_t (*head)(int level, uint8_t out[CODEC_EDGE]);
	size_t (*tail)(const struct codec_sum *, uint8_t out[CODEC_EDGE]);
	/* Add the sum of the block that follows to ${whole}; NULL: not needed. */
	void (*add)(struct codec_sum *whole, const struct codec_sum *next);
};

/* All codecs, "none" first; ends with a NULL name. */
extern const struct codec codecs[];

/* By name, or by the suffix of a file's name ("none" if there is none known). */
const struct codec *codec_by_name(const char *name);
const struct codec *codec_by_suffix(const char *path);

/* The rows that stand in files of their own. */
int gzip_encoder_new(struct encoder **, int level, struct error *);
void gzip_encoder_free(struct encoder *);
int gzip_encode(struct encoder *, const uint8_t *bytes, size_t len, struct buf *out,
    struct codec_sum *sum, struct error *);
size_t gzip_head(int level, uint8_t out[CODEC_EDGE]);
size_t gzip_tail(const struct codec_sum *, uint8_t out[CODEC_EDGE]);
void gzip_add(struct codec_sum *whole, const struct codec_sum *next);

#endif

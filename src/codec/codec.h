#ifndef PG_BASETAR_CODEC_CODEC_H
#define PG_BASETAR_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "lib/stream.h"

/*
 * Compression: one row of codecs[] for each format, with all that the program knows of it.  What
 * it does with a format is in files of its own, whose functions the row's methods are.  A format
 * that it can neither write nor read has a row as well, so that what is said of it helps; so has
 * one whose library was missing when the program was built: its files were left out, and
 * without_NAME.c, with methods that are all NULL, was taken instead (Makefile).
 *
 * How a block of the stream is encoded.  A codec sees blocks of bytes, each alone, on any
 * worker, and knows nothing of files, members or order.  What must be known of the whole stream
 * (gzip's trailer) is combined from what each block yields, in order, in the writer.
 */

struct encoder; /* the state of one worker, made by the codec */
struct frametable;
struct store;
struct chunk_methods;

/* What a block yields for the stream's tail. */
struct codec_sum {
	uint32_t crc; /* of the raw bytes, if the codec's tail needs it */
	uint64_t len; /* raw bytes */
};

enum {
	CODEC_EDGE = 32,   /* a head or a tail is at most that many bytes */
	CODEC_MAGIC = 6,   /* so many bytes decide what a stream is */
	CODEC_METHODS = 80 /* room for codec_print_methods() */
};

struct codec_methods {
	/* NULL in "none", whose blocks are sent as they are, and in what is not written. */
	int (*encoder_new)(struct encoder **, int level, struct error *);
	void (*encoder_free)(struct encoder *);
	/* Append the encoded form of ${len} bytes to ${out}, and set ${sum}. */
	int (*encode)(struct encoder *, const uint8_t *bytes, size_t len, struct buf *out,
	    struct codec_sum *sum, struct error *);

	/* Bytes before the first and after the last block; NULL: none. */
	size_t (*head)(int level, uint8_t out[CODEC_EDGE]);
	size_t (*tail)(const struct codec_sum *, uint8_t out[CODEC_EDGE]);
	/* Add the sum of the block that follows to ${whole}; NULL: not needed. */
	void (*add)(struct codec_sum *whole, const struct codec_sum *next);
	/*
	 * What follows the last block: a table of them all, and before it what fills up the last
	 * of the records (frametable.h).  NULL: zeros fill up.
	 */
	int (*table)(struct frametable *, size_t record, struct sink *, uint64_t *len,
	    struct error *);

	/*
	 * Put what decodes it on top of *s, and own that; on failure *s is what it was.  NULL in
	 * "none", and in what is not read.
	 */
	int (*decode)(struct source **s, struct error *);
	/*
	 * Decode the last part of ${store}: *out becomes a source of what it holds from the end of
	 * a block on, about ${len} compressed bytes before its end; *raw is how many bytes all of it
	 * decodes to, UINT64_MAX: not known.  ERROR_UNSUPPORTED: no such end was found, and the
	 * text says why.  NULL: blocks cannot be found.
	 */
	int (*decode_late)(struct store *, uint64_t len, struct source **out,
	    uint64_t *raw, struct error *);
	/* How several threads decode it: codec/chunk.h.  NULL: they cannot. */
	const struct chunk_methods *chunks;
};

struct codec {
	const char *name;        /* as -Z spells it */
	const char *suffixes[2]; /* of files; NULL if absent */
	const char *program; /* that decodes it with -d; NULL: a pipe through none does */
	const char *library; /* that it may have to do without; NULL if absent */

	/* How a stream of it begins, in one way or another; a length of 0 if absent. */
	struct codec_magic {
		size_t len;
		uint8_t bytes[CODEC_MAGIC], mask[CODEC_MAGIC];
	} magics[3];

	int level_min, level_max, level_default;
	const struct codec_methods *methods; /* not NULL */
};

/* All codecs, "none" first; ends with a NULL name. */
extern const struct codec codecs[];

/* Can it be written? */
bool codec_is_written(const struct codec *);
/* Was its library missing when the program was built? */
bool codec_is_left_out(const struct codec *);

/* By name; NULL: none is called that. */
const struct codec *codec_by_name(const char *name);
/* By the suffix of a file's name, in any case; "none" if no codec has it. */
const struct codec *codec_by_suffix(const char *path);
/* By the ${len} bytes that a stream begins with, at most CODEC_MAGIC are looked at; else "none". */
const struct codec *codec_by_magic(const uint8_t *bytes, size_t len);

/* The names of what can be written, "none, gzip", in ${out}; returns it. */
const char *codec_print_methods(char out[CODEC_METHODS]);

#endif

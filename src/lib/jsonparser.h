#ifndef PG_BASETAR_LIB_JSONPARSER_H
#define PG_BASETAR_LIB_JSONPARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * JSON (RFC 8259) as it is read: bytes come in pieces of any size, and what they say is passed on
 * while they pass.  Text is UTF-8, and checked.  Nothing is recursive, and memory is bounded
 * by the limits below, whatever comes.
 */
#define JSONPARSER_DEEPEST 8
#define JSONPARSER_STRING ((size_t)256 * 1024) /* bytes of a string, or a key, decoded */
#define JSONPARSER_NUMBER 32                   /* characters of a number */

struct jsonparser;

/*
 * What is called; an error ends the parsing.  Strings end with a NUL, have no other (\u0000 is
 * refused), and are valid during the call only.
 *
 *  open	An object, ${kind} '{', or an array, '[', begins.
 *  close	It ends.
 *  key	The name of the member whose value follows.
 *  value	A string, ${kind} '"'; a number, as it is written, '0'; or one of the words
 *		true, false and null, 't'.
 */
struct jsonparser_sink {
	const struct jsonparser_sink_ops *ops; /* the first member of each kind of sink */
};

struct jsonparser_sink_ops {
	int (*open)(struct jsonparser_sink *, char kind, struct error *);
	int (*close)(struct jsonparser_sink *, char kind, struct error *);
	int (*key)(
	    struct jsonparser_sink *, const char *text, size_t len, struct error *);
	int (*value)(struct jsonparser_sink *, char kind, const char *text, size_t len,
	    struct error *);
};

/* ${sink} is borrowed. */
MUST_CHECK int jsonparser_new(
    struct jsonparser **, struct jsonparser_sink *sink, struct error *err);

/*
 * The next ${len} bytes.  ERROR_FORMAT says at which byte what is wrong; what the sink
 * returned is passed on as it is.  After a failure only free is legal.
 */
MUST_CHECK int jsonparser_bytes(
    struct jsonparser *, const uint8_t *bytes, size_t len, struct error *err);

/* No more bytes: was there one whole value? */
MUST_CHECK int jsonparser_finish(struct jsonparser *, struct error *err);

/* NULL is no parser. */
void jsonparser_free(struct jsonparser *);

#endif

#ifndef PG_BASETAR_LIB_JSON_H
#define PG_BASETAR_LIB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/error.h"

/* JSON (RFC 8259) as it is written.  In it text is UTF-8 and nothing else. */

/* The shortest forms only, no surrogates, nothing above U+10FFFF. */
bool json_is_utf8(const char *text);

/*
 * Append ${text}, which is UTF-8, as it stands between the quotes of a string: quotes,
 * backslashes and control characters escaped.
 */
MUST_CHECK int json_append_text(struct buf *b, const char *text, struct error *err);

/* Append ${len} bytes as hexadecimal digits, in lower case. */
MUST_CHECK int json_append_hex(
    struct buf *b, const void *bytes, size_t len, struct error *err);

/*
 * A text of JSON that grows: one object, and in it members, arrays and objects.  Its
 * members and the elements of its arrays have a line each, so that grep(1) finds them.
 *
 * ${key} is ASCII, without a quote or backslash; NULL for the whole and for the elements
 * of an array.  The first failure (ERROR_MEMORY) is kept and returned by json_finish(); what
 * comes after it is ignored.  All zeros is a text to begin with.
 */
#define JSON_DEEPEST 4

struct json {
	struct buf text;
	size_t depth;
	char ends[JSON_DEEPEST]; /* of what is open */
	bool has_member;         /* of the innermost */
	struct error err;
};

void json_object(struct json *, const char *key);
void json_array(struct json *, const char *key);
/* The innermost is over. */
void json_end(struct json *);

/*
 * A string; NULL is null.  Text that is not UTF-8 loses nothing and leaves this JSON: each
 * byte that does not belong to a character is U+FFFD, and a member ${key}_hex follows, with
 * all bytes of the text as hexadecimal digits.
 */
void json_text(struct json *, const char *key, const char *text);

void json_number(struct json *, const char *key, uint64_t number);
/* null, if it is not known. */
void json_number_if(struct json *, const char *key, bool is_known, uint64_t number);
/* As a string, since most readers keep 53 bits of a number; 0 is null. */
void json_identifier(struct json *, const char *key, uint64_t number);
/* To the millisecond. */
void json_seconds(struct json *, const char *key, double seconds);
void json_null(struct json *, const char *key);

/* All that was opened has ended: add the last line feed.  What failed, if anything did. */
MUST_CHECK int json_finish(struct json *, struct error *err);

/* Release the memory. */
void json_free(struct json *);

#endif

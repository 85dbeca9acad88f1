#ifndef PG_BASETAR_UTIL_JSON_H
#define PG_BASETAR_UTIL_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "util/error.h"

/* JSON (RFC 8259) as it is written.  In it text is UTF-8 and nothing else. */

/* The shortest forms only, no surrogates, nothing above U+10FFFF. */
bool json_is_utf8(const char *text);

/*
 * Append ${text}, which is UTF-8, as it stands between the quotes of a string: quotes,
 * backslashes and control characters escaped.
 */
MUST_CHECK int json_append_text(struct buf *b, const char *text, struct error *err);

/* Append ${len} bytes as hexadecimal digits, in lower case. */
MUST_CHECK int json_append_hex(struct buf *b, const void *bytes, size_t len,
    struct error *err);

#endif

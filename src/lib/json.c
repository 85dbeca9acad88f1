/*
 * JSON is written in two ways, which share the escapes of a string.  The manifest puts its own
 * lines together, since they must be PostgreSQL's byte for byte.  Reports and info use struct json,
 * which keeps the commas, the indent and the first error: a caller is a plain list of members.
 */
#include "lib/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/utf8.h"

bool
json_is_utf8(const char *text)
{
	for (size_t len; *text != '\0'; text += len)
		if ((len = utf8_length(text)) == 0)
			return false;
	return true;
}

/* How many bytes of ${text} stand in a JSON string as they are. */
static size_t
plain_length(const char *text)
{
	size_t len = 0;

	while ((uint8_t)text[len] >= 0x20 && text[len] != '"' && text[len] != '\\')
		len++;
	return len;
}

/* One byte that does not, escaped as PostgreSQL does (utils/adt/json.c). */
static int
append_escaped(struct buf *b, char byte, struct error *err)
{
	static const char special[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
	const char *found = strchr(special, byte);

	if (found)
		return buf_printf(b, err, "\\%c", letters[found - special]);
	return buf_printf(b, err, "\\u%04x", (unsigned)byte);
}

int
json_append_text(struct buf *b, const char *text, struct error *err)
{
	for (;;) {
		size_t len = plain_length(text);

		if (buf_append(b, text, len, err))
			return -1;
		text += len;
		if (*text == '\0')
			return 0;
		if (append_escaped(b, *text++, err))
			return -1;
	}
}

int
json_append_hex(struct buf *b, const void *bytes, size_t len, struct error *err)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = bytes;
	char *to;

	if (len > SIZE_MAX / 4)
		return error_memory(err);
	if (buf_reserve(b, 2 * len, err))
		return -1;
	to = (char *)b->data + b->len;
	for (size_t i = 0; i < len; i++) {
		*to++ = digits[from[i] >> 4];
		*to++ = digits[from[i] & 15];
	}
	*to = '\0';
	b->len += 2 * len;
	return 0;
}

/*
 * ---- a whole text ----
 *
 * `(void)!` drops a return value: the failure is in j->err, and is_well() looks there.
 */

/* Has nothing failed so far?  Else the caller does nothing. */
static bool
is_well(const struct json *j)
{
	return j->err.kind == ERROR_NONE;
}

/* From this depth on all is in one line. */
enum { ONE_LINE = 3 };

/* A line feed and the indent of what is at this depth; deeper down but a blank. */
static const char *
space_at(size_t depth)
{
	static const char *const spaces[ONE_LINE] = { "\n", "\n  ", "\n    " };

	return depth < ONE_LINE ? spaces[depth] : " ";
}

/* What stands before a value.  Errors are in j->err. */
static int
begin_value(struct json *j, const char *key)
{
	if (!is_well(j))
		return -1;
	if (j->depth > 0 &&
	    buf_printf(
		&j->text, &j->err, "%s%s", j->has_member ? "," : "", space_at(j->depth)))
		return -1;
	j->has_member = true;
	return key ? buf_printf(&j->text, &j->err, "\"%s\": ", key) : 0;
}

static void
begin_group(struct json *j, const char *key, char begin, char end)
{
	if (begin_value(j, key) || buf_append(&j->text, &begin, 1, &j->err))
		return;
	if (j->depth == JSON_DEEPEST) {
		error_set(
		    &j->err, ERROR_STATE, 0, "JSON of more than %d levels", JSON_DEEPEST);
		return;
	}
	j->ends[j->depth++] = end;
	j->has_member = false;
}

void
json_object(struct json *j, const char *key)
{
	begin_group(j, key, '{', '}');
}

void
json_array(struct json *j, const char *key)
{
	begin_group(j, key, '[', ']');
}

void
json_end(struct json *j)
{
	const char *space;

	if (!is_well(j) || j->depth == 0)
		return;
	space = j->depth < ONE_LINE ? space_at(j->depth - 1) : " ";
	j->depth--;
	if (j->has_member && buf_printf(&j->text, &j->err, "%s", space))
		return;
	j->has_member = true;
	(void)!buf_append(&j->text, &j->ends[j->depth], 1, &j->err);
}

/* One character, or U+FFFD for a byte that is not part of one; what steers a terminal is escaped. */
static int
append_character(struct json *j, const char *s, size_t len)
{
	const uint32_t steering = utf8_steering(s);
	char one[5] = "\xEF\xBF\xBD";

	if (steering)
		return buf_printf(&j->text, &j->err, "\\u%04" PRIx32, steering);
	if (len > 0 && len < sizeof(one)) {
		memcpy(one, s, len);
		one[len] = '\0';
	}
	return json_append_text(&j->text, one, &j->err);
}

static int
append_readable(struct json *j, const char *text)
{
	int rc = buf_append(&j->text, "\"", 1, &j->err);

	for (const char *s = text; rc == 0 && *s != '\0';) {
		const size_t len = utf8_length(s);

		rc = append_character(j, s, len);
		s += len > 0 ? len : 1;
	}
	return rc ? rc : buf_append(&j->text, "\"", 1, &j->err);
}

/* The member ${key}_hex. */
static void
add_bytes(struct json *j, const char *key, const char *text)
{
	if (buf_printf(&j->text, &j->err, ",%s\"%s_hex\": \"", space_at(j->depth), key) ||
	    json_append_hex(&j->text, text, strlen(text), &j->err))
		return;
	(void)!buf_append(&j->text, "\"", 1, &j->err);
}

void
json_text(struct json *j, const char *key, const char *text)
{
	if (text == NULL) {
		json_null(j, key);
		return;
	}
	if (begin_value(j, key) || append_readable(j, text))
		return;
	if (key && !json_is_utf8(text))
		add_bytes(j, key, text);
}

void
json_number(struct json *j, const char *key, uint64_t number)
{
	if (begin_value(j, key) == 0)
		(void)!buf_printf(&j->text, &j->err, "%" PRIu64, number);
}

void
json_number_if(struct json *j, const char *key, bool is_known, uint64_t number)
{
	if (is_known)
		json_number(j, key, number);
	else
		json_null(j, key);
}

void
json_identifier(struct json *j, const char *key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	json_text(j, key, number > 0 ? text : NULL);
}

void
json_seconds(struct json *j, const char *key, double seconds)
{
	if (begin_value(j, key) == 0)
		(void)!buf_printf(&j->text, &j->err, "%.3f", seconds);
}

void
json_null(struct json *j, const char *key)
{
	if (begin_value(j, key) == 0)
		(void)!buf_append(&j->text, "null", 4, &j->err);
}

int
json_finish(struct json *j, struct error *err)
{
	if (is_well(j) && j->depth > 0)
		error_set(&j->err, ERROR_STATE, 0, "JSON that has not ended");
	if (is_well(j) && buf_append(&j->text, "\n", 1, &j->err) == 0)
		return 0;
	*err = j->err;
	return -1;
}

void
json_free(struct json *j)
{
	buf_free(&j->text);
}

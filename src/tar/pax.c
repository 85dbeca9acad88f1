/*
 * Records are taken by the length that each begins with, and never line by line: the name of a file
 * may have a newline in it.  The keys that are known are a table; all others are refused.
 */
#include "tar/pax.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/number.h"

struct record {
	const uint8_t *key, *value;
	size_t key_len, value_len;
};

static bool
is_ascii(const char *text)
{
	for (; text && *text; text++)
		if ((unsigned char)*text > 0x7f)
			return false;
	return true;
}

/* The length of a record counts its own digits: the fewest that can say it. */
static size_t
record_len(const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + strlen(" =\n");
	size_t digits = 1;

	for (size_t limit = 10; rest + digits >= limit; limit *= 10)
		digits++;
	return rest + digits;
}

static int
append_record(struct buf *out, const char *key, const char *value, struct error *err)
{
	if (value == NULL)
		return 0;
	return buf_printf(out, err, "%zu %s=%s\n", record_len(key, value), key, value);
}

/*
 * hdrcharset is required for what is not UTF-8, and sent for what is, too: without it
 * bsdtar 3.6 in the C locale (cron, a rescue system) exits 1 for any byte over 0x7f,
 * although it unpacks the member.  GNU tar 1.34 does not know the key and says so, but
 * exits 0; busybox tar 1.35 passes it over.  All three then keep the bytes.
 */
int
tar_pax_build(struct buf *out, const char *path, const char *link, struct error *err)
{
	const char *charset = is_ascii(path) && is_ascii(link) ? NULL : "BINARY";
	struct buf body = { 0 };
	int rc = -1;

	if (append_record(&body, "hdrcharset", charset, err) ||
	    append_record(&body, "path", path, err) ||
	    append_record(&body, "linkpath", link, err))
		goto out;
	if (body.len > TAR_PAX_MAX) {
		error_set(err, ERROR_UNSUPPORTED, 0,
		    "name and link target need %zu bytes, more than %zu", body.len,
		    TAR_PAX_MAX);
		goto out;
	}
	rc = buf_append(out, body.data, body.len, err);
out:
	buf_free(&body);
	return rc;
}

/* The record at ${bytes}: returns its length, or 0 if absent. */
static size_t
get_record(const uint8_t *bytes, size_t len, struct record *out)
{
	const uint8_t *space = memchr(bytes, ' ', len), *equals;
	uint64_t whole;

	if (space == NULL ||
	    !number_parse((const char *)bytes, (size_t)(space - bytes), len, &whole) ||
	    bytes + whole <= space || bytes[whole - 1] != '\n')
		return 0;
	out->key = space + 1;
	equals = memchr(out->key, '=', (size_t)(bytes + whole - out->key));
	if (equals == NULL || equals == out->key)
		return 0;
	out->key_len = (size_t)(equals - out->key);
	out->value = equals + 1;
	out->value_len = (size_t)(bytes + whole - 1 - out->value);
	return (size_t)whole;
}

static bool
bytes_are(const uint8_t *bytes, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(bytes, text, len) == 0;
}

static int
take_string(char **to, const struct record *r, struct error *err)
{
	if (*to != NULL)
		return error_set(err, ERROR_FORMAT, 0, "pax header: %.*s is given twice",
		    (int)r->key_len, (const char *)r->key);
	if (r->value_len == 0 || memchr(r->value, '\0', r->value_len))
		return error_set(err, ERROR_FORMAT, 0,
		    "pax header: value of %.*s is not valid", (int)r->key_len,
		    (const char *)r->key);
	*to = strndup((const char *)r->value, r->value_len);
	return *to ? 0 : error_memory(err);
}

static int
pax_take_number(bool *has, uint64_t *to, const struct record *r, struct error *err)
{
	if (*has)
		return error_set(err, ERROR_FORMAT, 0, "pax header: %.*s is given twice",
		    (int)r->key_len, (const char *)r->key);
	*has = number_parse((const char *)r->value, r->value_len, UINT64_MAX, to);
	return *has ?
	    0 :
	    error_set(err, ERROR_FORMAT, 0, "pax header: value of %.*s is not valid",
		(int)r->key_len, (const char *)r->key);
}

/* Whatever the charset, the bytes are taken as they are; but it has to be a known one. */
static int
take_charset(const struct record *r, struct error *err)
{
	if (bytes_are(r->value, r->value_len, "BINARY") ||
	    bytes_are(r->value, r->value_len, "ISO-IR 10646 2000 UTF-8"))
		return 0;
	return error_set(err, ERROR_UNSUPPORTED, 0,
	    "pax header: value of hdrcharset is not supported");
}

static bool
is_time(const struct record *r)
{
	return bytes_are(r->key, r->key_len, "mtime") ||
	    bytes_are(r->key, r->key_len, "atime") ||
	    bytes_are(r->key, r->key_len, "ctime");
}

/*
 * A file with holes: bsdtar looks for them unless it is told not to, and a part of a relation
 * that the server has allocated and not yet written is one.
 */
#define SPARSE_HINT \
	"Pack the files again without --sparse (GNU tar), or with --no-read-sparse (bsdtar)."

static bool
is_sparse(const struct record *r)
{
	static const char prefix[] = "GNU.sparse.";

	return r->key_len >= sizeof(prefix) - 1 &&
	    memcmp(r->key, prefix, sizeof(prefix) - 1) == 0;
}

static int
take_record(struct tar_pax *pax, const struct record *r, struct error *err)
{
	const struct {
		const char *key;
		char **string; /* NULL: a number */
		bool *has;
		uint64_t *number;
	} keys[] = {
		{ "path", &pax->path, NULL, NULL },
		{ "linkpath", &pax->link, NULL, NULL },
		{ "uname", &pax->uname, NULL, NULL },
		{ "gname", &pax->gname, NULL, NULL },
		{ "uid", NULL, &pax->has_uid, &pax->uid },
		{ "gid", NULL, &pax->has_gid, &pax->gid },
		{ "size", NULL, &pax->has_size, &pax->size },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (bytes_are(r->key, r->key_len, keys[i].key))
			return keys[i].string ?
			    take_string(keys[i].string, r, err) :
			    pax_take_number(keys[i].has, keys[i].number, r, err);
	/* the header has that of the last change, to the second; the others are not kept */
	if (is_time(r))
		return 0;
	if (bytes_are(r->key, r->key_len, "hdrcharset"))
		return take_charset(r, err);
	error_set(err, ERROR_UNSUPPORTED, 0, "pax header: unknown key \"%.*s\"",
	    (int)r->key_len, (const char *)r->key);
	return is_sparse(r) ? error_hint(err, SPARSE_HINT) : -1;
}

int
tar_pax_parse(const uint8_t *bytes, size_t len, struct tar_pax *out, struct error *err)
{
	struct tar_pax pax = { 0 };
	struct record r;
	size_t used;
	int rc = -1;

	if (len > TAR_PAX_MAX)
		return error_set(err, ERROR_UNSUPPORTED, 0,
		    "pax header: %zu bytes are too many, at most %zu are allowed", len,
		    TAR_PAX_MAX);
	for (size_t at = 0; at < len; at += used) {
		used = get_record(bytes + at, len - at, &r);
		if (used == 0) {
			error_set(err, ERROR_FORMAT, 0,
			    "pax header: record at byte %zu of %zu is not valid", at,
			    len);
			goto out;
		}
		if (take_record(&pax, &r, err))
			goto out;
	}
	*out = pax;
	pax = (struct tar_pax){ 0 };
	rc = 0;
out:
	tar_pax_free(&pax);
	return rc;
}

void
tar_pax_free(struct tar_pax *pax)
{
	free(pax->path);
	free(pax->link);
	free(pax->uname);
	free(pax->gname);
	*pax = (struct tar_pax){ 0 };
}

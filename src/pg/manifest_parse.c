/*
 * A manifest is taken strictly: keys[] has every key, where it may stand and of what kind its value
 * is, and all else is damage.  Two things are done with each byte: the parser of JSON takes it, and
 * it is hashed, a line late, since the last line is not part of the checksum and which one that is
 * shows only at the end.
 */
#include "pg/manifest_parse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/jsonparser.h"
#include "lib/lsn.h"
#include "lib/number.h"
#include "lib/path.h"

/* Where the text is. */
enum section {
	SECTION_TOP,
	SECTION_FILES,
	SECTION_FILE,
	SECTION_RANGES,
	SECTION_RANGE,
	SECTION_OUTSIDE
};

enum key {
	KEY_VERSION,
	KEY_IDENTIFIER,
	KEY_FILES,
	KEY_RANGES,
	KEY_CHECKSUM,
	KEY_PATH,
	KEY_ENCODED_PATH,
	KEY_SIZE,
	KEY_MODIFIED,
	KEY_FILE_ALGORITHM,
	KEY_FILE_CHECKSUM,
	KEY_TIMELINE,
	KEY_START,
	KEY_END,
	KEYS
};

static const struct {
	const char *name;
	enum section section;
	char kind; /* of its value, as of jsonparser_sink */
} keys[KEYS] = {
	[KEY_VERSION] = { "PostgreSQL-Backup-Manifest-Version", SECTION_TOP, '0' },
	[KEY_IDENTIFIER] = { "System-Identifier", SECTION_TOP, '0' },
	[KEY_FILES] = { "Files", SECTION_TOP, '[' },
	[KEY_RANGES] = { "WAL-Ranges", SECTION_TOP, '[' },
	[KEY_CHECKSUM] = { "Manifest-Checksum", SECTION_TOP, '"' },
	[KEY_PATH] = { "Path", SECTION_FILE, '"' },
	[KEY_ENCODED_PATH] = { "Encoded-Path", SECTION_FILE, '"' },
	[KEY_SIZE] = { "Size", SECTION_FILE, '0' },
	[KEY_MODIFIED] = { "Last-Modified", SECTION_FILE, '"' },
	[KEY_FILE_ALGORITHM] = { "Checksum-Algorithm", SECTION_FILE, '"' },
	[KEY_FILE_CHECKSUM] = { "Checksum", SECTION_FILE, '"' },
	[KEY_TIMELINE] = { "Timeline", SECTION_RANGE, '0' },
	[KEY_START] = { "Start-LSN", SECTION_RANGE, '"' },
	[KEY_END] = { "End-LSN", SECTION_RANGE, '"' },
};

#define BIT(key) (1U << (key))

struct manifest_parse {
	struct jsonparser_sink json_sink; /* first */
	struct jsonparser *json;
	struct manifest_sink *sink;

	enum section section;
	enum key key;        /* whose value comes next */
	unsigned given;      /* keys of the top, BIT() each */
	unsigned given_here; /* of this file or range */

	unsigned version;
	uint64_t size, start, end, timeline;
	struct buf path;
	enum digest_kind kind;
	uint8_t digest[DIGEST_MAX];
	size_t digest_len;

	/* what is hashed lags by a line */
	struct digest *sha256;
	struct buf line;
	uint8_t borne[MANIFEST_CHECKSUM];
};

/* ---- values ---- */

static int
bad_value(enum key key, const char *text, struct error *err)
{
	return error_set(err, ERROR_FORMAT, 0, "unexpected value of \"%s\": \"%.100s\"",
	    keys[key].name, text);
}

/* Pairs of hexadecimal digits, all of them; false: something else, or more than ${most}. */
static bool
from_hex(const char *text, size_t len, uint8_t *out, size_t most)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";

	if (len % 2 != 0 || len / 2 > most)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (digit == NULL)
			return false;
		out[i / 2] =
		    (uint8_t)((i % 2 ? out[i / 2] << 4 : 0) | ((digit - digits) & 0xf));
	}
	return true;
}

static int
take_encoded_path(
    struct manifest_parse *p, const char *text, size_t len, struct error *err)
{
	uint8_t *bytes = malloc(len / 2 + 1);
	int rc = -1;

	buf_clear(&p->path);
	if (bytes == NULL)
		return error_memory(err);
	if (!from_hex(text, len, bytes, len / 2) || memchr(bytes, 0, len / 2) != NULL)
		bad_value(KEY_ENCODED_PATH, text, err);
	else
		rc = buf_append(&p->path, bytes, len / 2, err);
	free(bytes);
	return rc;
}

static int
take_version(struct manifest_parse *p, uint64_t version, struct error *err)
{
	if (version != 1 && version != 2)
		return error_set(err, ERROR_UNSUPPORTED, 0,
		    "version %" PRIu64 " of the manifest is not supported", version);
	p->version = (unsigned)version;
	return p->sink->ops->version ? p->sink->ops->version(p->sink, p->version, err) :
				       0;
}

static int
manifest_take_number(
    struct manifest_parse *p, const char *text, size_t len, struct error *err)
{
	const uint64_t most = p->key == KEY_TIMELINE ? UINT32_MAX :
	    p->key == KEY_SIZE                       ? INT64_MAX :
						       UINT64_MAX;
	uint64_t number;

	if (!number_parse(text, len, most, &number))
		return bad_value(p->key, text, err);
	switch (p->key) {
	case KEY_VERSION:
		return take_version(p, number, err);
	case KEY_IDENTIFIER:
		return p->sink->ops->identifier ?
		    p->sink->ops->identifier(p->sink, number, err) :
		    0;
	case KEY_SIZE:
		p->size = number;
		return 0;
	default:
		p->timeline = number;
		return number > 0 ? 0 : bad_value(p->key, text, err);
	}
}

static int
take_digest(struct manifest_parse *p, const char *text, size_t len, struct error *err)
{
	if (!from_hex(text, len, p->digest, sizeof(p->digest)))
		return bad_value(p->key, text, err);
	p->digest_len = len / 2;
	return 0;
}

static int
manifest_take_text(
    struct manifest_parse *p, const char *text, size_t len, struct error *err)
{
	switch (p->key) {
	case KEY_PATH:
		buf_clear(&p->path);
		return buf_append(&p->path, text, len, err);
	case KEY_ENCODED_PATH:
		return take_encoded_path(p, text, len, err);
	case KEY_FILE_ALGORITHM:
		if (digest_by_name(text, &p->kind) || p->kind == DIGEST_NONE)
			return bad_value(p->key, text, err);
		return 0;
	case KEY_FILE_CHECKSUM:
		return take_digest(p, text, len, err);
	case KEY_START:
		return lsn_parse(text, &p->start) ? 0 : bad_value(p->key, text, err);
	case KEY_END:
		return lsn_parse(text, &p->end) ? 0 : bad_value(p->key, text, err);
	case KEY_CHECKSUM:
		if (len != 2 * sizeof(p->borne) ||
		    !from_hex(text, len, p->borne, sizeof(p->borne)))
			return bad_value(p->key, text, err);
		return 0;
	default: /* when a file was modified: nothing depends on it */
		return 0;
	}
}

/* ---- a file, or a stretch of WAL, is complete ---- */

static size_t
digest_size(enum digest_kind kind)
{
	static const size_t sizes[] = { [DIGEST_NONE] = 0,
		[DIGEST_CRC32C] = 4,
		[DIGEST_SHA224] = 28,
		[DIGEST_SHA256] = 32,
		[DIGEST_SHA384] = 48,
		[DIGEST_SHA512] = 64 };

	return sizes[kind];
}

static int
end_file(struct manifest_parse *p, struct error *err)
{
	const unsigned path = p->given_here & (BIT(KEY_PATH) | BIT(KEY_ENCODED_PATH));
	const unsigned digest =
	    p->given_here & (BIT(KEY_FILE_ALGORITHM) | BIT(KEY_FILE_CHECKSUM));
	const char *name = buf_text(&p->path);
	const struct manifest_file file = { name, p->size, digest ? p->kind : DIGEST_NONE,
		p->digest };

	if (path == 0 || path == (BIT(KEY_PATH) | BIT(KEY_ENCODED_PATH)))
		return error_set(
		    err, ERROR_FORMAT, 0, "a file has no path, or more than one");
	if (!path_is_plain(name))
		return error_set(err, ERROR_FORMAT, 0,
		    "\"%s\" is not a path below a data directory", name);
	/* a time that the C library cannot count has no key: manifest_write.c */
	if ((p->given_here & BIT(KEY_SIZE)) == 0)
		return error_set(err, ERROR_FORMAT, 0, "\"%s\" has no size", name);
	if (digest != 0 &&
	    (digest != (BIT(KEY_FILE_ALGORITHM) | BIT(KEY_FILE_CHECKSUM)) ||
		p->digest_len != digest_size(p->kind)))
		return error_set(err, ERROR_FORMAT, 0,
		    "\"%s\" has an algorithm without a checksum, or a checksum without an algorithm",
		    name);
	return p->sink->ops->file ? p->sink->ops->file(p->sink, &file, err) : 0;
}

static int
end_range(struct manifest_parse *p, struct error *err)
{
	const unsigned all = BIT(KEY_TIMELINE) | BIT(KEY_START) | BIT(KEY_END);

	if (p->given_here != all || p->end < p->start)
		return error_set(err, ERROR_FORMAT, 0,
		    "a WAL range has no timeline, start or end, or ends before its start");
	return p->sink->ops->wal ?
	    p->sink->ops->wal(p->sink, (uint32_t)p->timeline, p->start, p->end, err) :
	    0;
}

/* ---- what the JSON says ---- */

/* In which place is what opens in ${place}?  PLACE_OUTSIDE: nothing may. */
static enum section
section_below(const struct manifest_parse *p, char kind)
{
	if (p->section == SECTION_TOP && kind == '[' && p->key == KEY_FILES)
		return SECTION_FILES;
	if (p->section == SECTION_TOP && kind == '[' && p->key == KEY_RANGES)
		return SECTION_RANGES;
	if (p->section == SECTION_FILES && kind == '{')
		return SECTION_FILE;
	if (p->section == SECTION_RANGES && kind == '{')
		return SECTION_RANGE;
	return p->section == SECTION_OUTSIDE && kind == '{' ? SECTION_TOP :
							      SECTION_OUTSIDE;
}

static int
hear_open(struct jsonparser_sink *sink, char kind, struct error *err)
{
	struct manifest_parse *p = (struct manifest_parse *)sink;

	p->section = section_below(p, kind);
	p->key = KEYS;
	p->given_here = 0;
	if (p->section == SECTION_OUTSIDE)
		return error_set(err, ERROR_FORMAT, 0, "unexpected '%c'", kind);
	return 0;
}

static int
hear_close(struct jsonparser_sink *sink, char kind, struct error *err)
{
	struct manifest_parse *p = (struct manifest_parse *)sink;
	const enum section section = p->section;

	(void)kind;
	p->key = KEYS;
	if (section == SECTION_FILE) {
		p->section = SECTION_FILES;
		return end_file(p, err);
	}
	if (section == SECTION_RANGE) {
		p->section = SECTION_RANGES;
		return end_range(p, err);
	}
	p->section = section == SECTION_TOP ? SECTION_OUTSIDE : SECTION_TOP;
	return 0;
}

/* The version comes first, and the checksum last. */
static int
check_order(const struct manifest_parse *p, enum key key, struct error *err)
{
	if (p->section != SECTION_TOP)
		return 0;
	if ((key == KEY_VERSION) != (p->given == 0))
		return error_set(err, ERROR_FORMAT, 0, "the version must come first");
	if ((p->given & BIT(KEY_CHECKSUM)) != 0)
		return error_set(err, ERROR_FORMAT, 0, "the checksum must come last");
	if (key == KEY_IDENTIFIER && p->version < 2)
		return error_set(err, ERROR_FORMAT, 0,
		    "a manifest of version 1 has a system identifier");
	return 0;
}

static int
hear_key(struct jsonparser_sink *sink, const char *text, size_t len, struct error *err)
{
	struct manifest_parse *p = (struct manifest_parse *)sink;
	unsigned *given = p->section == SECTION_TOP ? &p->given : &p->given_here;
	unsigned key = 0;

	(void)len;
	while (key < KEYS &&
	    (keys[key].section != p->section || strcmp(keys[key].name, text) != 0))
		key++;
	if (key == KEYS)
		return error_set(err, ERROR_FORMAT, 0, "unknown key \"%.100s\"", text);
	if ((*given & BIT(key)) != 0)
		return error_set(err, ERROR_FORMAT, 0, "duplicate key \"%s\"", text);
	if (check_order(p, (enum key)key, err))
		return -1;
	*given |= BIT(key);
	p->key = (enum key)key;
	return 0;
}

static int
hear_value(struct jsonparser_sink *sink, char kind, const char *text, size_t len,
    struct error *err)
{
	struct manifest_parse *p = (struct manifest_parse *)sink;

	if (p->key == KEYS)
		return error_set(
		    err, ERROR_FORMAT, 0, "unexpected value \"%.100s\"", text);
	if (keys[p->key].kind != kind)
		return bad_value(p->key, text, err);
	return kind == '0' ? manifest_take_number(p, text, len, err) :
			     manifest_take_text(p, text, len, err);
}

static const struct jsonparser_sink_ops json_ops = { hear_open, hear_close, hear_key,
	hear_value };

/* ---- its own checksum ---- */

/* A line is hashed when it turns out that another one follows. */
static int
hash_line(struct manifest_parse *p, struct error *err)
{
	if (p->line.len == 0 || p->line.data[p->line.len - 1] != '\n')
		return 0;
	if (digest_update(p->sha256, p->line.data, p->line.len, err))
		return -1;
	buf_clear(&p->line);
	return 0;
}

/*
 * Of what is before the last line feed all is hashed at once, but for the line that ends
 * with it: it may be the last.
 */
static int
hash(struct manifest_parse *p, const uint8_t *bytes, size_t len, struct error *err)
{
	while (len > 0) {
		const uint8_t *feed = memchr(bytes, '\n', len);
		const size_t n = feed ? (size_t)(feed - bytes) + 1 : len;

		if (hash_line(p, err))
			return -1;
		if (p->line.len + n > MANIFEST_LINE)
			return error_set(err, ERROR_FORMAT, 0, "a line is too long");
		if (buf_append(&p->line, bytes, n, err))
			return -1;
		bytes += n;
		len -= n;
	}
	return 0;
}

/* ---- the whole ---- */

int
manifest_parse_new(
    struct manifest_parse **out, struct manifest_sink *sink, struct error *err)
{
	struct manifest_parse *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p == NULL)
		return error_memory(err);
	p->json_sink.ops = &json_ops;
	p->sink = sink;
	p->section = SECTION_OUTSIDE;
	p->key = KEYS;
	if (jsonparser_new(&p->json, &p->json_sink, err) ||
	    digest_new(&p->sha256, DIGEST_SHA256, err)) {
		manifest_parse_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

void
manifest_parse_free(struct manifest_parse *p)
{
	if (p == NULL)
		return;
	jsonparser_free(p->json);
	digest_free(p->sha256);
	buf_free(&p->path);
	buf_free(&p->line);
	free(p);
}

int
manifest_parse_bytes(
    struct manifest_parse *p, const uint8_t *bytes, size_t len, struct error *err)
{
	return hash(p, bytes, len, err) || jsonparser_bytes(p->json, bytes, len, err) ?
	    -1 :
	    0;
}

int
manifest_parse_finish(
    struct manifest_parse *p, struct manifest_verdict *verdict, struct error *err)
{
	const unsigned needed = BIT(KEY_VERSION) | BIT(KEY_FILES) | BIT(KEY_RANGES) |
	    BIT(KEY_CHECKSUM) | (p->version == 2 ? BIT(KEY_IDENTIFIER) : 0);
	uint8_t computed[DIGEST_MAX];
	size_t len;

	if (jsonparser_finish(p->json, err))
		return -1;
	if (p->given != needed)
		return error_set(err, ERROR_FORMAT, 0, "the manifest is not complete");
	if (p->line.len == 0 || p->line.data[p->line.len - 1] != '\n' ||
	    strncmp((const char *)p->line.data, "\"Manifest-Checksum\"", 19) != 0)
		return error_set(err, ERROR_FORMAT, 0,
		    "the checksum of the manifest is not in its last line");
	if (digest_final(p->sha256, computed, &len, err))
		return -1;
	memcpy(verdict->computed, computed, sizeof(verdict->computed));
	memcpy(verdict->borne, p->borne, sizeof(verdict->borne));
	verdict->is_sound = memcmp(computed, p->borne, sizeof(p->borne)) == 0;
	return 0;
}

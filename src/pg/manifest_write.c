/*
 * The manifest is built while files are sent, and sent after all of them.  Until then its text is
 * kept deflated: of a million files it has 150 MB, which become 20 MB.  Its own SHA-256 is taken
 * before that, of the text, and what is read at the end is inflated link by link.
 */
#include "pg/manifest_write.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/lsn.h"

/* Deflated text hangs in a chain of these, and leaves it link by link when read. */
#define LINK_BYTES ((size_t)64 * 1024)

struct link {
	struct link *next;
	size_t len;
	uint8_t bytes[LINK_BYTES];
};

enum part { PART_FILES, PART_WAL, PART_COMPLETE };

struct manifest {
	const struct pg_version *version;
	enum part part;
	bool has_entry;        /* in this part */
	uint64_t size;         /* of the text */
	struct digest *sha256; /* of the text */
	struct buf entry;      /* the text being written, used again each time */
	struct link *first, *last;
	size_t taken; /* of the first link, by the inflater */
	z_stream deflater, inflater;
	bool deflates, inflates; /* the one or the other has been set up */
};

/* The last link, a new one if it is full; NULL when there is no memory. */
static struct link *
link_with_room(struct manifest *m)
{
	struct link *link = m->last;

	if (link && link->len < LINK_BYTES)
		return link;
	link = malloc(sizeof(*link));
	if (link == NULL)
		return NULL;
	link->next = NULL;
	link->len = 0;
	if (m->last)
		m->last->next = link;
	else
		m->first = link;
	m->last = link;
	return link;
}

static void
drop_first_link(struct manifest *m)
{
	struct link *link = m->first;

	m->first = link->next;
	if (m->first == NULL)
		m->last = NULL;
	m->taken = 0;
	free(link);
}

/*
 * Run the deflater on what it has been given until it needs no more room: with
 * Z_NO_FLUSH until it has taken all input, with Z_FINISH until the stream has ended.
 */
static int
deflate_all(struct manifest *m, int flush, struct error *err)
{
	z_stream *z = &m->deflater;
	int status;

	do {
		struct link *link = link_with_room(m);

		if (link == NULL)
			return error_memory(err);
		z->next_out = link->bytes + link->len;
		z->avail_out = (uInt)(LINK_BYTES - link->len);
		status = deflate(z, flush);
		if (status == Z_STREAM_ERROR)
			return error_set(err, ERROR_STATE, 0, "zlib cannot deflate");
		link->len = LINK_BYTES - z->avail_out;
	} while (flush == Z_FINISH ? status != Z_STREAM_END : z->avail_out == 0);
	return 0;
}

/* Add the entry to the text, but not to what the checksum covers. */
static int
put_unsummed(struct manifest *m, struct error *err)
{
	struct buf *b = &m->entry;

	/* An entry is a path and a few words: what zlib counts with is enough. */
	if (b->len > UINT32_MAX)
		return error_set(err, ERROR_FORMAT, 0, "entry of %zu bytes", b->len);
	m->deflater.next_in = b->data;
	m->deflater.avail_in = (uInt)b->len;
	if (deflate_all(m, Z_NO_FLUSH, err))
		return -1;
	m->size += b->len;
	buf_clear(b);
	return 0;
}

/* The entry is complete: add it to the text. */
static int
put_entry(struct manifest *m, struct error *err)
{
	if (digest_update(m->sha256, m->entry.data, m->entry.len, err))
		return -1;
	return put_unsummed(m, err);
}

int
manifest_new(struct manifest **out, const struct pg_version *version,
    uint64_t system_identifier, struct error *err)
{
	struct manifest *m = NULL;
	int rc = -1;

	*out = NULL;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return error_memory(err);
	m->version = version;
	if (deflateInit(&m->deflater, Z_BEST_SPEED) != Z_OK) {
		error_memory(err);
		goto out;
	}
	m->deflates = true;
	if (digest_new(&m->sha256, DIGEST_SHA256, err) ||
	    buf_printf(&m->entry, err, "{ \"PostgreSQL-Backup-Manifest-Version\": %u,\n",
		version->manifest_version))
		goto out;
	if (version->manifest_version >= 2 &&
	    buf_printf(&m->entry, err, "\"System-Identifier\": %" PRIu64 ",\n",
		system_identifier))
		goto out;
	if (buf_printf(&m->entry, err, "\"Files\": [") || put_entry(m, err))
		goto out;
	*out = m;
	m = NULL;
	rc = 0;
out:
	manifest_free(m);
	return rc;
}

/* What stands between an entry and the one before it. */
static int
begin_entry(struct manifest *m, struct error *err)
{
	const char *between = m->has_entry ? ",\n" : "\n";

	m->has_entry = true;
	return buf_printf(&m->entry, err, "%s{ ", between);
}

static int
append_path(struct buf *b, const char *path, struct error *err)
{
	if (!json_is_utf8(path)) {
		if (buf_printf(b, err, "\"Encoded-Path\": \"") ||
		    json_append_hex(b, path, strlen(path), err))
			return -1;
		return buf_printf(b, err, "\"");
	}
	if (buf_printf(b, err, "\"Path\": \"") || json_append_text(b, path, err))
		return -1;
	return buf_printf(b, err, "\"");
}

/*
 * In UTC, which the server calls GMT.  A year that the C library cannot count leaves the
 * key out: no reader asks for it, neither pg_verifybackup nor manifest_parse.c.
 */
static int
append_mtime(struct buf *b, int64_t mtime, struct error *err)
{
	time_t seconds = (time_t)mtime;
	char text[64];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		return 0;
	return buf_printf(b, err, ", \"Last-Modified\": \"%s GMT\"", text);
}

int
manifest_add_file(struct manifest *m, const char *path, uint64_t size, int64_t mtime,
    enum digest_kind kind, const uint8_t *digest, size_t len, struct error *err)
{
	struct buf *b = &m->entry;

	if (m->part != PART_FILES)
		return error_set(err, ERROR_STATE, 0, "manifest: a file after the WAL");
	if (begin_entry(m, err) || append_path(b, path, err) ||
	    buf_printf(b, err, ", \"Size\": %" PRIu64, size) ||
	    append_mtime(b, mtime, err))
		return -1;
	if (kind != DIGEST_NONE) {
		if (buf_printf(b, err,
			", \"Checksum-Algorithm\": \"%s\", \"Checksum\": \"",
			digest_name(kind)) ||
		    json_append_hex(b, digest, len, err) || buf_printf(b, err, "\""))
			return -1;
	}
	return buf_printf(b, err, " }") ? -1 : put_entry(m, err);
}

/* From the files on to the WAL, unless that was done. */
static int
begin_wal(struct manifest *m, struct error *err)
{
	if (m->part == PART_COMPLETE)
		return error_set(err, ERROR_STATE, 0, "manifest: it is complete");
	if (m->part == PART_WAL)
		return 0;
	m->part = PART_WAL;
	m->has_entry = false;
	return buf_printf(&m->entry, err, "\n],\n\"WAL-Ranges\": [");
}

int
manifest_add_wal(struct manifest *m, uint32_t timeline, uint64_t start, uint64_t end,
    struct error *err)
{
	char start_text[LSN_TEXT], end_text[LSN_TEXT];

	if (begin_wal(m, err) || begin_entry(m, err))
		return -1;
	if (buf_printf(&m->entry, err,
		"\"Timeline\": %" PRIu32 ", \"Start-LSN\": \"%s\", \"End-LSN\": \"%s\" }",
		timeline, cluster_lsn(m->version, start_text, start),
		cluster_lsn(m->version, end_text, end)))
		return -1;
	return put_entry(m, err);
}

/* The deflater's state is of no use any more, the inflater's not before. */
static int
turn_to_reading(struct manifest *m, struct error *err)
{
	deflateEnd(&m->deflater);
	m->deflates = false;
	if (inflateInit(&m->inflater) != Z_OK)
		return error_memory(err);
	m->inflates = true;
	m->part = PART_COMPLETE;
	return 0;
}

int
manifest_finish(struct manifest *m, struct error *err)
{
	uint8_t sum[DIGEST_MAX];
	size_t len;

	if (begin_wal(m, err) || buf_printf(&m->entry, err, "\n],\n") ||
	    put_entry(m, err))
		return -1;

	/* The checksum covers all lines but its own. */
	if (digest_final(m->sha256, sum, &len, err) ||
	    buf_printf(&m->entry, err, "\"Manifest-Checksum\": \"") ||
	    json_append_hex(&m->entry, sum, len, err) ||
	    buf_printf(&m->entry, err, "\"}\n") || put_unsummed(m, err) ||
	    deflate_all(m, Z_FINISH, err))
		return -1;
	return turn_to_reading(m, err);
}

uint64_t
manifest_size(const struct manifest *m)
{
	return m->size;
}

/*
 * Inflate the first link into ${room} bytes.  A link all of whose input has been taken
 * may still have output to give, when the room was just full: it is dropped only when
 * room remains.
 */
static int
inflate_link(
    struct manifest *m, uint8_t *into, size_t room, size_t *got, struct error *err)
{
	z_stream *z = &m->inflater;
	uInt given = room < UINT32_MAX ? (uInt)room : UINT32_MAX;
	int status;

	z->next_in = m->first->bytes + m->taken;
	z->avail_in = (uInt)(m->first->len - m->taken);
	z->next_out = into;
	z->avail_out = given;
	status = inflate(z, Z_NO_FLUSH);
	if (status == Z_MEM_ERROR)
		return error_memory(err);
	if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
		return error_set(
		    err, ERROR_STATE, 0, "zlib cannot inflate what it deflated");
	m->taken = m->first->len - z->avail_in;
	*got = given - z->avail_out;
	if (z->avail_in == 0 && z->avail_out > 0)
		drop_first_link(m);
	return 0;
}

int
manifest_read(struct manifest *m, void *into, size_t len, size_t *got, struct error *err)
{
	*got = 0;
	if (m->part != PART_COMPLETE)
		return error_set(err, ERROR_STATE, 0, "manifest: it is not complete yet");
	while (*got < len && m->first) {
		size_t some = 0;

		if (inflate_link(m, (uint8_t *)into + *got, len - *got, &some, err))
			return -1;
		*got += some;
	}
	return 0;
}

void
manifest_free(struct manifest *m)
{
	if (m == NULL)
		return;
	while (m->first)
		drop_first_link(m);
	if (m->deflates)
		deflateEnd(&m->deflater);
	if (m->inflates)
		inflateEnd(&m->inflater);
	digest_free(m->sha256);
	buf_free(&m->entry);
	free(m);
}

/*
 * The rows are kept as they will be written, and compared as they were: a row is never looked up
 * here.
 */
#include "codec/frametable.h"

#include <string.h>

#include "lib/bytes.h"
#include "lib/crc32c.h"

#define SKIPPABLE_MAGIC UINT32_C(0x184d2a50)
#define FOOTER_MAGIC UINT32_C(0x8f92eab1)
#define HAS_CHECKSUMS UINT8_C(0x80)

static void
row_encode(uint8_t row[FRAMETABLE_ROW], uint32_t packed, uint32_t raw)
{
	put_u32le(row, packed);
	put_u32le(row + 4, raw);
}

/* ---- writing ---- */

void
frametable_add(struct frametable *t, uint64_t packed, uint64_t raw)
{
	struct error no_memory = { 0 };
	uint8_t row[FRAMETABLE_ROW];

	t->packed += packed;
	t->is_left_out = t->is_left_out || packed > UINT32_MAX || raw > UINT32_MAX ||
	    t->rows.len / FRAMETABLE_ROW == FRAMETABLE_MOST;
	if (t->is_left_out)
		return;
	row_encode(row, (uint32_t)packed, (uint32_t)raw);
	t->is_left_out = buf_append(&t->rows, row, sizeof(row), &no_memory) == -1;
}

/* Bytes of the table with ${more} rows. */
static uint64_t
table_size(const struct frametable *t, size_t more)
{
	if (t->is_left_out)
		return 0;
	return FRAMETABLE_HEAD + t->rows.len + more * FRAMETABLE_ROW + FRAMETABLE_FOOTER;
}

/* How long a frame makes all of it a multiple of ${record}; 0: it is one. */
static uint64_t
filling_size(const struct frametable *t, size_t record)
{
	uint64_t all, len;

	if (record == 0 || (t->packed + table_size(t, 0)) % record == 0)
		return 0;
	all = t->packed + table_size(t, 1);
	len = (record - all % record) % record;
	while (len < FRAMETABLE_HEAD)
		len += record;
	return len;
}

static int
write_zeros(struct sink *sink, uint64_t len, struct error *err)
{
	static const uint8_t zeros[64 * 1024];

	for (uint64_t n; len > 0; len -= n) {
		n = len < sizeof(zeros) ? len : sizeof(zeros);
		if (sink_write(sink, zeros, (size_t)n, err))
			return -1;
	}
	return 0;
}

static int
write_filling(struct sink *sink, uint64_t len, struct error *err)
{
	uint8_t head[FRAMETABLE_HEAD];

	put_u32le(head, SKIPPABLE_MAGIC);
	put_u32le(head + 4, (uint32_t)(len - FRAMETABLE_HEAD));
	return sink_write(sink, head, sizeof(head), err) ||
		write_zeros(sink, len - FRAMETABLE_HEAD, err) ?
	    -1 :
	    0;
}

static int
write_table(const struct frametable *t, struct sink *sink, struct error *err)
{
	uint8_t head[FRAMETABLE_HEAD], footer[FRAMETABLE_FOOTER] = { 0 };

	if (t->is_left_out)
		return 0;
	put_u32le(head, FRAMETABLE_SKIPPABLE_MAGIC);
	put_u32le(head + 4, (uint32_t)(table_size(t, 0) - FRAMETABLE_HEAD));
	put_u32le(footer, (uint32_t)(t->rows.len / FRAMETABLE_ROW));
	put_u32le(footer + 5, FOOTER_MAGIC);
	return sink_write(sink, head, sizeof(head), err) ||
		sink_write(sink, t->rows.data, t->rows.len, err) ||
		sink_write(sink, footer, sizeof(footer), err) ?
	    -1 :
	    0;
}

int
frametable_write(struct frametable *t, size_t record, struct sink *sink, uint64_t *len,
    struct error *err)
{
	uint64_t filling;

	*len = 0;
	if (t->packed == 0)
		return 0;
	filling = filling_size(t, record);
	if (filling > 0) {
		if (write_filling(sink, filling, err))
			return -1;
		frametable_add(t, filling, 0);
	}
	*len = filling + table_size(t, 0);
	return write_table(t, sink, err);
}

void
frametable_clear(struct frametable *t)
{
	buf_clear(&t->rows);
	t->packed = 0;
	t->is_left_out = false;
}

void
frametable_free(struct frametable *t)
{
	buf_free(&t->rows);
	*t = (struct frametable){ 0 };
}

/* ---- reading ---- */

static bool
has_footer_magic(const uint8_t bytes[FRAMETABLE_FOOTER])
{
	return get_u32le(bytes + 5) == FOOTER_MAGIC;
}

bool
frametable_footer(const uint8_t bytes[FRAMETABLE_FOOTER], struct frametable_footer *out)
{
	const uint32_t count = get_u32le(bytes);
	const uint8_t flags = bytes[4];

	if (!has_footer_magic(bytes) || (flags & ~HAS_CHECKSUMS) != 0 ||
	    count > FRAMETABLE_MOST)
		return false;
	out->count = count;
	out->row = flags == 0 ? FRAMETABLE_ROW : FRAMETABLE_ROW_CHECKSUM;
	return true;
}

void
frametable_check_frame(struct frametable_check *c, uint64_t packed, uint64_t raw)
{
	uint8_t row[FRAMETABLE_ROW];

	c->has_large = c->has_large || packed > UINT32_MAX || raw > UINT32_MAX;
	row_encode(row, (uint32_t)packed, (uint32_t)raw);
	c->crc = crc32c(c->crc, row, sizeof(row));
	c->count++;
}

/* Which rows make a table of so many frames as long as it is; 0: none do. */
static size_t
row_by_length(const struct frametable_check *c)
{
	static const size_t rows[] = { FRAMETABLE_ROW, FRAMETABLE_ROW_CHECKSUM };

	for (size_t i = 0; i < 2; i++)
		if (c->count <= FRAMETABLE_MOST &&
		    c->len == c->count * rows[i] + FRAMETABLE_FOOTER)
			return rows[i];
	return 0;
}

void
frametable_check_begin(struct frametable_check *c, uint32_t magic, uint64_t len)
{
	c->magic = magic;
	c->len = len;
	c->at = 0;
	c->its_crc = 0;
	c->row = row_by_length(c);
}

/* The first 8 bytes of each row. */
static void
add_rows(struct frametable_check *c, const uint8_t *bytes, size_t len)
{
	for (size_t n; len > 0; len -= n, bytes += n, c->at += n) {
		const size_t in_row = (size_t)(c->at % c->row);
		const size_t end = in_row < FRAMETABLE_ROW ? FRAMETABLE_ROW : c->row;

		n = len < end - in_row ? len : end - in_row;
		if (in_row < FRAMETABLE_ROW)
			c->its_crc = crc32c(c->its_crc, bytes, n);
	}
}

void
frametable_check_bytes(struct frametable_check *c, const uint8_t *bytes, size_t len)
{
	const uint64_t footer =
	    c->len < FRAMETABLE_FOOTER ? 0 : c->len - FRAMETABLE_FOOTER;
	size_t n = 0;

	if (c->at < footer) {
		n = len < footer - c->at ? len : (size_t)(footer - c->at);
		if (c->row > 0)
			add_rows(c, bytes, n);
		else
			c->at += n;
	}
	for (; n < len; n++, c->at++)
		c->last[c->at - footer] = bytes[n];
}

static bool
is_right(const struct frametable_check *c)
{
	struct frametable_footer footer;

	return c->magic == FRAMETABLE_SKIPPABLE_MAGIC && c->row > 0 && !c->has_large &&
	    frametable_footer(c->last, &footer) &&
	    (footer.row == c->row || c->count == 0) && footer.count == c->count &&
	    c->its_crc == c->crc;
}

enum frametable_verdict
frametable_check_end(struct frametable_check *c)
{
	const bool is_meant = c->len >= FRAMETABLE_FOOTER &&
	    (has_footer_magic(c->last) ||
		(c->magic == FRAMETABLE_SKIPPABLE_MAGIC && c->row > 0));
	const bool is_it = is_meant && is_right(c);

	if (is_meant)
		*c = (struct frametable_check){ 0 };
	else
		frametable_check_frame(c, FRAMETABLE_HEAD + c->len, 0);
	return !is_meant ? FRAMETABLE_NONE : is_it ? FRAMETABLE_RIGHT : FRAMETABLE_WRONG;
}

/* ---- finding ---- */

/*
 * All rows of the table pass in one go, from the first to the last, as only all of them tell whether
 * they agree with the size of the file.  That is 8 bytes of a table for each MiB of the archive.
 */
static int
refuse(const char *why, struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED, 0, "%s", why);
}

struct table {
	uint64_t at; /* where its frame begins */
	struct frametable_footer footer;
};

static int
find_table(struct store *s, struct table *t, struct error *err)
{
	uint8_t bytes[FRAMETABLE_FOOTER];
	uint64_t len;

	if (s->size < FRAMETABLE_HEAD + FRAMETABLE_FOOTER)
		return refuse("it has no table of frames at its end", err);
	if (store_read(s, s->size - FRAMETABLE_FOOTER, bytes, FRAMETABLE_FOOTER, err))
		return -1;
	if (!frametable_footer(bytes, &t->footer))
		return refuse("it has no table of frames at its end", err);
	len = FRAMETABLE_HEAD + (uint64_t)t->footer.count * t->footer.row +
	    FRAMETABLE_FOOTER;
	if (len > s->size)
		return refuse("its table of frames is longer than the file", err);
	t->at = s->size - len;
	if (store_read(s, t->at, bytes, FRAMETABLE_HEAD, err))
		return -1;
	if (get_u32le(bytes) != FRAMETABLE_SKIPPABLE_MAGIC ||
	    get_u32le(bytes + 4) != len - FRAMETABLE_HEAD)
		return refuse("its table of frames does not begin where it should", err);
	return 0;
}

/* So many rows at a time. */
enum { ROWS = 4096 };

/* Ours are of 9 MiB at most. */
#define LONG_FRAME ((uint64_t)16 * 1024 * 1024)

static void
look_at_rows(const struct table *t, const uint8_t *row, size_t count, uint64_t len,
    uint64_t *packed, struct frametable_place *out)
{
	for (; count > 0; count--, row += t->footer.row) {
		if (*packed <= t->at && t->at - *packed >= len)
			out->offset = *packed;
		*packed += get_u32le(row);
		out->raw += get_u32le(row + 4);
	}
}

int
frametable_find(
    struct store *s, uint64_t len, struct frametable_place *out, struct error *err)
{
	uint8_t rows[ROWS * FRAMETABLE_ROW_CHECKSUM];
	struct table t;
	uint64_t packed = 0;

	*out = (struct frametable_place){ 0 };
	if (find_table(s, &t, err))
		return -1;
	for (uint32_t i = 0, n; i < t.footer.count; i += n) {
		n = t.footer.count - i < ROWS ? t.footer.count - i : ROWS;
		if (store_read(s, t.at + FRAMETABLE_HEAD + (uint64_t)i * t.footer.row,
			rows, n * t.footer.row, err))
			return -1;
		look_at_rows(&t, rows, n, len, &packed, out);
	}
	if (packed != t.at)
		return refuse(
		    "its table of frames does not agree with the size of the file", err);
	return t.at - out->offset > len && t.at - out->offset - len > LONG_FRAME ?
	    refuse("its frames are too long", err) :
	    0;
}

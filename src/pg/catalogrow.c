/*
 * Rows of shared catalogs.  A page begins with its header and line pointers, one for each row; the
 * rows lie at its end, each with a header that says which transactions made and removed it:
 *
 *	bytes	of the header of a row
 *	0	the transaction that made it
 *	4	the one that removed or locked it; 0: there is no such
 *	18	number of columns, in the low 11 bits
 *	20	marks
 *	22	where the columns begin
 *
 * itemid.h and htup_details.h in src/include of PostgreSQL 10 to 18; compared with the pages of a
 * running server of each release from 10.23 to 19rc1.  Up to 11 the OID lies before the columns, as
 * a mark says that is not used any more since 12, where it is the first column.
 */
#include "pg/catalogrow.h"

#include "lib/bytes.h"

enum {
	POINTERS_AT = 24,
	POINTER = 4,
	POINTER_NORMAL = 1,
	REMOVED_BY_AT = 4,
	COLUMNS_AT = 18,
	MARKS_AT = 20,
	BEGIN_AT = 22,
	HEADER = 23,
	OID = 4
};

enum {
	HAS_OID = 0x0008,
	IS_LOCKED_ONLY = 0x0080,
	IS_MADE = 0x0100,
	IS_NOT_MADE =
	    0x0200, /* both: made so long ago that it does not matter by which */
	IS_REMOVED = 0x0400,
	IS_NOT_REMOVED = 0x0800,
	IS_BY_SEVERAL = 0x1000
};

/* transam.h: those of initdb, and of rows that are frozen, are committed. */
enum { TRANSACTIONS_FIRST = 3 };

/* pg_database.h: the limit of connections of one whose DROP DATABASE was interrupted. */
#define LIMIT_INVALID (UINT32_MAX - 1)

/*
 * The columns of each catalog, which one tells by their number: pg_tablespace.h and pg_database.h,
 * and pg_attribute of each server.  Columns of variable length come after those that are read.
 */
static const struct layout {
	enum catalogrow_kind kind;
	uint16_t columns;
	bool has_oid; /* before the columns */
	uint8_t limit_at, frozen_at;
	uint8_t len; /* of the columns of fixed length */
} layouts[] = {
	{ CATALOGROW_TABLESPACE, 4, true, 0, 0, 68 },      /* 10, 11 */
	{ CATALOGROW_TABLESPACE, 5, false, 0, 0, 72 },     /* 12 to 19 */
	{ CATALOGROW_DATABASE, 13, true, 204, 212, 224 },  /* 10, 11 */
	{ CATALOGROW_DATABASE, 14, false, 208, 216, 228 }, /* 12 to 14 */
	{ CATALOGROW_DATABASE, 16, false, 80, 84, 96 },    /* 15 */
	{ CATALOGROW_DATABASE, 17, false, 80, 84, 96 },    /* 16 */
	{ CATALOGROW_DATABASE, 18, false, 80, 84, 96 },    /* 17 to 19 */
};

static const struct layout *
layout_of(const uint8_t *row, size_t len)
{
	const uint16_t columns = get_u16native(row + COLUMNS_AT) & 0x07FF;
	const bool has_oid = get_u16native(row + MARKS_AT) & HAS_OID;
	const size_t begin = row[BEGIN_AT];

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		const struct layout *l = &layouts[i];

		if (l->columns == columns && l->has_oid == has_oid &&
		    begin >= HEADER + (has_oid ? OID : 0) && begin + l->len <= len)
			return l;
	}
	return NULL;
}

/* What its marks say of it; false: it is not in force for sure. */
static bool
judge_marks(const uint8_t *row, struct catalogrow *out)
{
	const uint16_t marks = get_u16native(row + MARKS_AT);
	const uint32_t made_by = get_u32native(row),
		       removed_by = get_u32native(row + REMOVED_BY_AT);

	if (made_by == 0 || (marks & (IS_MADE | IS_NOT_MADE)) == IS_NOT_MADE)
		return false;
	out->made_by = made_by < TRANSACTIONS_FIRST || marks & IS_MADE ? 0 : made_by;
	if (removed_by == 0 || marks & (IS_NOT_REMOVED | IS_LOCKED_ONLY))
		return true;
	out->is_unclear = marks & IS_BY_SEVERAL;
	out->removed_by = out->is_unclear ? 0 : removed_by;
	return out->is_unclear || !(marks & IS_REMOVED);
}

static bool
catalogrow_read(const uint8_t *row, size_t len, struct catalogrow *out)
{
	const struct layout *l = len > HEADER ? layout_of(row, len) : NULL;
	const uint8_t *columns;

	if (l == NULL)
		return false;
	columns = row + row[BEGIN_AT];
	*out = (struct catalogrow){ .kind = l->kind,
		.oid = get_u32native(l->has_oid ? columns - OID : columns) };
	if (l->kind == CATALOGROW_DATABASE) {
		out->frozen_xid = get_u32native(columns + l->frozen_at);
		out->is_invalid = get_u32native(columns + l->limit_at) == LIMIT_INVALID;
	}
	return out->oid != 0 && judge_marks(row, out);
}

size_t
catalogrow_page(const uint8_t page[PAGE_BYTES], struct catalogrow *rows)
{
	struct page_header header;
	size_t count = 0;

	page_decode(page, &header);
	/* pages of indexes have room of their own at the end */
	if (header.size != PAGE_BYTES || header.special != PAGE_BYTES ||
	    header.lower > header.upper || header.upper > PAGE_BYTES)
		return 0;
	for (size_t at = POINTERS_AT;
	     at + POINTER <= header.lower && count < CATALOGROW_MOST; at += POINTER) {
		const uint32_t pointer = get_u32native(page + at);
		const size_t from = pointer & 0x7FFF, len = pointer >> 17;

		if ((pointer >> 15 & 3) == POINTER_NORMAL && from >= header.upper &&
		    from + len <= PAGE_BYTES &&
		    catalogrow_read(page + from, len, &rows[count]))
			count++;
	}
	return count;
}

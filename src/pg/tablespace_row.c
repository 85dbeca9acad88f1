/*
 * Rows of pg_tablespace.  A page begins with its header and line pointers, one for each row; the
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
 * running 10.23, 14.23, 15.18, 16.14, 17.10 and 19rc1.  Up to 11 the OID lies before the columns,
 * as a mark says that is not used any more since 12, where it is the first column.
 */
#include "pg/tablespace_row.h"

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
	NAME = 64, /* the name of a tablespace has a fixed length */
	OWNER = 4,
	/* pg_tablespace.h: a name, an owner, the rights and the options */
	COLUMNS_WITHOUT_OID = 4
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

/* What its marks say of it; false: it is not in force for sure. */
static bool
judge_marks(const uint8_t *row, struct tablespace_row *out)
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
read_row(const uint8_t *row, size_t len, struct tablespace_row *out)
{
	const bool has_oid = len > HEADER && get_u16native(row + MARKS_AT) & HAS_OID;
	size_t columns, begin;

	if (len <= HEADER)
		return false;
	columns = get_u16native(row + COLUMNS_AT) & 0x07FF;
	begin = row[BEGIN_AT];
	if (columns != COLUMNS_WITHOUT_OID + (has_oid ? 0 : 1) ||
	    begin < HEADER + (has_oid ? sizeof(uint32_t) : 0) ||
	    len < begin + (has_oid ? 0 : sizeof(uint32_t)) + NAME + OWNER)
		return false;
	*out = (struct tablespace_row){ .oid = get_u32native(has_oid ?
						row + begin - sizeof(uint32_t) :
						row + begin) };
	return out->oid != 0 && judge_marks(row, out);
}

size_t
tablespace_row_page(const uint8_t page[PAGE_BYTES], struct tablespace_row *rows)
{
	struct page_header header;
	size_t count = 0;

	page_decode(page, &header);
	/* pages of indexes have room of their own at the end */
	if (header.size != PAGE_BYTES || header.special != PAGE_BYTES ||
	    header.lower > header.upper || header.upper > PAGE_BYTES)
		return 0;
	for (size_t at = POINTERS_AT;
	     at + POINTER <= header.lower && count < TABLESPACE_ROW_MOST; at += POINTER) {
		const uint32_t pointer = get_u32native(page + at);
		const size_t from = pointer & 0x7FFF, len = pointer >> 17;

		if ((pointer >> 15 & 3) == POINTER_NORMAL && from >= header.upper &&
		    from + len <= PAGE_BYTES && read_row(page + from, len, &rows[count]))
			count++;
	}
	return count;
}

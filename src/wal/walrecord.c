/*
 * A record is taken apart only as far as a backup needs: the headers of its parts, and the main data
 * of a few kinds.  Fields are read at their offsets and not through structs, as the server's have
 * padding and differ between releases.
 */
#include "wal/walrecord.h"

#include <inttypes.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/crc32c.h"
#include "lib/lsn.h"

/* Resource managers: src/include/access/rmgrlist.h; the numbers are their places there. */
enum {
	RMGR_XLOG = 0,
	RMGR_STORAGE = 2,
	RMGR_CLOG = 3,
	RMGR_DATABASE = 4,
	RMGR_TABLESPACE = 5,
	RMGR_MULTIXACT = 6,
	RMGR_COMMIT_TS = 18,
	RMGR_FIRST_CUSTOM = 128
};

/*
 * The kinds of records, in the upper half of info: src/include/catalog/pg_control.h, and
 * src/include/commands/tablespace.h and dbcommands_xlog.h, src/include/access/clog.h,
 * multixact.h and commit_ts.h, and src/include/catalog/storage_xlog.h.
 */
enum {
	KIND = 0xF0,
	XLOG_CHECKPOINT_SHUTDOWN = 0x00,
	XLOG_CHECKPOINT_ONLINE = 0x10,
	XLOG_SWITCH = 0x40,
	XLOG_BACKUP_END = 0x50,
	XLOG_HINT = 0xA0,
	XLOG_OVERWRITE_CONTRECORD = 0xD0,
	STORAGE_CREATE = 0x10,
	STORAGE_TRUNCATE = 0x20,
	TABLESPACE_CREATE = 0x00,
	TABLESPACE_DROP = 0x10,
	DATABASE_CREATE_COPY = 0x00,
	CLOG_TRUNCATE = 0x10,
	COMMIT_TS_TRUNCATE = 0x10,
	MULTIXACT_TRUNCATE = 0x30
};

/* What the first byte of a part's header says; blocks are numbered from 0. */
enum {
	PART_BLOCK_LAST = 32,
	PART_TOPLEVEL_XID = 252,
	PART_ORIGIN = 253,
	PART_LONG = 254,
	PART_SHORT = 255
};

enum {
	BLOCK_FORK = 0x0F,
	BLOCK_HAS_IMAGE = 0x10,
	BLOCK_WILL_INIT = 0x40, /* replay writes the whole page, whatever it held */
	BLOCK_SAME_RELATION = 0x80
};

/* A flag of an image; those that moved are the release's. */
enum { IMAGE_HAS_HOLE = 0x01 };

void
walrecord_decode(
    const uint8_t header[WALRECORD_HEADER], struct walrecord *rec, uint32_t *crc)
{
	rec->total_len = get_u32native(header);
	rec->xid = get_u32native(header + 4);
	rec->prev = get_u64native(header + 8);
	rec->info = header[16];
	rec->rmid = header[17];
	*crc = get_u32native(header + 20);
}

uint32_t
walrecord_crc(const uint8_t header[WALRECORD_HEADER], const uint8_t *data, size_t len)
{
	return crc32c(crc32c(0, data, len), header, 20);
}

bool
walrecord_knows(const struct pg_version *version, uint8_t rmid)
{
	return rmid <= version->wal_last_manager || rmid >= RMGR_FIRST_CUSTOM;
}

/* Bytes not yet read, of which ${len} are left. */
struct rest {
	const uint8_t *at;
	size_t len;
	bool is_short; /* more was wanted than there was */
};

/* The next ${len} bytes, at most 8; of what is not there, zeros. */
static const uint8_t *
rest_take(struct rest *rest, size_t len)
{
	static const uint8_t nothing[8];
	const uint8_t *at = rest->at;

	if (rest->len < len) {
		rest->is_short = true;
		rest->len = 0;
		return nothing;
	}
	rest->at += len;
	rest->len -= len;
	return at;
}

/*
 * The header of a block's part after its number; returns the bytes it promises.  ${block}
 * has the relation of the one before it.
 */
static size_t
take_block(
    struct rest *rest, const struct pg_version *version, struct walrecord_block *block)
{
	uint8_t flags = *rest_take(rest, 1);
	size_t promised = get_u16native(rest_take(rest, 2));
	const uint8_t *relation;

	block->fork = flags & BLOCK_FORK;
	block->is_made_anew = (flags & BLOCK_WILL_INIT) != 0;
	if (flags & BLOCK_HAS_IMAGE) {
		uint8_t image;

		promised += get_u16native(rest_take(rest, 2));
		rest_take(rest, 2);
		image = *rest_take(rest, 1);
		if (image & IMAGE_HAS_HOLE && image & version->wal_image_compressed)
			rest_take(rest, 2);
		if (image & version->wal_image_apply)
			block->is_made_anew = true;
	}
	if (!(flags & BLOCK_SAME_RELATION)) {
		relation = rest_take(rest, 8);
		block->space = get_u32native(relation);
		block->database = get_u32native(relation + 4);
		block->relnode = get_u32native(rest_take(rest, 4));
	}
	block->block = get_u32native(rest_take(rest, 4));
	return promised;
}

static int
bad_part(const struct walrecord *rec, unsigned part, struct error *err)
{
	char at[LSN_TEXT];

	return error_set(err, ERROR_FORMAT, 0, "WAL record at %s: unknown block ID %u",
	    lsn_print(at, rec->lsn), part);
}

/* The parts of a record; each block is told to ${sink}, unless that is NULL. */
static int
take_parts(const struct walrecord *rec, struct walrecord_sink *sink, size_t *main_len,
    struct error *err)
{
	struct rest rest = { rec->data, rec->len, false };
	struct walrecord_block block = { 0 };
	size_t promised = 0;
	bool is_last = false;
	char at[LSN_TEXT];

	*main_len = 0;
	/* the main data's header is the last; without one the blocks' data must begin */
	while (!is_last && rest.len > promised) {
		uint8_t part = *rest_take(&rest, 1);

		if (part == PART_SHORT)
			*main_len = *rest_take(&rest, 1);
		else if (part == PART_LONG)
			*main_len = get_u32native(rest_take(&rest, 4));
		else if (part == PART_ORIGIN)
			rest_take(&rest, 2);
		else if (part == PART_TOPLEVEL_XID)
			rest_take(&rest, 4);
		else if (part <= PART_BLOCK_LAST)
			promised += take_block(&rest, rec->version, &block);
		else
			return bad_part(rec, part, err);
		if (sink && part <= PART_BLOCK_LAST && !rest.is_short)
			sink->block(sink, &block);
		is_last = part == PART_SHORT || part == PART_LONG;
	}
	if (!rest.is_short && promised <= rest.len && *main_len == rest.len - promised)
		return 0;
	return error_set(err, ERROR_FORMAT, 0,
	    "WAL record at %s: the lengths in it do not add up to its %zu bytes",
	    lsn_print(at, rec->lsn), rec->len);
}

int
walrecord_main_data(
    const struct walrecord *rec, const uint8_t **data, size_t *len, struct error *err)
{
	size_t main_len;

	if (take_parts(rec, NULL, &main_len, err))
		return -1;
	*data = rec->data + rec->len - main_len;
	*len = main_len;
	return 0;
}

int
walrecord_blocks(
    const struct walrecord *rec, struct walrecord_sink *sink, struct error *err)
{
	size_t main_len;

	return take_parts(rec, sink, &main_len, err);
}

static bool
is_kind(const struct walrecord *rec, uint8_t rmid, uint8_t kind)
{
	return rec->rmid == rmid && (rec->info & KIND) == kind;
}

/* The LSN that the main data, from ${least} to ${most} bytes, begins with. */
static bool
has_lsn(const struct walrecord *rec, size_t least, size_t most, uint64_t *lsn)
{
	struct error err;
	const uint8_t *data;
	size_t len;

	if (walrecord_main_data(rec, &data, &len, &err) || len < least || len > most)
		return false;
	*lsn = get_u64native(data);
	return true;
}

bool
walrecord_is_switch(const struct walrecord *rec)
{
	return is_kind(rec, RMGR_XLOG, XLOG_SWITCH);
}

bool
walrecord_is_hint(const struct walrecord *rec)
{
	return is_kind(rec, RMGR_XLOG, XLOG_HINT);
}

bool
walrecord_is_backup_end(const struct walrecord *rec, uint64_t *start_lsn)
{
	return is_kind(rec, RMGR_XLOG, XLOG_BACKUP_END) && has_lsn(rec, 8, 8, start_lsn);
}

/* How long the rest of a checkpoint is depends on the release. */
bool
walrecord_is_checkpoint(const struct walrecord *rec, uint64_t *redo_lsn)
{
	return (is_kind(rec, RMGR_XLOG, XLOG_CHECKPOINT_SHUTDOWN) ||
		   is_kind(rec, RMGR_XLOG, XLOG_CHECKPOINT_ONLINE)) &&
	    has_lsn(rec, 8, SIZE_MAX, redo_lsn);
}

/* The new database and its tablespace, and of a copy those it is copied from. */
bool
walrecord_makes_database(const struct walrecord *rec, struct walrecord_database *out)
{
	const bool is_copy = is_kind(rec, RMGR_DATABASE, DATABASE_CREATE_COPY);
	const uint8_t *data;
	struct error ignored;
	size_t len;

	if (!is_copy &&
	    (rec->version->wal_database_empty == 0 ||
		!is_kind(rec, RMGR_DATABASE, rec->version->wal_database_empty)))
		return false;
	if (walrecord_main_data(rec, &data, &len, &ignored) || len != (is_copy ? 16 : 8))
		return false;
	*out = (struct walrecord_database){ .database = get_u32native(data),
		.space = get_u32native(data + 4),
		.is_copy = is_copy };
	if (is_copy) {
		out->from_database = get_u32native(data + 8);
		out->from_space = get_u32native(data + 12);
	}
	return true;
}

/*
 * One tablespace up to 12; then their number, and so many: a record of each DROP DATABASE
 * (xl_dbase_drop_rec; records of 10, 12, 13, 14, 15 and 18 were compared).
 */
bool
walrecord_drops_database(const struct walrecord *rec, struct walrecord_dropped *out)
{
	const size_t head = rec->version->wal_drops_count ? 8 : 4;
	const uint8_t *data;
	struct error ignored;
	size_t len;

	if (!is_kind(rec, RMGR_DATABASE, rec->version->wal_database_drop) ||
	    walrecord_main_data(rec, &data, &len, &ignored) || len <= head ||
	    len % 4 != 0)
		return false;
	if (head == 4 ? len != 8 : get_u32native(data + 4) != (len - head) / 4)
		return false;
	*out = (struct walrecord_dropped){ .database = get_u32native(data),
		.count = (len - head) / 4,
		.spaces = data + head };
	return true;
}

uint32_t
walrecord_dropped_space(const struct walrecord_dropped *dropped, size_t n)
{
	return get_u32native(dropped->spaces + 4 * n);
}

/* Whatever it does, the database comes first. */
bool
walrecord_of_database(const struct walrecord *rec, uint32_t *database)
{
	const uint8_t *data;
	struct error ignored;
	size_t len;

	if (rec->rmid != RMGR_DATABASE ||
	    walrecord_main_data(rec, &data, &len, &ignored) || len < sizeof(*database))
		return false;
	*database = get_u32native(data);
	return true;
}

/*
 * Of multixacts: a database, from and up to which multixact, from and up to which member; since
 * members have 64 bits only up to which (xl_multixact_truncate in multixact.h; a record of 19 was
 * compared).
 */
static bool
take_multixacts(const struct pg_version *version, const uint8_t *data, size_t len,
    struct walrecord_truncation *t)
{
	const bool is_long = version->offset_bytes == 8;

	if (len != (is_long ? 16 : 20))
		return false;
	t->oldest = get_u32native(data + (is_long ? 4 : 8));
	t->member = is_long ? get_u64native(data + 8) : get_u32native(data + 16);
	return true;
}

/*
 * A page's number comes first, of 32 bits up to 16, of 64 since 17; then the oldest
 * transaction, and of pg_xact its database.
 */
bool
walrecord_truncates(const struct walrecord *rec, struct walrecord_truncation *out)
{
	struct walrecord_truncation t = { WALRECORD_XACT, 0, 0 };
	const uint8_t *data;
	struct error ignored;
	size_t len;

	if (is_kind(rec, RMGR_MULTIXACT, MULTIXACT_TRUNCATE))
		t.kind = WALRECORD_MULTIXACT;
	else if (is_kind(rec, RMGR_COMMIT_TS, COMMIT_TS_TRUNCATE))
		t.kind = WALRECORD_COMMIT_TS;
	else if (!is_kind(rec, RMGR_CLOG, CLOG_TRUNCATE))
		return false;
	if (walrecord_main_data(rec, &data, &len, &ignored))
		return false;
	if (t.kind == WALRECORD_XACT && (len == 12 || len == 16))
		t.oldest = get_u32native(data + len - 8);
	else if (t.kind == WALRECORD_COMMIT_TS && (len == 8 || len == 12))
		t.oldest = get_u32native(data + len - 4);
	else if (t.kind != WALRECORD_MULTIXACT ||
	    !take_multixacts(rec->version, data, len, &t))
		return false;
	*out = t;
	return true;
}

bool
walrecord_is_overwrite(const struct walrecord *rec, uint64_t *lsn)
{
	/* the LSN, and the time when it was found out */
	return is_kind(rec, RMGR_XLOG, XLOG_OVERWRITE_CONTRECORD) &&
	    has_lsn(rec, 16, 16, lsn);
}

/* The relation, tablespace first, stands at the beginning, or after the block to cut at. */
bool
walrecord_makes_file(const struct walrecord *rec, uint32_t *space)
{
	const size_t at = is_kind(rec, RMGR_STORAGE, STORAGE_TRUNCATE) ? 4 : 0;
	const uint8_t *data;
	struct error ignored;
	size_t len;

	if ((at == 0 && !is_kind(rec, RMGR_STORAGE, STORAGE_CREATE)) ||
	    walrecord_main_data(rec, &data, &len, &ignored) || len < at + 12)
		return false;
	*space = get_u32native(data + at);
	return true;
}

bool
walrecord_is_tablespace(const struct walrecord *rec)
{
	return is_kind(rec, RMGR_TABLESPACE, TABLESPACE_CREATE);
}

bool
walrecord_drops_tablespace(const struct walrecord *rec, uint32_t *oid)
{
	const uint8_t *data;
	struct error ignored;
	size_t len;

	if (!is_kind(rec, RMGR_TABLESPACE, TABLESPACE_DROP) ||
	    walrecord_main_data(rec, &data, &len, &ignored) || len != 4)
		return false;
	*oid = get_u32native(data);
	return true;
}

int
walrecord_tablespace(
    const struct walrecord *rec, uint32_t *oid, const char **path, struct error *err)
{
	const uint8_t *data;
	char at[LSN_TEXT];
	size_t len;

	if (walrecord_main_data(rec, &data, &len, err))
		return -1;
	if (len < 5 || memchr(data + 4, '\0', len - 4) != data + len - 1)
		return error_set(err, ERROR_FORMAT, 0,
		    "WAL record at %s: it does not hold the OID and location of a tablespace",
		    lsn_print(at, rec->lsn));
	*oid = get_u32native(data);
	*path = (const char *)data + 4;
	return 0;
}

/*
 * pg_control is a struct of the server, which differs from release to release.  One program reads
 * them all, so it takes fields at offsets from a table, and not through any one of those structs.
 * The version, whose place never changed, finds the row, and the row the CRC: no other field is
 * believed before that holds.
 */
#include "pg/control.h"

#include <string.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/bytes.h"
#include "lib/crc32c.h"
#include "lib/lsn.h"
#include "lib/sys.h"

/* The fields that have never moved: they can be read before the layout is known. */
enum {
	SYSTEM_IDENTIFIER_AT = 0,
	CONTROL_VERSION_AT = 8,
	CATALOG_VERSION_AT = 12,
	STATE_AT = 16,
	TIME_AT = 24,
	CHECKPOINT_AT = 32
};

/* Where the others are. */
struct control_layout {
	uint32_t control_version;
	uint16_t prev_checkpoint_at; /* 0: the release has no such field */
	uint16_t redo_at, timeline_at, prev_timeline_at, full_page_writes_at;
	uint16_t checkpoint_time_at;
	uint16_t min_recovery_at, min_recovery_timeline_at;
	uint16_t backup_start_at, backup_end_at, backup_end_required_at;
	uint16_t wal_level_at, tracks_commit_time_at, max_align_at;
	uint16_t block_size_at, segment_blocks_at, wal_block_size_at, wal_segment_size_at;
	uint16_t data_checksums_at, crc_at;
};

/* 12 gave the next transaction 64 bits; nothing we read but the CRC has moved since. */
#define SINCE_12 \
	.redo_at = 40, .timeline_at = 48, .prev_timeline_at = 52, \
	.full_page_writes_at = 56, .checkpoint_time_at = 104, .min_recovery_at = 136, \
	.min_recovery_timeline_at = 144, .backup_start_at = 152, .backup_end_at = 160, \
	.backup_end_required_at = 168, .wal_level_at = 172, \
	.tracks_commit_time_at = 200, .max_align_at = 204, .block_size_at = 216, \
	.segment_blocks_at = 220, .wal_block_size_at = 224, .wal_segment_size_at = 228, \
	.data_checksums_at = 252

/*
 * From src/include/catalog/pg_control.h of each release, compiled for a 64-bit machine
 * (scripts/control-offsets prints the offsets of such a header), and each row compared
 * with what pg_control_checkpoint(), _system(), _init() and _recovery() said of a
 * running server.
 */
static const struct control_layout layouts[] = {
	/* 10, seen on 10.23: the checkpoint before the last shifts the rest by 8 */
	{ .control_version = 1002,
	    .prev_checkpoint_at = 40,
	    .redo_at = 48,
	    .timeline_at = 56,
	    .prev_timeline_at = 60,
	    .full_page_writes_at = 64,
	    .checkpoint_time_at = 104,
	    .min_recovery_at = 136,
	    .min_recovery_timeline_at = 144,
	    .backup_start_at = 152,
	    .backup_end_at = 160,
	    .backup_end_required_at = 168,
	    .wal_level_at = 172,
	    .tracks_commit_time_at = 196,
	    .max_align_at = 200,
	    .block_size_at = 216,
	    .segment_blocks_at = 220,
	    .wal_block_size_at = 224,
	    .wal_segment_size_at = 228,
	    .data_checksums_at = 252,
	    .crc_at = 288 },
	/* 11, seen on 11.22: without it */
	{ .control_version = 1100,
	    .redo_at = 40,
	    .timeline_at = 48,
	    .prev_timeline_at = 52,
	    .full_page_writes_at = 56,
	    .checkpoint_time_at = 96,
	    .min_recovery_at = 128,
	    .min_recovery_timeline_at = 136,
	    .backup_start_at = 144,
	    .backup_end_at = 152,
	    .backup_end_required_at = 160,
	    .wal_level_at = 164,
	    .tracks_commit_time_at = 188,
	    .max_align_at = 192,
	    .block_size_at = 208,
	    .segment_blocks_at = 212,
	    .wal_block_size_at = 216,
	    .wal_segment_size_at = 220,
	    .data_checksums_at = 244,
	    .crc_at = 280 },
	/* 12, seen on 12.22 */
	{ .control_version = 1201, SINCE_12, .crc_at = 288 },
	/* 13 to 16, seen on 13.23, 14.23, 15.18 and 16.14: one flag less, in padding */
	{ .control_version = 1300, SINCE_12, .crc_at = 288 },
	/* 17, seen on 17.10: the checkpoint's own wal_level fills padding */
	{ .control_version = 1700, SINCE_12, .crc_at = 288 },
	/* 18, seen on 18.4: default_char_signedness moves the CRC */
	{ .control_version = 1800, SINCE_12, .crc_at = 292 },
	/* 19, seen on 19rc1: the checkpoint has 8 bytes more; the checksums of initdb come first */
	{ .control_version = 1905,
	    .redo_at = 40,
	    .timeline_at = 48,
	    .prev_timeline_at = 52,
	    .full_page_writes_at = 56,
	    .checkpoint_time_at = 112,
	    .min_recovery_at = 144,
	    .min_recovery_timeline_at = 152,
	    .backup_start_at = 160,
	    .backup_end_at = 168,
	    .backup_end_required_at = 176,
	    .wal_level_at = 180,
	    .tracks_commit_time_at = 208,
	    .max_align_at = 212,
	    .block_size_at = 224,
	    .segment_blocks_at = 228,
	    .wal_block_size_at = 236,
	    .wal_segment_size_at = 240,
	    .data_checksums_at = 268,
	    .crc_at = 308 },
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static uint32_t
swapped(uint32_t v)
{
	return v >> 24 | (v >> 8 & 0xFF00) | (v << 8 & 0xFF0000) | v << 24;
}

/* The row for these bytes.  NULL with an error that says what they are instead. */
static const struct control_layout *
find_layout(const uint8_t *bytes, struct error *err)
{
	uint32_t version = get_u32native(bytes + CONTROL_VERSION_AT);

	for (size_t i = 0; i < LAYOUTS; i++) {
		if (layouts[i].control_version == version)
			return &layouts[i];
		if (layouts[i].control_version == swapped(version)) {
			error_set(err, ERROR_UNSUPPORTED, 0,
			    "was written by a machine of the other byte order");
			return NULL;
		}
	}
	/* 9.6 has 960, development versions of 19 had 1901 to 1904; the rest is damage */
	if (version >= 71 && version <= 9999)
		error_set(err, ERROR_UNSUPPORTED, 0,
		    "pg_control version %u is not that of PostgreSQL %s", version,
		    cluster_versions_text());
	else
		error_set(err, ERROR_FORMAT, 0, "%u is not a valid pg_control version",
		    version);
	return NULL;
}

static int
check_crc(const struct control_layout *l, const uint8_t *bytes, struct error *err)
{
	uint32_t stored = get_u32native(bytes + l->crc_at);
	uint32_t real = crc32c(0, bytes, l->crc_at);

	if (stored == real)
		return 0;
	return error_set(err, ERROR_FORMAT, 0,
	    "its CRC is %08X, but that of its content is %08X", stored, real);
}

/* Is ${size} a power of 2 in these limits? */
static bool
is_size(uint32_t size, uint32_t least, uint32_t most)
{
	return size >= least && size <= most && (size & (size - 1)) == 0;
}

static int
not_one(const char *what, uint32_t value, struct error *err)
{
	return error_set(err, ERROR_FORMAT, 0, "%u is not a valid %s", value, what);
}

/*
 * The CRC held, so what is wrong here was written so.  Limits: what --with-blocksize,
 * --with-wal-blocksize and --with-segsize of PostgreSQL's configure take, and
 * --wal-segsize of initdb.
 */
static int
check_values(const struct control *c, uint32_t max_align, struct error *err)
{
	char lsn[LSN_TEXT], redo[LSN_TEXT];

	if ((uint32_t)c->state > CONTROL_IN_PRODUCTION)
		return not_one("state of a cluster", (uint32_t)c->state, err);
	if (max_align != 8)
		return error_set(err, ERROR_UNSUPPORTED, 0,
		    "the server aligns data to %u bytes, not 8", max_align);
	if (!is_size(c->block_size, 1024, 32768))
		return not_one("block size", c->block_size, err);
	if (!is_size(c->wal_block_size, 1024, 65536))
		return not_one("WAL block size", c->wal_block_size, err);
	if (!is_size(c->wal_segment_size, 1 << 20, 1 << 30))
		return not_one("WAL segment size", c->wal_segment_size, err);
	if (c->segment_blocks == 0)
		return not_one("relation segment size", c->segment_blocks, err);
	if (c->timeline == 0)
		return not_one("timeline", c->timeline, err);
	if (c->redo_lsn == 0 ||
	    (c->redo_lsn > c->checkpoint_lsn &&
		c->checkpoint_lsn != CONTROL_NO_CHECKPOINT))
		return error_set(err, ERROR_FORMAT, 0,
		    "%s is not a valid redo location of a checkpoint at %s",
		    lsn_print(redo, c->redo_lsn), lsn_print(lsn, c->checkpoint_lsn));
	return 0;
}

static int
decode_fields(const struct control_layout *l, const uint8_t *b, struct control *c,
    struct error *err)
{
	c->system_identifier = get_u64native(b + SYSTEM_IDENTIFIER_AT);
	c->control_version = get_u32native(b + CONTROL_VERSION_AT);
	c->catalog_version = get_u32native(b + CATALOG_VERSION_AT);
	c->state = (enum control_state)get_u32native(b + STATE_AT);
	c->time = (int64_t)get_u64native(b + TIME_AT);
	c->checkpoint_lsn = get_u64native(b + CHECKPOINT_AT);
	c->redo_lsn = get_u64native(b + l->redo_at);
	c->timeline = get_u32native(b + l->timeline_at);
	c->prev_timeline = get_u32native(b + l->prev_timeline_at);
	c->full_page_writes = b[l->full_page_writes_at] != 0;
	c->checkpoint_time = (int64_t)get_u64native(b + l->checkpoint_time_at);
	c->min_recovery_lsn = get_u64native(b + l->min_recovery_at);
	c->min_recovery_timeline = get_u32native(b + l->min_recovery_timeline_at);
	c->backup_start_lsn = get_u64native(b + l->backup_start_at);
	c->backup_end_lsn = get_u64native(b + l->backup_end_at);
	c->backup_end_required = b[l->backup_end_required_at] != 0;
	c->wal_level = get_u32native(b + l->wal_level_at);
	c->tracks_commit_time = b[l->tracks_commit_time_at] != 0;
	c->block_size = get_u32native(b + l->block_size_at);
	c->segment_blocks = get_u32native(b + l->segment_blocks_at);
	c->wal_block_size = get_u32native(b + l->wal_block_size_at);
	c->wal_segment_size = get_u32native(b + l->wal_segment_size_at);
	c->data_checksums = get_u32native(b + l->data_checksums_at);
	return checkpoint_decode(b + l->redo_at, CONTROL_SIZE - l->redo_at,
	    l->control_version, &c->checkpoint, err);
}

bool
control_is_standby(const struct control *control)
{
	return control->state == CONTROL_SHUTDOWN_IN_RECOVERY ||
	    control->state == CONTROL_IN_ARCHIVE_RECOVERY;
}

int
control_decode(const uint8_t *bytes, size_t len, struct control *out, struct error *err)
{
	const struct control_layout *l;
	struct control c;

	if (len != CONTROL_SIZE)
		return error_set(
		    err, ERROR_FORMAT, 0, "has %zu bytes, not %d", len, CONTROL_SIZE);
	l = find_layout(bytes, err);
	if (l == NULL || check_crc(l, bytes, err))
		return -1;
	if (decode_fields(l, bytes, &c, err) ||
	    check_values(&c, get_u32native(bytes + l->max_align_at), err))
		return -1;
	*out = c;
	return 0;
}

int
control_read(
    int datadir_fd, uint8_t bytes[CONTROL_SIZE], struct control *out, struct error *err)
{
	static const struct timespec pause = { .tv_nsec = 10000000 }; /* 10 ms */
	static const char name[] = "global/pg_control";
	struct buf file = { 0 };
	int rc;

	for (int try = 0; try < 10; try++) {
		/* a signal shortens the pause; what that costs is one of the tries */
		if (try > 0)
			nanosleep(&pause, NULL);
		buf_clear(&file);
		rc = sys_read_file(datadir_fd, name, CONTROL_SIZE, &file, err);
		if (rc)
			break;
		rc = control_decode(file.data, file.len, out, err);
		/* a wrong CRC may be half of a write that is going on: only that passes */
		if (rc == 0 || err->kind != ERROR_FORMAT)
			break;
	}
	if (rc)
		error_wrap(err, "file \"%s\"", name);
	else
		memcpy(bytes, file.data, CONTROL_SIZE);
	buf_free(&file);
	return rc;
}

int
control_check_version(
    const struct control *control, const struct pg_version *version, struct error *err)
{
	if (control->control_version != version->control_version) {
		error_set(err, ERROR_FORMAT, 0,
		    "pg_control version %u is not that of PostgreSQL %u, %u",
		    control->control_version, version->major, version->control_version);
		return error_hint(
		    err, "The file PG_VERSION belongs to another data directory.");
	}
	if (control->catalog_version == version->catalog_version)
		return 0;
	error_set(err, ERROR_UNSUPPORTED, 0,
	    "catalog version %u is not that of PostgreSQL %u, %u",
	    control->catalog_version, version->major, version->catalog_version);
	return error_hint(err,
	    "A beta release created this data directory, or its PG_VERSION belongs to another one.");
}

int
control_forget_checkpoint(uint8_t bytes[CONTROL_SIZE], struct error *err)
{
	const struct control_layout *l;
	struct control before;

	if (control_decode(bytes, CONTROL_SIZE, &before, err))
		return -1;
	l = find_layout(bytes, err);
	put_u64native(bytes + CHECKPOINT_AT, CONTROL_NO_CHECKPOINT);
	if (l->prev_checkpoint_at)
		put_u64native(bytes + l->prev_checkpoint_at, CONTROL_NO_CHECKPOINT);
	put_u32native(bytes + l->crc_at, crc32c(0, bytes, l->crc_at));
	return 0;
}

/*
 * A server is in one of these states when recovery has come to its end (StartupXLOG() in
 * src/backend/access/transam/xlog.c): up to there it has that of a crash or of an archive.
 */
bool
control_has_old_backup(const struct control *control)
{
	return control->backup_start_lsn != 0 && !control->backup_end_required &&
	    (control->state == CONTROL_IN_PRODUCTION ||
		control->state == CONTROL_SHUTTING_DOWN ||
		control->state == CONTROL_SHUTDOWN);
}

int
control_forget_backup(uint8_t bytes[CONTROL_SIZE], struct error *err)
{
	const struct control_layout *l;
	struct control before;

	if (control_decode(bytes, CONTROL_SIZE, &before, err))
		return -1;
	l = find_layout(bytes, err);
	put_u64native(bytes + l->backup_start_at, 0);
	put_u64native(bytes + l->backup_end_at, 0);
	put_u32native(bytes + l->crc_at, crc32c(0, bytes, l->crc_at));
	return 0;
}

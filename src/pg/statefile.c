/*
 * Files of state that carry a magic number and a checksum, or text of one form.
 *
 * The checksum is taken while the bytes pass.  Of some files it stands at the end, which is
 * known only when it has come: so the last eight bytes are always held back.
 */
#include "pg/statefile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/crc32c.h"
#include "pg/cluster.h"
#include "pg/relfile.h"

/*
 * src/backend/utils/cache/relmapper.c, access/transam/twophase.c, replication/logical/origin.c
 * and replication/logical/snapbuild.c of PostgreSQL 10 to 18; sizes, numbers and checksums
 * compared with the files of a running 10.23, 11.22, 12.22, 13.23, 14.23, 15.18, 16.14, 17.10,
 * 18.4 and 19rc1.
 */
enum {
	RELMAP_MAGIC = 0x592717,
	RELMAP_HEAD = 8, /* magic, number of mappings */
	RELMAP_ROW = 8,
	RELMAP_CRC = 4,
	TWOPHASE_LEAST = 64, /* no header is shorter */
	ORIGINS_MAGIC = 0x1257DADE,
	ORIGINS_ROW = 16,
	SNAPSHOT_MAGIC = 0x51A1E001,
	SNAPSHOT_LEAST = 16, /* magic, CRC, version, length */
	SNAPSHOT_CHECKED_AT = 8
};

/* ---- names ---- */

/* So many of the digits that "%X" writes begin ${text}. */
static size_t
hex_digits(const char *text)
{
	return strspn(text, "0123456789ABCDEF");
}

/* The transaction: 32 bits up to 16, 64 since 17. */
static bool
is_twophase(const char *name)
{
	const size_t len = hex_digits(name);

	return name[len] == '\0' && (len == 8 || len == 16);
}

/* "0-1A2B3C4D.snap" */
static bool
is_snapshot(const char *name)
{
	const size_t high = hex_digits(name),
		     low = name[high] == '-' ? hex_digits(name + high + 1) : 0;

	return high >= 1 && high <= 8 && low >= 1 && low <= 8 &&
	    strcmp(name + high + 1 + low, ".snap") == 0;
}

/* What follows ${directory} in ${path}; NULL: it is elsewhere. */
static const char *
below(const char *path, const char *directory)
{
	const size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 ? path + len : NULL;
}

enum statefile_kind
statefile_kind(const char *path)
{
	const char *name;
	uint32_t space, database;

	if (strcmp(path, "global/pg_filenode.map") == 0)
		return STATEFILE_RELMAP;
	if (strcmp(path, "pg_logical/replorigin_checkpoint") == 0)
		return STATEFILE_ORIGINS;
	if ((name = below(path, "pg_twophase/")))
		return is_twophase(name) ? STATEFILE_TWOPHASE : STATEFILE_NONE;
	if ((name = below(path, "pg_logical/snapshots/")))
		return is_snapshot(name) ? STATEFILE_SNAPSHOT : STATEFILE_NONE;
	if (!relfile_database_file(path, &space, &database, &name))
		return STATEFILE_NONE;
	if (strcmp(name, "pg_filenode.map") == 0)
		return STATEFILE_RELMAP;
	return strcmp(name, "PG_VERSION") == 0 ? STATEFILE_VERSION : STATEFILE_NONE;
}

/* ---- bytes ---- */

static void
feed(struct statefile *s, const uint8_t *bytes, size_t len)
{
	size_t skip = 0;

	if (s->kind == STATEFILE_SNAPSHOT && s->fed < SNAPSHOT_CHECKED_AT) {
		skip = SNAPSHOT_CHECKED_AT - (size_t)s->fed;
		skip = skip < len ? skip : len;
	}
	s->fed += len;
	s->crc = crc32c(s->crc, bytes + skip, len - skip);
}

void
statefile_bytes(struct statefile *s, const uint8_t *bytes, size_t len)
{
	uint8_t both[2 * sizeof(s->held)];
	size_t more;

	if (len == 0)
		return;
	if (s->len < sizeof(s->head)) {
		more = sizeof(s->head) - (size_t)s->len;
		memcpy(s->head + s->len, bytes, more < len ? more : len);
	}
	s->len += len;
	if (len >= sizeof(s->held)) {
		feed(s, s->held, s->nheld);
		feed(s, bytes, len - sizeof(s->held));
		memcpy(s->held, bytes + len - sizeof(s->held), sizeof(s->held));
		s->nheld = sizeof(s->held);
		return;
	}
	memcpy(both, s->held, s->nheld);
	memcpy(both + s->nheld, bytes, len);
	s->nheld += len;
	more = s->nheld > sizeof(s->held) ? s->nheld - sizeof(s->held) : 0;
	feed(s, both, more);
	s->nheld -= more;
	memcpy(s->held, both + more, s->nheld);
}

/* ---- the verdict ---- */

static int
wrong_magic(const struct statefile *s, struct error *err)
{
	return error_set(err, ERROR_FORMAT, 0, "invalid magic number %08" PRIX32,
	    get_u32native(s->head));
}

static int
wrong_size(const struct statefile *s, struct error *err)
{
	return error_set(
	    err, ERROR_FORMAT, 0, "invalid size of %" PRIu64 " bytes", s->len);
}

static int
check_crc(
    const struct statefile *s, const uint8_t *stored, uint32_t real, struct error *err)
{
	const uint32_t found = get_u32native(stored);

	if (found == real)
		return 0;
	return error_set(err, ERROR_FORMAT, 0,
	    "checksum of %" PRIu64 " bytes: %08" PRIX32 " expected, %08" PRIX32 " found",
	    s->len, real, found);
}

/* A value that is a release's own: is it that of the cluster's, or of any if that is not known? */
static bool
is_of(const struct pg_version *version, uint32_t value,
    uint32_t (*of)(const struct pg_version *))
{
	if (version)
		return of(version) == value;
	for (unsigned n = 0; cluster_release(n); n++)
		if (of(cluster_release(n)) == value)
			return true;
	return false;
}

static uint32_t
relmap_size(const struct pg_version *version)
{
	return version->relmap_size;
}

static uint32_t
twophase_magic(const struct pg_version *version)
{
	return version->twophase_magic;
}

/* The CRC is the last word, of all before it. */
static int
check_last_crc(const struct statefile *s, struct error *err)
{
	const size_t at = s->nheld - sizeof(uint32_t);

	return check_crc(s, s->held + at, crc32c(s->crc, s->held, at), err);
}

static int
end_relmap(const struct statefile *s, const struct pg_version *version, struct error *err)
{
	uint32_t mappings;

	if (s->len > UINT32_MAX || !is_of(version, (uint32_t)s->len, relmap_size))
		return wrong_size(s, err);
	if (get_u32native(s->head) != RELMAP_MAGIC)
		return wrong_magic(s, err);
	/* after the CRC comes padding to a multiple of 8 bytes, or nothing */
	if ((s->len - RELMAP_HEAD - RELMAP_CRC) % RELMAP_ROW ?
		check_crc(s, s->held, s->crc, err) :
		check_last_crc(s, err))
		return -1;
	mappings = get_u32native(s->head + 4);
	if (mappings <= (s->len - RELMAP_HEAD) / RELMAP_ROW)
		return 0;
	return error_set(
	    err, ERROR_FORMAT, 0, "invalid number of mappings %" PRIu32, mappings);
}

static int
end_twophase(
    const struct statefile *s, const struct pg_version *version, struct error *err)
{
	const uint32_t magic = get_u32native(s->head);

	if (s->len < TWOPHASE_LEAST || s->len % 8 != 4)
		return wrong_size(s, err);
	if (!is_of(version, magic, twophase_magic))
		return wrong_magic(s, err);
	if (get_u32native(s->head + 4) != s->len)
		return wrong_size(s, err);
	return check_last_crc(s, err);
}

/* A magic number, rows, and a CRC. */
uint64_t
statefile_origins(uint64_t size)
{
	return size / ORIGINS_ROW;
}

static int
end_origins(const struct statefile *s, struct error *err)
{
	if (s->len % ORIGINS_ROW != 2 * sizeof(uint32_t))
		return wrong_size(s, err);
	if (get_u32native(s->head) != ORIGINS_MAGIC)
		return wrong_magic(s, err);
	return check_last_crc(s, err);
}

static int
end_snapshot(const struct statefile *s, struct error *err)
{
	if (s->len < SNAPSHOT_LEAST)
		return wrong_size(s, err);
	if (get_u32native(s->head) != SNAPSHOT_MAGIC)
		return wrong_magic(s, err);
	if (get_u32native(s->head + 12) != s->len)
		return wrong_size(s, err);
	return check_crc(s, s->head + 4, crc32c(s->crc, s->held, s->nheld), err);
}

/* The release that the text of a PG_VERSION names; 0 if it is not one. */
static unsigned
major_of(const struct statefile *s)
{
	const struct pg_version *version;
	char text[sizeof(s->head) + 1] = { 0 };
	struct error ignored;

	if (s->len > sizeof(s->head))
		return 0;
	memcpy(text, s->head, (size_t)s->len);
	if (strlen(text) != s->len || cluster_parse_version(text, &version, &ignored))
		return 0;
	return version->major;
}

static int
end_version(
    const struct statefile *s, const struct pg_version *version, struct error *err)
{
	const unsigned found = major_of(s);

	if (found == 0)
		return error_set(
		    err, ERROR_FORMAT, 0, "is not the version of a supported release");
	if (version == NULL || version->major == found)
		return 0;
	return error_set(err, ERROR_FORMAT, 0,
	    "is of another version than the cluster: %u expected, %u found",
	    version->major, found);
}

int
statefile_end(
    const struct statefile *s, const struct pg_version *version, struct error *err)
{
	switch (s->kind) {
	case STATEFILE_RELMAP:
		return end_relmap(s, version, err);
	case STATEFILE_TWOPHASE:
		return end_twophase(s, version, err);
	case STATEFILE_ORIGINS:
		return end_origins(s, err);
	case STATEFILE_SNAPSHOT:
		return end_snapshot(s, err);
	case STATEFILE_VERSION:
		return end_version(s, version, err);
	default:
		return 0;
	}
}

unsigned
statefile_major(const struct statefile *s)
{
	return major_of(s);
}

bool
statefile_mapped(const uint8_t *map, size_t len, uint32_t relation, uint32_t *relnode)
{
	size_t rows;

	if (len < RELMAP_HEAD || get_u32native(map) != RELMAP_MAGIC)
		return false;
	rows = get_u32native(map + 4);
	for (size_t at = RELMAP_HEAD; rows > 0 && at + RELMAP_ROW <= len;
	     rows--, at += RELMAP_ROW)
		if (get_u32native(map + at) == relation) {
			*relnode = get_u32native(map + at + 4);
			return true;
		}
	return false;
}

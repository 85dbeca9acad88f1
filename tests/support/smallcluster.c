/* nftw() */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/smallcluster.h"

#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/crc32c.h"
#include "pg/cluster.h"
#include "pg/control.h"
#include "support/controlimage.h"
#include "support/faketree.h"
#include "support/pages.h"
#include "wal/walrecord.h"

enum { CONTROL_VERSION = 1300, WAL_SEGMENT = 1 << 20, RELMAP = 512 };
/* A user that does not exist here. */
enum { OWNER = 4711 };
#define SYSTEM_ID UINT64_C(7710953701937684148)
/* What 15 makes in a tablespace. */
#define VERSION_DIRECTORY "PG_15_202209061"

static const struct fake_file files[] = {
	{ "data/PG_VERSION", "15\n" },
	{ "data/postgresql.conf", "port = 5432\n" },
	{ "data/postgresql.auto.conf", "# by ALTER SYSTEM\n" },
	{ "data/pg_hba.conf", "local all all trust\n" },
	{ "data/pg_ident.conf", "" },
	{ "data/base/1/PG_VERSION", "15\n" },
	{ "data/base/4/PG_VERSION", "15\n" },
	{ "data/base/5/PG_VERSION", "15\n" },
	{ "data/pg_xact/0000", "\001b8192" },
	{ "data/pg_multixact/offsets/0000", "\001b8192" },
	{ "data/pg_multixact/members/0000", "\001b8192" },
	{ "data/pg_subtrans/0000", "\001b8192" },
	{ "data/pg_commit_ts", DIRECTORY },
	{ "data/pg_dynshmem", DIRECTORY },
	{ "data/pg_logical/mappings", DIRECTORY },
	{ "data/pg_logical/snapshots", DIRECTORY },
	{ "data/pg_notify", DIRECTORY },
	{ "data/pg_replslot", DIRECTORY },
	{ "data/pg_serial", DIRECTORY },
	{ "data/pg_snapshots", DIRECTORY },
	{ "data/pg_stat", DIRECTORY },
	{ "data/pg_stat_tmp", DIRECTORY },
	{ "data/pg_twophase", DIRECTORY },
	{ "data/pg_wal/archive_status", DIRECTORY },
	{ "data/pg_tblspc/" SMALLCLUSTER_SPACE, LINK_BELOW("spc") },
	{ "spc/" VERSION_DIRECTORY "/5", DIRECTORY },
	{ "out", DIRECTORY },
};

/* Relations, each of some pages. */
static const struct {
	const char *path;
	unsigned pages;
} relations[] = {
	{ "data/base/1/1249", 1 },
	{ "data/base/1/1255", 1 },
	{ "data/base/1/1259", 2 },
	{ "data/base/4/1249", 1 },
	{ "data/base/4/1259", 1 },
	{ "data/base/5/1249", 1 },
	{ "data/base/5/1255", 1 },
	{ "data/base/5/1259", 2 },
	{ "data/base/5/16384", 5 },
	{ "data/base/5/16384_fsm", 3 },
	{ "data/global/1260", 1 },
	{ "data/global/1262", 1 },
	{ "spc/" VERSION_DIRECTORY "/5/16500", 2 },
};

static FILE *
open_file(const char *root, const char *path, const char *how)
{
	char *full = malloc(strlen(root) + strlen(path) + 2);
	FILE *f;

	if (full == NULL)
		abort();
	sprintf(full, "%s/%s", root, path);
	f = fopen(full, how);
	if (f == NULL) {
		perror(full);
		abort();
	}
	free(full);
	return f;
}

static void
close_file(FILE *f)
{
	if (fclose(f))
		abort();
}

static void
put_bytes(FILE *f, const void *bytes, size_t len)
{
	if (len > 0 && fwrite(bytes, len, 1, f) != 1)
		abort();
}

void
smallcluster_write(const char *root, const char *path, const void *bytes, size_t len)
{
	FILE *f;

	faketree_put(root, path, "");
	f = open_file(root, path, "w");
	put_bytes(f, bytes, len);
	close_file(f);
}

void
smallcluster_append(const char *root, const char *path, const char *text)
{
	FILE *f = open_file(root, path, "a");

	put_bytes(f, text, strlen(text));
	close_file(f);
}

static void
make_relation(const char *root, const char *path, unsigned pages)
{
	uint8_t *bytes = malloc(pages * PAGE_BYTES);

	if (bytes == NULL)
		abort();
	for (unsigned n = 0; n < pages; n++)
		pages_make(bytes + n * PAGE_BYTES, n, 0x8000 + n, strlen(path) + n);
	smallcluster_write(root, path, bytes, pages * PAGE_BYTES);
	free(bytes);
}

static void
make_relmap(const char *root, const char *path)
{
	uint8_t bytes[RELMAP] = { 0 };

	put_u32native(bytes, 0x592717);
	put_u32native(bytes + 4, 2);
	put_u32native(bytes + 8, 1259);
	put_u32native(bytes + 12, 1259);
	put_u32native(bytes + 16, 1249);
	put_u32native(bytes + 20, 1249);
	put_u32native(bytes + 504, crc32c(0, bytes, 504));
	smallcluster_write(root, path, bytes, sizeof(bytes));
}

/* ---- pg_control, and the checkpoint that it has in common with the WAL ---- */

static const struct {
	const char *name;
	uint64_t value;
} control_fields[] = {
	{ "state", CONTROL_SHUTDOWN },
	{ "checkpoint", SMALLCLUSTER_CHECKPOINT },
	{ "redo", SMALLCLUSTER_CHECKPOINT },
	{ "timeline", 1 },
	{ "previous timeline", 1 },
	{ "next xid, 64 bits", 740 },
	{ "next multi", 1 },
	{ "next offset", 0 },
	{ "oldest xid", 717 },
	{ "oldest multi", 1 },
	{ "oldest multi's database", 1 },
	{ "oldest commit timestamp", 0 },
	{ "newest commit timestamp", 0 },
	{ "oldest active xid", 0 },
	{ "track_commit_timestamp", 0 },
	{ "min recovery", 0 },
	{ "min recovery timeline", 0 },
	{ "backup start", 0 },
	{ "backup end", 0 },
	{ "backup end required", 0 },
	{ "wal_level", 1 },
	{ "wal block size", PAGE_BYTES },
	{ "wal segment size", WAL_SEGMENT },
};

static void
make_control(uint8_t image[CONTROL_SIZE])
{
	controlimage_make(image, CONTROL_VERSION);
	for (size_t i = 0; i < sizeof(control_fields) / sizeof(control_fields[0]); i++)
		controlimage_set(image, CONTROL_VERSION, control_fields[i].name,
		    control_fields[i].value);
	controlimage_seal(image, CONTROL_VERSION);
}

/* A record of the XLOG kind at ${at} of the segment; returns where the next one begins. */
static size_t
make_record(uint8_t *segment, size_t at, uint8_t info, const void *data, size_t len)
{
	static size_t last; /* where the one before begins */
	uint8_t *record = segment + at, *body = record + WALRECORD_HEADER;

	body[0] = 255; /* main data of so many bytes */
	body[1] = (uint8_t)len;
	memcpy(body + 2, data, len);
	len += 2;
	put_u32native(record, (uint32_t)(WALRECORD_HEADER + len));
	put_u64native(record + 8, at == 40 ? WAL_SEGMENT - 64 : WAL_SEGMENT + last);
	record[16] = info;
	put_u32native(record + 20, walrecord_crc(record, body, len));
	last = at;
	return (at + WALRECORD_HEADER + len + 7) / 8 * 8;
}

/* The page header of a segment, the checkpoint, perhaps the end of a backup, zeros. */
static void
make_wal(const char *root, const uint8_t *control, bool is_at_work)
{
	const size_t from = controlimage_at(CONTROL_VERSION, "redo");
	const size_t to = controlimage_at(CONTROL_VERSION, "unlogged lsn");
	uint8_t *segment = calloc(1, WAL_SEGMENT), start[8];
	size_t at = SMALLCLUSTER_CHECKPOINT - WAL_SEGMENT;

	if (segment == NULL)
		abort();
	put_u32native(segment, cluster_version(15)->wal_magic | 2u << 16); /* long */
	put_u32native(segment + 4, 1);
	put_u64native(segment + 8, WAL_SEGMENT);
	put_u64native(segment + 24, SYSTEM_ID);
	put_u32native(segment + 32, WAL_SEGMENT);
	put_u32native(segment + 36, PAGE_BYTES);
	at =
	    make_record(segment, at, is_at_work ? 0x10 : 0x00, control + from, to - from);
	put_u64native(start, SMALLCLUSTER_CHECKPOINT);
	if (is_at_work)
		at = make_record(segment, at, 0x50, start, sizeof(start));
	if (is_at_work && WAL_SEGMENT + at != SMALLCLUSTER_STOP)
		abort();
	smallcluster_write(
	    root, "data/pg_wal/" SMALLCLUSTER_SEGMENT, segment, WAL_SEGMENT);
	free(segment);
}

void
smallcluster_set(const char *root, const char *field, uint64_t value)
{
	uint8_t image[CONTROL_SIZE];
	FILE *f = open_file(root, "data/global/pg_control", "r+");

	if (fread(image, sizeof(image), 1, f) != 1)
		abort();
	controlimage_set(image, CONTROL_VERSION, field, value);
	controlimage_seal(image, CONTROL_VERSION);
	rewind(f);
	put_bytes(f, image, sizeof(image));
	close_file(f);
}

void
smallcluster_flip(const char *root, const char *path, long offset)
{
	FILE *f = open_file(root, path, "r+");
	int byte;

	if (fseek(f, offset, offset < 0 ? SEEK_END : SEEK_SET))
		abort();
	byte = fgetc(f);
	if (byte == EOF || fseek(f, -1, SEEK_CUR) || fputc(byte ^ 4, f) == EOF)
		abort();
	close_file(f);
}

/* ---- all of it ---- */

static int
give_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return lchown(path, OWNER, OWNER);
}

/* A server never runs as root, and so nothing of it is root's. */
void
smallcluster_give(const char *root)
{
	if (geteuid() == 0 && nftw(root, give_one, 16, FTW_PHYS))
		abort();
}

char *
smallcluster_new(void)
{
	static const char *const maps[] = { "data/global/pg_filenode.map",
		"data/base/1/pg_filenode.map", "data/base/4/pg_filenode.map",
		"data/base/5/pg_filenode.map" };
	uint8_t control[CONTROL_SIZE];
	char *root;

	/* tests make it by the thousand, and each backup of it waits for its sync */
	if (access("/dev/shm", W_OK | X_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	root = faketree_new(files, sizeof(files) / sizeof(files[0]));
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
		make_relation(root, relations[i].path, relations[i].pages);
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		make_relmap(root, maps[i]);
	make_control(control);
	smallcluster_write(root, "data/global/pg_control", control, sizeof(control));
	make_wal(root, control, false);
	smallcluster_give(root);
	return root;
}

void
smallcluster_at_work(const char *root)
{
	uint8_t control[CONTROL_SIZE];

	make_control(control);
	make_wal(root, control, true);
	smallcluster_set(root, "state", CONTROL_IN_PRODUCTION);
	smallcluster_give(root);
}

/* ---- a copy of it ---- */

/* nftw() hands nothing on. */
static const char *compared, *with;

/* What a server makes anew. */
static const char *const left_out[] = { "/pg_subtrans/" };

static size_t
read_whole(const char *path, uint8_t *into, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t len;

	if (f == NULL)
		return SIZE_MAX;
	len = fread(into, 1, size, f);
	close_file(f);
	return len;
}

static int
compare_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	static uint8_t ours[WAL_SEGMENT + 1], theirs[WAL_SEGMENT + 1];
	char other[PATH_MAX];
	size_t len;

	(void)st;
	(void)at;
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (strstr(path, left_out[i]))
			return 0;
	if (kind != FTW_F)
		return 0;
	snprintf(other, sizeof(other), "%s%s", with, path + strlen(compared));
	len = read_whole(path, ours, sizeof(ours));
	if (len > WAL_SEGMENT || read_whole(other, theirs, sizeof(theirs)) != len ||
	    memcmp(ours, theirs, len) != 0)
		fail_msg("\"%s\" is not what \"%s\" is", other, path);
	return 0;
}

static void
compare(const char *root, const char *directory, const char *copy)
{
	char a[PATH_MAX], b[PATH_MAX];

	snprintf(a, sizeof(a), "%s/%s", root, directory);
	snprintf(b, sizeof(b), "%s/%s", root, copy);
	compared = a;
	with = b;
	if (nftw(a, compare_one, 16, FTW_PHYS))
		abort();
}

void
smallcluster_expect_copy(const char *root, const char *copy, const char *space)
{
	compare(root, "data", copy);
	compare(root, "spc", space);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>

#include "lib/bytes.h"
#include "lib/crc32c.h"
#include "pg/statefile.h"

/* Which files they are. */
static void
names(void **state)
{
	static const struct {
		const char *path;
		enum statefile_kind kind;
	} all[] = {
		{ "global/pg_filenode.map", STATEFILE_RELMAP },
		{ "base/5/pg_filenode.map", STATEFILE_RELMAP },
		{ "pg_tblspc/16400/PG_15_202209061/5/pg_filenode.map", STATEFILE_RELMAP },
		{ "base/5/PG_VERSION", STATEFILE_VERSION },
		{ "pg_tblspc/16400/PG_15_202209061/5/PG_VERSION", STATEFILE_VERSION },
		{ "pg_twophase/0000022D", STATEFILE_TWOPHASE },
		{ "pg_twophase/00000000000002E4", STATEFILE_TWOPHASE },
		{ "pg_logical/replorigin_checkpoint", STATEFILE_ORIGINS },
		{ "pg_logical/snapshots/0-164A5A8.snap", STATEFILE_SNAPSHOT },
		{ "pg_logical/snapshots/FFFFFFFF-0.snap", STATEFILE_SNAPSHOT },
		/* the cluster's own is read by others */
		{ "PG_VERSION", STATEFILE_NONE },
		{ "global/PG_VERSION", STATEFILE_NONE },
		{ "pg_filenode.map", STATEFILE_NONE },
		{ "base/pg_filenode.map", STATEFILE_NONE },
		{ "base/5/pg_filenode.map.tmp", STATEFILE_NONE },
		{ "base/5/x/pg_filenode.map", STATEFILE_NONE },
		{ "base/05/PG_VERSION", STATEFILE_NONE },
		{ "pg_tblspc/16400/5/PG_VERSION", STATEFILE_NONE },
		{ "pg_twophase/0000022d", STATEFILE_NONE },
		{ "pg_twophase/22D", STATEFILE_NONE },
		{ "pg_twophase/0000022D.x", STATEFILE_NONE },
		{ "pg_twophase", STATEFILE_NONE },
		{ "pg_logical/replorigin_checkpoint.tmp", STATEFILE_NONE },
		{ "pg_logical/snapshots/0-164A5A8.snap.77.tmp", STATEFILE_NONE },
		{ "pg_logical/snapshots/-164A5A8.snap", STATEFILE_NONE },
		{ "pg_logical/snapshots/0-.snap", STATEFILE_NONE },
		{ "pg_logical/snapshots/0-123456789.snap", STATEFILE_NONE },
		{ "", STATEFILE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (statefile_kind(all[i].path) != all[i].kind)
			fail_msg("\"%s\"", all[i].path);
}

/* ---- images, as the server writes them ---- */

#define ROOM 1024

static void
seal(uint8_t *image, size_t at, size_t from, size_t to)
{
	put_u32native(image + at, crc32c(0, image + from, to - from));
}

static size_t
relmap(uint8_t *image, size_t size, size_t crc_at)
{
	put_u32native(image, 0x592717);
	put_u32native(image + 4, 17);
	memset(image + 8, 0x5A, 17 * 8);
	seal(image, crc_at, 0, crc_at);
	return size;
}

static size_t
relmap_15(uint8_t *image)
{
	return relmap(image, 512, 504);
}

static size_t
relmap_16(uint8_t *image)
{
	return relmap(image, 524, 520);
}

static size_t
twophase(uint8_t *image, uint32_t magic, size_t size)
{
	put_u32native(image, magic);
	put_u32native(image + 4, (uint32_t)size);
	put_u32native(image + 8, 0x22D);
	memset(image + 100, 7, 40);
	seal(image, size - 4, 0, size - 4);
	return size;
}

static size_t
twophase_10(uint8_t *image)
{
	return twophase(image, 0x57F94533, 228);
}

static size_t
twophase_11(uint8_t *image)
{
	return twophase(image, 0x57F94534, 252);
}

static size_t
origins(uint8_t *image, size_t rows)
{
	const size_t at = 4 + rows * 16;

	put_u32native(image, 0x1257DADE);
	memset(image + 4, 3, rows * 16);
	seal(image, at, 0, at);
	return at + 4;
}

static size_t
no_origins(uint8_t *image)
{
	return origins(image, 0);
}

static size_t
some_origins(uint8_t *image)
{
	return origins(image, 5);
}

static size_t
snapshot(uint8_t *image)
{
	const size_t size = 148;

	put_u32native(image, 0x51A1E001);
	put_u32native(image + 8, 6);
	put_u32native(image + 12, (uint32_t)size);
	memset(image + 16, 9, size - 16);
	seal(image, 4, 8, size);
	return size;
}

static size_t
version(uint8_t *image)
{
	memcpy(image, "15\n", 3);
	return 3;
}

static struct row {
	const char *name;
	enum statefile_kind kind;
	size_t (*make)(uint8_t *image);
	size_t unsaid; /* bytes at its end that mean nothing */
} rows[] = {
	{ "relation map of 10 to 15", STATEFILE_RELMAP, relmap_15, 4 },
	{ "relation map since 16", STATEFILE_RELMAP, relmap_16, 0 },
	{ "prepared transaction of 10", STATEFILE_TWOPHASE, twophase_10, 0 },
	{ "prepared transaction since 11", STATEFILE_TWOPHASE, twophase_11, 0 },
	{ "no origins", STATEFILE_ORIGINS, no_origins, 0 },
	{ "origins", STATEFILE_ORIGINS, some_origins, 0 },
	{ "snapshot", STATEFILE_SNAPSHOT, snapshot, 0 },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static int
judge(enum statefile_kind kind, const uint8_t *image, size_t len, size_t step,
    struct error *err)
{
	struct statefile s = { .kind = kind };

	for (size_t at = 0; at < len; at += step)
		statefile_bytes(&s, image + at, len - at < step ? len - at : step);
	return statefile_end(&s, NULL, err);
}

/* In pieces of any size; each bit counts; none may be missing, or more than there are. */
static void
each(void **state)
{
	const struct row *row = *state;
	static const uint8_t zeros[ROOM];
	uint8_t image[ROOM] = { 0 };
	struct error err = { 0 };
	const size_t len = row->make(image);

	for (size_t step = 1; step <= len; step++)
		if (judge(row->kind, image, len, step, &err))
			fail_msg("in steps of %zu: %s", step, err.text);
	for (size_t bit = 0; bit < (len - row->unsaid) * 8; bit++) {
		image[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (judge(row->kind, image, len, 64, &err) == 0)
			fail_msg("bit %zu", bit);
		assert_int_equal(err.kind, ERROR_FORMAT);
		image[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t cut = 0; cut < len; cut++)
		if (judge(row->kind, image, cut, ROOM, &err) == 0)
			fail_msg("%zu bytes of it", cut);
	assert_int_equal(judge(row->kind, image, len + 1, ROOM, &err), -1);
	assert_int_equal(judge(row->kind, zeros, len, ROOM, &err), -1);
}

static void
too_many_mappings(void **state)
{
	uint8_t image[ROOM] = { 0 };
	struct error err = { 0 };

	(void)state;
	relmap_15(image);
	put_u32native(image + 4, 64);
	seal(image, 504, 0, 504);
	assert_int_equal(judge(STATEFILE_RELMAP, image, 512, 512, &err), -1);
	assert_string_equal(err.text, "invalid number of mappings 64");
}

static void
says_what_is_wrong(void **state)
{
	uint8_t image[ROOM] = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(judge(STATEFILE_RELMAP, image, 512, 512, &err), -1);
	assert_string_equal(err.text, "invalid magic number 00000000");
	relmap_15(image);
	assert_int_equal(judge(STATEFILE_RELMAP, image, 500, 512, &err), -1);
	assert_string_equal(err.text, "invalid size of 500 bytes");
}

/* Whole, but of another release than the cluster: its server takes none of them. */
static void
of_another_release(void **state)
{
	static const struct {
		enum statefile_kind kind;
		size_t (*make)(uint8_t *image);
		unsigned major;
		int rc;
	} all[] = {
		{ STATEFILE_RELMAP, relmap_15, 15, 0 },
		{ STATEFILE_RELMAP, relmap_15, 16, -1 },
		{ STATEFILE_RELMAP, relmap_16, 15, -1 },
		{ STATEFILE_RELMAP, relmap_16, 16, 0 },
		{ STATEFILE_TWOPHASE, twophase_10, 10, 0 },
		{ STATEFILE_TWOPHASE, twophase_10, 11, -1 },
		{ STATEFILE_TWOPHASE, twophase_11, 10, -1 },
		{ STATEFILE_TWOPHASE, twophase_11, 18, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct statefile s = { .kind = all[i].kind };
		uint8_t image[ROOM] = { 0 };
		struct error err = { 0 };

		statefile_bytes(&s, image, all[i].make(image));
		if (statefile_end(&s, cluster_version(all[i].major), &err) != all[i].rc)
			fail_msg("row %zu, of %u: %s", i, all[i].major, err.text);
	}
}

static void
versions(void **state)
{
	static const struct {
		const char *text;
		unsigned major;
		int rc;
	} all[] = {
		{ "15\n", 15, 0 },
		{ "15", 15, 0 },
		{ "15\n", 0, 0 },
		{ "14\n", 15, -1 },
		{ "14\n", 0, 0 },
		{ "\n", 15, -1 },
		{ "", 15, -1 },
		{ "15\n15\n", 15, -1 },
		{ "9.6\n", 0, -1 },
		{ "1500000000000000000000000000000000000000000000000000000000000000000\n",
		    15, -1 },
	};
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct statefile s = { .kind = STATEFILE_VERSION };

		statefile_bytes(&s, (const uint8_t *)all[i].text, strlen(all[i].text));
		if (statefile_end(&s, cluster_version(all[i].major), &err) != all[i].rc)
			fail_msg("\"%s\" of %u", all[i].text, all[i].major);
	}
	{
		uint8_t zeros[3] = { 0 };
		struct statefile s = { .kind = STATEFILE_VERSION };

		statefile_bytes(&s, zeros, sizeof(zeros));
		assert_int_equal(statefile_end(&s, cluster_version(15), &err), -1);
		s = (struct statefile){ .kind = STATEFILE_VERSION };
		statefile_bytes(&s, zeros, version(zeros));
		assert_int_equal(statefile_major(&s), 15);
	}
}

static void
counts_origins(void **state)
{
	static const uint64_t all[][2] = { { 0, 0 }, { 8, 0 }, { 24, 1 }, { 40, 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_int_equal(statefile_origins(all[i][0]), all[i][1]);
}

static void
maps(void **state)
{
	uint8_t image[ROOM] = { 0 };
	uint32_t relnode = 0;

	(void)state;
	relmap_16(image);
	put_u32native(image + 8 + 16 * 8, 1213);
	put_u32native(image + 8 + 16 * 8 + 4, 20000);
	put_u32native(image + 8 + 17 * 8, 1260); /* after the last */
	assert_true(statefile_mapped(image, 524, 1213, &relnode));
	assert_int_equal(relnode, 20000);
	assert_false(statefile_mapped(image, 524, 1260, &relnode));
	assert_false(statefile_mapped(image, 8 + 16 * 8 + 7, 1213, &relnode));
	assert_false(statefile_mapped(image, 4, 1213, &relnode));
	assert_false(statefile_mapped(image, 0, 1213, &relnode));
	put_u32native(image, 0);
	assert_false(statefile_mapped(image, 524, 1213, &relnode));
	assert_int_equal(relnode, 20000);
}

int
main(void)
{
	struct CMUnitTest tests[ROWS + 7] = { cmocka_unit_test(names),
		cmocka_unit_test(too_many_mappings), cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(of_another_release), cmocka_unit_test(versions),
		cmocka_unit_test(counts_origins), cmocka_unit_test(maps) };

	for (size_t i = 0; i < ROWS; i++)
		tests[i + 7] = (struct CMUnitTest){
			.name = rows[i].name, .test_func = each, .initial_state = &rows[i]
		};
	return cmocka_run_group_tests_name("statefile", tests, NULL, NULL);
}

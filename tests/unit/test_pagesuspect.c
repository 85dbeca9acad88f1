/* Pages judged after they have passed: by pg_control, the manifest, and the end of the WAL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/suspectpages.c.inc"

/*
 * A file that ends in the middle of a page: with checksums or without, unless the WAL has the
 * page; nothing is said where the file's pages are of another size.
 */
static void
cut(void **state)
{
	static const struct {
		enum damage damage;
		struct control control;
		bool is_replayed, is_mentioned;
		unsigned findings, benign;
	} rows[] = {
		{ CUT,
		    { .data_checksums = 1,
			.block_size = PAGE_BYTES,
			.segment_blocks = 131072 },
		    false, true, 1, 0 },
		{ CUT,
		    { .data_checksums = 1,
			.block_size = PAGE_BYTES,
			.segment_blocks = 131072 },
		    true, true, 0, 1 },
		{ CUT,
		    { .data_checksums = 1,
			.block_size = PAGE_BYTES,
			.segment_blocks = 131072 },
		    true, false, 1, 0 },
		{ CUT, { .block_size = PAGE_BYTES, .segment_blocks = 131072 }, true,
		    false, 1, 0 },
		{ CUT, { .block_size = 16384, .segment_blocks = 65536 }, true, false, 0,
		    0 },
		{ NONE,
		    { .data_checksums = 1,
			.block_size = PAGE_BYTES,
			.segment_blocks = 131072 },
		    false, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct findings findings = { .tell = tell };
		struct pagesuspect *p = passed(rows[i].damage);
		struct error err = { 0 };

		pagesuspect_control(p, &rows[i].control);
		if (rows[i].is_mentioned)
			mention(p, 5, 0, 3,
			    (struct pagesuspect_mention){ 0, 1100, 1200, true });
		assert_int_equal(
		    pagesuspect_judge(p,
			&(struct pagesuspect_limits){ .is_replayed = rows[i].is_replayed,
			    .has_wal = true,
			    .start_lsn = START,
			    .stop_lsn = STOP,
			    .is_read = is_read },
			&findings, tell_benign, &err),
		    0);
		if (findings.count != rows[i].findings || benign != rows[i].benign)
			fail_msg("row %zu: %s", i, told);
		if (findings.count > 0)
			assert_string_equal(told,
			    "size: \"base/5/16384\", block 3, at offset 24576: ends in the middle of "
			    "a page: 8192 bytes expected, 100 found\n");
		pagesuspect_free(p);
	}
}

/*
 * One cause is one finding: a page that is damaged explains another digest of its file, and the
 * digest when it was damaged; a wrong size explains what is too much of it, or cut.
 */
static void
manifest_knows(void **state)
{
	static const char
	    matches[] = "; the digest of the file matches the manifest: it was like this "
			"when it was backed up\n",
	    differs[] = "; the digest of the file does not match the manifest: it was "
			"changed after it was backed up\n";
	static const struct {
		enum damage damage;
		bool has_checksums, has_digests;
		struct memberset_row member;
		const char *end; /* of what is told; NULL: nothing */
		bool explains_digest;
	} rows[] = {
		{ FLIPPED, true, true, { .digest = FINDING_NOT_COMPARED }, " found\n",
		    true },
		{ FLIPPED, true, true, { .digest = FINDING_DIGEST_MATCHES }, matches,
		    true },
		{ FLIPPED, true, true, { .digest = FINDING_DIGEST_DIFFERS }, differs,
		    true },
		{ FLIPPED, true, false, { .digest = FINDING_DIGEST_DIFFERS }, " found\n",
		    true },
		{ NOT_ZERO, true, true, { .digest = FINDING_DIGEST_DIFFERS }, differs,
		    true },
		{ CUT, true, true, { .digest = FINDING_DIGEST_MATCHES }, matches, true },
		{ LATER, true, true, { .digest = FINDING_DIGEST_DIFFERS }, differs,
		    false },
		{ LATER, false, true, { .digest = FINDING_DIGEST_DIFFERS }, differs,
		    true },
		{ NONE, true, true, { .digest = FINDING_DIGEST_DIFFERS }, NULL, false },
		{ CUT, true, true, { .is_size_told = true }, NULL, false },
		{ FLIPPED, true, true,
		    { .is_size_told = true, .is_listed = true, .listed_size = 8192 },
		    NULL, false },
		{ FLIPPED, true, true,
		    { .is_size_told = true, .is_listed = true, .listed_size = 8193 },
		    " found\n", true },
		{ FLIPPED, true, true, { .is_size_told = true }, " found\n", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct control control = { .data_checksums = rows[i].has_checksums,
			.block_size = PAGE_BYTES,
			.segment_blocks = 131072 };
		struct pagesuspect_limits limits = replayed;
		struct findings findings = { .tell = tell };
		struct pagesuspect *p = passed(rows[i].damage);
		struct error err = { 0 };
		size_t len;

		member = rows[i].member;
		limits.has_digests = rows[i].has_digests;
		pagesuspect_control(p, &control);
		assert_int_equal(
		    pagesuspect_judge(p, &limits, &findings, tell_benign, &err), 0);
		len = rows[i].end ? strlen(rows[i].end) : strlen(told);
		if (findings.count != (rows[i].end ? 1 : 0) || strlen(told) < len ||
		    strcmp(told + strlen(told) - len, rows[i].end ? rows[i].end : "") !=
			0)
			fail_msg("row %zu: %s", i, told);
		if (member.is_damage_told != rows[i].explains_digest)
			fail_msg("row %zu: %d", i, member.is_damage_told);
		pagesuspect_free(p);
		member = (struct memberset_row){ 0 };
	}
}

static void
judged(void **state)
{
	static const struct {
		enum damage damage;
		bool has_checksums, is_replayed, has_wal, has_image;
		const char *told; /* "": nothing */
		unsigned benign, left;
	} rows[] = {
		{ NONE, true, true, true, false, "", 0, 0 },
		{ FLIPPED, true, true, true, false, "checksum: \"base/5/16384\", block 1",
		    0, 0 },
		{ FLIPPED, true, true, true, true, "", 1, 0 },
		{ FLIPPED, true, false, true, true, "checksum: \"base/5/16384\", block 1",
		    0, 0 },
		{ FLIPPED, true, true, false, false, "", 0, 1 },
		{ FLIPPED, false, true, true, false, "", 0, 0 },
		{ NO_CHECKSUM, true, true, true, false,
		    "checksum: \"base/5/16384\", block 1", 0, 0 },
		{ NO_CHECKSUM, false, true, true, false, "", 0, 0 },
		{ NOT_ZERO, true, true, true, false,
		    "not_zero: \"base/5/16384\", block 1", 0, 0 },
		{ LATER, true, true, true, false, "lsn: \"base/5/16384\", block 1", 0,
		    0 },
		{ LATER, true, false, true, false, "lsn: \"base/5/16384\", block 1", 0,
		    0 },
		/* without checksums pages of garbage are nothing new to the server */
		{ GARBAGE, true, true, true, false, "lsn: \"base/5/16384\", block 1", 0,
		    0 },
		{ GARBAGE, false, true, true, false, "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct findings findings = { .tell = tell };
		struct pagesuspect *p = passed(rows[i].damage);
		const struct control control = { .data_checksums = rows[i].has_checksums,
			.block_size = PAGE_BYTES,
			.segment_blocks = 131072 };
		struct error err = { 0 };

		pagesuspect_control(p, &control);
		mention(p, 5, 0, 0, (struct pagesuspect_mention){ 0, 1100, 1200, true });
		mention(p, 5, 1, 1, (struct pagesuspect_mention){ 0, 1100, 1200, true });
		mention(p, 4, 0, 1, (struct pagesuspect_mention){ 0, 1100, 1200, true });
		if (rows[i].has_image)
			mention(p, 5, 0, 1,
			    (struct pagesuspect_mention){ 0, 1100, 1200, true });
		assert_int_equal(
		    pagesuspect_judge(p,
			&(struct pagesuspect_limits){ .is_replayed = rows[i].is_replayed,
			    .has_wal = rows[i].has_wal,
			    .start_lsn = START,
			    .stop_lsn = STOP,
			    .is_read = is_read },
			&findings, tell_benign, &err),
		    0);
		if (strncmp(told, rows[i].told, strlen(rows[i].told)) != 0 ||
		    (rows[i].told[0] == '\0') != (told[0] == '\0'))
			fail_msg("row %zu: %s", i, told);
		assert_int_equal(benign, rows[i].benign);
		assert_int_equal(pagesuspect_sum(p).left_pages, rows[i].left);
		assert_int_equal(pagesuspect_sum(p).pages, 3);
		assert_int_equal(pagesuspect_sum(p).files, 1);
		pagesuspect_free(p);
	}
}

static void
places(void **state)
{
	static const struct {
		const char *path;
		bool is_one;
		uint32_t space, database;
	} rows[] = {
		{ "base/5/1259", true, 1663, 5 },
		{ "base/5/1259_fsm.3", true, 1663, 5 },
		{ "global/1262", true, 1664, 0 },
		{ "pg_tblspc/16400/PG_15_202209061/5/16401_init", true, 16400, 5 },
		{ "base/5/t3_16384", false, 0, 0 },
		{ "base/5/PG_VERSION", false, 0, 0 },
		{ "global/pg_control", false, 0, 0 },
		{ "pg_xact/0000", false, 0, 0 },
		{ "1259", false, 0, 0 },
		{ "base/5/1259.40000", false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pagesuspect_file file;

		assert_int_equal(
		    pagesuspect_is_relation(rows[i].path, &file), rows[i].is_one);
		if (!rows[i].is_one)
			continue;
		assert_int_equal(file.at.space, rows[i].space);
		assert_int_equal(file.at.database, rows[i].database);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut),
		cmocka_unit_test(manifest_knows),
		cmocka_unit_test(judged),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

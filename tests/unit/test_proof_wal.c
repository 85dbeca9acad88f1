/* Does made-up WAL lead from the start of a made-up backup to its stop? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proof/wal.h"
#include "support/judged.c.inc"
#include "support/walimage.h"
#include "tar/header.h"
#include "wal/walname.h"

enum { ALL = WALIMAGE_SIZE / WALIMAGE_SEGMENT };
enum { CHECKPOINT = 0x10 }; /* CHECKPOINT_ONLINE, src/include/catalog/pg_control.h */

struct counter {
	struct proof_wal_sink sink; /* first */
	size_t records, begins;
};

static struct walimage image;
static struct label label;
static struct control control;
static struct facts facts;
static struct proof_content content;
static struct proof_manifest manifest;
static struct counter counter;
static struct proof_wal wal;
static unsigned segments; /* that have something in them */

static int
count(struct proof_wal_sink *sink, unsigned lineage, const struct walrecord *rec,
    bool is_begin, struct error *err)
{
	(void)lineage;
	(void)rec;
	(void)err;
	((struct counter *)sink)->records++;
	((struct counter *)sink)->begins += is_begin;
	return 0;
}

/* WAL of a primary: the redo location, the checkpoint, others, and the end of the backup. */
static void
make_image(void)
{
	uint8_t data[88] = { 0 };
	uint64_t redo;

	assert_true(walimage_start(&image));
	walimage_heap(&image, 60);
	redo = image.records[0].lsn;
	memcpy(data, &redo, sizeof(redo));
	walimage_main(&image, WALIMAGE_XLOG, CHECKPOINT, data, sizeof(data));
	walimage_heaps(&image, 60, 60);
	walimage_backup_end(&image, redo);
	walimage_switch(&image, false);
	segments = (unsigned)((image.lsn - WALIMAGE_START) / WALIMAGE_SEGMENT);
	assert_in_range(segments, 3, ALL);
}

static int
begin(void **state)
{
	(void)state;
	make_image();
	label = (struct label){ .start_lsn = image.records[0].lsn,
		.timeline = 1,
		.checkpoint_lsn = image.records[1].lsn };
	control = (struct control){ .system_identifier = WALIMAGE_ID,
		.timeline = 1,
		.wal_block_size = WALIMAGE_PAGE,
		.wal_segment_size = WALIMAGE_SEGMENT };
	facts = (struct facts){
		.label = &label, .control = &control, .version = image.version
	};
	if (judged_begin())
		return -1;
	content = (struct proof_content){
		.findings = &findings, .members = members, .missing = &missing
	};
	manifest = (struct proof_manifest){ 0 };
	counter = (struct counter){ .sink = { count } };
	wal = (struct proof_wal){ .facts = &facts,
		.findings = &findings,
		.members = members,
		.content = &content,
		.missing = &missing,
		.manifest = &manifest,
		.sink = &counter.sink };
	return 0;
}

static int
end(void **state)
{
	(void)state;
	proof_wal_free(&wal);
	proof_content_free(&content);
	judged_end();
	walimage_free(&image);
	return 0;
}

/* The path of the ${n}th segment. */
static const char *
path_of(unsigned n)
{
	static char path[64];
	char name[WALNAME_SIZE];

	walname_build(name, 1, WALIMAGE_START / WALIMAGE_SEGMENT + n, WALIMAGE_SEGMENT);
	snprintf(path, sizeof(path), "pg_wal/%s", name);
	return path;
}

static void
give(unsigned n)
{
	struct memberset_row *row =
	    heard_member(members, path_of(n), TAR_FILE, WALIMAGE_SEGMENT);
	struct error err = { 0 };
	bool is_read;

	assert_int_equal(proof_wal_begin(&wal, row, &is_read, &err), 0);
	assert_true(is_read);
	assert_int_equal(proof_wal_bytes(&wal, image.bytes + (size_t)n * WALIMAGE_SEGMENT,
			     WALIMAGE_SEGMENT, &err),
	    0);
}

/* All segments but ${left_out}; then it is judged. */
static void
judge_without(unsigned left_out)
{
	struct error err = { 0 };

	for (unsigned n = 0; n < segments; n++)
		if (n != left_out)
			give(n);
	assert_int_equal(proof_wal_judge(&wal, &err), 0);
	assert_int_equal(proof_wal_judge_checkpoint(&wal, &err), 0);
}

static void
sound(void **state)
{
	const struct walrecord *stop = &image.records[image.count - 2];

	(void)state;
	judge_without(ALL);
	heard_expect("");
	assert_true(wal.has_lineage);
	assert_int_equal(wal.start_lsn, image.records[0].lsn);
	assert_int_equal(wal.stop_lsn, stop->end_lsn);
	assert_int_equal(wal.stop_timeline, 1);
	assert_int_equal(wal.records, image.count);
	assert_int_equal(counter.records, image.count);
	assert_int_equal(counter.begins, 1);
	assert_true(proof_wal_reads(&wal, wal.lineage, stop->end_lsn));
	assert_false(proof_wal_reads(&wal, wal.lineage + 1, stop->end_lsn));
}

static void
gap(void **state)
{
	char expected[256];

	(void)state;
	snprintf(expected, sizeof(expected),
	    "missing: \"%s\": WAL segment \"%s\" is missing: ", path_of(1),
	    path_of(1) + sizeof("pg_wal/") - 1);
	judge_without(1);
	assert_int_equal(strncmp(heard(), expected, strlen(expected)), 0);
	assert_int_equal(findings.count, 1);
	assert_int_equal(wal.stop_lsn, 0);
}

/* The record that ends the backup did not come. */
static void
cut_short(void **state)
{
	char expected[256];

	(void)state;
	snprintf(expected, sizeof(expected),
	    "missing: \"%s\": WAL segment \"%s\" is missing: ", path_of(segments - 1),
	    path_of(segments - 1) + sizeof("pg_wal/") - 1);
	judge_without(segments - 1);
	assert_int_equal(strncmp(heard(), expected, strlen(expected)), 0);
	assert_non_null(strstr(heard(), "the backup ends later"));
	assert_int_equal(findings.count, 1);
}

/* A byte of a record flipped: the walk ends there. */
static void
damaged(void **state)
{
	(void)state;
	*walimage_at(&image, image.records[20].lsn + 30) ^= 1;
	judge_without(ALL);
	assert_int_equal(strncmp(heard(), "wal: the WAL is complete up to ", 31), 0);
	assert_int_equal(findings.count, 1);
}

static void
manifest_ends_elsewhere(void **state)
{
	struct proof_manifest_range range = { 1, image.records[0].lsn,
		image.records[image.count - 2].lsn };

	(void)state;
	manifest.is_whole = true;
	manifest.ranges = &range;
	manifest.nranges = 1;
	judge_without(ALL);
	assert_non_null(strstr(
	    heard(), "wal: end of the WAL in the manifest is not that of the backup: "));
	assert_int_equal(findings.count, 1);
}

static void
no_checkpoint(void **state)
{
	(void)state;
	label.checkpoint_lsn = image.records[2].lsn;
	judge_without(ALL);
	assert_int_equal(
	    strncmp(
		heard(), "wal: the WAL has no checkpoint with the redo location ", 52),
	    0);
	assert_int_equal(counter.begins, 0);
}

/* The manifest says that recovery goes to timeline 2, which only its history leads to. */
static void
no_history(void **state)
{
	struct proof_manifest_range range = { 2, image.records[0].lsn, image.lsn };

	(void)state;
	manifest.is_whole = true;
	manifest.ranges = &range;
	manifest.nranges = 1;
	judge_without(ALL);
	heard_expect(
	    "missing: \"pg_wal/00000002.history\": is missing: the WAL goes from timeline 1 to 2\n");
	assert_false(wal.has_lineage);
}

static void
wrong_size(void **state)
{
	struct memberset_row *row = heard_member(members, path_of(0), TAR_FILE, 100);
	struct error err = { 0 };
	bool is_read;

	(void)state;
	assert_int_equal(proof_wal_begin(&wal, row, &is_read, &err), 0);
	assert_false(is_read);
	assert_true(row->is_size_told);
	assert_non_null(strstr(heard(), "size: 1024 bytes expected, 100 found"));
}

/* That is a fault only where the backup says that it has it, or whoever asks needs it. */
static void
absent(void **state)
{
	static const struct infofile with = { .has_wal = true }, without;
	static const struct {
		const struct infofile *info;
		bool need_wal, has_archive;
		const char *text; /* the beginning; NULL: nothing */
	} rows[] = {
		{ &with, false, false, "missing: \"pg_wal/" },
		{ &without, false, false, NULL },
		{ &without, true, false, "missing: \"pg_wal\": the WAL from " },
		{ NULL, false, false, NULL },
		{ NULL, true, false, "missing: \"pg_wal\": the WAL from " },
		{ NULL, true, true, NULL }, /* that it is empty was told */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const size_t len = rows[i].text ? strlen(rows[i].text) : 0;

		facts.info = rows[i].info;
		wal.need_wal = rows[i].need_wal;
		wal.has_wal_archive = rows[i].has_archive;
		segments = 0;
		judge_without(ALL);
		if (findings.count != (rows[i].text ? 1 : 0) ||
		    (rows[i].text && strncmp(heard(), rows[i].text, len) != 0))
			fail_msg("row %zu: %s", i, heard());
		assert_int_equal(wal.start_lsn, label.start_lsn);
		assert_int_equal(end(state), 0);
		assert_int_equal(begin(state), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sound, begin, end),
		cmocka_unit_test_setup_teardown(gap, begin, end),
		cmocka_unit_test_setup_teardown(cut_short, begin, end),
		cmocka_unit_test_setup_teardown(damaged, begin, end),
		cmocka_unit_test_setup_teardown(manifest_ends_elsewhere, begin, end),
		cmocka_unit_test_setup_teardown(no_checkpoint, begin, end),
		cmocka_unit_test_setup_teardown(no_history, begin, end),
		cmocka_unit_test_setup_teardown(wrong_size, begin, end),
		cmocka_unit_test_setup_teardown(absent, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

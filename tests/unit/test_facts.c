/* The members that are about the whole backup: which are wanted, and what is read of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format/facts.h"
#include "support/controlimage.h"

static const char label_text[] =
    "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n"
    "CHECKPOINT LOCATION: 0/2000060\n"
    "BACKUP METHOD: streamed\n"
    "BACKUP FROM: primary\n"
    "START TIME: 2026-11-22 11:59:44 UTC\n"
    "LABEL: nightly\n"
    "START TIMELINE: 1\n";

/* Of a snapshot that began at ${start}, of PostgreSQL ${version}. */
#define INFO(start, version) \
	"pg_basetar: 1\nversion: 0.1.0\nmode: snapshot\nlabel: weekly\nstart: " start \
	"\nserver_version: " version \
	"\nmanifest_checksums: CRC32C\nwal_method: fetch\nlayout: one\n"

static struct facts_reader reader;

static int
end(void **state)
{
	(void)state;
	facts_free(&reader);
	return 0;
}

static int
take(enum memberorder_kind kind, const void *bytes, size_t len, struct error *err)
{
	struct buf text = { 0 };
	int rc;

	*err = (struct error){ 0 };
	assert_int_equal(buf_append(&text, bytes, len, err), 0);
	rc = facts_take(&reader, kind, &text, err);
	buf_free(&text);
	return rc;
}

static int
take_text(enum memberorder_kind kind, const char *text, struct error *err)
{
	return take(kind, text, strlen(text), err);
}

/* Each once, as soon as it is understood. */
static void
wanted(void **state)
{
	const struct facts *f = &reader.facts;
	struct error err;

	(void)state;
	assert_true(facts_want(f, MEMBERORDER_LABEL, "backup_label"));
	assert_int_equal(take_text(MEMBERORDER_LABEL, "nothing\n", &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	assert_null(f->label);
	assert_true(facts_want(f, MEMBERORDER_LABEL, "backup_label"));
	assert_int_equal(take_text(MEMBERORDER_LABEL, label_text, &err), 0);
	assert_false(facts_want(f, MEMBERORDER_LABEL, "backup_label"));
	assert_int_equal(f->label->start_lsn, 0x2000028);
	assert_string_equal(facts_conclude(f).called, "nightly");
	assert_true(facts_want(f, MEMBERORDER_TREE, "PG_VERSION"));
	assert_int_equal(take_text(MEMBERORDER_TREE, "15\n", &err), 0);
	assert_int_equal(f->version->major, 15);
	assert_false(facts_want(f, MEMBERORDER_TREE, "PG_VERSION"));
	assert_false(facts_want(f, MEMBERORDER_TREE, "postgresql.conf"));
	assert_false(facts_want(f, MEMBERORDER_HISTORY, "pg_wal/00000002.history"));
	assert_int_equal(take_text(MEMBERORDER_MAP, "", &err), 0);
	assert_non_null(f->map);
}

static void
control(void **state)
{
	uint8_t image[CONTROL_SIZE];
	struct error err;

	(void)state;
	controlimage_make(image, 1300);
	assert_int_equal(take(MEMBERORDER_CONTROL, image, 100, &err), -1);
	assert_null(reader.facts.control);
	assert_int_equal(take(MEMBERORDER_CONTROL, image, sizeof(image), &err), 0);
	assert_int_equal(reader.facts.control->control_version, 1300);
}

/* Where a backup begins: backup_label says it, or where there is none the checkpoint, if it is one. */
static void
start(void **state)
{
	struct label label = {
		.start_lsn = 0x2000028, .timeline = 3, .from_standby = true
	};
	struct control cluster = { .redo_lsn = 0x1000028,
		.timeline = 2,
		.checkpoint_lsn = 0x1000060,
		.state = CONTROL_SHUTDOWN,
		.system_identifier = 7 };
	struct facts said = { .label = &label, .control = &cluster };

	(void)state;
	assert_int_equal(facts_conclude(&said).range.start_lsn, 0x2000028);
	assert_int_equal(facts_conclude(&said).range.start_timeline, 3);
	assert_int_equal(facts_conclude(&said).source, FACTS_STANDBY);
	assert_int_equal(facts_conclude(&said).system_identifier, 7);
	said.label = NULL;
	assert_int_equal(facts_conclude(&said).range.start_lsn, 0x1000028);
	assert_int_equal(facts_conclude(&said).range.start_timeline, 2);
	assert_int_equal(facts_conclude(&said).source, FACTS_PRIMARY);
	cluster.checkpoint_lsn = CONTROL_NO_CHECKPOINT;
	assert_int_equal(facts_conclude(&said).range.start_lsn, 0);
	said.control = NULL;
	assert_int_equal(facts_conclude(&said).source, FACTS_SOURCE_UNKNOWN);
}

/* pg_basetar.info of this backup, of one that the cluster was restored from, of another release. */
static void
info(void **state)
{
	const struct facts *f = &reader.facts;
	struct error err;

	(void)state;
	assert_true(facts_are_online(f));
	assert_string_equal(facts_conclude(f).mode, "online");
	assert_null(facts_conclude(f).called);
	assert_int_equal(take_text(MEMBERORDER_INFO, INFO("0/3000028", "15"), &err), 0);
	assert_false(facts_are_online(f));
	assert_string_equal(facts_conclude(f).mode, "snapshot");
	assert_string_equal(facts_conclude(f).called, "weekly");
	facts_free(&reader);

	assert_int_equal(take_text(MEMBERORDER_LABEL, label_text, &err), 0);
	assert_int_equal(take_text(MEMBERORDER_INFO, INFO("0/1000028", "15"), &err), 0);
	assert_null(f->info);
	assert_true(f->has_earlier_info);
	facts_free(&reader);

	assert_int_equal(take_text(MEMBERORDER_INFO, INFO("0/3000028", "99"), &err), -1);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "99"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(wanted, end),
		cmocka_unit_test_teardown(control, end),
		cmocka_unit_test(start),
		cmocka_unit_test_teardown(info, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

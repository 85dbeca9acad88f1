/* Members that are kept whole: who reads them, and what is said of one that cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format/layout.h"
#include "proof/text.h"
#include "support/controlimage.h"
#include "support/judged.c.inc"
#include "tar/header.h"

#define HISTORY "pg_wal/00000002.history"

static struct facts_reader reader;
static struct proof_content content;
static struct proof_inplace inplace;
static struct proof_wal wal;
static struct proof_text text;

/* What the pages are told of the cluster, in place of the program's. */
static const struct control *told;

void
pagesuspect_control(struct pagesuspect *pages, const struct control *control)
{
	(void)pages;
	told = control;
}

static int
begin(void **state)
{
	(void)state;
	if (judged_begin())
		return -1;
	told = NULL;
	content = (struct proof_content){
		.findings = &findings, .members = members, .missing = &missing
	};
	inplace = (struct proof_inplace){ .facts = &reader.facts };
	wal = (struct proof_wal){ .findings = &findings, .content = &content };
	text = (struct proof_text){ .reader = &reader,
		.findings = &findings,
		.content = &content,
		.missing = &missing,
		.inplace = &inplace,
		.wal = &wal };
	return 0;
}

static int
end(void **state)
{
	(void)state;
	proof_content_free(&content);
	proof_inplace_free(&inplace);
	proof_wal_free(&wal);
	facts_free(&reader);
	judged_end();
	return 0;
}

/* ---- what comes ---- */

#define LABEL_OF(name) \
	"START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n" \
	"CHECKPOINT LOCATION: 0/2000060\nBACKUP METHOD: streamed\nBACKUP FROM: primary\n" \
	"START TIME: 2026-11-22 11:59:44 UTC\nLABEL: " name "\nSTART TIMELINE: 1\n"
#define INFO_OF(format, version) \
	"pg_basetar: " format \
	"\nversion: 0.1.0\nmode: online\nlabel: weekly\nstart: 0/2000028\nserver_version: " version \
	"\nmanifest_checksums: CRC32C\nwal_method: fetch\nlayout: one\n"

static int
take(enum memberorder_kind kind, const char *path, const void *bytes, size_t len,
    struct error *err)
{
	struct memberset_row *row = heard_member(members, path, TAR_FILE, len);
	struct buf all = { 0 };
	int rc;

	assert_true(proof_text_wants(&text, kind, path));
	assert_int_equal(buf_append(&all, bytes, len, err), 0);
	rc = proof_text_take(&text, row, kind, &all, err);
	buf_free(&all);
	return rc;
}

/* A pg_control with that in a field, of version 1300, or as it is NULL. */
static int
take_control(const char *field, uint64_t value, struct error *err)
{
	uint8_t image[CONTROL_SIZE];

	controlimage_make(image, 1300);
	if (field) {
		controlimage_set(image, 1300, field, value);
		controlimage_seal(image, 1300);
	}
	return take(MEMBERORDER_CONTROL, LAYOUT_CONTROL, image, sizeof(image), err);
}

/* All have come: what is found, and that nothing was left of the error. */
static void
expect_found(const char *expected)
{
	struct error err = { 0 };

	assert_int_equal(proof_text_judge_label(&text, &err), 0);
	assert_int_equal(proof_content_tell_faults(&content, &err), 0);
	heard_expect(expected);
}

/* ---- one member, and what is said of it ---- */

static const struct row {
	const char *name;
	enum memberorder_kind kind;
	const char *path, *text;
	const char *said; /* findings and warnings; NULL: it ends the run, with */
	const char *error;
} rows[] = {
	{ "label", MEMBERORDER_LABEL, LAYOUT_LABEL, LABEL_OF("nightly"), "", NULL },
	{ "label of several lines", MEMBERORDER_LABEL, LAYOUT_LABEL, LABEL_OF("one\ntwo"),
	    "warning: the label in backup_label has several lines: the server does not read what follows the label\n",
	    NULL },
	{ "damaged label", MEMBERORDER_LABEL, LAYOUT_LABEL, "START\n",
	    "label: \"backup_label\": line \"START WAL LOCATION: \" is missing or misplaced\n",
	    NULL },
	{ "empty label", MEMBERORDER_LABEL, LAYOUT_LABEL, "",
	    "label: \"backup_label\": line \"START WAL LOCATION: \" is missing or misplaced\n",
	    NULL },
	{ "map", MEMBERORDER_MAP, LAYOUT_MAP, "anything", "", NULL },
	{ "info", MEMBERORDER_INFO, LAYOUT_INFO, INFO_OF("1", "15"), "", NULL },
	{ "damaged info", MEMBERORDER_INFO, LAYOUT_INFO, "pg_basetar: 1\nx",
	    "info: \"pg_basetar.info\": line 2: the file is cut short\n", NULL },
	{ "info of another format", MEMBERORDER_INFO, LAYOUT_INFO, INFO_OF("2", "15"),
	    NULL,
	    "\"pg_basetar.info\": line 1: version \"2\" of the archive format is not supported by this release of pg_basetar" },
	{ "info of a release that is not known", MEMBERORDER_INFO, LAYOUT_INFO,
	    INFO_OF("1", "99"), NULL,
	    "PostgreSQL 99 is not supported by this release of pg_basetar (10 to 19)" },
	{ "damaged pg_control", MEMBERORDER_CONTROL, LAYOUT_CONTROL, "x",
	    "control: \"global/pg_control\": has 1 bytes, not 8192\n", NULL },
	{ "version", MEMBERORDER_TREE, "PG_VERSION", "15\n", "", NULL },
	{ "version that is not known", MEMBERORDER_TREE, "PG_VERSION", "99\n", NULL,
	    "PostgreSQL 99 is not supported by this release of pg_basetar (10 to 19)" },
	{ "damaged version", MEMBERORDER_TREE, "PG_VERSION", "x\n",
	    "control: \"PG_VERSION\": does not contain a version of PostgreSQL\n", NULL },
	{ "history", MEMBERORDER_HISTORY, HISTORY, "1\t0/3000000\tno reason\n", "",
	    NULL },
	{ "damaged history", MEMBERORDER_HISTORY, HISTORY, "x\n",
	    "wal: \"pg_wal/00000002.history\": line 1: expected a timeline ID in decimal\n",
	    NULL },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };

	assert_int_equal(begin(NULL), 0);
	assert_int_equal(take(row->kind, row->path, row->text, strlen(row->text), &err),
	    row->said ? 0 : -1);
	if (row->said) {
		assert_int_equal(err.kind, ERROR_NONE);
		expect_found(row->said);
	} else {
		assert_int_equal(err.kind, ERROR_UNSUPPORTED);
		assert_string_equal(err.text, row->error);
	}
	end(NULL);
}

/* Each is read until one could be understood; of history files all are. */
static void
wanted(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(take(MEMBERORDER_LABEL, LAYOUT_LABEL, "x\n", 2, &err), 0);
	assert_int_equal(take(MEMBERORDER_LABEL, LAYOUT_LABEL, LABEL_OF("a"),
			     strlen(LABEL_OF("a")), &err),
	    0);
	assert_false(proof_text_wants(&text, MEMBERORDER_LABEL, LAYOUT_LABEL));
	assert_int_equal(
	    take(MEMBERORDER_HISTORY, HISTORY, "1\t0/3000000\t\n", 13, &err), 0);
	assert_true(
	    proof_text_wants(&text, MEMBERORDER_HISTORY, "pg_wal/00000003.history"));
	assert_int_equal(wal.nhistories, 1);
	assert_false(proof_text_wants(&text, MEMBERORDER_TREE, "base/5/PG_VERSION"));
	assert_false(proof_text_wants(&text, MEMBERORDER_SEGMENT, "pg_wal/x"));
	/* that one of the labels was damaged is told all the same */
	expect_found(
	    "label: \"backup_label\": line \"START WAL LOCATION: \" is missing or misplaced\n");
}

/* A text that ends at a zero byte is not what the file says. */
static void
zero_byte(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(take(MEMBERORDER_TREE, "PG_VERSION", "15\n\0", 4, &err), 0);
	assert_null(reader.facts.version);
	expect_found(
	    "control: \"PG_VERSION\": does not contain a version of PostgreSQL\n");
}

/* The pages hear of the cluster as soon as it is known. */
static void
control(void **state)
{
	struct error err = { 0 };

	(void)state;
	/* of a version that is not known: a finding, as the release is known elsewhere */
	assert_int_equal(take_control("control_version", 1301, &err), 0);
	assert_null(told);
	assert_int_equal(take_control(NULL, 0, &err), 0);
	assert_ptr_equal(told, reader.facts.control);
	assert_non_null(told);
}

/* What stands in the configuration goes to those who ask for a setting. */
static void
config(void **state)
{
	static const char line[] = "allow_in_place_tablespaces = on\n";
	struct memberset_row *row;
	struct error err = { 0 };
	struct buf all = { 0 };

	(void)state;
	row = heard_member(members, "postgresql.conf", TAR_FILE, strlen(line));
	assert_int_equal(buf_append(&all, line, strlen(line), &err), 0);
	assert_int_equal(proof_text_take(&text, row, MEMBERORDER_TREE, &all, &err), 0);
	assert_true(inplace.of_conf.is_on);
	buf_free(&all);
}

static void
too_large(void **state)
{
	struct memberset_row *row = heard_member(members, LAYOUT_LABEL, TAR_FILE, 1);
	struct error err = { 0 };
	uint8_t image[CONTROL_SIZE];

	(void)state;
	controlimage_make(image, 1300);
	assert_int_equal(proof_text_too_large(&text, row, MEMBERORDER_LABEL, &err), 0);
	heard_expect("size: \"backup_label\": is implausibly large\n");
	assert_true(row->is_size_told);
	/* one came: it is not missing as well */
	assert_int_equal(take_control(NULL, 0, &err), 0);
	expect_found("");
	row = heard_member(members, HISTORY, TAR_FILE, 1);
	text.has_bad_label = false;
	assert_int_equal(proof_text_too_large(&text, row, MEMBERORDER_HISTORY, &err), 0);
	heard_expect("size: \"" HISTORY "\": is implausibly large\n");
	assert_false(text.has_bad_label);
}

#define NO_LABEL \
	"missing: \"backup_label\": is missing: without it a copy of a running server does not start, or is corrupt\n"

/* Of which backups must there be a label? */
static void
no_label(void **state)
{
	static const struct {
		const char *mode; /* of pg_basetar.info; NULL: there is none */
		bool has_control, has_checkpoint, is_info_lost;
		const char *said;
	} cases[] = {
		{ NULL, false, false, false, "" },
		{ NULL, true, true, false, NO_LABEL },
		{ "online", true, true, false, NO_LABEL },
		{ "offline", true, true, false, "" },
		/* pg_control of a backup of a running server does not say where it begins */
		{ "offline", true, false, false, NO_LABEL },
		{ NULL, true, true, true, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct infofile info;
		struct error err = { 0 };

		if (cases[i].mode) {
			info.mode = strcmp(cases[i].mode, "online") == 0 ?
			    INFOFILE_ONLINE :
			    INFOFILE_OFFLINE;
			reader.facts.info = &info;
		}
		if (cases[i].has_control)
			assert_int_equal(
			    take_control(cases[i].has_checkpoint ? NULL : "checkpoint",
				CONTROL_NO_CHECKPOINT, &err),
			    0);
		if (cases[i].is_info_lost) {
			assert_int_equal(
			    proof_missing_note(&missing, LAYOUT_INFO, &err), 0);
		}
		expect_found(cases[i].said);
		assert_int_equal(end(state), 0);
		assert_int_equal(begin(state), 0);
	}
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = 6 };
	struct CMUnitTest tests[OTHERS + ROWS] = {
		cmocka_unit_test_setup_teardown(wanted, begin, end),
		cmocka_unit_test_setup_teardown(zero_byte, begin, end),
		cmocka_unit_test_setup_teardown(control, begin, end),
		cmocka_unit_test_setup_teardown(config, begin, end),
		cmocka_unit_test_setup_teardown(too_large, begin, end),
		cmocka_unit_test_setup_teardown(no_label, begin, end),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

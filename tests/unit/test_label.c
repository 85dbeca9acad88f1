#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "pg/label.h"

#define LINES_1_TO_3 \
	"START WAL LOCATION: 0/7000028 (file 000000010000000000000007)\n" \
	"CHECKPOINT LOCATION: 0/7000060\n" \
	"BACKUP METHOD: streamed\n"
#define PADDED_1_TO_3 \
	"START WAL LOCATION: 0/07000028 (file 000000010000000000000007)\n" \
	"CHECKPOINT LOCATION: 0/07000060\n" \
	"BACKUP METHOD: streamed\n"
#define LINES_5_AND_6 \
	"START TIME: 2026-11-22 11:59:44 UTC\n" \
	"LABEL: nightly\n"

/* What a primary and a standby of each release return at the stop. */
static struct row {
	const char *name;
	unsigned major;
	const char *text;
} rows[] = {
	{ "10 primary", 10, LINES_1_TO_3 "BACKUP FROM: master\n" LINES_5_AND_6 },
	{ "10 standby", 10, LINES_1_TO_3 "BACKUP FROM: standby\n" LINES_5_AND_6 },
	{ "11 primary", 11,
	    LINES_1_TO_3 "BACKUP FROM: master\n" LINES_5_AND_6 "START TIMELINE: 1\n" },
	{ "12 primary", 12,
	    LINES_1_TO_3 "BACKUP FROM: master\n" LINES_5_AND_6 "START TIMELINE: 1\n" },
	{ "13 primary", 13,
	    LINES_1_TO_3 "BACKUP FROM: master\n" LINES_5_AND_6 "START TIMELINE: 1\n" },
	{ "13 standby", 13,
	    LINES_1_TO_3 "BACKUP FROM: standby\n" LINES_5_AND_6 "START TIMELINE: 1\n" },
	{ "14 primary", 14,
	    LINES_1_TO_3 "BACKUP FROM: primary\n" LINES_5_AND_6 "START TIMELINE: 1\n" },
	{ "15 primary", 15,
	    LINES_1_TO_3 "BACKUP FROM: primary\n" LINES_5_AND_6 "START TIMELINE: 1\n" },
	{ "15 standby", 15,
	    LINES_1_TO_3 "BACKUP FROM: standby\n" LINES_5_AND_6 "START TIMELINE: 1\n" },
	{ "16 primary", 16,
	    LINES_1_TO_3 "BACKUP FROM: primary\n" LINES_5_AND_6 "START TIMELINE: 1\n" },
	{ "17 primary", 17,
	    LINES_1_TO_3 "BACKUP FROM: primary\n" LINES_5_AND_6 "START TIMELINE: 1\n" },
	{ "18 primary", 18,
	    LINES_1_TO_3 "BACKUP FROM: primary\n" LINES_5_AND_6 "START TIMELINE: 1\n" },
	{ "19 primary", 19,
	    PADDED_1_TO_3 "BACKUP FROM: primary\n" LINES_5_AND_6 "START TIMELINE: 1\n" },
	{ "19 standby", 19,
	    PADDED_1_TO_3 "BACKUP FROM: standby\n" LINES_5_AND_6 "START TIMELINE: 1\n" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

#define GOOD LINES_1_TO_3 "BACKUP FROM: primary\n" LINES_5_AND_6 "START TIMELINE: 1\n"

static int
parse(const char *text, struct label *out, struct error *err)
{
	/* on the heap, without a NUL after it: a read past the end is seen */
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, text, len);
	rc = label_parse(copy, len, out, err);
	free(copy);
	return rc;
}

static void
there_and_back(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };
	struct buf text = { 0 };
	struct label l;

	assert_int_equal(parse(row->text, &l, &err), 0);
	assert_int_equal(l.start_lsn, 0x7000028);
	assert_string_equal(l.start_file, "000000010000000000000007");
	assert_int_equal(l.checkpoint_lsn, 0x7000060);
	assert_string_equal(l.method, "streamed");
	assert_int_equal(l.from_standby, strstr(row->name, "standby") != NULL);
	assert_string_equal(l.start_time, "2026-11-22 11:59:44 UTC");
	assert_string_equal(l.text, "nightly");
	assert_int_equal(l.timeline, 1);
	assert_int_equal(l.has_timeline, row->major > 10);
	assert_false(l.incremental);

	assert_int_equal(buf_append(&text, "#", 1, &err), 0);
	assert_int_equal(label_build(&text, &l, cluster_version(row->major), &err), 0);
	assert_string_equal(buf_text(&text) + 1, row->text);
	label_free(&l);
	buf_free(&text);
}

static void
other_texts(void **state)
{
	static const struct {
		const char *text, *label;
		bool is_incremental;
	} good[] = {
		{ LINES_1_TO_3 "BACKUP FROM: primary\nSTART TIME: x\nLABEL: \n", "",
		    false },
		{ LINES_1_TO_3 "BACKUP FROM: primary\nSTART TIME: x\nLABEL: a: \xFF \t\n",
		    "a: \xFF \t", false },
		{ GOOD "INCREMENTAL FROM LSN: 0/1000028\nINCREMENTAL FROM TLI: 1\n",
		    "nightly", true },
		{ GOOD "INCREMENTAL FROM LSN: 0/01000028\nINCREMENTAL FROM TLI: 1\n",
		    "nightly", true },
		{ LINES_1_TO_3 "BACKUP FROM: primary\nSTART TIME: x\nLABEL: a\nb\n",
		    "a\nb", false },
		{ LINES_1_TO_3 "BACKUP FROM: primary\nSTART TIME: x\nLABEL: \n\nSTART\n"
			       "START TIMELINE: 1\n",
		    "\n\nSTART", false },
		{ LINES_1_TO_3
		    "BACKUP FROM: primary\nSTART TIME: x\nLABEL: a\nb\n"
		    "START TIMELINE: 7\nc\nSTART TIMELINE: 1\n"
		    "INCREMENTAL FROM LSN: 0/1000028\nINCREMENTAL FROM TLI: 1\n",
		    "a\nb\nSTART TIMELINE: 7\nc", true },
		{ LINES_1_TO_3 "BACKUP FROM: primary\nSTART TIME: x\nLABEL: a\n"
			       "STOP TIMELINE: 1\n",
		    "a\nSTOP TIMELINE: 1", false },
	};
	struct error err = { 0 };
	struct label l;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(parse(good[i].text, &l, &err), 0);
		assert_string_equal(l.text, good[i].label);
		assert_int_equal(l.incremental, good[i].is_incremental);
		label_free(&l);
	}
	label_free(NULL);
}

/* One change to a good text each. */
static const struct {
	const char *from, *to, *what;
} damages[] = {
	{ "START WAL", "\xEF\xBB\xBFSTART WAL",
	    "line \"START WAL LOCATION: \" is missing or misplaced" },
	{ "0/7000028", "0/7000028 ",
	    "line \"START WAL LOCATION: 0/7000028  (file "
	    "000000010000000000000007)\" is not valid" },
	{ "0/7000028", "0/0",
	    "line \"START WAL LOCATION: 0/0 (file "
	    "000000010000000000000007)\" is not valid" },
	{ "0/7000028", "0/0700028",
	    "line \"START WAL LOCATION: 0/0700028 (file "
	    "000000010000000000000007)\" is not valid" },
	{ "0/7000028", "000000000000000000000/7",
	    "line \"START WAL LOCATION: "
	    "000000000000000000000/7 (file 000000010000000000000007)\" is not valid" },
	{ " (file 000000010000000000000007)", "",
	    "line \"START WAL LOCATION: 0/7000028\" is not valid" },
	{ "07)\n", "07\n",
	    "line \"START WAL LOCATION: 0/7000028 (file "
	    "000000010000000000000007\" is not valid" },
	{ "07)\n", "7)\n",
	    "line \"START WAL LOCATION: 0/7000028 (file "
	    "00000001000000000000007)\" is not valid" },
	{ "07)\n", "0A7)\n",
	    "line \"START WAL LOCATION: 0/7000028 (file "
	    "00000001000000000000000A7)\" is not valid" },
	{ "07)\n", "0g)\n",
	    "line \"START WAL LOCATION: 0/7000028 (file "
	    "00000001000000000000000g)\" is not valid" },
	{ "00000001", "00000000",
	    "line \"START WAL LOCATION: 0/7000028 (file "
	    "000000000000000000000007)\" is not valid" },
	{ "07)\n", "07)\r\n", "line \"START WAL LOCATION: ?\" is not valid" },
	{ "0/7000060", "0/7000020",
	    "line \"CHECKPOINT LOCATION: 0/7000020\" is not valid" },
	{ "0/7000060", "7000060", "line \"CHECKPOINT LOCATION: 7000060\" is not valid" },
	{ "CHECKPOINT LOCATION: 0/7000060\n", "",
	    "line \"CHECKPOINT LOCATION: \" is missing or misplaced" },
	{ "streamed", "pg_start_backup ",
	    "line \"BACKUP METHOD: pg_start_backup \" is not valid" },
	{ "BACKUP METHOD: streamed\n", "",
	    "line \"BACKUP METHOD: \" is missing or misplaced" },
	{ "primary", "somewhere", "line \"BACKUP FROM: somewhere\" is not valid" },
	{ "2026-11-22 11:59:44 UTC", "", "line \"START TIME: \" is not valid" },
	{ "LABEL: nightly\n", "", "line \"LABEL: \" is missing or misplaced" },
	{ "LABEL: nightly", "LABEL:nightly", "line \"LABEL: \" is missing or misplaced" },
	{ "TIMELINE: 1", "TIMELINE: 2", "line \"START TIMELINE: 2\" is not valid" },
	{ "TIMELINE: 1", "TIMELINE: 01", "line \"START TIMELINE: 01\" is not valid" },
	{ "TIMELINE: 1", "TIMELINE: 1\n", "there is text after the last line" },
	{ "TIMELINE: 1\n", "TIMELINE: 1", "there is text after the last line" },
	{ "nightly\n", "nightly\nSTART TIMELINE: 2\n",
	    "line \"START TIMELINE: 2\" is not valid" },
	{ "START TIMELINE: 1\n", "b", "the label does not end" },
	{ "TIMELINE: 1\n", "TIMELINE: 1\nINCREMENTAL FROM TLI: 1\n",
	    "line \"INCREMENTAL FROM TLI: 1\" is not valid" },
	{ "TIMELINE: 1\n", "TIMELINE: 1\nINCREMENTAL FROM LSN: x\n",
	    "line \"INCREMENTAL FROM LSN: x\" is not valid" },
};

static void
damaged_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const char *at = strstr(GOOD, damages[i].from);
		struct label l = { .timeline = 7 };
		struct error err = { 0 };
		char text[2048];

		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - GOOD), GOOD,
		    damages[i].to, at + strlen(damages[i].from));
		assert_int_equal(parse(text, &l, &err), -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
		assert_string_equal(err.text, damages[i].what);
		assert_int_equal(l.timeline, 7);
	}
}

/* Cut anywhere, it is either an error or whole up to an optional line. */
static void
cut_texts(void **state)
{
	size_t whole = strlen(GOOD) - strlen("START TIMELINE: 1\n");

	(void)state;
	for (size_t len = 0; len < strlen(GOOD); len++) {
		struct error err = { 0 };
		struct label l;
		char text[512];

		snprintf(text, sizeof(text), "%.*s", (int)len, GOOD);
		if (len == whole) {
			assert_int_equal(parse(text, &l, &err), 0);
			assert_false(l.has_timeline);
			label_free(&l);
		} else
			assert_int_equal(parse(text, &l, &err), -1);
	}
	{
		struct error err = { 0 };
		struct label l;

		assert_int_equal(label_parse(GOOD, strlen(GOOD) + 1, &l, &err), -1);
		assert_string_equal(err.text, "has a zero byte");
	}
}

static void
label_texts(void **state)
{
	static const struct {
		const char *text, *what;
	} bad[] = {
		{ "a\nb", "backup label has a control character" },
		{ "\t", "backup label has a control character" },
		{ "\x7F", "backup label has a control character" },
		{ "\x01", "backup label has a control character" },
	};
	char text[1026];
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(label_check_text(bad[i].text, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_string_equal(err.text, bad[i].what);
	}
	assert_int_equal(label_check_text("", &err), 0);
	assert_int_equal(label_check_text("Größe \xFF", &err), 0);
	memset(text, 'x', sizeof(text));
	text[1024] = '\0';
	assert_int_equal(label_check_text(text, &err), 0);
	text[1024] = 'x';
	text[1025] = '\0';
	assert_int_equal(label_check_text(text, &err), -1);
	assert_string_equal(
	    err.text, "backup label is too long: 1025 bytes, at most 1024 are allowed");
}

static void
longest_label(void **state)
{
	char longest[LABEL_TEXT_MOST + 2], start_time[] = "now";
	struct label l = { .start_lsn = 1,
		.start_file = "FFFFFFFFFFFFFFFFFFFFFFFF",
		.checkpoint_lsn = UINT64_MAX,
		.method = "streamed",
		.start_time = start_time,
		.text = longest,
		.timeline = UINT32_MAX };
	struct label again;
	struct buf text = { 0 };
	struct error err = { 0 };

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[LABEL_TEXT_MOST] = '\0';
	assert_int_equal(label_build(&text, &l, cluster_version(15), &err), 0);
	assert_int_equal(label_parse(buf_text(&text), text.len, &again, &err), 0);
	assert_string_equal(again.text, longest);
	label_free(&again);

	longest[LABEL_TEXT_MOST] = 'x';
	longest[LABEL_TEXT_MOST + 1] = '\0';
	buf_clear(&text);
	assert_int_equal(label_build(&text, &l, cluster_version(15), &err), -1);
	assert_int_equal(text.len, 0);
	buf_free(&text);
}

/* Change one field of a good label. */
enum field {
	START_LSN,
	START_FILE,
	CHECKPOINT_LSN,
	METHOD,
	FROM,
	START_TIME,
	TEXT,
	TIMELINE,
	NO_TIMELINE,
	INCREMENTAL,
	FIELDS
};

static void
change(struct label *l, enum field field, const char *to)
{
	switch (field) {
	case START_LSN:
		l->start_lsn = 0x8000028;
		break;
	case START_FILE:
		l->start_file[7] = '2';
		break;
	case CHECKPOINT_LSN:
		l->checkpoint_lsn = 0x70000D8;
		break;
	case METHOD:
		snprintf(l->method, sizeof(l->method), "%s", to);
		break;
	case FROM:
		l->from_standby = true;
		break;
	case START_TIME:
		free(l->start_time);
		l->start_time = strdup(to);
		break;
	case TEXT:
		free(l->text);
		l->text = strdup(to);
		break;
	case TIMELINE:
		l->timeline = 2;
		break;
	case NO_TIMELINE:
		l->has_timeline = false;
		break;
	case INCREMENTAL:
		l->incremental = true;
		break;
	case FIELDS:
		break;
	}
}

static void
compared(void **state)
{
	static const struct {
		enum field field;
		const char *to, *what; /* NULL: no difference */
	} cases[] = {
		{ START_LSN, "",
		    "START WAL LOCATION\" in the backup_label of the server is "
		    "\"0/8000028\", but the backup has \"0/7000028\"" },
		{ START_FILE, "",
		    "START WAL LOCATION\" in the backup_label of the server is "
		    "\"000000020000000000000007\", but the backup has "
		    "\"000000010000000000000007\"" },
		{ CHECKPOINT_LSN, "",
		    "CHECKPOINT LOCATION\" in the backup_label of the server is "
		    "\"0/70000D8\", but the backup has \"0/7000060\"" },
		{ METHOD, "pg_start_backup",
		    "BACKUP METHOD\" in the backup_label of the server is "
		    "\"pg_start_backup\", but the backup has \"streamed\"" },
		{ FROM, "",
		    "BACKUP FROM\" in the backup_label of the server is \"standby\", "
		    "but the backup has \"primary\"" },
		{ START_TIME, "2026-11-22 11:59:45 UTC", NULL },
		{ TEXT, "weekly",
		    "LABEL\" in the backup_label of the server is \"weekly\", "
		    "but the backup has \"nightly\"" },
		{ TIMELINE, "",
		    "START TIMELINE\" in the backup_label of the server is \"2\", "
		    "but the backup has \"1\"" },
		{ NO_TIMELINE, "",
		    "START TIMELINE\" in the backup_label of the server is \"\", "
		    "but the backup has \"1\"" },
		{ INCREMENTAL, "",
		    "INCREMENTAL\" in the backup_label of the server is \"yes\", "
		    "but the backup has \"no\"" },
		{ FIELDS, "", NULL },
	};
	struct label sent, server;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };

		assert_int_equal(parse(GOOD, &sent, &err), 0);
		assert_int_equal(parse(GOOD, &server, &err), 0);
		change(&server, cases[i].field, cases[i].to);
		assert_int_equal(
		    label_compare(&sent, &server, &err), cases[i].what ? -1 : 0);
		if (cases[i].what) {
			assert_int_equal(err.kind, ERROR_SERVER);
			assert_string_equal(err.text + 1, cases[i].what);
		}
		label_free(&sent);
		label_free(&server);
	}
}

static void
not_built(void **state)
{
	static const struct {
		enum field field;
		const char *to, *what;
	} cases[] = {
		{ METHOD, "rsync",
		    "backup_label: line \"BACKUP METHOD: rsync\" is not valid" },
		{ TEXT, "a\nb", "backup_label: a value has a control character" },
		{ START_TIME, "\r", "backup_label: a value has a control character" },
		{ START_FILE, "",
		    "backup_label: line \"START TIMELINE: 1\" is not valid" },
		{ INCREMENTAL, "",
		    "backup_label: pg_basetar does not make incremental backups" },
	};
	struct label l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		struct buf text = { 0 };

		assert_int_equal(parse(GOOD, &l, &err), 0);
		change(&l, cases[i].field, cases[i].to);
		assert_int_equal(label_build(&text, &l, cluster_version(15), &err), -1);
		assert_string_equal(err.text, cases[i].what);
		assert_int_equal(text.len, 0);
		label_free(&l);
		buf_free(&text);
	}
	{
		struct error err = { 0 };
		struct buf text = { 0 };

		assert_int_equal(parse(GOOD, &l, &err), 0);
		change(&l, TIMELINE, "");
		assert_int_equal(label_build(&text, &l, cluster_version(10), &err), -1);
		assert_string_equal(err.text,
		    "backup_label: WAL file 000000010000000000000007 "
		    "does not belong to timeline 2");
		label_free(&l);
	}
}

int
main(void)
{
	static const struct CMUnitTest others[] = { cmocka_unit_test(other_texts),
		cmocka_unit_test(damaged_texts), cmocka_unit_test(cut_texts),
		cmocka_unit_test(label_texts), cmocka_unit_test(longest_label),
		cmocka_unit_test(compared), cmocka_unit_test(not_built) };
	enum { OTHERS = sizeof(others) / sizeof(others[0]) };
	struct CMUnitTest tests[OTHERS + ROWS];

	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = there_and_back,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests_name("label", tests, NULL, NULL);
}

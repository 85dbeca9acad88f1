/* The manual and the report: keys, results, exit statuses and kinds are those of the source. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format/findings.h"
#include "format/report_json.h"
#include "support/manualpage.h"

#define PAGE "man/pg_basetar-report.5"

/* ---- a report in which every array has an element ---- */

static struct tablespace space = { .oid = 16400, .target = (char[]){ "/srv" } };
static const struct tablespaces tablespaces = { .count = 1, .rows = &space };
static struct configset_row file = { .where = CONFIGSET_OUTSIDE,
	.path = (char[]){ "/etc/x" },
	.name = (char[]){ "x" },
	.is_there = true };
static const struct configset config = { .count = 1, .rows = &file };
static const struct progress past = { .npast = 1, .past = { { "starting", 1 } } };
static const struct report_facts facts = { .command = "backup",
	.tablespaces = &tablespaces,
	.config = &config,
	.progress = &past };

static void
write_report(struct json *j, enum report_verdict verdict)
{
	struct report_row row = { .finding = { .kind = "lsn", .text = "x" } };
	const struct report_said said = { .warnings = { .first = &row },
		.findings = { .first = &row } };
	struct error err = { 0 };

	assert_int_equal(report_json(j, &said, verdict, NULL, &facts, &err), 0);
	assert_int_equal(buf_append(&j->text, "", 1, &err), 0);
}

/* ---- keys ---- */

/* Those of the page: an item of a list within a list is a key of the item that it is in. */
static void
keys_of_page(struct buf *keys, char *text)
{
	const char *array = "";
	unsigned depth = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, ".Bl -tag", 8) == 0)
			depth++;
		else if (strncmp(line, ".El", 3) == 0 && depth > 0)
			depth--;
		else if (depth > 0 && strncmp(line, ".It Cm ", 7) == 0)
			for (char *word = line + 7, *next; word; word = next) {
				next = strstr(word, " , ");
				manualpage_add_key(keys, depth > 1 ? array : "",
				    depth > 1 ? strlen(array) : 0, word,
				    strcspn(word, " "));
				next = next ? next + 3 : NULL;
				if (depth == 1 && !next)
					array = word;
			}
	}
}

static void
test_keys(void **state)
{
	struct json j = { 0 };
	struct buf page = { 0 }, ours = { 0 }, theirs = { 0 };

	(void)state;
	write_report(&j, REPORT_FINDINGS);
	manualpage_json_keys(&ours, (const char *)j.text.data);
	manualpage_read(PAGE, &page);
	keys_of_page(
	    &theirs, manualpage_section(&page, "\n.Sh FORMAT\n", "\n.Ss Results\n"));
	assert_string_equal(buf_text(&theirs), buf_text(&ours));
	json_free(&j);
	buf_free(&page);
	buf_free(&ours);
	buf_free(&theirs);
}

/* ---- results ---- */

/* Copy the value of ${key} as a reader sees it: without quotes. */
static void
copy_value(const char *text, const char *key, char value[16])
{
	const char *at = strstr(text, key);

	assert_non_null(at);
	assert_int_equal(sscanf(at + strlen(key), "%*[ \":]%15[^\",\n]", value), 1);
}

static void
test_results(void **state)
{
	static const enum report_verdict verdicts[] = { REPORT_RUNNING, REPORT_SOUND,
		REPORT_FINDINGS, REPORT_FAILED };
	struct buf page = { 0 };
	const char *rows;

	(void)state;
	manualpage_read(PAGE, &page);
	rows = manualpage_section(&page, "\n.Ss Results\n", "\n.El\n");
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		struct json j = { 0 };
		char result[16], status[16], row[64];

		write_report(&j, verdicts[i]);
		copy_value((const char *)j.text.data, "\"result\"", result);
		copy_value((const char *)j.text.data, "\"exit_status\"", status);
		snprintf(row, sizeof(row), "\n.It Cm %s Ta %s Ta ", result, status);
		if (strstr(rows, row) == NULL)
			fail_msg(PAGE " has no row \"%s\"", row + 1);
		json_free(&j);
	}
	buf_free(&page);
}

/* ---- exit statuses ---- */

/* Of each page: the numbers that begin an item, in their order. */
static void
test_exit_statuses(void **state)
{
	static const struct {
		const char *page, *statuses;
	} rows[] = {
		{ "man/pg_basetar.1", "031" },
		{ "man/pg_basetar-backup.1", "031" },
		{ "man/pg_basetar-verify.1", "031" },
		{ "man/pg_basetar-restore.1", "031" },
		{ "man/pg_basetar-info.1", "01" },
		{ "man/pg_basetar-check.1", "01" },
	};

	(void)state;
	assert_int_equal(REPORT_SOUND, 0);
	assert_int_equal(REPORT_FINDINGS, 3);
	assert_int_equal(REPORT_FAILED, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf page = { 0 };
		char found[16] = "";
		size_t n = 0;
		const char *at;

		manualpage_read(rows[i].page, &page);
		at = manualpage_section(&page, "\n.Sh EXIT STATUS\n", "\n.Sh ");
		while ((at = strstr(at, "\n.It ")) != NULL && n < sizeof(found) - 1) {
			at += 5;
			if (isdigit((unsigned char)*at))
				found[n++] = *at;
		}
		assert_string_equal(found, rows[i].statuses);
		buf_free(&page);
	}
}

/* ---- kinds ---- */

/* What a backup finds has a word that verify uses too: whoever reads one report can read both. */
static void
test_kinds(void **state)
{
	struct buf page = { 0 };
	size_t items = 0;
	const char *at;

	(void)state;
	manualpage_read(PAGE, &page);
	at = manualpage_section(&page, "\n.Ss Kinds of findings\n", "\n.El\n");
	while ((at = strstr(at, "\n.It Sy ")) != NULL) {
		const size_t len = strcspn(at += 8, "\n");
		unsigned kind = 0;

		while (kind < FINDINGS_KINDS &&
		    (strlen(findings_word((enum findings_kind)kind)) != len ||
			strncmp(findings_word((enum findings_kind)kind), at, len) != 0))
			kind++;
		if (kind == FINDINGS_KINDS)
			fail_msg("\"%.*s\" is not a kind", (int)len, at);
		items++;
	}
	assert_true(items > 0);
	buf_free(&page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_exit_statuses),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

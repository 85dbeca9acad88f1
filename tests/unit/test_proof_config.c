/* Configuration files: which of them a backup lacks, by what it says of itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proof/config.h"
#include "support/judged.c.inc"
#include "support/rows.h"
#include "tar/header.h"

enum { MEMBERS = 4, MANY = 23 };

static struct infofile_pair pairs[MANY];
static char names[MANY][16];

static const struct row {
	const char *name;
	const char *members[MEMBERS]; /* that the backup has */
	const char *config_file;      /* of pg_basetar.info; NULL: it has no such line */
	size_t listed;                /* other files that it names; 0: none */
	const char *said;             /* in what is said; NULL: nothing is */
	size_t warnings;
} rows[] = {
	{ "postgresql.conf", .members = { "PG_VERSION", "postgresql.conf" } },
	{ "none", .members = { "PG_VERSION" }, .said = "has no postgresql.conf",
	    .warnings = 1 },
	{ "none, and no tree", .members = { "backup_label" } },
	{ "outside", .members = { "PG_VERSION", "pg_basetar_config/postgresql.conf" } },
	{ "of another name", .members = { "PG_VERSION", "pg_basetar_config/main.conf" },
	    .config_file = "pg_basetar_config/main.conf" },
	{ "of another name, and not there", .members = { "PG_VERSION" },
	    .config_file = "pg_basetar_config/main.conf",
	    .said = "has no postgresql.conf", .warnings = 1 },
	{ "a file that is listed",
	    .members = { "PG_VERSION", "postgresql.conf", "pg_basetar_config/0.conf" },
	    .listed = 1 },
	{ "one that is listed, and not there",
	    .members = { "PG_VERSION", "postgresql.conf", "pg_basetar_config/0.conf" },
	    .listed = 2, .said = "\"/etc/1.conf\" is not in the backup", .warnings = 1 },
	{ "many that are not there", .members = { "PG_VERSION", "postgresql.conf" },
	    .listed = MANY, .said = "3 more configuration files are not in the backup",
	    .warnings = 21 },
};

static size_t
lines_of(const char *text)
{
	size_t count = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		count++;
	return count;
}

static void
judged(void **state)
{
	static char paths[MANY][16];
	const struct row *row = *state;
	struct infofile info = { .config_file = (char *)(uintptr_t)row->config_file,
		.config = { .rows = pairs, .count = row->listed } };
	const struct facts facts = { .info =
					 row->config_file || row->listed ? &info : NULL };
	struct error err = { 0 };

	assert_int_equal(judged_begin(), 0);
	for (size_t i = 0; i < MEMBERS && row->members[i]; i++)
		heard_member(members, row->members[i], TAR_FILE, 1);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "%zu.conf", i);
		snprintf(paths[i], sizeof(paths[i]), "/etc/%zu.conf", i);
		pairs[i].name = names[i];
		pairs[i].path = paths[i];
	}
	assert_int_equal(proof_config_judge(&facts, members, &findings, &err), 0);
	assert_int_equal(lines_of(heard()), row->warnings);
	if (row->said && strstr(heard(), row->said) == NULL)
		fail_msg("\"%s\" was not said, but:\n%s", row->said, heard());
	assert_int_equal(findings.count, 0);
	judged_end();
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS];

	rows_name(tests, rows, sizeof(rows[0]), ROWS, judged);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

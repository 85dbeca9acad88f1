/* asprintf() */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/command.h"
#include "support/damage.h"
#include "support/fakesource.c.inc"
#include "support/faketree.h"
#include "support/sanitized.h"
#include "support/smallcluster.h"

/*
 * The table of damages of tests/tools, on archives of a small cluster: what verify says of each, and that
 * restore makes a cluster of the sound ones alone.  The end-to-end test verify-table has the same on archives of servers, and those rows that need more
 * than there is here.
 */

/* Rows that need what these archives lack; a * is any rest. */
static const char *const unfit[] = {
	/* several segments, pages and records of WAL */
	"wal: a segment in the middle missing",
	"wal: the last segment missing",
	"wal: recycled*",
	"wal: a page of zeros",
	"wal: of a timeline that is not known",
	"wal: of another 4 GiB",
	"wal: a bit of a page's*",
	"wal: a bit of what is left of a record",
	"wal: a bit of a record's link",
	"bit: a page that the WAL mends, manifest rebuilt",
	/* a checkpoint that is not where replay starts, as that of a running server */
	"label: a later start, manifest rebuilt",
	"label: a checkpoint that is none, manifest rebuilt",
	"label: added*",
	/* pages, and a pg_basetar.info, as a server has them */
	"header: a long name",
	"bit: pg_basetar.info",
	"bit: a relation in a tablespace",
	/* what gzip packs into more than a block */
	"gzip: two members",
};

static bool
is_unfit(const char *row)
{
	for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
		const size_t len = strcspn(unfit[i], "*");

		if (strncmp(row, unfit[i], len) == 0 &&
		    (unfit[i][len] == '*' || row[len] == '\0'))
			return true;
	}
	return false;
}

/* Does the row fit the archive?  Then out/x.tar is damaged. */
static bool
is_applied(const char *root, const char *archive, const char *row)
{
	char in[PATH_MAX], out[PATH_MAX];

	snprintf(in, sizeof(in), "%s/out/%s.tar", root, archive);
	snprintf(out, sizeof(out), "%s/out/x.tar", root);
	return damage_run((const char *const[]){ row, in, out, NULL });
}

/* ---- a row: ARCHIVE, NAME, STATUS, PATTERN... ---- */

enum { COLUMNS = 6 };

static size_t
columns_of(char *line, char *columns[COLUMNS])
{
	size_t count = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *column; count < COLUMNS && (column = strsep(&line, "\t")) != NULL;)
		columns[count++] = column;
	return count;
}

static void
expect_pattern(const struct command *c, const char *row, const char *pattern)
{
	regex_t regex;
	int rc;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB))
		fail_msg("bad pattern \"%s\"", pattern);
	rc = regexec(&regex, c->said, 0, NULL, 0);
	regfree(&regex);
	if (rc)
		fail_msg("%s: no line matches \"%s\":\n%s", row, pattern, c->said);
}

/* What has a finding makes no cluster; what has none does. */
static void
expect_restored(const char *root, const char *row, int verified)
{
	char control[PATH_MAX];
	struct command c;

	command_run(&c, root,
	    "restore -q -N -j 1 %/out/x.tar -D %/out/copy -T %/spc=%/out/space");
	snprintf(control, sizeof(control), "%s/out/copy/global/pg_control", root);
	if (c.status != (verified == REPORT_SOUND ? REPORT_SOUND : REPORT_FAILED) ||
	    (access(control, F_OK) == 0) != (verified == REPORT_SOUND))
		fail_msg(
		    "%s: verify %d, restore %d:\n%s", row, verified, c.status, c.said);
	faketree_remove(root, "out/copy");
	faketree_remove(root, "out/space");
}

static void
expect_row(const char *root, char *columns[COLUMNS], size_t count, bool is_restored)
{
	struct command c;

	command_run(&c, root, "verify %/out/x.tar");
	if (c.status != atoi(columns[2]))
		fail_msg("%s: %d, not %s:\n%s", columns[1], c.status, columns[2], c.said);
	if (c.status == REPORT_FAILED && strstr(c.said, "\nrestorable"))
		fail_msg("%s: it failed, and says:\n%s", columns[1], c.said);
	for (size_t i = 3; i < count; i++)
		if (columns[i][0] != '\0')
			expect_pattern(&c, columns[1], columns[i]);
	if (is_restored) /* that takes as long as all the rest */
		expect_restored(root, columns[1], c.status);
}

/* Those of the archive, of which there shall be so many that fit it. */
static void
expect_rows(const char *root, const char *archive, unsigned least, unsigned most)
{
	char *command = NULL, *line = NULL, *columns[COLUMNS];
	unsigned done = 0, fit = 0;
	size_t room = 0;
	FILE *table;

	if (asprintf(&command, "%s list", damage_program()) == -1)
		abort();
	table = popen(command, "r");
	if (table == NULL)
		abort();
	while (getline(&line, &room, table) != -1) {
		size_t count = columns_of(line, columns);

		if (count < 3 || strcmp(columns[0], archive) != 0 ||
		    is_unfit(columns[1]) || fit++ % SANITIZED_STRIDE != 0 ||
		    !is_applied(root, archive, columns[1]))
			continue;
		expect_row(root, columns, count, done++ % 4 == 0);
	}
	free(line);
	free(command);
	if (pclose(table))
		fail_msg("cannot run %s list", damage_program());
	if (SANITIZED_STRIDE == 1)
		assert_in_range(done, least, most);
	else
		assert_in_range(done, 1, most);
}

/* ---- the archives ---- */

/* Some rows want a name that needs a pax header. */
static char *
new_cluster(void)
{
	char *root = smallcluster_new(), name[160];

	snprintf(name, sizeof(name), "data/long%0110d", 0);
	faketree_put(root, name, "");
	smallcluster_give(root);
	return root;
}

static void
online(void **state)
{
	char *root = new_cluster();
	struct command c;

	(void)state;
	fake_reset(true, NULL);
	smallcluster_at_work(root);
	command_expect(&c, root, "-D %/data --offline -o %/out/online.tar", REPORT_SOUND);
	expect_rows(root, "online", 390, 500);
	faketree_free(root);
}

static void
offline(void **state)
{
	char *root = new_cluster();
	struct command c;

	(void)state;
	fake_reset(false, NULL);
	command_expect(
	    &c, root, "-D %/data --offline -o %/out/offline.tar", REPORT_SOUND);
	expect_rows(root, "offline", 60, 100);
	faketree_free(root);
}

static void
gzip(void **state)
{
	char *root = new_cluster();
	struct command c;

	(void)state;
	fake_reset(true, NULL);
	smallcluster_at_work(root);
	command_expect(
	    &c, root, "-D %/data --offline -z -o %/out/gzip.tar", REPORT_SOUND);
	expect_rows(root, "gzip", 28, 60);
	faketree_free(root);
}

static void
snapshot(void **state)
{
	char *root = new_cluster();
	struct command c;

	(void)state;
	fake_reset(false, NULL);
	smallcluster_at_work(root);
	command_expect(&c, root,
	    "-D %/data --snapshot -T %/spc=%/spc -o %/out/snapshot.tar", REPORT_SOUND);
	expect_rows(root, "snapshot", 20, 60);
	faketree_free(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(online),
		cmocka_unit_test(offline),
		cmocka_unit_test(gzip),
		cmocka_unit_test(snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

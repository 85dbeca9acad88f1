#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/command.h"
#include "support/faketree.h"
#include "support/rows.h"
#include "support/smallcluster.h"

/*
 * Configuration files that lie outside of the data directory of a stopped cluster: which of them are in
 * the backup, what is said of the others, and what verify says of it.
 */

/* A file below the root, its text with % for the root; a word of faketree.h as it is. */
struct file {
	const char *path, *text;
};

enum { FILES = 6, MEMBERS = 4 };

struct row {
	const char *name;
	struct file files[FILES];
	/* below pg_basetar_config, which the copy has; the first that is not there: "-NAME" */
	const char *members[MEMBERS];
	const char *said;     /* NULL: nothing */
	const char *verified; /* what verify says besides; NULL: nothing */
};

/* Where those are that no setting names. */
#define ELSEWHERE "elsewhere%/etc/"

static const struct row rows[] = {
	{ .name = "all is in the data directory", .members = { "-pg_hba.conf" } },
	{ .name = "pg_hba.conf is elsewhere",
	    .files = { { "data/postgresql.conf", "hba_file = '%/etc/pg_hba.conf'\n" },
		{ "etc/pg_hba.conf", "local all all trust\n" } },
	    .members = { "pg_hba.conf", "-pg_ident.conf" } },
	{ .name = "all are elsewhere, by postmaster.opts",
	    .files = { { "data/postgresql.conf", NULL },
		{ "data/postmaster.opts",
		    "/usr/lib/postgresql/15/bin/postgres \"-D\" \"%/data\" "
		    "\"-c\" \"config_file=%/etc/postgresql.conf\"\n" },
		{ "etc/postgresql.conf",
		    "data_directory = '%/data'\nhba_file = '%/etc/pg_hba.conf'\n"
		    "ident_file = '%/etc/pg_ident.conf'\ninclude_dir = 'conf.d'\n" },
		{ "etc/pg_hba.conf", "local all all trust # @none\n" },
		{ "etc/pg_ident.conf", "" }, { "etc/conf.d/a.conf", "port = 5433\n" } },
	    .members = { "postgresql.conf", "pg_hba.conf", "pg_ident.conf",
		"conf.d/a.conf" } },
	{ .name = "one that is included elsewhere",
	    .files = { { "data/postgresql.conf", "include '%/etc/more.conf'\n" },
		{ "etc/more.conf", "include_if_exists 'none.conf'\n" } },
	    .members = { ELSEWHERE "more.conf", "-" ELSEWHERE "none.conf" } },
	{ .name = "one that is not there",
	    .files = { { "data/postgresql.conf", "include '%/etc/none.conf'\n" } },
	    .members = { "-" ELSEWHERE "none.conf" },
	    .said = "etc/none.conf",
	    .verified = "none.conf\" is not in the backup: it could not be read" },
	{ .name = "files that include each other",
	    .files = { { "data/postgresql.conf", "include '%/etc/a.conf'\n" },
		{ "etc/a.conf", "include 'b.conf'\n" },
		{ "etc/b.conf", "include 'a.conf'\n" } },
	    .members = { ELSEWHERE "a.conf", ELSEWHERE "b.conf" } },
	{ .name = "two of one name",
	    .files = { { "data/postgresql.conf",
			   "include '%/etc/a/more.conf'\ninclude '%/etc/b/more.conf'\n" },
		{ "etc/a/more.conf", "port = 1\n" },
		{ "etc/b/more.conf", "port = 2\n" } },
	    .members = { ELSEWHERE "a/more.conf", ELSEWHERE "b/more.conf" } },
	{ .name = "a key and its certificate",
	    .files = { { "data/postgresql.conf",
			   "ssl = on\nssl_cert_file = '%/etc/s.crt'\n"
			   "ssl_key_file = '%/etc/s.key'\n" },
		{ "etc/s.crt", "certificate\n" }, { "etc/s.key", "key\n" } },
	    .members = { ELSEWHERE "s.crt", ELSEWHERE "s.key" } },
	{ .name = "a key that is not used",
	    .files = { { "data/postgresql.conf",
			   "ssl = off\nssl_key_file = '%/etc/s.key'\n" },
		{ "etc/s.key", "key\n" } },
	    .members = { "-" ELSEWHERE "s.key" } },
	{ .name = "a fifo in the place of one",
	    .files = { { "data/postgresql.conf", "hba_file = '%/etc/pg_hba.conf'\n" },
		{ "etc/pg_hba.conf", FIFO } },
	    .members = { "-pg_hba.conf" },
	    .said = "etc/pg_hba.conf",
	    .verified = "pg_hba.conf\" is not in the backup" },
	{ .name = "a directory in the place of one",
	    .files = { { "data/postgresql.conf", "hba_file = '%/etc/pg_hba.conf'\n" },
		{ "etc/pg_hba.conf", DIRECTORY } },
	    .members = { "-pg_hba.conf" },
	    .said = "etc/pg_hba.conf",
	    .verified = "pg_hba.conf\" is not in the backup" },
	{ .name = "a link in the data directory",
	    .files = { { "data/postgresql.conf", LINK_BELOW("etc/postgresql.conf") },
		{ "etc/postgresql.conf", "port = 5434\n" } },
	    .members = { "-nothing" } },
	{ .name = "none at all",
	    .files = { { "data/postgresql.conf", NULL } },
	    .members = { "-postgresql.conf" },
	    .said = "postgresql.conf",
	    .verified = "the backup has no postgresql.conf" },
	{ .name = "of another cluster",
	    .files = { { "data/postgresql.conf",
			   "data_directory = '%/other'\nhba_file = '%/etc/pg_hba.conf'\n" },
		{ "etc/pg_hba.conf", "local all all trust\n" },
		{ "other/PG_VERSION", "15\n" } },
	    .members = { "pg_hba.conf" },
	    .said = "check that the file does not belong" },
	{ .name = "a line that is no setting",
	    .files = { { "data/postgresql.conf",
		"hba_file '%/etc/pg_hba.conf' more\n" } },
	    .members = { "-pg_hba.conf" } },
};

/* ${text} with the root for each %. */
static void
fill_in(char *to, const char *root, const char *text)
{
	for (; *text != '\0'; text++)
		to += *text == '%' ? sprintf(to, "%s", root) : sprintf(to, "%c", *text);
	*to = '\0';
}

static void
put(const char *root, const struct file *file)
{
	char text[4096];

	if (file->text == NULL) {
		faketree_remove(root, file->path);
		return;
	}
	fill_in(text, root, file->text);
	faketree_put(root, file->path, text);
}

static void
expect_member(const char *root, const char *member)
{
	const bool is_absent = member[0] == '-';
	char path[4096], name[2048];

	fill_in(name, root, member + is_absent);
	snprintf(path, sizeof(path), "%s/out/copy/pg_basetar_config/%s", root, name);
	if ((access(path, F_OK) == 0) == is_absent)
		fail_msg("%s: %s", member, is_absent ? "is there" : "is not there");
}

static void
expect_row(void **state)
{
	const struct row *row = *state;
	char *root = smallcluster_new();
	struct command c;

	for (size_t i = 0; i < FILES && row->files[i].path; i++)
		put(root, &row->files[i]);
	smallcluster_give(root);
	command_expect(&c, root, "-D %/data --offline -o %/out/a.tar", REPORT_SOUND);
	command_expect_said(&c, row->said ? row->said : "");
	command_expect(&c, root, "verify %/out/a.tar", REPORT_SOUND);
	if (row->verified)
		command_expect_said(&c, row->verified);
	else
		assert_string_equal(c.said, "restorable, consistent from 0/1000A0\n");
	command_expect(&c, root,
	    "restore -q %/out/a.tar -D %/out/copy -T %/spc=%/out/space", REPORT_SOUND);
	for (size_t i = 0; i < MEMBERS && row->members[i]; i++)
		expect_member(root, row->members[i]);
	faketree_free(root);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS];

	rows_name(tests, rows, sizeof(rows[0]), ROWS, expect_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

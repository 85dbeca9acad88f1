/* Which files an authentication file names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pg/hbatext.h"

#define PLAIN "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"

static struct row {
	const char *name, *text;
	const char *files;  /* a letter and a name each: @, i, e (if it exists), d */
	const char *before; /* the same of a release without directives; NULL: as above */
} rows[] = {
	{ "nothing", "", "", NULL },
	{ "rules", PLAIN, "", NULL },
	{ "the directives", "include a\ninclude_if_exists b\ninclude_dir c",
	    "i a\ne b\nd c\n", "" },
	{ "among rules", PLAIN "include a\n" PLAIN "include b\n", "i a\ni b\n", "" },
	{ "blanks and comments",
	    " \tinclude \t a\r\n#include b\ninclude c # d e\ninclude d#e\n",
	    "i a\ni c\ni d\n", "" },
	{ "quotes",
	    "include \"a b\"\n\"include\" \"c\"\ninclude \"a\"\"b\"\ninclude a\" b\"c\n",
	    "i a b\ni c\ni a\"b\ni a bc\n", "" },
	{ "two fields, no more and no fewer",
	    "include\ninclude a b\ninclude \"a\" \"\"\n", "", "" },
	{ "words of a field", "include a,b\ninclude,x a\ninclude a , b\n", "i a\ni a\n",
	    "" },
	{ "an empty name", "include \"\"\n", "i \n", "" },
	{ "capitals are names", "Include a\nINCLUDE b\n", "", "" },
	{ "another field first", "map include a\n", "", "" },
	{ "lists", "local @a @b trust\nlocal a,@c,@d all trust\n@e\n",
	    "@ a\n@ b\n@ c\n@ d\n@ e\n", NULL },
	{ "a list's blanks are between quotes", "local @\"a b\" all\n", "@ a b\n", NULL },
	{ "a quoted one is a name", "local \"@a\" \"\"@b @ trust\n", "", NULL },
	{ "a list in a comment", "# @a\nlocal all #@b\n", "", NULL },
	{ "a list as a directive's argument", "include @a\n", "@ a\ni @a\n", "@ a\n" },
	{ "joined lines", "include \\\na\ninclude_d\\\nir b\nlocal @c\\\n,@d\n",
	    "i a\nd b\n@ c\n@ d\n", "@ c\n@ d\n" },
	{ "a comment goes on there", "# a \\\ninclude b\ninclude c\n", "i c\n", "" },
	{ "a backslash elsewhere", "include a\\b\ninclude \\ \n", "i a\\b\ni \\\n", "" },
	{ "quotes end with their line", "include \"a\ninclude b\n", "i a\ni b\n", "" },
	{ "the last line has no end", "include a", "i a\n", "" },
	{ "commas alone", ",,\n,\ninclude a,\n,include b\n", "i a\ni b\n", "" },
};

/* pg_hosts.conf: a line has hosts, certificate, key, and perhaps more. */
static const struct {
	const char *text, *files; /* as above; c certificate, k key, a authority */
} hosts[] = {
	{ "", "" },
	{ "# a.example b.crt b.key\n", "" },
	{ "a.example b.crt b.key\n", "c b.crt\nk b.key\n" },
	{ "a.example,b.example \"a b.crt\" /k ca.crt cmd on\nc d e",
	    "c a b.crt\nk /k\na ca.crt\nc d\nk e\n" },
	{ "* a.crt\\\n a.key\n", "c a.crt\nk a.key\n" },
	{ "include a\ninclude_dir b\ninclude_if_exists c\n", "i a\nd b\ne c\n" },
	{ "include a.crt a.key\n", "c a.crt\nk a.key\n" },
	{ "@names a.crt a.key\n", "@ names\nc a.crt\nk a.key\n" },
	{ "a b\n", "" },
};

static void
check_files(const char *text, enum hbatext_form form, const char *files)
{
	struct error err = { 0 };
	struct hbatext h;
	enum hbatext_kind kind;
	const char *name;
	char found[256] = "";

	hbatext_begin(&h, text, strlen(text), form);
	while (hbatext_next(&h, &kind, &name, &err) == 0 && kind != HBATEXT_NONE)
		snprintf(found + strlen(found), sizeof(found) - strlen(found), "%c %s\n",
		    ".@iedcka"[kind], name);
	assert_int_equal(err.kind, ERROR_NONE);
	assert_string_equal(found, files);
	assert_int_equal(hbatext_next(&h, &kind, &name, &err), 0);
	assert_int_equal(kind, HBATEXT_NONE);
	hbatext_end(&h);
}

static void
names(void **state)
{
	const struct row *row = *state;

	check_files(row->text, HBATEXT_WITH_INCLUDES, row->files);
	check_files(
	    row->text, HBATEXT_WITHOUT_INCLUDES, row->before ? row->before : row->files);
}

static void
names_of_hosts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		check_files(hosts[i].text, HBATEXT_HOSTS, hosts[i].files);
}

#define ROWS (sizeof(rows) / sizeof(rows[0]))

int
main(void)
{
	struct CMUnitTest tests[ROWS + 1] = { cmocka_unit_test(names_of_hosts) };

	for (size_t i = 0; i < ROWS; i++)
		tests[i + 1] =
		    (struct CMUnitTest){ rows[i].name, names, NULL, NULL, &rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

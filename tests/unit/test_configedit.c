/* The text of a configuration file with other values: all else stays as it is, to the byte. */
#include <string.h>

#include "restore/configedit.h"
#include "support/rows.h"

/* "out" goes, "new" becomes "it's \new", whatever their value; an include stays. */
static int
setting(struct configedit *e, const char *name, const char *value,
    struct configedit_change *change, struct error *err)
{
	(void)e;
	if (strcmp(value, "fail") == 0)
		return error_set(err, ERROR_STATE, 0, "%s fails", name);
	if (strcmp(name, "out") == 0)
		change->fate = CONFIGEDIT_OUT;
	if (strcmp(name, "new") != 0)
		return 0;
	change->fate = CONFIGEDIT_VALUE;
	return buf_printf(&change->value, err, "it's \\new");
}

/* Every name that begins with "old" begins with "new". */
static int
name(struct configedit *e, enum hbatext_kind kind, const char *name,
    struct configedit_change *change, struct error *err)
{
	(void)e;
	assert_int_not_equal(kind, HBATEXT_NONE);
	if (strcmp(name, "fail") == 0)
		return error_set(err, ERROR_STATE, 0, "%s fails", name);
	if (strncmp(name, "old", 3) != 0)
		return 0;
	change->fate = CONFIGEDIT_VALUE;
	return buf_printf(&change->value, err, "new%s", name + 3);
}

enum syntax { SETTINGS, AUTHENTICATION, OLD_AUTHENTICATION, HOSTS };

#define MARK "#pg_basetar: "

static struct row {
	const char *name;
	enum syntax syntax;
	const char *text;
	const char *edited; /* NULL: as it was; "-": an error */
} rows[] = {
	{ "nothing", SETTINGS, "", NULL },
	{ "what stays", SETTINGS, "# new = 1\n\n  stays\t=  'x' # why\r\nno end", NULL },
	{ "what goes", SETTINGS, "a = 1\nout = 'x' # why\nb = 2\n",
	    "a = 1\n" MARK "out = 'x' # why\nb = 2\n" },
	{ "another value, quoted", SETTINGS, "new = 1\n",
	    MARK "new = 1\nnew = 'it''s \\\\new'\n" },
	{ "without an equals sign", SETTINGS, "new 1\n",
	    MARK "new 1\nnew = 'it''s \\\\new'\n" },
	{ "the last line has no end", SETTINGS, "a = 1\nout = 2",
	    "a = 1\n" MARK "out = 2\n" },
	{ "each time", SETTINGS, "out = 1\nout = 2\n",
	    MARK "out = 1\n" MARK "out = 2\n" },
	{ "a value that is a comment", SETTINGS, "a = 1 # out = 2\n", NULL },
	{ "an error", SETTINGS, "a = 1\nb = fail\n", "-" },

	{ "rules stay", AUTHENTICATION, "local all all trust # @old\n", NULL },
	{ "a list", AUTHENTICATION, "local all @old,x,@other trust\n",
	    MARK "local all @old,x,@other trust\nlocal all @new,x,@other trust\n" },
	{ "two in a line", AUTHENTICATION, "local @old1 @old2 trust\n",
	    MARK "local @old1 @old2 trust\nlocal @new1 @new2 trust\n" },
	{ "in quotes it is a word", AUTHENTICATION, "local all \"@old\" trust\n", NULL },
	{ "a name in quotes", AUTHENTICATION, "local all @\"old\" trust\n",
	    MARK "local all @\"old\" trust\nlocal all @\"new\" trust\n" },
	{ "an include", AUTHENTICATION, "include old.conf\ninclude_dir \"old d\"\n",
	    MARK "include old.conf\ninclude new.conf\n" MARK
		 "include_dir \"old d\"\ninclude_dir \"new d\"\n" },
	{ "no includes up to 15", OLD_AUTHENTICATION, "include old.conf\n", NULL },
	{ "a line that goes on", AUTHENTICATION,
	    "local all \\\n @old trust\nlocal x y z\n",
	    MARK "local all \\\n" MARK
		 " @old trust\nlocal all \\\n @new trust\nlocal x y z\n" },
	{ "a backslash at the end of all", AUTHENTICATION, "local @old \\",
	    MARK "local @old \\\nlocal @new \\" },
	{ "hosts", HOSTS, "example.org old.crt old.key old.ca\n",
	    MARK "example.org old.crt old.key old.ca\n"
		 "example.org new.crt new.key new.ca\n" },
	{ "an error of a name", AUTHENTICATION, "local @fail all trust\n", "-" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static int
edit(const struct row *row, const struct buf *text, struct buf *out, bool *is_changed,
    struct error *err)
{
	static const enum hbatext_form forms[] = { [AUTHENTICATION] =
						       HBATEXT_WITH_INCLUDES,
		[OLD_AUTHENTICATION] = HBATEXT_WITHOUT_INCLUDES,
		[HOSTS] = HBATEXT_HOSTS };
	struct configedit e = { setting, name };

	if (row->syntax == SETTINGS)
		return configedit_settings(&e, text, out, is_changed, err);
	return configedit_authentication(
	    &e, forms[row->syntax], text, out, is_changed, err);
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	const char *wanted = row->edited ? row->edited : row->text;
	struct buf text = { 0 }, out = { 0 };
	struct error err = { 0 };
	bool is_changed = false;

	assert_int_equal(buf_printf(&text, &err, "%s", row->text), 0);
	if (edit(row, &text, &out, &is_changed, &err)) {
		assert_string_equal(wanted, "-");
		assert_non_null(strstr(err.text, " fails"));
	} else {
		assert_string_equal(buf_text(&out), wanted);
		assert_int_equal(is_changed, row->edited != NULL);
	}
	buf_free(&text);
	buf_free(&out);
}

int
main(void)
{
	struct CMUnitTest tests[ROWS];

	rows_name(tests, rows, sizeof(rows[0]), ROWS, check_row);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

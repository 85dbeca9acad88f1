/* What is backed up: a running server, a stopped one, a snapshot; what goes with what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/options.h"

enum { WORDS = 8 };

/* "pg_basetar -D /d" and what else is given. */
static int
parse(const char *const given[WORDS], struct options *o, struct error *err)
{
	static char text[WORDS + 3][64] = { "pg_basetar", "-D", "/d" };
	char *argv[WORDS + 4] = { text[0], text[1], text[2] };
	int argc = 3;

	for (; argc < WORDS + 3 && given[argc - 3]; argc++) {
		strncpy(text[argc], given[argc - 3], sizeof(text[argc]) - 1);
		argv[argc] = text[argc];
	}
	return options_parse(argc, argv, o, err);
}

#define PARSE(o, err, ...) parse((const char *const[WORDS]){ __VA_ARGS__ }, o, err)

static void
sources(void **state)
{
	struct error err;
	struct options o;

	(void)state;
	assert_int_equal(PARSE(&o, &err, NULL), OPTIONS_RUN);
	assert_int_equal(o.source, SOURCE_SERVER);
	assert_int_equal(PARSE(&o, &err, "--offline"), OPTIONS_RUN);
	assert_int_equal(o.source, SOURCE_STOPPED);
	assert_int_equal(PARSE(&o, &err, "--offline", "-Xfetch", "-z"), OPTIONS_RUN);
	assert_int_equal(o.source, SOURCE_STOPPED);
	assert_int_equal(PARSE(&o, &err, "--snapshot"), OPTIONS_RUN);
	assert_int_equal(o.source, SOURCE_SNAPSHOT);
	assert_null(o.waldir);
	assert_int_equal(o.relocations.count, 0);
}

static void
where_it_is(void **state)
{
	struct error err;
	struct options o;

	(void)state;
	assert_int_equal(PARSE(&o, &err, "--snapshot", "-T", "/a=/b", "--waldir=/w",
			     "--tablespace-mapping=/c=/d"),
	    OPTIONS_RUN);
	assert_string_equal(o.waldir, "/w");
	assert_int_equal(o.relocations.count, 2);
	assert_string_equal(relocations_find(&o.relocations, "/c"), "/d");
	options_free(&o);
	assert_int_equal(o.relocations.count, 0);
}

#define EXCLUDED(one, other) \
	"options \"--" one "\" and \"--" other "\" exclude each other"
#define NO_WAL "No server starts from such a copy without its WAL."

static struct row {
	const char *name;
	const char *given[WORDS];
	const char *error, *hint; /* NULL: the general one */
} rows[] = {
	{ "both", { "--offline", "--snapshot" }, EXCLUDED("offline", "snapshot"), NULL },
	{ "host", { "--offline", "-h", "x" }, EXCLUDED("offline", "host"), NULL },
	{ "port", { "--offline", "-p1" }, EXCLUDED("offline", "port"), NULL },
	{ "role", { "--offline", "-Ux" }, EXCLUDED("offline", "username"), NULL },
	{ "dbname", { "--offline", "-dx" }, EXCLUDED("offline", "dbname"), NULL },
	{ "no password", { "-w", "--offline" }, EXCLUDED("offline", "no-password"),
	    NULL },
	{ "password", { "-W", "--offline" }, EXCLUDED("offline", "password"), NULL },
	{ "checkpoint", { "-cfast", "--offline" }, EXCLUDED("offline", "checkpoint"),
	    NULL },
	{ "no slot", { "--offline", "--no-slot" }, EXCLUDED("offline", "no-slot"), NULL },
	{ "no WAL", { "--offline", "-Xnone" }, EXCLUDED("offline", "wal-method=none"),
	    NO_WAL },
	{ "snapshot, host", { "--snap", "-hx" }, EXCLUDED("snapshot", "host"), NULL },
	{ "snapshot, checkpoint", { "--snap", "-cspread" },
	    EXCLUDED("snapshot", "checkpoint"), NULL },
	{ "no archive", { "--no-wait-archive", "--offline" },
	    EXCLUDED("offline", "no-wait-archive"), NULL },
	{ "snapshot, no archive", { "--snap", "--no-wait-archive" },
	    EXCLUDED("snapshot", "no-wait-archive"), NULL },
	{ "snapshot, archive", { "--snap", "--wait-archive=3" },
	    EXCLUDED("snapshot", "wait-archive"), NULL },
	{ "snapshot, no WAL", { "--snap", "-Xn" },
	    EXCLUDED("snapshot", "wal-method=none"), NO_WAL },
	{ "-T without a pair", { "--snapshot", "-T/a" },
	    "option \"--tablespace-mapping\": \"/a\" is not of the form OLD=NEW",
	    "A \"=\" in a name is written \"\\=\"." },
	{ "-T twice", { "--snapshot", "-T/a=/b", "-T/a=/c" },
	    "option \"--tablespace-mapping\": \"/a\" is given twice", NULL },
	{ "-T, and then an error", { "--snapshot", "-T/a=/b", "-x" },
	    "unknown option \"-x\"", NULL },
	{ "no directory of WAL", { "--snapshot", "--waldir=" },
	    "option \"--waldir\": the value is empty", NULL },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
refused(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };
	struct options o;

	assert_int_equal(parse(row->given, &o, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_string_equal(err.text, row->error);
	assert_string_equal(
	    err.hint, row->hint ? row->hint : "Try \"pg_basetar --help\".");
}

int
main(void)
{
	enum { SINGLE = 2 };
	struct CMUnitTest tests[SINGLE + ROWS] = {
		cmocka_unit_test(sources),
		cmocka_unit_test(where_it_is),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[SINGLE + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = refused,
			.initial_state = &rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

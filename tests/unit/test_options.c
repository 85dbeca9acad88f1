#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/options.h"
#include "lib/sys.h"

/* The words of a command line, split at blanks; "''" is an empty word. */
struct line {
	char text[2048];
	char *words[64];
	int count;
};

static void
split(struct line *line, const char *text)
{
	char *rest = NULL;

	assert_true(strlen(text) < sizeof(line->text));
	strcpy(line->text, text);
	line->count = 0;
	line->words[line->count++] = line->text + strlen(text);
	for (char *w = strtok_r(line->text, " ", &rest); w;
	     w = strtok_r(NULL, " ", &rest)) {
		assert_true(line->count < 63);
		if (strcmp(w, "''") == 0)
			w[0] = '\0';
		line->words[line->count++] = w;
	}
	line->words[line->count] = NULL;
}

static int
parse(struct line *line, const char *text, struct options *o, struct error *err)
{
	split(line, text);
	return options_parse(line->count, line->words, o, err);
}

/* For lines that must be taken. */
static struct options
taken(struct line *line, const char *text)
{
	struct error err = { .kind = ERROR_NONE };
	struct options o;

	if (parse(line, text, &o, &err) != OPTIONS_RUN)
		fail_msg("\"%s\" is refused: %s", text, err.text);
	return o;
}

static void
test_verify(void **state)
{
	struct line line;
	struct options o;

	(void)state;
	assert_int_equal(unsetenv("PGDATA"), 0);
	o = taken(&line, "verify base.tar");
	assert_int_equal(o.command, COMMAND_VERIFY);
	assert_string_equal(o.input, "base.tar");
	assert_false(o.digest_is_given || o.quiet || o.verbose || o.progress);
	o = taken(&line, "-P verify --manifest-checksums=sha512 -q --report /r -");
	assert_null(o.input);
	assert_true(o.digest_is_given && o.quiet && o.progress);
	assert_int_equal(o.manifest_digest, DIGEST_SHA512);
	assert_string_equal(o.report, "/r");
	assert_int_equal(taken(&line, "-D /d").command, COMMAND_BACKUP);
}

static void
test_info(void **state)
{
	struct line line;
	struct options o;

	(void)state;
	o = taken(&line, "info base.tar");
	assert_int_equal(o.command, COMMAND_INFO);
	assert_string_equal(o.input, "base.tar");
	assert_false(o.brief || o.json || o.progress);
	o = taken(&line, "--brief info -P - --json");
	assert_null(o.input);
	assert_true(o.brief && o.json && o.progress);
}

static void
test_defaults(void **state)
{
	struct line line;
	struct options o;

	(void)state;
	assert_int_equal(setenv("PGDATA", "/pg/data", 1), 0);
	o = taken(&line, "");
	assert_int_equal(unsetenv("PGDATA"), 0);
	assert_string_equal(o.pgdata, "/pg/data");
	assert_string_equal(o.label, "pg_basetar base backup");
	assert_null(o.output);
	assert_true(o.output_is_stdout);
	assert_string_equal(o.compression.codec->name, "none");
	assert_int_equal(o.jobs, sys_processors());
	assert_false(o.split || o.blocking_factor || o.max_rate);
	assert_false(o.force || o.no_sync || o.checkpoint_fast || o.wait_archive);
	assert_int_equal(o.wal_method, WAL_FETCH);
	assert_int_equal(o.wait_archive_limit, 0);
	assert_false(o.no_slot || o.no_manifest || o.progress || o.verbose || o.quiet);
	assert_int_equal(o.manifest_digest, DIGEST_CRC32C);
	assert_true(!o.host && !o.port && !o.user && !o.dbname && !o.report);
	assert_false(o.never_prompt || o.force_prompt || o.no_verify_checksums);
}

static void
test_long_names(void **state)
{
	struct line line;
	struct options o = taken(&line,
	    "--pgdata=/d --label=nightly --output=/b/x.tar --compress=gzip:3 --jobs=5 "
	    "--force "
	    "--no-sync --checkpoint=fast --wal-method=none --wait-archive=90 --no-slot "
	    "--manifest-checksums=SHA256 --progress --verbose --host=/run --port=5433 "
	    "--username=me --dbname=x=y --no-password --format=tar --report=r.json");

	(void)state;
	assert_string_equal(o.pgdata, "/d");
	assert_string_equal(o.label, "nightly");
	assert_string_equal(o.output, "/b/x.tar");
	assert_false(o.output_is_stdout);
	assert_string_equal(o.compression.codec->name, "gzip");
	assert_int_equal(o.compression.level, 3);
	assert_int_equal(o.jobs, 5);
	assert_true(o.force && o.no_sync && o.checkpoint_fast && o.wait_archive);
	assert_int_equal(o.wal_method, WAL_NONE);
	assert_int_equal(o.wait_archive_limit, 90);
	assert_true(o.no_slot && o.progress && o.verbose);
	assert_int_equal(o.manifest_digest, DIGEST_SHA256);
	assert_string_equal(o.host, "/run");
	assert_string_equal(o.port, "5433");
	assert_string_equal(o.user, "me");
	assert_string_equal(o.dbname, "x=y");
	assert_string_equal(o.report, "r.json");
	assert_true(o.never_prompt && !o.force_prompt);
}

static void
test_letters(void **state)
{
	struct line line;
	struct options o = taken(&line,
	    "-D /d -lnightly -o - -Zgzip:3 -j 5 -Ncfast "
	    "-Xnone -PvFt -h/run -p 5433 -U me "
	    "-d db -W");

	(void)state;
	assert_string_equal(o.pgdata, "/d");
	assert_string_equal(o.label, "nightly");
	assert_true(o.output_is_stdout && !o.output);
	assert_int_equal(o.compression.level, 3);
	assert_int_equal(o.jobs, 5);
	assert_true(o.no_sync && o.progress && o.verbose && o.force_prompt);
	assert_true(o.checkpoint_fast);
	assert_string_equal(o.host, "/run");
	assert_string_equal(o.port, "5433");
	assert_string_equal(o.user, "me");
	assert_string_equal(o.dbname, "db");
	o = taken(&line, "-D /d --split -o /b/x.gz -r 2M");
	assert_true(o.split && !o.output_is_stdout && o.max_rate == 2 * 1024 * 1024);
	/* no suffix of a directory */
	assert_string_equal(o.compression.codec->name, "none");
	assert_int_equal(taken(&line, "-D /d -b 20").blocking_factor, 20);
	assert_true(taken(&line, "-D /d -q").quiet);
	assert_true(taken(&line, "-D /d --no-manifest").no_manifest);
	assert_true(taken(&line, "-D /d --no-verify-checksums").no_verify_checksums);
}

/* The way a line is read: what stands where, what is cut, what wins. */
static void
test_reading(void **state)
{
	struct line line;
	struct options o;

	(void)state;
	assert_string_equal(taken(&line, "backup -D /d").pgdata, "/d");
	assert_string_equal(taken(&line, "-D /d backup").pgdata, "/d");
	assert_string_equal(taken(&line, "-D /d -- backup").pgdata, "/d");
	assert_string_equal(taken(&line, "-D /d --").pgdata, "/d");
	assert_string_equal(taken(&line, "-D -- -q").pgdata, "--");
	assert_string_equal(taken(&line, "--pg /a --out=/b").output, "/b");
	assert_string_equal(taken(&line, "--pgdata /a -D /d").pgdata, "/d");
	assert_string_equal(taken(&line, "-D /d -l ''").label, "");
	assert_string_equal(taken(&line, "-D /d --label=").label, "");
	assert_int_equal(taken(&line, "-D /d -j 2 -j 3").jobs, 3);
	o = taken(&line, "-D /d -w -W");
	assert_true(o.force_prompt && !o.never_prompt);
	o = taken(&line, "-D /d -W -w");
	assert_true(!o.force_prompt && o.never_prompt);
	o = taken(&line, "-D /d -o /x -o -");
	assert_true(o.output_is_stdout && !o.output);
}

static void
test_compression(void **state)
{
	static const struct {
		const char *line, *codec;
		int level;
	} cases[] = {
		{ "-D /d -o a.tar", "none", 0 },
		{ "-D /d -o a.tar.gz", "gzip", 2 },
		{ "-o a.tgz -D /d", "gzip", 2 },
		{ "-D /d -o a.tar.gz -Z none", "none", 0 },
		{ "-D /d -Z 0 -o a.tgz", "none", 0 },
		{ "-D /d -o a.tar -Z 7", "gzip", 7 },
		{ "-D /d -Z none -z", "gzip", 2 },
		{ "-D /d --gzip -Z none", "none", 0 },
		{ "-D /d -o a.tar.zst -Z gzip:1", "gzip", 1 },
		{ "-D /d -Z gzip:9 -z", "gzip", 2 },
	};
	struct line line;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o = taken(&line, cases[i].line);

		assert_string_equal(o.compression.codec->name, cases[i].codec);
		assert_int_equal(o.compression.level, cases[i].level);
	}
}

static void
test_waiting(void **state)
{
	static const struct {
		const char *line;
		bool wait;
		unsigned limit;
	} cases[] = {
		{ "-D /d", false, 0 },
		{ "-D /d -X fetch", false, 0 },
		{ "-D /d -X none", true, 0 },
		{ "-D /d --wait-archive", true, 0 },
		{ "-D /d --wait-archive=60", true, 60 },
		{ "--wait-archive -D /d", true, 0 },
		{ "-D /d -X none --wait-archive=7", true, 7 },
		{ "-D /d -X none --no-wait-archive", false, 0 },
		{ "-D /d --no-wait-archive -X none", false, 0 },
	};
	struct line line;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o = taken(&line, cases[i].line);

		assert_int_equal(o.wait_archive, cases[i].wait);
		assert_int_equal(o.wait_archive_limit, cases[i].limit);
	}
}

static void
test_help_and_version(void **state)
{
	static const struct {
		const char *line;
		int verdict;
		enum opttable_command command;
	} cases[] = {
		{ "--help", OPTIONS_HELP, COMMAND_BACKUP },
		{ "-?", OPTIONS_HELP, COMMAND_BACKUP },
		{ "--version", OPTIONS_VERSION, COMMAND_BACKUP },
		{ "-V", OPTIONS_VERSION, COMMAND_BACKUP },
		{ "-vV", OPTIONS_VERSION, COMMAND_BACKUP },
		{ "backup --help --version", OPTIONS_HELP, COMMAND_BACKUP },
		{ "-V --nonsense", OPTIONS_VERSION, COMMAND_BACKUP },
		{ "-D /d -q -v -?", OPTIONS_HELP, COMMAND_BACKUP },
		{ "help", OPTIONS_HELP, COMMAND_BACKUP },
		{ "help restore", OPTIONS_HELP, COMMAND_RESTORE },
		{ "help verify", OPTIONS_HELP, COMMAND_VERIFY },
		{ "restore --help", OPTIONS_HELP, COMMAND_RESTORE },
	};
	struct line line;
	struct options o;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(&line, cases[i].line, &o, &err), cases[i].verdict);
		if (cases[i].verdict == OPTIONS_HELP)
			assert_int_equal(o.command, cases[i].command);
	}
}

/* Lines that are refused: the message, and the hint if it is not the general one. */
struct refusal {
	const char *line, *error, *hint;
};

#define GIVE "Give it with the option -d."

static struct refusal refusals[] = {
	{ "help -x", "unknown command \"-x\"", NULL },
	{ "help verify restore", "operand \"restore\" is one too many", NULL },
	{ "-D /d -x", "unknown option \"-x\"", NULL },
	{ "-D /d -vx", "unknown option \"-x\"", NULL },
	{ "-D /d --nonsense", "unknown option \"--nonsense\"", NULL },
	{ "-D /d --nonsense=3", "unknown option \"--nonsense\"", NULL },
	{ "-D /d --labels=3", "unknown option \"--labels\"", NULL },
	{ "-D /d --=3", "unknown option \"--\"", NULL },
	{ "-D /d --no", "option \"--no\" is ambiguous", NULL },
	{ "-D /d --force=yes", "option \"--force\" takes no value", NULL },
	{ "-D /d --label", "option \"--label\" needs a value", NULL },
	{ "-D /d -l", "option \"--label\" needs a value", NULL },
	{ "-D /d -vl", "option \"--label\" needs a value", NULL },
	{ "-D /d base.tar", "unknown command \"base.tar\"",
	    "Name the data directory with -D and the output with -o." },
	{ "-D /d -", "unknown command \"-\"",
	    "Name the data directory with -D and the output with -o." },
	{ "''", "unknown command \"\"",
	    "Name the data directory with -D and the output with -o." },
	{ "-D /d -- -q", "unknown command \"-q\"",
	    "Name the data directory with -D and the output with -o." },
	{ "backup -D /d base.tar", "operand \"base.tar\" is one too many", NULL },
	{ "backup backup", "operand \"backup\" is one too many", NULL },

	{ "verify", "no archive is given",
	    "Name a file, a directory of --split or pg_basebackup -Ft, or - for standard input." },
	{ "info", "no archive is given",
	    "Name a file, a directory of --split or pg_basebackup -Ft, or - for standard "
	    "input." },
	{ "info -q a", "option \"--quiet\" is not for the command \"info\"",
	    "Try \"pg_basetar info --help\"." },
	{ "verify --brief a", "option \"--brief\" is not for the command \"verify\"",
	    "Try \"pg_basetar verify --help\"." },
	{ "verify a b", "operand \"b\" is one too many", NULL },
	{ "verify ''", "the name of the archive is empty", NULL },
	{ "-D /d verify a", "option \"--pgdata\" is not for the command \"verify\"",
	    "Try \"pg_basetar verify --help\"." },
	{ "verify -z a", "option \"--gzip\" is not for the command \"verify\"",
	    "Try \"pg_basetar verify --help\"." },
	{ "verify -qv a", "options \"--quiet\" and \"--verbose\" exclude each other",
	    NULL },
	{ "verify --report=- a", "the report cannot go to standard output",
	    "Name a file: it appears there when the run has ended." },
	{ "restore base.tar", "no data directory is given", "Name a new one with -D." },
	{ "restore -D /d", "no archive is given",
	    "Name a file, a directory of --split or pg_basebackup -Ft, or - for standard "
	    "input." },
	{ "restore -D /d --waldir=wal a",
	    "option \"--waldir\": \"wal\" is not an absolute path", NULL },
	{ "restore -D /d -z a", "option \"--gzip\" is not for the command \"restore\"",
	    "Try \"pg_basetar restore --help\"." },
	{ "restore -D /d --target-xid=7 --target-name=x --restore-command=c a",
	    "recovery_target_xid and recovery_target_name exclude each other", NULL },
	{ "restore -D /d --target-xid=7 a", "recovery to a target needs restore_command",
	    "It fetches the WAL after the end of the backup: "
	    "--restore-command='cp /archive/%f \"%p\"'" },
	{ "restore -D /d --primary-conninfo=x a",
	    "primary_conninfo is for a standby only", NULL },
	{ "verify --standby a", "option \"--standby\" is not for the command \"verify\"",
	    "Try \"pg_basetar verify --help\"." },

	{ "-D /d --report=-", "the report cannot go to standard output",
	    "Name a file: it appears there when the run has ended." },
	{ "-D /d --report ''", "option \"--report\": the value is empty", NULL },

	{ "-D /d -l a -l b", "duplicate option \"--label\"", NULL },
	{ "-D /d -l a --label=a", "duplicate option \"--label\"", NULL },
	{ "-D /d -PP", "duplicate option \"--progress\"", NULL },
	{ "-D /d -c fast --checkpoint=fast", "duplicate option \"--checkpoint\"", NULL },
	{ "-D /d -X none -X fetch", "duplicate option \"--wal-method\"", NULL },
	{ "-D /d --wait-archive --wait-archive=3", "duplicate option \"--wait-archive\"",
	    NULL },
	{ "-D /d --wait-archive --no-wait-archive",
	    "duplicate option \"--no-wait-archive\"", NULL },
	{ "-D /d --no-wait-archive --wait-archive", "duplicate option \"--wait-archive\"",
	    NULL },

	{ "-D /d --split", "option \"--split\" needs a directory",
	    "Name a new or an empty one with -o; standard output takes one archive." },
	{ "-D /d --split -o -", "option \"--split\" needs a directory",
	    "Name a new or an empty one with -o; standard output takes one archive." },
	{ "-D /d --split -o x --force",
	    "options \"--split\" and \"--force\" exclude each other",
	    "With --split the directory must be new or empty, so that nothing is replaced." },
	{ "-D /d --split -o x -b2",
	    "options \"--split\" and \"--blocking-factor\" exclude each other",
	    "Records are for a tape or a pipe, which takes one archive." },
	{ "-b0", "option \"--blocking-factor\": \"0\" is not a number from 1 to 32767",
	    NULL },
	{ "-D /d -q -v", "options \"--quiet\" and \"--verbose\" exclude each other",
	    NULL },
	{ "-D /d --no-manifest --manifest-checksums=NONE",
	    "options \"--no-manifest\" and \"--manifest-checksums\" exclude each other",
	    NULL },

	{ "-l x", "no data directory is given", "Name it with -D, or set PGDATA." },
	{ "-D ''", "option \"--pgdata\": the value is empty", NULL },
	{ "-D /d -o ''", "option \"--output\": the value is empty", NULL },
	{ "-D /d -j 0", "option \"--jobs\": \"0\" is not a number from 1 to 1024", NULL },
	{ "-D /d -p 70000", "option \"--port\": the value is not a port from 1 to 65535",
	    "No option takes a password: it is read from the file ~/.pgpass, or asked for." },
	{ "-D /d -W SECRET", "option \"--password\" takes no value",
	    "The password is asked for on the terminal." },
	{ "-D postgres://u:SECRET@h/db",
	    "option \"--pgdata\": a connection string does not name a file or a directory",
	    GIVE },
	{ "-D /d --report=password=SECRET",
	    "option \"--report\": a connection string does not name a file or a directory",
	    GIVE },
	{ "verify password=SECRET", "a connection string is not an operand", GIVE },
	{ "-D /d -j postgres://u:SECRET@h",
	    "option \"--jobs\": \"postgres://***\" is not a number from 1 to 1024",
	    NULL },
	{ "-D /d --wait-archive=",
	    "option \"--wait-archive\": \"\" is not a number from 1 to "
	    "2147483",
	    NULL },
	{ "-D /d -c now",
	    "option \"--checkpoint\": \"now\" is neither \"fast\" nor \"spread\"", NULL },
	{ "-D /d -X all",
	    "option \"--wal-method\": \"all\" is neither \"fetch\" nor \"none\"", NULL },
	{ "-D /d -Fp", "option \"--format\": unknown format \"p\"",
	    "Tar is the only format." },
	{ "-D /d -Z zip", "option \"--compress\": unknown compression \"zip\"",
	    "The methods are: none, gzip." },
	{ "-D /d --manifest-checksums=MD5",
	    "option \"--manifest-checksums\": unknown digest \"MD5\"",
	    "The digests are CRC32C, SHA224, SHA256, SHA384, SHA512 and NONE." },
	{ "-D /d -o x.tar.zst",
	    "output \"x.tar.zst\": compression \"zstd\" is not built in",
	    "Use \"gzip\", or pipe the output through a program that compresses." },
};

enum { REFUSALS = sizeof(refusals) / sizeof(refusals[0]) };

static void
test_refusal(void **state)
{
	const struct refusal *row = *state;
	struct error err = { .kind = ERROR_NONE };
	struct line line;
	struct options o;

	assert_int_equal(parse(&line, row->line, &o, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_string_equal(err.text, row->error);
	assert_string_equal(
	    err.hint, row->hint ? row->hint : "Try \"pg_basetar --help\".");
}

/* Longer than PostgreSQL takes it; label_check_text() has its own tests. */
static void
test_long_label(void **state)
{
	struct error err = { .kind = ERROR_NONE };
	struct line line;
	struct options o;
	char text[1100] = "-D /d -l ";

	(void)state;
	memset(text + 9, 'x', 1024);
	assert_int_equal(strlen(taken(&line, text).label), 1024);
	memset(text + 9, 'x', 1025);
	assert_int_equal(parse(&line, text, &o, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_non_null(strstr(err.text, "option \"--label\": "));
}

/* A program may be started without even its own name. */
static void
test_no_arguments(void **state)
{
	struct error err = { .kind = ERROR_NONE };
	char *argv[] = { NULL };
	struct options o;

	(void)state;
	assert_int_equal(options_parse(0, argv, &o, &err), -1);
	assert_string_equal(err.text, "no data directory is given");
}

int
main(void)
{
	static struct CMUnitTest tests[16 + REFUSALS] = {
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_compression),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_help_and_version),
		cmocka_unit_test(test_long_label),
		cmocka_unit_test(test_no_arguments),
	};
	size_t count = 0;

	unsetenv("PGDATA");
	while (tests[count].name)
		count++;
	for (size_t i = 0; i < REFUSALS; i++)
		tests[count + i] = (struct CMUnitTest){ .name = refusals[i].line,
			.test_func = test_refusal,
			.initial_state = &refusals[i] };
	/* rows without a function are not run */
	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}

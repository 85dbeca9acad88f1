/* Command lines that are taken: what each option asks for, and how the words are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/sys.h"
#include "support/commandline.h"

static void
test_verify(void **state)
{
	struct commandline line;
	struct options o;

	(void)state;
	assert_int_equal(unsetenv("PGDATA"), 0);
	o = commandline_taken(&line, "verify -j 3 base.tar");
	assert_int_equal(o.jobs, 3);
	o = commandline_taken(&line, "verify base.tar");
	assert_int_equal(o.jobs, sys_processors());
	assert_int_equal(o.command, COMMAND_VERIFY);
	assert_string_equal(o.input, "base.tar");
	assert_false(o.digest_is_given || o.quiet || o.verbose || o.progress);
	o = commandline_taken(
	    &line, "-P verify --manifest-checksums=sha512 -q --report /r -");
	assert_null(o.input);
	assert_true(o.digest_is_given && o.quiet && o.progress);
	assert_int_equal(o.manifest_digest, DIGEST_SHA512);
	assert_string_equal(o.report, "/r");
	assert_int_equal(commandline_taken(&line, "-D /d").command, COMMAND_BACKUP);
}

static void
test_info(void **state)
{
	struct commandline line;
	struct options o;

	(void)state;
	o = commandline_taken(&line, "info base.tar");
	assert_int_equal(o.command, COMMAND_INFO);
	assert_string_equal(o.input, "base.tar");
	assert_false(o.brief || o.json || o.progress);
	assert_true(commandline_taken(&line, "info -q base.tar").quiet);
	o = commandline_taken(&line, "--brief info -P - --json");
	assert_null(o.input);
	assert_true(o.brief && o.json && o.progress);
}

static void
test_defaults(void **state)
{
	struct commandline line;
	struct options o;

	(void)state;
	assert_int_equal(setenv("PGDATA", "/pg/data", 1), 0);
	o = commandline_taken(&line, "");
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
	struct commandline line;
	struct options o = commandline_taken(&line,
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
	struct commandline line;
	struct options o = commandline_taken(&line,
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
	o = commandline_taken(&line, "-D /d --split -o /b/x.gz -r 2M");
	assert_true(o.split && !o.output_is_stdout && o.max_rate == 2 * 1024 * 1024);
	/* no suffix of a directory */
	assert_string_equal(o.compression.codec->name, "none");
	assert_int_equal(commandline_taken(&line, "-D /d -b 20").blocking_factor, 20);
	assert_true(commandline_taken(&line, "-D /d -q").quiet);
	assert_true(commandline_taken(&line, "-D /d --no-manifest").no_manifest);
	assert_true(
	    commandline_taken(&line, "-D /d --no-verify-checksums").no_verify_checksums);
}

/* The way a line is read: what stands where, what is cut, what wins. */
static void
test_reading(void **state)
{
	struct commandline line;
	struct options o;

	(void)state;
	assert_string_equal(commandline_taken(&line, "backup -D /d").pgdata, "/d");
	assert_string_equal(commandline_taken(&line, "-D /d backup").pgdata, "/d");
	assert_string_equal(commandline_taken(&line, "-D /d -- backup").pgdata, "/d");
	assert_string_equal(commandline_taken(&line, "-D /d --").pgdata, "/d");
	assert_string_equal(commandline_taken(&line, "-D -- -q").pgdata, "--");
	assert_string_equal(commandline_taken(&line, "--pg /a --out=/b").output, "/b");
	assert_string_equal(commandline_taken(&line, "--pgdata /a -D /d").pgdata, "/d");
	assert_string_equal(commandline_taken(&line, "-D /d -l ''").label, "");
	assert_string_equal(commandline_taken(&line, "-D /d --label=").label, "");
	assert_int_equal(commandline_taken(&line, "-D /d -j 2 -j 3").jobs, 3);
	o = commandline_taken(&line, "-D /d -w -W");
	assert_true(o.force_prompt && !o.never_prompt);
	o = commandline_taken(&line, "-D /d -W -w");
	assert_true(!o.force_prompt && o.never_prompt);
	o = commandline_taken(&line, "-D /d -o /x -o -");
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
		{ "-o A.TAR.GZ -D /d", "gzip", 2 },
		{ "-D /d -o a.tar.gz -Z none", "none", 0 },
		{ "-D /d -Z 0 -o a.tgz", "none", 0 },
		{ "-D /d -o a.tar -Z 7", "gzip", 7 },
		{ "-D /d -Z none -z", "gzip", 2 },
		{ "-D /d --gzip -Z none", "none", 0 },
		{ "-D /d -o a.tar.zst -Z gzip:1", "gzip", 1 },
		{ "-D /d -Z gzip:9 -z", "gzip", 2 },
	};
	struct commandline line;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o = commandline_taken(&line, cases[i].line);

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
	struct commandline line;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o = commandline_taken(&line, cases[i].line);

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
		{ "--help", OPTIONS_OVERVIEW, COMMAND_BACKUP },
		{ "-?", OPTIONS_OVERVIEW, COMMAND_BACKUP },
		{ "--version", OPTIONS_VERSION, COMMAND_BACKUP },
		{ "-V", OPTIONS_VERSION, COMMAND_BACKUP },
		{ "-vV", OPTIONS_VERSION, COMMAND_BACKUP },
		{ "backup --help --version", OPTIONS_HELP, COMMAND_BACKUP },
		{ "-V --nonsense", OPTIONS_VERSION, COMMAND_BACKUP },
		{ "-D /d -q -v -?", OPTIONS_OVERVIEW, COMMAND_BACKUP },
		{ "help", OPTIONS_OVERVIEW, COMMAND_BACKUP },
		{ "backup -?", OPTIONS_HELP, COMMAND_BACKUP },
		{ "help backup", OPTIONS_HELP, COMMAND_BACKUP },
		{ "help restore", OPTIONS_HELP, COMMAND_RESTORE },
		{ "help verify", OPTIONS_HELP, COMMAND_VERIFY },
		{ "restore --help", OPTIONS_HELP, COMMAND_RESTORE },
		{ "help completion", OPTIONS_OVERVIEW, COMMAND_BACKUP },
		{ "completion fish", OPTIONS_COMPLETION, COMMAND_BACKUP },
	};
	struct commandline line;
	struct options o;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
		    commandline_parse(&line, cases[i].line, &o, &err), cases[i].verdict);
		if (cases[i].verdict == OPTIONS_HELP)
			assert_int_equal(o.command, cases[i].command);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_compression),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_help_and_version),
	};

	unsetenv("PGDATA");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What only the whole of a command line says: options that exclude each other, and what follows from the rest. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "recovery/timewords.h"
#include "support/commandline.h"
#include "support/rows.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- a clock that does not go: in place of recovery/timewords.c ---- */

static enum timewords_verdict verdict;

enum timewords_verdict
timewords_resolve(const char *text, time_t now, char out[TIMEWORDS_TEXT])
{
	assert_true(now > 0);
	if (verdict == TIMEWORDS_RESOLVED)
		snprintf(out, TIMEWORDS_TEXT, "2026-11-30T14:14+01");
	else
		snprintf(out, TIMEWORDS_TEXT, "%s, untouched", text);
	return verdict;
}

/* ---- what is refused ---- */

struct refusal {
	const char *line, *error, *hint; /* hint NULL: the general one */
};

#define EXCLUDED(one, other) \
	"options \"--" one "\" and \"--" other "\" exclude each other"
#define NO_STREAM "Open one from 3 on for it, as in: --progress-fd=3 3>FILE"
#define NO_NAME \
	"Such names have lower-case letters, digits and underscores, and at most 63 of them."
#define NO_DIR \
	"Each tablespace goes to a directory below it, which is called by its OID; with \"inside\" all stay in the data directory."
#define LETTERS_60 "abcdefghijklmnopqrstuvwxyz_0123456789abcdefghijklmnopqrstuvw"

static const struct refusal refusals[] = {
	{ "-D /d --dry-run --report=r", EXCLUDED("dry-run", "report"),
	    "A check prints its results, and writes no report." },
	{ "-D /d --report=r --dry-run", EXCLUDED("dry-run", "report"),
	    "A check prints its results, and writes no report." },
	{ "-D /d --metrics=m --dry-run", EXCLUDED("dry-run", "metrics"),
	    "A check makes no backup that metrics could be of." },
	{ "-D /d --create-slot -S s --no-slot", EXCLUDED("no-slot", "create-slot"),
	    NULL },
	{ "-D /d --offline -C -S s", EXCLUDED("offline", "create-slot"), NULL },
	{ "-D /d --snapshot -p 5432", EXCLUDED("snapshot", "port"), NULL },
	{ "restore -D /d --original-tablespaces --tablespaces-in=inside a",
	    EXCLUDED("tablespaces-in", "original-tablespaces"), NULL },
	{ "info --brief --list a", EXCLUDED("list", "brief"), NULL },

	{ "-D /d --metrics=-", "metrics cannot go to standard output",
	    "Name a file in the directory of the textfile collector." },
	{ "verify --metrics - a", "metrics cannot go to standard output",
	    "Name a file in the directory of the textfile collector." },
	{ "-D /d --progress-fd=1",
	    "option \"--progress-fd\": 1 is standard output or standard error",
	    NO_STREAM },
	{ "-D /d --progress-fd=2",
	    "option \"--progress-fd\": 2 is standard output or standard error",
	    NO_STREAM },
	{ "verify --progress-fd=987 a",
	    "option \"--progress-fd\": descriptor 987 is not open for writing",
	    NO_STREAM },

	{ "-D /d -C -S a-b",
	    "option \"--slot\": \"a-b\" is not a valid name of a replication slot",
	    NO_NAME },
	{ "-D /d -C -S " LETTERS_60 "1234",
	    "option \"--slot\": \"" LETTERS_60
	    "1234\" is not a valid name of a replication slot",
	    NO_NAME },

	{ "restore -D /d --tablespaces-in=spaces a",
	    "option \"--tablespaces-in\": \"spaces\" is neither an absolute path nor \"inside\"",
	    NO_DIR },
	{ "restore -D /d --tablespaces-in=inside/a a",
	    "option \"--tablespaces-in\": \"inside/a\" is neither an absolute path nor \"inside\"",
	    NO_DIR },
};

static void
expect_refusal(void **state)
{
	const struct refusal *row = *state;
	struct error err = { 0 };
	struct commandline line;
	struct options o;

	assert_int_equal(commandline_parse(&line, row->line, &o, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_string_equal(err.text, row->error);
	assert_string_equal(
	    err.hint, row->hint ? row->hint : "Try \"pg_basetar --help\".");
}

/* ---- what is taken, although it is close to that ---- */

static void
taken(void **state)
{
	static const char *const lines[] = {
		"-D /d -C -S " LETTERS_60 "123",
		/* a script's own slot may have any name: it is not made */
		"-D /d -S A-b",
		"-D /d --no-slot -S s",
		"-D /d --dry-run",
		"-D /d --report=r --metrics=m",
		"restore -D /d --tablespaces-in=/spaces a",
		"restore -D /d --tablespaces-in=inside a",
		"restore -D /d --original-tablespaces a",
		"restore -D /d --waldir=/wal a",
		"info --list a",
		"info --brief a",
	};
	struct commandline line;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct options o = commandline_taken(&line, lines[i]);

		options_free(&o);
	}
}

static void
checks(void **state)
{
	static const struct {
		const char *line;
		bool is_dry, is_checkpoint_given;
	} rows[] = { { "-D /d", false, false }, { "-D /d --dry-run", true, false },
		{ "check -D /d", true, false }, { "-D /d -c spread", false, true },
		{ "-D /d -c fast", false, true } };
	struct commandline line;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct options o = commandline_taken(&line, rows[i].line);

		assert_int_equal(o.dry_run, rows[i].is_dry);
		assert_int_equal(o.checkpoint_is_given, rows[i].is_checkpoint_given);
		assert_true(o.jobs > 0);
	}
	assert_true(commandline_taken(&line, "restore -D /d a").jobs > 0);
	assert_false(commandline_taken(&line, "verify a").digest_is_given);
	assert_true(commandline_taken(&line, "restore -D /d --manifest-checksums=NONE a")
			.digest_is_given);
}

/* A descriptor must be one that is written to. */
static void
descriptors(void **state)
{
	static const struct {
		int flags;
		bool is_taken;
	} rows[] = { { O_RDONLY, false }, { O_WRONLY, true }, { O_RDWR, true } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int fd = open("/dev/null", rows[i].flags);
		struct error err = { 0 };
		struct commandline line;
		struct options o;
		char text[64];

		assert_true(fd > STDERR_FILENO);
		snprintf(text, sizeof(text), "-D /d --progress-fd=%d", fd);
		assert_int_equal(commandline_parse(&line, text, &o, &err),
		    rows[i].is_taken ? OPTIONS_RUN : -1);
		if (rows[i].is_taken)
			assert_int_equal(o.progress_fd, fd);
		else
			assert_non_null(strstr(err.text, "is not open for writing"));
		close(fd);
	}
}

/* ---- a moment ---- */

#define TARGET(time) "restore -D /d --restore-command=c --target-time=" time " a"

static void
moment(void **state)
{
	static const struct {
		const char *line;
		enum timewords_verdict verdict;
		const char *time, *said; /* what becomes of it; or */
		const char *error;
	} rows[] = {
		{ TARGET("14:14"), TIMEWORDS_KEPT, "14:14", NULL, NULL },
		{ TARGET("14:14"), TIMEWORDS_RESOLVED, "2026-11-30T14:14+01", "14:14",
		    NULL },
		/* said as the server knows it */
		{ TARGET("2026-11-30T14:14+01"), TIMEWORDS_RESOLVED,
		    "2026-11-30T14:14+01", NULL, NULL },
		{ TARGET("14:14"), TIMEWORDS_WRONG, NULL, NULL,
		    "\"14:14\" is not a valid recovery_target_time" },
		{ TARGET("14:14"), TIMEWORDS_FUTURE, NULL, NULL,
		    "\"14:14\" is not a valid recovery_target_time: it is still to come" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { 0 };
		struct commandline line;
		struct options o;

		verdict = rows[i].verdict;
		assert_int_equal(commandline_parse(&line, rows[i].line, &o, &err),
		    rows[i].error ? -1 : OPTIONS_RUN);
		if (rows[i].error) {
			assert_string_equal(err.text, rows[i].error);
			assert_true(err.hint[0] != '\0');
			continue;
		}
		assert_string_equal(o.recovery.target_time, rows[i].time);
		if (rows[i].said)
			assert_string_equal(o.target_said, rows[i].said);
		else
			assert_null(o.target_said);
	}
}

int
main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(taken),
		cmocka_unit_test(checks),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(moment),
	};
	struct CMUnitTest tests[COUNT(refusals) + COUNT(fixed)];

	rows_name(tests, refusals, sizeof(refusals[0]), COUNT(refusals), expect_refusal);
	memcpy(tests + COUNT(refusals), fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

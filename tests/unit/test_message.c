/* What goes to standard error, for each level: whole lines, which no name can forge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>

#include "cli/message.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define EVIL \
	"a\nhint: b\r\033[2J\177c\td\xC2\x9B" \
	"e\xE2\x80\xAE\x9B"
#define DEFUSED "a?hint: b??[2J?c?d\\xC2\\x9Be\\xE2\\x80\\xAE\\x9B"

static void
say_error(void)
{
	struct error err = { 0 };

	error_set(&err, ERROR_STATE, 0, "file \"" EVIL "\"");
	message_error(&err);
	error_hint(&err, "See " EVIL ".");
	message_error(&err);
}

/* What is known of the cause is about the backup: only its own hint counts. */
static void
say_mishap(void)
{
	struct error err = { 0 };

	error_set(&err, ERROR_IO, EMFILE, EVIL);
	message_mishap(&err);
	error_hint(&err, "See " EVIL ".");
	message_mishap(&err);
}

/* A hint of its own comes before what is known of the cause. */
static void
say_advice(void)
{
	struct error err = { 0 };

	error_set(&err, ERROR_IO, EMFILE, "could not open");
	message_error(&err);
	error_hint(&err, "Own.");
	message_error(&err);
}

static void
say_the_rest(void)
{
	message_finding(&(struct finding){ .text = "f %s " EVIL });
	message_warning("w %s " EVIL);
	message_info("i %s %d", EVIL, 7);
	message_note("n %s", EVIL);
	message_progress("12% sending");
	message_progress_end();
}

/* Longer than any line: it is cut, and still one line. */
static void
say_much(void)
{
	char much[5000];

	memset(much, 'x', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	message_warning(much);
	message_warning("next");
}

#define TOO_MANY "pg_basetar: could not open: Too many open files\nhint: "
#define MISHAP "pg_basetar: warning: " DEFUSED ": Too many open files\n"
#define WARNING "pg_basetar: warning: w %s " DEFUSED "\n"
#define FINDING "pg_basetar: f %s " DEFUSED "\n"
#define INFO "pg_basetar: i " DEFUSED " 7\n"
#define NOTE "pg_basetar: n " DEFUSED "\n"
#define PROGRESS "pg_basetar: 12% sending\n"

static struct row {
	const char *name;
	enum message_level level;
	void (*say)(void);
	const char *said;
} rows[] = {
	{ "an error", MESSAGE_QUIET, say_error,
	    "pg_basetar: file \"" DEFUSED "\"\n"
	    "pg_basetar: file \"" DEFUSED "\"\nhint: See " DEFUSED ".\n" },
	{ "advice", MESSAGE_NORMAL, say_advice,
	    TOO_MANY "Raise the limit for open files (ulimit -n).\n" TOO_MANY "Own.\n" },
	{ "a mishap", MESSAGE_QUIET, say_mishap,
	    MISHAP MISHAP "hint: See " DEFUSED ".\n" },
	{ "quiet", MESSAGE_QUIET, say_the_rest, FINDING PROGRESS },
	{ "normal", MESSAGE_NORMAL, say_the_rest, FINDING WARNING NOTE PROGRESS },
	{ "verbose", MESSAGE_VERBOSE, say_the_rest, FINDING WARNING INFO NOTE PROGRESS },
};

/* What ${say} writes to standard error, as a string. */
static void
hear(enum message_level level, void (*say)(void), char *said, size_t size)
{
	FILE *file = tmpfile();
	int before = dup(STDERR_FILENO);
	size_t len;

	assert_non_null(file);
	assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
	message_set_level(level);
	say();
	assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
	close(before);
	rewind(file);
	len = fread(said, 1, size - 1, file);
	said[len] = '\0';
	fclose(file);
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	char said[4096];

	hear(row->level, row->say, said, sizeof(said));
	assert_string_equal(said, row->said);
}

static void
a_line_is_cut(void **state)
{
	static const char next[] = "x\npg_basetar: warning: next\n";
	char said[8192];
	size_t len;

	(void)state;
	hear(MESSAGE_NORMAL, say_much, said, sizeof(said));
	len = strlen(said);
	assert_in_range(len, 1000, 4000);
	assert_string_equal(said + len - (sizeof(next) - 1), next);
	assert_ptr_equal(strchr(said, '\n'), said + len - (sizeof(next) - 1) + 1);
}

/* ---- who listens hears all of it ---- */

static char heard[8192];

static void
hear_warning(struct message_listener *l, const char *text)
{
	(void)l;
	strcat(strcat(heard, "w:"), text);
}

static void
hear_finding(struct message_listener *l, const struct finding *f)
{
	(void)l;
	strcat(strcat(heard, "f:"), f->text);
}

static void
a_listener_hears_all(void **state)
{
	struct message_listener listener = { hear_warning, hear_finding };
	char said[8192];

	(void)state;
	message_listen(&listener);
	hear(MESSAGE_QUIET, say_the_rest, said, sizeof(said));
	assert_string_equal(said, FINDING PROGRESS);
	assert_string_equal(heard, "f:f %s " EVIL "w:w %s " EVIL);
	heard[0] = '\0';
	hear(MESSAGE_NORMAL, say_much, said, sizeof(said));
	assert_int_equal(strlen(heard), 2 + 4999 + 2 + strlen("next"));
	message_listen(NULL);
	hear(MESSAGE_NORMAL, say_much, said, sizeof(said));
	assert_int_equal(strlen(heard), 2 + 4999 + 2 + strlen("next"));
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 2];

	for (size_t i = 0; i < COUNT(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = &rows[i] };
	tests[COUNT(rows)] = (struct CMUnitTest)cmocka_unit_test(a_line_is_cut);
	tests[COUNT(rows) + 1] =
	    (struct CMUnitTest)cmocka_unit_test(a_listener_hears_all);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

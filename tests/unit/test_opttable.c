/* The table of options: every row is in the usage, and in the manual. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/opttable.h"
#include "lib/sys.h"

/* Of one command: the rows that are its own, and no others. */
static void
check_usage(enum opttable_command command)
{
	struct error err = { .kind = ERROR_NONE };
	struct buf text = { 0 };

	assert_int_equal(opttable_usage(&text, command, &err), 0);
	for (size_t i = 0; i < opttable_rows; i++) {
		const struct opttable_row *row = &opttable[i];
		char name[64];

		if (!row->name)
			continue;
		snprintf(name, sizeof(name), "--%s%s", row->name,
		    !row->value              ? " " :
			row->value[0] == '[' ? "[=" :
					       "=");
		if ((row->commands & 1U << command) != 0)
			assert_non_null(strstr(buf_text(&text), name));
		else
			assert_null(strstr(buf_text(&text), name));
	}
	for (const char *line = buf_text(&text); *line != '\0';) {
		size_t len = strcspn(line, "\n");

		assert_in_range(len, 0, 80);
		line += len + 1;
	}
	buf_free(&text);
}

static void
test_usage(void **state)
{
	(void)state;
	for (unsigned i = 0; i < OPTTABLE_COMMANDS; i++)
		check_usage((enum opttable_command)i);
}

static const char *const pages[] = { "man/pg_basetar.1", "man/pg_basetar-backup.1",
	"man/pg_basetar-verify.1", "man/pg_basetar-info.1", "man/pg_basetar-restore.1" };

/* The text of all pages, one after the other. */
static void
read_manual(struct buf *text)
{
	struct error err = { .kind = ERROR_NONE };
	struct buf page = { 0 };

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (sys_read_file(AT_FDCWD, pages[i], 1 << 20, &page, &err) ||
		    buf_append(text, page.data, page.len, &err))
			fail_msg("%s, from the top of the tree: %s", pages[i], err.text);
		buf_free(&page);
	}
}

/* The manual describes each option once, with its letter, its name and its value. */
static void
test_manual(void **state)
{
	struct buf text = { 0 };
	size_t items = 0, options = 0;

	(void)state;
	read_manual(&text);
	for (size_t i = 0; i < opttable_rows; i++) {
		const struct opttable_row *row = &opttable[i];
		char item[96], letter[16] = "";

		if (!row->name)
			continue;
		options++;
		if (row->letter != '\0')
			snprintf(letter, sizeof(letter), "Fl %s%c , ",
			    row->letter == '?' ? "\\&" : "", row->letter);
		snprintf(item, sizeof(item), "\n.It %sFl -%s%s", letter, row->name,
		    !row->value              ? "\n" :
			row->value[0] == '[' ? " Ns Op" :
					       " Ns = Ns ");
		if (!strstr(buf_text(&text), item))
			fail_msg("the manual has no item \"%s\"", item + 1);
	}
	for (const char *at = buf_text(&text); (at = strstr(at, "\n.It Fl ")); at++)
		items++;
	assert_int_equal(items, options);
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The table of options: the usage and the page of a command have its options, and no others. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/opttable.h"
#include "cli/optusage.h"
#include "lib/sys.h"

static void
check_width(const char *text)
{
	for (const char *line = text; *line != '\0';) {
		size_t len = strcspn(line, "\n");

		if (len > 80)
			fail_msg("%zu columns: %.*s", len, (int)len, line);
		line += len + 1;
	}
}

/* Of one command: the rows that are its own, and no others. */
static void
check_usage(enum opttable_command command)
{
	struct error err = { .kind = ERROR_NONE };
	struct buf text = { 0 };

	assert_int_equal(optusage_print(&text, command, &err), 0);
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
	check_width(buf_text(&text));
	buf_free(&text);
}

static void
test_usage(void **state)
{
	(void)state;
	for (unsigned i = 0; i < OPTTABLE_COMMANDS; i++)
		check_usage((enum opttable_command)i);
}

/* Every option stands below a heading of its command, and none is empty. */
static void
test_groups(void **state)
{
	(void)state;
	for (unsigned command = 0; command < OPTTABLE_COMMANDS; command++) {
		const struct opttable_row *heading = NULL;
		size_t options = 0;

		for (size_t i = 0; i < opttable_rows; i++) {
			if ((opttable[i].commands & 1U << command) == 0)
				continue;
			if (opttable[i].name) {
				assert_non_null(heading);
				options++;
				continue;
			}
			assert_true(!heading || options > 0);
			heading = &opttable[i];
			options = 0;
		}
		assert_true(options > 0);
	}
}

/* The overview: each command with what it does, and the options that are used most. */
static void
test_overview(void **state)
{
	struct error err = { .kind = ERROR_NONE };
	struct buf text = { 0 };
	const char *options;

	(void)state;
	assert_int_equal(optusage_overview(&text, &err), 0);
	check_width(buf_text(&text));
	for (size_t i = 0; i < OPTTABLE_COMMANDS; i++) {
		char line[80];

		snprintf(line, sizeof(line), "\n  %-9s%s\n", opttable_commands[i].name,
		    opttable_commands[i].summary);
		assert_non_null(strstr(buf_text(&text), line));
	}
	options = strstr(buf_text(&text), "\nMost used options of backup:\n");
	assert_non_null(options);
	for (size_t i = 0; i < opttable_rows; i++) {
		const struct opttable_row *row = &opttable[i];
		char name[64];

		assert_int_equal(row->often & ~row->commands, 0);
		if (!row->name)
			continue;
		snprintf(name, sizeof(name), "--%s%s", row->name, row->value ? "=" : " ");
		assert_true((strstr(options, name) != NULL) == (row->often != 0));
	}
	buf_free(&text);
}

/* The page as it stands in the source tree. */
static void
read_page(const char *command, char *name, size_t size, struct buf *page)
{
	struct error err = { .kind = ERROR_NONE };

	snprintf(name, size, "man/pg_basetar%s%s.1", command ? "-" : "",
	    command ? command : "");
	if (sys_read_file(AT_FDCWD, name, 1 << 20, page, &err) ||
	    buf_append(page, "", 1, &err))
		fail_msg("%s, from the top of the tree: %s", name, err.text);
}

/* The item of an option in a page: with its letter, its name, and that it has a value. */
static bool
has_item(const struct buf *page, const struct opttable_row *row)
{
	char item[96], letter[16] = "";

	if (row->letter != '\0')
		snprintf(letter, sizeof(letter), "Fl %s%c , ",
		    row->letter == '?' ? "\\&" : "", row->letter);
	snprintf(item, sizeof(item), "\n.It %sFl -%s%s", letter, row->name,
	    !row->value              ? "\n" :
		row->value[0] == '[' ? " Ns Op" :
				       " Ns = Ns ");
	return strstr((const char *)page->data, item) != NULL;
}

static size_t
count_items(const struct buf *page)
{
	size_t items = 0;

	for (const char *at = (const char *)page->data;
	     (at = strstr(at, "\n.It Fl ")) != NULL; at++)
		items++;
	return items;
}

/* The page of backup has those of a check as well, and the page of check has its own alone. */
static bool
is_to_be_in_page(const struct opttable_row *row, unsigned command)
{
	return row->name && (row->commands & 1U << command) != 0 &&
	    (command != COMMAND_CHECK || (row->commands & 1U << COMMAND_BACKUP) == 0);
}

/* The page of a command has an item for each option that the command takes, and for no other. */
static void
test_manual(void **state)
{
	(void)state;
	for (unsigned command = 0; command < OPTTABLE_COMMANDS; command++) {
		struct buf page = { 0 };
		size_t options = 0;
		char name[64];

		read_page(opttable_commands[command].name, name, sizeof(name), &page);
		for (size_t i = 0; i < opttable_rows; i++) {
			const struct opttable_row *row = &opttable[i];

			if (!is_to_be_in_page(row, command))
				continue;
			options++;
			if (!has_item(&page, row))
				fail_msg("%s lacks the option --%s", name, row->name);
		}
		if (count_items(&page) != options)
			fail_msg("%s has %zu items for %zu options", name,
			    count_items(&page), options);
		buf_free(&page);
	}
}

/* pg_basetar(1) has those that are for more than one command in the same sense, and no others. */
static void
test_common(void **state)
{
	struct buf page = { 0 };
	size_t found = 0;
	char name[64];

	(void)state;
	read_page(NULL, name, sizeof(name), &page);
	for (size_t i = 0; i < opttable_rows; i++)
		if (opttable[i].name && has_item(&page, &opttable[i]))
			found++;
	assert_true(found > 0);
	assert_int_equal(count_items(&page), found);
	buf_free(&page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_overview),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_common),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

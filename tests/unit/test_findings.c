/* The kinds of findings: each has an item of the manual, and the manual has no other. */
#include "format/findings.h"

#include "lib/buf.h"
#include "lib/error.h"
#include "lib/sys.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#define PAGE "man/pg_basetar-verify.1"

/* The section, up to the next one. */
static char *
read_section(struct buf *page)
{
	struct error err = { .kind = ERROR_NONE };
	char *from, *to;

	if (sys_read_file(AT_FDCWD, PAGE, 1 << 20, page, &err))
		fail_msg(PAGE ", from the top of the tree: %s", err.text);
	from = strstr((char *)page->data, "\n.Ss Kinds of findings\n");
	assert_non_null(from);
	to = strstr(from + 1, "\n.Ss ");
	assert_non_null(to);
	*to = '\0';
	return from;
}

static void
manual(void **state)
{
	struct buf page = { 0 };
	const char *section = read_section(&page);
	size_t items = 0;

	(void)state;
	for (unsigned kind = 0; kind < FINDINGS_KINDS; kind++) {
		char item[64];

		snprintf(item, sizeof(item), "\n.It Sy %s\n",
		    findings_word((enum findings_kind)kind));
		if (!strstr(section, item))
			fail_msg(PAGE " has no item \"%s\"", item + 1);
	}
	for (const char *at = section; (at = strstr(at, "\n.It ")) != NULL; at++)
		items++;
	assert_int_equal(items, FINDINGS_KINDS);
	buf_free(&page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(manual) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

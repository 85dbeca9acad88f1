/* The answers of a check, as lines and as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format/checklist.h"

static void
fill(struct checklist *list)
{
	struct error err = { 0 };

	assert_int_equal(
	    checklist_add(list, "output", CHECKLIST_OK, "it can be written", NULL, &err),
	    0);
	assert_int_equal(checklist_add(list, "slot", CHECKLIST_WARNING,
			     "WAL is not held back", "", &err),
	    0);
	assert_int_equal(checklist_add(list, "server", CHECKLIST_FAILED,
			     "no server\nis running", "Start it.", &err),
	    0);
	assert_int_equal(
	    checklist_add(list, "role", CHECKLIST_SKIPPED, "not checked", NULL, &err), 0);
	assert_int_equal(
	    checklist_add(list, "size", CHECKLIST_SKIPPED, "not checked", NULL, &err), 0);
}

/* What a server says cannot forge a line, and all that was skipped is one. */
static void
as_text(void **state)
{
	struct checklist list = { 0 };
	struct error err = { 0 };
	struct buf text = { 0 };

	(void)state;
	fill(&list);
	assert_int_equal(list.counts[CHECKLIST_FAILED], 1);
	assert_int_equal(list.counts[CHECKLIST_SKIPPED], 2);
	assert_int_equal(checklist_text(&list, false, &text, &err), 0);
	assert_string_equal(buf_text(&text),
	    "ok       output: it can be written\n"
	    "warning  slot: WAL is not held back\n"
	    "failed   server: no server?is running\n"
	    "         hint: Start it.\n"
	    "skipped  role, size\n");
	buf_clear(&text);
	assert_int_equal(checklist_text(&list, true, &text, &err), 0);
	assert_string_equal(buf_text(&text),
	    "failed   server: no server?is running\n         hint: Start it.\n");
	buf_free(&text);
	checklist_free(&list);
}

static void
as_json(void **state)
{
	struct checklist list = { .has_room = true };
	struct error err = { 0 };
	struct buf text = { 0 };

	(void)state;
	/* none is left, which is not the same as unknown */
	assert_int_equal(checklist_json(&list, &text, &err), 0);
	assert_non_null(strstr(buf_text(&text), "\"bytes_available\": 0"));
	buf_clear(&text);
	list.room = 7;
	fill(&list);
	assert_int_equal(checklist_json(&list, &text, &err), 0);
	assert_non_null(strstr(buf_text(&text), "  \"result\": \"failed\",\n"));
	assert_non_null(strstr(buf_text(&text),
	    "    { \"check\": \"server\", \"result\": \"failed\", \"text\": \"no server\\nis running\", \"hint\": \"Start it.\" },\n"));
	assert_non_null(strstr(buf_text(&text), "\"hint\": null"));
	assert_non_null(strstr(buf_text(&text), "\"bytes_estimated\": null"));
	assert_non_null(strstr(buf_text(&text), "\"bytes_available\": 7"));
	buf_free(&text);
	checklist_free(&list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_text),
		cmocka_unit_test(as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

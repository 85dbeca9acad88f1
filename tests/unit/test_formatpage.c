/* pg_basetar(5): the order, the names and the numbers that it lists are those of the source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/frametable.h"
#include "datadir/exclude.h"
#include "format/infofile_parse.h"
#include "format/memberorder.h"
#include "support/manualpage.h"

#define PAGE "man/pg_basetar.5"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The text from ${head} to ${next}; ${page} is to be freed. */
static char *
section(struct buf *page, const char *head, const char *next)
{
	manualpage_read(PAGE, page);
	return manualpage_section(page, head, next);
}

/* ---- members in order ---- */

/* Put ${number} in the place of NAME, which the page has for it. */
static void
fill_in(char out[128], const char *name, size_t len, const char *number)
{
	const char *at = strstr(name, "NAME");

	if (at && at < name + len)
		snprintf(out, 128, "%.*s%s%.*s", (int)(at - name), name, number,
		    (int)(name + len - at - 4), at + 4);
	else
		snprintf(out, 128, "%.*s", (int)len, name);
}

/* The first path of an item is what the item is about; that of the tree has none. */
static void
members(void **state)
{
	static const struct {
		enum memberorder_kind kind;
		const char *number;
	} wanted[] = { { MEMBERORDER_LABEL, "" }, { MEMBERORDER_INFO, "" },
		{ MEMBERORDER_CONFIG, "" }, { MEMBERORDER_CONTROL, "" },
		{ MEMBERORDER_SEGMENT, "000000010000000000000001" },
		{ MEMBERORDER_HISTORY, "00000002" }, { MEMBERORDER_MANIFEST, "" } };
	struct buf page = { 0 };
	char *item = section(&page, "\n.Ss Members in order\n", "\n.El\n");
	struct memberorder order = { 0 };
	struct error err = { 0 };
	size_t n = 0;

	(void)state;
	while ((item = strstr(item, "\n.It\n")) != NULL) {
		char *end = strstr(++item, "\n.It\n"), *path = strstr(item, "\n.Pa ");
		const char *fault;
		char name[128];
		size_t len;

		if (path == NULL || (end && path > end))
			continue;
		path += 5;
		len = strcspn(path, " \n");
		assert_true(n < COUNT(wanted));
		fill_in(name, path, len, wanted[n].number);
		assert_int_equal(memberorder_kind(name,
				     path[len - 1] == '/' ? TAR_DIRECTORY : TAR_FILE),
		    wanted[n].kind);
		assert_int_equal(
		    memberorder_next(&order, wanted[n++].kind, name, true, &fault, &err),
		    0);
		assert_null(fault);
	}
	assert_int_equal(n, COUNT(wanted));
	memberorder_free(&order);
	buf_free(&page);
}

/* ---- what is not sent ---- */

/* How many paths of ${text} have that verdict; all must, below the data directory itself. */
static size_t
verdicts(const char *text, enum exclude_verdict verdict)
{
	size_t count = 0;

	while ((text = strstr(text, "\n.Pa ")) != NULL) {
		char name[128];
		struct exclude_entry entry = { .mode = EXCLUDE_RECOVERS,
			.where = EXCLUDE_ROOT,
			.name = name,
			.is_directory = verdict == EXCLUDE_EMPTY };

		text += 5;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, " \n"), text);
		entry.is_lost_found = strcmp(name, "lost+found") == 0;
		if (strchr(name, '/') || strcmp(name, "pg_basetar_config") == 0)
			continue; /* of pg_wal; if this one has its own */
		if (exclude_decide(&entry, NULL) != verdict)
			fail_msg(PAGE ": \"%s\" has another verdict", name);
		count++;
	}
	return count;
}

static void
left_out(void **state)
{
	struct buf page = { 0 };

	(void)state;
	/* pg_wal stands there twice */
	assert_int_equal(
	    verdicts(
		section(&page, "\nSent as empty directories", "\nAlso\n"), EXCLUDE_EMPTY),
	    8 + 1);
	buf_free(&page);
	assert_int_equal(
	    verdicts(section(&page, "\nIn the data directory itself\n", "\n.It\n"),
		EXCLUDE_SKIP),
	    10);
	buf_free(&page);
}

/* ---- pg_basetar.info ---- */

/* The example is read as a backup's own file is, and its keys come in the order of the list. */
static void
example(void **state)
{
	struct buf page = { 0 }, list = { 0 };
	char *text = section(&page, "\n.Ss pg_basetar.info\n", "\n.Ss ");
	const char *keys = section(&list, "\n.Ss pg_basetar.info\n", "\n.El\n");
	struct error err = { 0 };
	struct infofile info;
	char *end;

	(void)state;
	text = strstr(text, "\n.Bd -literal -offset indent\n");
	assert_non_null(text);
	text = strchr(text + 1, '\n') + 1;
	end = strstr(text, ".Ed");
	assert_non_null(end);
	if (infofile_parse(text, (size_t)(end - text), &info, &err))
		fail_msg("the example is refused: %s", err.text);
	assert_int_equal(info.config.count, 2);
	assert_int_equal(info.server_version, 15);
	infofile_free(&info);
	for (char *line = text, *next; line < end; line = next) {
		char item[64];

		next = strchr(line, '\n') + 1;
		snprintf(
		    item, sizeof(item), "\n.It Cm %.*s\n", (int)strcspn(line, ":"), line);
		if ((keys = strstr(keys, item)) == NULL)
			fail_msg("not in its place: %.*s", (int)(next - line), line);
	}
	buf_free(&page);
	buf_free(&list);
}

/* ---- the table of frames ---- */

/* The sum of the numbers that a row of the page begins with: "4, 4 Ta ...". */
static unsigned
bytes_of(const char *row)
{
	unsigned sum = 0, n;
	int used;

	while (sscanf(row, "%u%n", &n, &used) == 1) {
		sum += n;
		row += used + (row[used] == ',');
	}
	return sum;
}

static void
frames(void **state)
{
	struct buf page = { 0 };
	char *at =
	    section(&page, "\n.Ss Finding a stretch\n", "\nAn archive without one");
	unsigned sums[6], n = 0;
	char magic[32];

	(void)state;
	if (strstr(at, "134,217,728") == NULL || FRAMETABLE_MOST != 134217728)
		fail_msg("how many frames there may be is said otherwise");
	snprintf(magic, sizeof(magic), "0x%08X", FRAMETABLE_SKIPPABLE_MAGIC);
	assert_non_null(strstr(at, magic));
	at = strstr(at, "\n.It Sy Bytes");
	while (at && (at = strstr(at + 1, "\n.It ")) != NULL) {
		assert_true(n < COUNT(sums));
		sums[n++] = bytes_of(at + 5);
	}
	assert_int_equal(n, COUNT(sums));
	assert_int_equal(sums[0] + sums[1], FRAMETABLE_HEAD);
	assert_int_equal(sums[2], FRAMETABLE_ROW);
	assert_int_equal(sums[3] + sums[4] + sums[5], FRAMETABLE_FOOTER);
	buf_free(&page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members),
		cmocka_unit_test(left_out),
		cmocka_unit_test(example),
		cmocka_unit_test(frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

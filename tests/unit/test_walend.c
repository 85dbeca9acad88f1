/* Where WAL ends that nobody writes to, and what of it is damage. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datadir/walend.h"
#include "lib/sys.h"
#include "support/faketree.h"
#include "support/walsample.h"
#include "wal/walname.h"

enum { PAGE = WALIMAGE_PAGE, SEGMENT = WALIMAGE_SEGMENT, FILES = 8 };
#define START WALIMAGE_START

static struct walimage image;

/* A pg_wal with the image in it, a file for each of its segments. */
struct scene {
	char *root;
	int wal_fd;
	struct walpage_expect expect;
	struct cancel cancel;
	struct walend_options opt;
	struct walend end;
	struct error err;
};

static uint64_t
segment_of(unsigned n)
{
	return START + n * (uint64_t)SEGMENT;
}

static void
name_of(unsigned n, char name[WALNAME_SIZE])
{
	walname_build(name, walhistory_at(&image.history, segment_of(n) + SEGMENT - 1),
	    segment_of(n) / SEGMENT, SEGMENT);
}

/* ${len} bytes of the image's segment ${from} as the file of the segment ${n}. */
static void
put_file(struct scene *s, unsigned n, unsigned from, size_t len)
{
	char name[WALNAME_SIZE];
	int fd;

	name_of(n, name);
	fd = openat(s->wal_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, image.bytes + (size_t)from * SEGMENT, len), len);
	sys_close(fd);
}

static void
remove_file(struct scene *s, unsigned n)
{
	char name[WALNAME_SIZE];

	name_of(n, name);
	faketree_remove(s->root, name);
}

static void
begin(struct scene *s, void (*make)(struct walimage *))
{
	assert_true(walimage_start(&image));
	make(&image);
	*s = (struct scene){ .root = faketree_new(NULL, 0) };
	s->wal_fd = faketree_open(s->root);
	s->expect = walimage_expect(&image);
	s->opt = (struct walend_options){ s->wal_fd, &s->expect, &s->cancel };
	for (unsigned n = 0; n < FILES; n++)
		put_file(s, n, n, SEGMENT);
}

static int
find(struct scene *s)
{
	return walend_find(&s->opt, image.records[0].lsn, 0, &s->end, &s->err);
}

static uint64_t
last_end(void)
{
	return image.records[image.count - 1].end_lsn;
}

static void
end(struct scene *s)
{
	sys_close(s->wal_fd);
	faketree_free(s->root);
	walimage_free(&image);
}

/* Whatever the border is at the end, and before it; zeros follow. */
static void
find_sound(void **state)
{
	const struct walsample *row = *state;
	struct scene s;
	uint64_t record_end;

	begin(&s, row->make);
	if (find(&s))
		fail_msg("%s", s.err.text);
	assert_int_equal(s.end.lsn, last_end());
	assert_int_equal(s.end.stray_lsn, 0);
	for (size_t i = 0; i < image.count; i++) {
		/* no checkpoint is where a record was left incomplete */
		if (image.records[i].info == WALIMAGE_OVERWRITE)
			continue;
		assert_int_equal(
		    walend_of_record(&s.opt, image.records[i].lsn, &record_end, &s.err),
		    0);
		assert_int_equal(record_end, image.records[i].end_lsn);
	}
	end(&s);
}

/* As the server prepares it: the segments after the last are recycled ones. */
static void
recycled_follow(void **state)
{
	struct scene s;
	unsigned last;

	(void)state;
	begin(&s, walsample_small);
	last = (unsigned)((last_end() - START) / SEGMENT);
	for (unsigned n = last + 1; n < FILES; n++)
		put_file(&s, n, 0, SEGMENT);
	assert_int_equal(find(&s), 0);
	assert_int_equal(s.end.lsn, last_end());
	for (unsigned n = last + 1; n < FILES; n++)
		remove_file(&s, n);
	assert_int_equal(find(&s), 0);
	assert_int_equal(s.end.lsn, last_end());
	end(&s);
}

/* The last segment was a recycled one as well: old pages follow its records. */
static void
recycled_within(void **state)
{
	struct scene s;
	uint64_t page;

	(void)state;
	begin(&s, walsample_small);
	page = (last_end() + PAGE - 1) / PAGE * PAGE;
	for (; page % SEGMENT != 0; page += PAGE)
		memcpy(
		    walimage_at(&image, page), walimage_at(&image, START + PAGE), PAGE);
	put_file(&s, (unsigned)((last_end() - START) / SEGMENT),
	    (unsigned)((last_end() - START) / SEGMENT), SEGMENT);
	assert_int_equal(find(&s), 0);
	assert_int_equal(s.end.lsn, last_end());
	assert_int_equal(s.end.stray_lsn, 0);
	end(&s);
}

/* A crash in the midst of a record over pages: its pages are there, and no others. */
static void
ends_inside_record(void **state)
{
	struct scene s;
	const struct walrecord *rec = &image.records[4]; /* 3000 bytes */

	(void)state;
	begin(&s, walsample_long_ones);
	for (uint64_t page = (rec->end_lsn - 1) / PAGE * PAGE; page > rec->lsn;
	     page -= PAGE) {
		memset(
		    walimage_at(&image, page), 0, (size_t)(START + WALIMAGE_SIZE - page));
		for (unsigned n = 0; n < FILES; n++)
			put_file(&s, n, n, SEGMENT);
		assert_int_equal(find(&s), 0);
		assert_int_equal(s.end.lsn, rec->lsn);
		assert_int_equal(s.end.stray_lsn, 0);
	}
	end(&s);
}

/* What is done to a pg_wal of four segments and a bit, and what is said of it. */

static void
missing(struct scene *s)
{
	remove_file(s, 1);
}

static void
two_missing(struct scene *s)
{
	remove_file(s, 1);
	remove_file(s, 2);
}

static void
stale(struct scene *s)
{
	put_file(s, 2, 0, SEGMENT);
}

static void
zeroed(struct scene *s)
{
	memset(image.bytes + SEGMENT, 0, SEGMENT);
	put_file(s, 1, 1, SEGMENT);
}

static void
a_bit_short(struct scene *s)
{
	put_file(s, 1, 1, SEGMENT - 1);
}

static void
flipped(struct scene *s)
{
	image.bytes[SEGMENT + 3 * PAGE + 60] ^= 1;
	put_file(s, 1, 1, SEGMENT);
}

static void
first_is_missing(struct scene *s)
{
	remove_file(s, 0);
}

static void
last_is_short(struct scene *s)
{
	put_file(s, 3, 3, PAGE);
}

static void
a_directory(struct scene *s)
{
	char name[WALNAME_SIZE];

	name_of(1, name);
	remove_file(s, 1);
	faketree_put(s->root, name, DIRECTORY);
}

static struct row {
	const char *name;
	void (*damage)(struct scene *);
	const char *error; /* begins so; # is a digit */
} rows[] = {
	{ "a segment is missing", missing,
	    "WAL ends at 2/1400, but WAL file \"000000010000000200000006\" has later WAL: "
	    "could not find WAL file \"000000010000000200000005\"" },
	{ "two segments are missing", two_missing,
	    "WAL ends at 2/1400, but WAL file \"000000010000000200000007\" has later WAL: "
	    "could not find WAL file \"000000010000000200000005\"" },
	{ "a segment is stale", stale,
	    "WAL ends at 2/1800, but WAL file \"000000010000000200000007\" has later WAL: "
	    "WAL page at 2/1800: unexpected page address 2/1000: the segment was recycled" },
	{ "a segment is zeros", zeroed,
	    "WAL ends at 2/1400, but WAL file \"000000010000000200000006\" has later WAL: "
	    "WAL page at 2/1400: page is empty" },
	{ "a segment is short", a_bit_short,
	    "unexpected WAL file size \"000000010000000200000005\": 1023 bytes instead of "
	    "1024" },
	{ "a record is damaged", flipped,
	    "WAL ends at 2/15##, but WAL file \"000000010000000200000006\" has later WAL: "
	    "WAL record at 2/15##: checksum" },
	{ "the first segment is missing", first_is_missing,
	    "WAL ends at 2/1028, but WAL file \"000000010000000200000005\" has later WAL: "
	    "could not find WAL file \"000000010000000200000004\"" },
	{ "the last segment is short", last_is_short,
	    "unexpected WAL file size \"000000010000000200000007\": 128 bytes" },
	{ "a segment is a directory", a_directory,
	    "WAL file \"000000010000000200000005\" is a directory" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* One record a page and no gaps, up to the middle of the fourth segment. */
static void
four_segments(struct walimage *w)
{
	while (w->lsn < START + 3 * SEGMENT + 5 * PAGE)
		walimage_heap(w, 48);
}

static bool
begins_with(const char *text, const char *form)
{
	for (; *form != '\0'; text++, form++)
		if (*form == '#' ? strchr("0123456789ABCDEF", *text) == NULL :
				   *text != *form)
			return false;
	return true;
}

static void
find_damage(void **state)
{
	const struct row *row = *state;
	struct scene s;

	begin(&s, four_segments);
	row->damage(&s);
	assert_int_equal(find(&s), -1);
	assert_int_equal(s.err.kind, ERROR_FORMAT);
	if (!begins_with(s.err.text, row->error))
		assert_string_equal(s.err.text, row->error);
	assert_true(strlen(s.err.hint) > 0);
	end(&s);
}

/* A page of the last segment that the disk did not get in time is no damage. */
static void
page_is_lost(void **state)
{
	const uint64_t lost = START + 3 * SEGMENT + 2 * PAGE;
	struct scene s;

	(void)state;
	begin(&s, four_segments);
	memset(walimage_at(&image, lost), 0, PAGE);
	put_file(&s, 3, 3, SEGMENT);
	assert_int_equal(find(&s), 0);
	assert_true(s.end.lsn <= lost && s.end.lsn > lost - 2 * PAGE);
	assert_int_equal(s.end.stray_lsn, lost + PAGE);
	end(&s);
}

/* Segments of a timeline that was left are no part of the lineage. */
static void
left_over(void **state)
{
	struct scene s;
	char name[WALNAME_SIZE];
	int fd;

	(void)state;
	begin(&s, walsample_promoted);
	assert_int_equal(find(&s), 0);
	assert_int_equal(s.end.lsn, last_end());
	walname_build(name, 1, segment_of(6) / SEGMENT, SEGMENT);
	memcpy(image.bytes + 6 * SEGMENT, image.bytes, SEGMENT);
	memcpy(image.bytes + 6 * SEGMENT + 8, &(uint64_t){ segment_of(6) }, 8);
	fd = openat(s.wal_fd, name, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, image.bytes + 6 * SEGMENT, SEGMENT), SEGMENT);
	sys_close(fd);
	assert_int_equal(find(&s), 0);
	assert_int_equal(s.end.lsn, last_end());
	end(&s);
}

static void
too_early(void **state)
{
	struct scene s;
	struct walend found = { .lsn = 7 };
	uint64_t record_end = 7;
	char expected[128];

	(void)state;
	begin(&s, walsample_small);
	assert_int_equal(walend_find(&s.opt, START + 40, last_end(), &found, &s.err), 0);
	found.lsn = 7;
	assert_int_equal(
	    walend_find(&s.opt, START + 40, last_end() + 8, &found, &s.err), -1);
	snprintf(expected, sizeof(expected),
	    "WAL ends at 2/%X, but the cluster needs WAL up to 2/%X: ",
	    (unsigned)last_end(), (unsigned)last_end() + 8);
	assert_true(begins_with(s.err.text, expected));
	assert_int_equal(found.lsn, 7);
	assert_int_equal(walend_of_record(&s.opt, last_end(), &record_end, &s.err), -1);
	assert_int_equal(s.err.kind, ERROR_FORMAT);
	assert_int_equal(record_end, 7);
	end(&s);
}

/* Whoever writes there again leaves his time on the file, or makes one. */
static void
written_since(void **state)
{
	struct scene s;
	const struct timespec times[2] = { { 7, 0 }, { 7, 0 } };
	unsigned last;

	(void)state;
	begin(&s, four_segments);
	last = (unsigned)((last_end() - START) / SEGMENT);
	for (unsigned n = 0; n <= last + 1; n++) {
		char name[WALNAME_SIZE];

		assert_int_equal(find(&s), 0);
		assert_int_equal(walend_recheck(&s.opt, &s.end, &s.err), 0);
		name_of(n, name);
		assert_int_equal(utimensat(s.wal_fd, name, times, 0), 0);
		/* the segment after the last is not looked at */
		assert_int_equal(
		    walend_recheck(&s.opt, &s.end, &s.err), n <= last ? -1 : 0);
	}
	assert_int_equal(s.err.kind, ERROR_STATE);
	assert_string_equal(s.err.text,
	    "WAL files from \"000000010000000200000004\" to \"000000010000000200000007\" "
	    "changed while the cluster was read");
	end(&s);

	/* the WAL ends with its segment, and there is no other */
	begin(&s, four_segments);
	walimage_switch(&image, false);
	put_file(&s, last, last, SEGMENT);
	for (unsigned n = last + 1; n < FILES; n++)
		remove_file(&s, n);
	assert_int_equal(find(&s), 0);
	assert_int_equal(s.end.lsn, segment_of(last + 1));
	assert_int_equal(walend_recheck(&s.opt, &s.end, &s.err), 0);
	put_file(&s, last + 1, last + 1, SEGMENT);
	assert_int_equal(walend_recheck(&s.opt, &s.end, &s.err), -1);
	end(&s);
}

static void
cancelled(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, walsample_small);
	cancel_raise(&s.cancel);
	assert_int_equal(find(&s), -1);
	assert_int_equal(s.err.kind, ERROR_CANCELLED);
	end(&s);
}

int
main(void)
{
	enum { SINGLE = 8 };
	struct CMUnitTest tests[SINGLE + ROWS + WALSAMPLE_COUNT] = {
		cmocka_unit_test(recycled_follow),
		cmocka_unit_test(recycled_within),
		cmocka_unit_test(ends_inside_record),
		cmocka_unit_test(page_is_lost),
		cmocka_unit_test(left_over),
		cmocka_unit_test(too_early),
		cmocka_unit_test(written_since),
		cmocka_unit_test(cancelled),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[SINGLE + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = find_damage,
			.initial_state = &rows[i] };
	for (size_t i = 0; i < WALSAMPLE_COUNT; i++)
		tests[SINGLE + ROWS + i] =
		    (struct CMUnitTest){ .name = walsamples[i].name,
			    .test_func = find_sound,
			    .initial_state = &walsamples[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

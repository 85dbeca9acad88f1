#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datadir/walset.h"
#include "lib/buf.h"
#include "lib/sys.h"
#include "support/faketree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Segments of 1 MiB; the last 8 digits count 4096 of them. */
enum { MIB = 1024 * 1024 };
#define SEGMENT BYTES(1048576)
#define S(timeline, number) \
	"pg_wal/0000000" #timeline "0000000000000" #number /* 3 hex digits */

static const struct fake_file usual[] = { { S(2, 010), SEGMENT }, { S(2, 011), SEGMENT },
	{ S(2, 012), SEGMENT }, { S(2, 013), SEGMENT }, { S(1, 010), SEGMENT },
	{ S(1, 00F), SEGMENT }, { S(2, 014), SEGMENT }, { S(3, 012), SEGMENT },
	{ "pg_wal/00000003.history", "later" }, { "pg_wal/00000002.history", "x" },
	{ "pg_wal/0000000A.history", "x" }, { S(1, 011) ".partial", SEGMENT },
	{ S(2, 010) ".00000028.backup", "x" }, { "pg_wal/xlogtemp.77", "x" },
	{ "pg_wal/archive_status/x.done", "" }, { "pg_wal/0000000b.history", "x" } };

/* Timeline 2 left 1 in the middle of segment 0x010. */
static struct walhistory_row lineage[] = { { 1, 0x1080000 }, { 2, UINT64_MAX } };
static const struct walhistory history = { COUNT(lineage), lineage };

struct scene {
	char *root;
	int wal_fd;
	bool is_frozen;
	struct walset set;
	struct error err;
};

static void
begin(struct scene *s, const struct fake_file *files, size_t count)
{
	int datadir;

	*s = (struct scene){ .root = faketree_new(files, count) };
	datadir = faketree_open(s->root);
	assert_int_equal(walset_open_directory(datadir, &s->wal_fd, &s->err), 0);
	sys_close(datadir);
}

static int
read_range(struct scene *s, uint64_t start, uint64_t stop)
{
	const struct walset_range range = { .start_lsn = start,
		.stop_lsn = stop,
		.segment_size = MIB,
		.history = &history,
		.is_frozen = s->is_frozen };

	return walset_read(s->wal_fd, &range, &s->set, &s->err);
}

static void
end(struct scene *s)
{
	walset_free(&s->set);
	sys_close(s->wal_fd);
	faketree_free(s->root);
}

/* Which segments a range takes, their names one after another; "?": not for recovery. */
static struct range {
	const char *name;
	uint64_t start, stop;
	const char *names; /* NULL: an error */
	const char *error;
} ranges[] = {
	{ "one segment", 0x1100028, 0x1100100, "000000020000000000000011 ", NULL },
	{ "three, with a stranger", 0x1100000, 0x1300001,
	    "000000020000000000000011 000000020000000000000012 000000030000000000000012? "
	    "000000020000000000000013 ",
	    NULL },
	{ "stop on a boundary", 0x1100028, 0x1200000, "000000020000000000000011 ", NULL },
	{ "stop one byte further", 0x1100028, 0x1200001,
	    "000000020000000000000011 000000020000000000000012 000000030000000000000012? ",
	    NULL },
	{ "across a switch", 0x0F00028, 0x1100100,
	    "00000001000000000000000F 000000010000000000000010? 000000020000000000000010 "
	    "000000020000000000000011 ",
	    NULL },
	{ "no first", 0x0E00028, 0x1100100, NULL,
	    "could not find WAL file \"00000001000000000000000E\"" },
	{ "no last", 0x1300028, 0x1500001, NULL,
	    "could not find WAL file \"000000020000000000000015\"" },
	{ "none at all", 0x1F00028, 0x1F00100, NULL,
	    "could not find WAL file \"00000002000000000000001F\"" },
	{ "a year of WAL", 0x1100028, UINT64_MAX, NULL,
	    "could not find WAL file \"000000020000000000000015\"" },
	{ "nothing", 0x1100028, 0x1100028, NULL,
	    "the stop position of the backup is not after its start" },
};

static void
choose(void **state)
{
	const struct range *row = *state;
	struct buf names = { 0 };
	struct scene s;

	begin(&s, usual, COUNT(usual));
	if (row->error) {
		assert_int_equal(read_range(&s, row->start, row->stop), -1);
		assert_string_equal(s.err.text, row->error);
		assert_int_equal(s.err.kind, ERROR_STATE);
		assert_int_equal(s.set.count, 0);
		end(&s);
		return;
	}
	if (read_range(&s, row->start, row->stop))
		fail_msg("%s", s.err.text);
	for (size_t i = 0; i < s.set.count; i++) {
		const struct walset_segment *segment = &s.set.segments[i];
		uint32_t timeline;
		uint64_t segno;

		assert_int_equal(buf_printf(&names, &s.err, "%s%s ", segment->name,
				     segment->is_needed ? "" : "?"),
		    0);
		assert_true(walname_parse(segment->name, MIB, &timeline, &segno));
		assert_true(timeline == segment->timeline && segno == segment->segno);
		assert_int_equal(segment->st.st_size, MIB);
	}
	assert_string_equal(buf_text(&names), row->names);
	assert_int_equal(s.set.history_count, 3);
	assert_string_equal(s.set.histories[0], "00000002.history");
	assert_string_equal(s.set.histories[1], "00000003.history");
	assert_string_equal(s.set.histories[2], "0000000A.history");
	buf_free(&names);
	end(&s);
}

/* A hole, also where another timeline has a segment of that number. */
static void
holes(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, usual, COUNT(usual));
	faketree_remove(s.root, S(2, 012));
	assert_int_equal(read_range(&s, 0x1100028, 0x1300100), -1);
	assert_string_equal(
	    s.err.text, "could not find WAL file \"000000020000000000000012\"");
	assert_true(strlen(s.err.hint) > 0);
	faketree_remove(s.root, S(3, 012));
	assert_int_equal(read_range(&s, 0x1100028, 0x1300100), -1);
	assert_string_equal(
	    s.err.text, "could not find WAL file \"000000020000000000000012\"");
	assert_int_equal(read_range(&s, 0x1100028, 0x1100100), 0);
	end(&s);
}

static void
wrong_files(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, usual, COUNT(usual));
	faketree_put(s.root, S(2, 012), BYTES(8192));
	assert_int_equal(read_range(&s, 0x1100028, 0x1300100), -1);
	assert_int_equal(s.err.kind, ERROR_FORMAT);
	assert_string_equal(s.err.text,
	    "unexpected WAL file size "
	    "\"000000020000000000000012\": 8192 bytes instead "
	    "of 1048576");
	faketree_put(s.root, S(2, 012), BYTES(1048577));
	assert_int_equal(read_range(&s, 0x1100028, 0x1300100), -1);
	assert_int_equal(s.err.kind, ERROR_FORMAT);
	faketree_put(s.root, S(2, 012), LINK("000000020000000000000011"));
	assert_int_equal(read_range(&s, 0x1100028, 0x1300100), -1);
	assert_string_equal(
	    s.err.text, "WAL file \"000000020000000000000012\" is a symbolic link");
	end(&s);
}

/* What may happen to segment 0x11 between the choice and the last byte read. */
static void
removed(const char *root)
{
	faketree_remove(root, S(2, 011));
}

static void
recycled(const char *root)
{
	faketree_rename(root, S(2, 011), S(2, 020));
	faketree_put(root, S(2, 011), SEGMENT);
}

static void
truncated(const char *root)
{
	faketree_put(root, "pg_wal/x", BYTES(100));
	faketree_rename(root, "pg_wal/x", S(2, 011));
}

static void
cut(const char *root)
{
	char *path = malloc(strlen(root) + sizeof(S(2, 011)) + 1);

	assert_non_null(path);
	sprintf(path, "%s/%s", root, S(2, 011));
	assert_int_equal(truncate(path, 100), 0);
	free(path);
}

static void
made_a_link(const char *root)
{
	faketree_rename(root, S(2, 011), "pg_wal/real");
	faketree_put(root, S(2, 011), LINK("real"));
}

static const struct event {
	void (*happen)(const char *root);
	const char *open_error; /* of a segment that recovery reads; NULL: it is opened */
	/* of one that must stay what it was, opened or looked at again */
	const char *bound_error;
	bool is_gone;
} events[] = {
	{ removed, "was removed or recycled while the backup ran",
	    "was removed or recycled while the backup ran", true },
	/* another file: its bytes are proved */
	{ recycled, NULL, "was replaced by another file while the backup ran", true },
	{ truncated, "unexpected WAL file size",
	    "was replaced by another file while the backup ran", true },
	{ made_a_link, "is a symbolic link", "is a symbolic link", true },
	{ cut, "unexpected WAL file size",
	    "was truncated or extended while the backup ran", false },
};

static void
check_text(const struct scene *s, const char *text)
{
	if (strstr(s->err.text, text) == NULL ||
	    strstr(s->err.text, "000000020000000000000011") == NULL)
		fail_msg("%s", s->err.text);
}

static void
meanwhile(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(events); i++) {
		const struct event *e = &events[i / 2];
		const bool is_needed = i % 2;
		struct scene s;
		int fd = -1;

		begin(&s, usual, COUNT(usual));
		assert_int_equal(read_range(&s, 0x1000028, 0x1300100), 0);
		assert_int_equal(walset_recheck(&s.set, s.wal_fd, &s.err), 0);
		for (size_t n = 0; n < s.set.count; n++) {
			assert_int_equal(
			    walset_open_segment(&s.set, n, s.wal_fd, &fd, &s.err), 0);
			sys_close(fd);
		}
		/* 0: of timeline 1, 1: of 2 with the same number */
		assert_string_equal(s.set.segments[2].name, "000000020000000000000011");
		assert_true(s.set.segments[2].is_needed);
		s.set.segments[2].is_needed = is_needed;
		assert_false(walset_has_gone(&s.set, 2, s.wal_fd));
		e->happen(s.root);
		assert_int_equal(walset_has_gone(&s.set, 2, s.wal_fd), e->is_gone);
		assert_int_equal(
		    walset_recheck(&s.set, s.wal_fd, &s.err), is_needed ? 0 : -1);
		if (!is_needed && e->happen != made_a_link)
			check_text(&s, e->bound_error);
		fd = -1;
		if (is_needed && e->open_error == NULL) {
			assert_int_equal(
			    walset_open_segment(&s.set, 2, s.wal_fd, &fd, &s.err), 0);
			sys_close(fd);
		} else {
			assert_int_equal(
			    walset_open_segment(&s.set, 2, s.wal_fd, &fd, &s.err), -1);
			check_text(&s, is_needed ? e->open_error : e->bound_error);
		}
		end(&s);
	}
}

/* Only of the segment that an error names, and only if it was. */
static void
explained(void **state)
{
	static const char damage[] =
	    "WAL file \"000000020000000000000011\": WAL page at 0/1100000";

	(void)state;
	for (int is_removed = 0; is_removed < 2; is_removed++) {
		struct scene s;

		begin(&s, usual, COUNT(usual));
		assert_int_equal(read_range(&s, 0x1000028, 0x1300100), 0);
		faketree_remove(s.root, S(2, 010));
		if (is_removed)
			recycled(s.root);
		error_set(&s.err, ERROR_FORMAT, 0, "%s", damage);
		assert_int_equal(walset_explain(&s.set, s.wal_fd, &s.err), -1);
		if (is_removed)
			check_text(&s, "was removed or recycled while the backup ran");
		else
			assert_string_equal(s.err.text, damage);
		error_set(&s.err, ERROR_IO, 0, "%s", damage);
		assert_int_equal(walset_explain(&s.set, s.wal_fd, &s.err), -1);
		assert_string_equal(s.err.text, damage);
		end(&s);
	}
}

/* What is missing is no error, if it may lack. */
static void
lacking(void **state)
{
	const struct walset_range range = { .start_lsn = 0x0E00028,
		.stop_lsn = 0x1500001,
		.segment_size = MIB,
		.history = &history,
		.may_lack = true };
	const struct walset_range far = { .start_lsn = 0x1F00028,
		.stop_lsn = 0x1F00100,
		.segment_size = MIB,
		.history = &history,
		.may_lack = true };
	struct scene s;

	(void)state;
	begin(&s, usual, COUNT(usual));
	faketree_remove(s.root, S(2, 012));
	/* of another timeline: it is not read */
	faketree_put(s.root, S(3, 012), BYTES(7));
	assert_int_equal(walset_read(s.wal_fd, &range, &s.set, &s.err), 0);
	assert_int_equal(s.set.count, 7);
	assert_string_equal(s.set.segments[0].name, "00000001000000000000000F");
	assert_true(s.set.segments[0].is_needed);
	assert_false(s.set.segments[4].is_needed);
	assert_string_equal(s.set.segments[6].name, "000000020000000000000014");
	walset_free(&s.set);
	assert_int_equal(walset_read(s.wal_fd, &far, &s.set, &s.err), 0);
	assert_int_equal(s.set.count, 0);
	end(&s);
}

static void
set_time(const struct scene *s, time_t seconds)
{
	const struct timespec times[2] = { { seconds, 0 }, { seconds, 0 } };

	assert_int_equal(utimensat(s->wal_fd, strrchr(S(2, 011), '/') + 1, times, 0), 0);
}

/* Where no server works not even the time of a file may change, and no slot helps. */
static void
frozen(void **state)
{
	(void)state;
	for (int is_frozen = 0; is_frozen < 2; is_frozen++) {
		struct scene s;

		begin(&s, usual, COUNT(usual));
		s.is_frozen = is_frozen;
		set_time(&s, 7);
		assert_int_equal(read_range(&s, 0x1000028, 0x1300100), 0);
		assert_int_equal(walset_recheck(&s.set, s.wal_fd, &s.err), 0);
		set_time(&s, 8);
		assert_int_equal(
		    walset_recheck(&s.set, s.wal_fd, &s.err), is_frozen ? -1 : 0);
		if (is_frozen)
			assert_string_equal(s.err.text,
			    "WAL file \"000000020000000000000011\" was written to while "
			    "the backup ran");
		walset_free(&s.set);
		s.err.hint[0] = '\0';
		assert_int_equal(read_range(&s, 0x1000028, 0x2000100), -1);
		assert_int_equal(strstr(s.err.hint, "slot") == NULL, is_frozen);
		end(&s);
	}
}

static void
no_directory(void **state)
{
	char *root = faketree_new(NULL, 0);
	int datadir = faketree_open(root), fd;
	struct walset set = { .count = 0 };
	const struct walset_range range = { .start_lsn = 0x1100028,
		.stop_lsn = 0x1100100,
		.segment_size = MIB,
		.history = &history };
	struct error err;

	(void)state;
	assert_int_equal(walset_open_directory(datadir, &fd, &err), -1);
	assert_string_equal(
	    err.text, "directory \"pg_wal\": could not open: No such file or directory");
	assert_int_equal(walset_read(-1, &range, &set, &err), -1);
	assert_int_equal(err.sys, EBADF);
	faketree_put(root, "elsewhere/x", "x");
	faketree_put(root, "pg_wal", LINK("elsewhere"));
	assert_int_equal(walset_open_directory(datadir, &fd, &err), 0);
	sys_close(fd);
	sys_close(datadir);
	faketree_free(root);
}

int
main(void)
{
	enum { SINGLE = 7 };
	struct CMUnitTest tests[SINGLE + COUNT(ranges)] = {
		cmocka_unit_test(explained),
		cmocka_unit_test(lacking),
		cmocka_unit_test(holes),
		cmocka_unit_test(wrong_files),
		cmocka_unit_test(meanwhile),
		cmocka_unit_test(frozen),
		cmocka_unit_test(no_directory),
	};

	for (size_t i = 0; i < COUNT(ranges); i++)
		tests[SINGLE + i] = (struct CMUnitTest){ .name = ranges[i].name,
			.test_func = choose,
			.initial_state = &ranges[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A file, a pipe or standard input as a source: its size, skips, and what is refused. */
#define _GNU_SOURCE /* posix_openpt(), F_GETPIPE_SZ */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "stream/infile.h"
#include "support/faketree.h"
#include "support/openfds.h"
#include "support/refuse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *root;

static int
setup(void **state)
{
	static const struct fake_file tree[] = { { "ten", "0123456789" }, { "empty", "" },
		{ "dir", DIRECTORY }, { "link", LINK("ten") } };

	(void)state;
	root = faketree_new(tree, COUNT(tree));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	faketree_free(root);
	return 0;
}

static struct source *
open_in_tree(const char *name, const struct cancel *cancel)
{
	struct error err = { 0 };
	int dirfd = faketree_open(root);
	struct source *s;

	assert_int_equal(infile_open_at(&s, dirfd, name, cancel, &err), 0);
	close(dirfd);
	return s;
}

/* The next byte, or -1 at the end. */
static int
next_byte(struct source *s)
{
	struct error err = { 0 };
	uint8_t byte;
	size_t got;

	assert_int_equal(source_read(s, &byte, 1, &got, &err), 0);
	return got ? byte : -1;
}

static void
reads_to_the_end(void **state)
{
	size_t fds = openfds_count();
	struct source *s = open_in_tree("link", NULL);

	(void)state;
	assert_true(infile_size(s) == 10);
	for (int i = 0; i < 10; i++) {
		assert_true(infile_done(s) == (uint64_t)i);
		assert_int_equal(next_byte(s), '0' + i);
	}
	assert_int_equal(next_byte(s), -1);
	assert_int_equal(next_byte(s), -1);
	assert_true(infile_done(s) == 10);
	source_free(s);
	s = open_in_tree("empty", NULL);
	assert_true(infile_size(s) == 0);
	assert_int_equal(next_byte(s), -1);
	source_free(s);
	assert_int_equal(openfds_count(), fds);
}

/* A skip ends with the file: what lies beyond is missed as a read misses it. */
static void
skips_no_farther_than_the_end(void **state)
{
	static const struct {
		uint64_t len, skipped;
		int next;
	} rows[] = { { 0, 0, '1' }, { 1, 1, '2' }, { 8, 8, '9' }, { 9, 9, -1 },
		{ 10, 9, -1 }, { UINT64_MAX, 9, -1 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct source *s = open_in_tree("ten", NULL);
		struct error err = { 0 };
		uint64_t skipped;

		assert_int_equal(next_byte(s), '0');
		assert_int_equal(source_skip(s, rows[i].len, &skipped, &err), 0);
		assert_true(skipped == rows[i].skipped);
		assert_true(infile_done(s) == 1 + skipped);
		assert_int_equal(next_byte(s), rows[i].next);
		source_free(s);
	}
}

/* ---- standard input ---- */

/* Standard input is ${fd}, which is closed, until restore(). */
static int
replace(int fd)
{
	int saved = dup(STDIN_FILENO);

	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
	return saved;
}

static void
restore(int saved)
{
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
}

/* It may be a file of which somebody has read already; and it is not ours to close. */
static void
standard_input_begins_where_it_stands(void **state)
{
	int dirfd = faketree_open(root), fd = openat(dirfd, "ten", O_RDONLY), saved;
	struct error err = { 0 };
	struct source *s;
	uint64_t skipped;

	(void)state;
	assert_true(lseek(fd, 4, SEEK_SET) == 4);
	saved = replace(fd);
	assert_int_equal(infile_open(&s, NULL, NULL, &err), 0);
	assert_true(infile_size(s) == 6);
	assert_int_equal(next_byte(s), '4');
	assert_int_equal(source_skip(s, 100, &skipped, &err), 0);
	assert_true(skipped == 5);
	assert_true(infile_done(s) == 6);
	source_free(s);
	assert_int_not_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
	restore(saved);
	close(dirfd);
}

static void
a_pipe_has_no_size_and_no_skip(void **state)
{
	struct error err = { 0 };
	struct source *s;
	uint64_t skipped;
	int ends[2], saved;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	close(ends[1]);
	saved = replace(ends[0]);
	assert_int_equal(infile_open(&s, NULL, NULL, &err), 0);
	if (geteuid() == 0) /* others may have no room for a wide one */
		assert_int_equal(fcntl(STDIN_FILENO, F_GETPIPE_SZ), 1 << 20);
	assert_true(infile_size(s) == 0);
	assert_int_equal(source_skip(s, 2, &skipped, &err), 0);
	assert_true(skipped == 0);
	assert_int_equal(next_byte(s), 'a');
	assert_true(infile_done(s) == 1);
	source_free(s);
	restore(saved);
}

/* As a fifo does that is opened by another writer later. */
static void
what_comes_after_the_end_is_not_read(void **state)
{
	struct error err = { 0 };
	struct source *s;
	uint8_t bytes[4];
	size_t got;
	int ends[2], saved;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	assert_int_equal(send(ends[1], "a", 1, 0), 1);
	assert_int_equal(send(ends[1], "", 0, 0), 0);
	assert_int_equal(send(ends[1], "b", 1, 0), 1);
	saved = replace(ends[0]);
	assert_int_equal(infile_open(&s, NULL, NULL, &err), 0);
	assert_int_equal(source_read(s, bytes, sizeof(bytes), &got, &err), 0);
	assert_int_equal(got, 1);
	assert_int_equal(next_byte(s), -1);
	assert_int_equal(next_byte(s), -1);
	assert_true(infile_done(s) == 1);
	source_free(s);
	restore(saved);
	close(ends[1]);
}

static void
a_terminal_is_refused(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), terminal, saved;
	struct error err = { 0 };
	struct source *s;

	(void)state;
	if (master == -1 || grantpt(master) == -1 || unlockpt(master) == -1)
		skip();
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_int_not_equal(terminal, -1);
	saved = replace(terminal);
	assert_int_equal(infile_open(&s, NULL, NULL, &err), -1);
	assert_null(s);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_string_equal(err.text, "is a terminal");
	assert_string_not_equal(err.hint, "");
	restore(saved);
	close(master);
}

/* ---- what fails ---- */

static void
what_cannot_be_opened(void **state)
{
	static const struct {
		const char *name;
		enum error_kind kind;
		const char *text;
	} rows[] = { { "dir", ERROR_STATE, "is not a regular file" },
		/* and nobody waits for a writer */
		{ "fifo", ERROR_STATE, "is not a regular file" },
		{ "none", ERROR_IO, "could not open: No such file or directory" },
		{ "ten/x", ERROR_IO, "could not open: Not a directory" } };
	int dirfd = faketree_open(root);
	size_t fds = openfds_count();
	struct error failed = { 0 };
	struct source *directory;

	(void)state;
	assert_int_equal(mkfifoat(dirfd, "fifo", 0600), 0);
	assert_int_equal(infile_open(&directory, root, NULL, &failed), -1);
	assert_null(directory);
	assert_int_equal(failed.kind, ERROR_STATE);
	assert_string_equal(failed.text, "could not read: Is a directory");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { 0 };
		struct source *s;

		assert_int_equal(infile_open_at(&s, dirfd, rows[i].name, NULL, &err), -1);
		assert_null(s);
		assert_int_equal(err.kind, rows[i].kind);
		assert_string_equal(err.text, rows[i].text);
	}
	assert_int_equal(openfds_count(), fds);
	close(dirfd);
}

struct reading {
	struct source *source;
	int rc;
	struct error err;
};

static void
read_once(void *arg)
{
	struct reading *r = arg;
	uint8_t byte;
	size_t got;

	r->rc = source_read(r->source, &byte, 1, &got, &r->err);
}

static void
a_disk_that_fails(void **state)
{
	static const struct refuse read_fails[] = { { SYS_preadv2, 0, 0, 0, EIO },
		{ SYS_pread64, 0, 0, 0, EIO } };
	struct reading r = { .source = open_in_tree("ten", NULL) };

	(void)state;
	if (!refuse_run(read_fails, 2, read_once, &r))
		skip();
	assert_int_equal(r.rc, -1);
	assert_int_equal(r.err.kind, ERROR_IO);
	assert_string_equal(r.err.text, "could not read: Input/output error");
	assert_true(infile_done(r.source) == 0);
	source_free(r.source);
}

/* A read of a regular file is never interrupted: the cancel is looked at before it. */
static void
a_cancel_ends_reads_that_do_not_wait(void **state)
{
	struct cancel cancel = { false };
	struct reading r = { .source = open_in_tree("ten", &cancel) };

	(void)state;
	read_once(&r);
	assert_int_equal(r.rc, 0);
	cancel_raise(&cancel);
	read_once(&r);
	assert_int_equal(r.rc, -1);
	assert_int_equal(r.err.kind, ERROR_CANCELLED);
	assert_string_equal(r.err.text, "interrupted");
	source_free(r.source);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_to_the_end),
		cmocka_unit_test(skips_no_farther_than_the_end),
		cmocka_unit_test(standard_input_begins_where_it_stands),
		cmocka_unit_test(a_pipe_has_no_size_and_no_skip),
		cmocka_unit_test(what_comes_after_the_end_is_not_read),
		cmocka_unit_test(a_terminal_is_refused),
		cmocka_unit_test(what_cannot_be_opened),
		cmocka_unit_test(a_disk_that_fails),
		cmocka_unit_test(a_cancel_ends_reads_that_do_not_wait),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

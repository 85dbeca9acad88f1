/*
 * What GNU tar, bsdtar and busybox tar make of our headers: names and targets of every
 * length, bytes that are not UTF-8, owners and sizes past the octal fields; each in a
 * locale of bytes and in one of UTF-8.  And what our reader makes of theirs.  A program
 * that is not installed is skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys.h"
#include "support/memstream.h"
#include "tar/reader.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct program {
	const char *name;
	const char *command;
	const char *locale;
} programs[] = {
	{ "GNU tar", "tar", "C" },
	{ "GNU tar, UTF-8", "tar", "C.UTF-8" },
	{ "bsdtar", "bsdtar", "C" },
	{ "bsdtar, UTF-8", "bsdtar", "C.UTF-8" },
	{ "busybox tar", "busybox tar", "C" },
	{ "busybox tar, UTF-8", "busybox tar", "C.UTF-8" },
};

/* Names are told apart by their first byte, 'a' and on; one character fills the rest. */
static const struct member {
	char type;
	char fill;
	size_t name_len, link_len;
} members[] = {
	{ TAR_FILE, 'f', 99, 0 },
	{ TAR_FILE, 'f', 100, 0 },
	{ TAR_FILE, 'f', 101, 0 },
	{ TAR_FILE, 'f', 255, 0 },
	{ TAR_FILE, 'f', 256, 0 },
	{ TAR_FILE, 'f', 257, 0 },
	{ TAR_FILE, 'f', 1000, 0 },
	{ TAR_FILE, 'f', 4095, 0 },
	{ TAR_DIRECTORY, 'd', 98, 0 },
	{ TAR_DIRECTORY, 'd', 99, 0 },
	{ TAR_DIRECTORY, 'd', 100, 0 },
	{ TAR_DIRECTORY, 'd', 256, 0 },
	{ TAR_SYMLINK, 'l', 3, 99 },
	{ TAR_SYMLINK, 'l', 3, 100 },
	{ TAR_SYMLINK, 'l', 3, 101 },
	{ TAR_SYMLINK, 'l', 3, 255 },
	{ TAR_SYMLINK, 'l', 3, 256 },
	{ TAR_SYMLINK, 'l', 3, 257 },
	{ TAR_SYMLINK, 'l', 3, 1000 },
	{ TAR_SYMLINK, 'l', 3, 4095 },
	{ TAR_SYMLINK, 'l', 257, 257 },
	{ TAR_FILE, '\xe9', 5, 0 },
	{ TAR_FILE, '\xe9', 100, 0 },
	{ TAR_FILE, '\xe9', 101, 0 },
	{ TAR_SYMLINK, '\xe9', 5, 5 },
	{ TAR_SYMLINK, '\xe9', 5, 257 },
};

static const char body[TAR_BLOCK] = "abc";

enum { BODY = 3, PATH_BYTES = 4096 };

/* ${len} bytes, in components that file systems take. */
static char *
fill_name(char *name, size_t len, char first, char fill)
{
	for (size_t i = 0; i < len; i++)
		name[i] = i % 100 == 60 && i + 1 < len ? '/' : fill;
	name[0] = first;
	name[len] = '\0';
	return name;
}

static void
write_file(const char *path, const struct buf *bytes)
{
	struct error err = { 0 };
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd != -1);
	assert_int_equal(sys_write(fd, bytes->data, bytes->len, NULL, &err), 0);
	assert_int_equal(close(fd), 0);
}

static void
append(struct buf *out, const void *bytes, size_t len)
{
	struct error err = { 0 };

	assert_int_equal(buf_append(out, bytes, len, &err), 0);
}

static struct buf
make_archive(void)
{
	static const uint8_t zeros[2 * TAR_BLOCK];
	char name[PATH_BYTES], link[PATH_BYTES];
	struct error err = { 0 };
	struct buf out = { 0 };

	for (size_t i = 0; i < COUNT(members); i++) {
		const struct member *m = &members[i];
		struct tar_entry entry = {
			.name = fill_name(name, m->name_len, (char)('a' + i), m->fill),
			.link = fill_name(link, m->link_len, 't', m->fill),
			.type = m->type,
			.mode = 0700,
			.size = BODY,
			.mtime = 1700000000 + (int64_t)i,
		};

		assert_int_equal(tar_header_encode(&out, &entry, &err), 0);
		if (m->type == TAR_FILE)
			append(&out, body, sizeof(body));
	}
	append(&out, zeros, sizeof(zeros));
	return out;
}

/* The output of a shell command, which must succeed. */
static struct buf
output_of(const char *command)
{
	FILE *pipe = popen(command, "r");
	struct buf out = { 0 };
	char piece[4096];
	size_t got;

	assert_non_null(pipe);
	while ((got = fread(piece, 1, sizeof(piece), pipe)) > 0)
		append(&out, piece, got);
	if (pclose(pipe) != 0)
		fail_msg("%s: %s", command, buf_text(&out));
	return out;
}

static int
make_directory(void **state)
{
	const char *parent = getenv("TMPDIR");
	char dir[PATH_BYTES];

	(void)state;
	snprintf(dir, sizeof(dir), "%s/pg_basetar.XXXXXX", parent ? parent : "/tmp");
	if (mkdtemp(dir) == NULL || chdir(dir) == -1)
		return -1;
	return setenv("DIR", dir, 1);
}

static int
remove_directory(void **state)
{
	(void)state;
	return chdir("/") || system("rm -rf \"$DIR\"");
}

static void
skip_unless_installed(const struct program *p)
{
	char command[128];

	snprintf(command, sizeof(command), "%s --help >help 2>&1", p->command);
	if (system(command) != 0)
		skip();
}

static void
check_member(int dir, const struct member *m, char first)
{
	char name[PATH_BYTES], link[PATH_BYTES], target[PATH_BYTES];
	struct stat st;
	ssize_t len;

	fill_name(name, m->name_len, first, m->fill);
	fill_name(link, m->link_len, 't', m->fill);
	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	switch (m->type) {
	case TAR_FILE:
		assert_true(S_ISREG(st.st_mode));
		assert_int_equal(st.st_size, BODY);
		break;
	case TAR_DIRECTORY:
		assert_true(S_ISDIR(st.st_mode));
		break;
	default:
		len = readlinkat(dir, name, target, sizeof(target) - 1);
		assert_int_equal(len, m->link_len);
		assert_memory_equal(target, link, m->link_len);
		return; /* busybox tar leaves a link the time it was made at */
	}
	assert_int_equal(st.st_mtime, 1700000000 + first - 'a');
}

/* Unpacked from a file, all is there under its own name. */
static void
unpacks(void **state)
{
	const struct program *p = *state;
	struct buf archive, out;
	char command[128];
	int dir;

	skip_unless_installed(p);
	archive = make_archive();
	write_file("a.tar", &archive);
	snprintf(command, sizeof(command),
	    "rm -rf x && mkdir x && cd x && LC_ALL=%s %s -xof ../a.tar 2>&1", p->locale,
	    p->command);
	out = output_of(command);
	dir = open("x", O_RDONLY | O_DIRECTORY);
	assert_true(dir != -1);
	for (size_t i = 0; i < COUNT(members); i++)
		check_member(dir, &members[i], (char)('a' + i));
	sys_close(dir);
	buf_free(&out);
	buf_free(&archive);
}

/* A sparse archive: 9 GiB of body that nobody wrote, and a member after it. */
static void
write_large_archive(const char *path)
{
	static const struct tar_entry large = { "large", NULL, TAR_FILE, 0600, 3000000,
		3000001, 9663676416, -1, "", "" };
	static const struct tar_entry after = { "after", NULL, TAR_DIRECTORY, 0700,
		2097151, 2097152, 0, 8589934592, "", "" };
	struct error err = { 0 };
	struct buf first = { 0 }, last = { 0 };
	int fd;

	assert_int_equal(tar_header_encode(&first, &large, &err), 0);
	assert_int_equal(tar_header_encode(&last, &after, &err), 0);
	write_file(path, &first);
	fd = open(path, O_WRONLY);
	assert_true(fd != -1);
	assert_int_equal(lseek(fd, (off_t)large.size, SEEK_END), TAR_BLOCK + large.size);
	assert_int_equal(sys_write(fd, last.data, last.len, NULL, &err), 0);
	assert_int_equal(ftruncate(fd, (off_t)(large.size + 4 * TAR_BLOCK)), 0);
	assert_int_equal(close(fd), 0);
	buf_free(&last);
	buf_free(&first);
}

/* Numbers past the octal fields are read as they were meant. */
static void
lists_large_numbers(void **state)
{
	static const char *const words[] = { "3000000", "3000001", "9663676416", "large",
		"2097151", "2097152", "after" };
	const struct program *p = *state;
	char command[128];
	struct buf out;

	skip_unless_installed(p);
	write_large_archive("large.tar");
	snprintf(command, sizeof(command), "LC_ALL=%s TZ=UTC %s -tvf large.tar 2>&1",
	    p->locale, p->command);
	out = output_of(command);
	for (size_t i = 0; i < COUNT(words); i++)
		if (strstr(buf_text(&out), words[i]) == NULL)
			fail_msg("no \"%s\" in: %s", words[i], buf_text(&out));
	buf_free(&out);
}

static enum error_kind
verdict_on(const struct buf *archive)
{
	struct memsource m = memstream_source(archive->data, archive->len, 0);
	struct tar_reader *reader;
	struct tar_entry entry;
	struct error err = { 0 };
	bool end = false;

	assert_int_equal(tar_reader_open(&reader, &m.source, &err), 0);
	while (!end && tar_reader_next(reader, &entry, &end, &err) == 0)
		continue;
	tar_reader_free(reader);
	return err.kind;
}

/* Each file of the corpus says in its name what is to become of it. */
static enum error_kind
verdict_named(const char *name)
{
	if (strncmp(name, "good-", 5) == 0)
		return ERROR_NONE;
	return strncmp(name, "bad-", 4) == 0 ? ERROR_FORMAT : ERROR_UNSUPPORTED;
}

static void
corpus_is_read_as_named(void **state)
{
	DIR *dir = opendir("corpus");
	struct error err = { 0 };
	struct dirent *d;
	size_t count = 0;

	(void)state;
	if (dir == NULL)
		skip();
	while ((d = readdir(dir)) != NULL) {
		struct buf archive = { 0 };

		if (d->d_name[0] == '.')
			continue;
		assert_int_equal(
		    sys_read_file(dirfd(dir), d->d_name, 1 << 20, &archive, &err), 0);
		memmove(archive.data, archive.data + 1, --archive.len);
		if (verdict_on(&archive) != verdict_named(d->d_name))
			fail_msg("%s was not read as its name says", d->d_name);
		buf_free(&archive);
		count++;
	}
	assert_true(count > 10);
	closedir(dir);
}

/* To be run at the top of the tree, as make does; without bsdtar there is no corpus. */
static int
make_corpus(void **state)
{
	char top[PATH_BYTES];

	if (getcwd(top, sizeof(top)) == NULL || setenv("TOP", top, 1))
		return -1;
	if (make_directory(state))
		return -1;
	if (system("sh \"$TOP/tests/corpus/make-tar\" corpus >out 2>&1") != 0)
		return system("rm -rf corpus");
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest corpus[] = {
		cmocka_unit_test(corpus_is_read_as_named),
	};
	struct CMUnitTest unpack[COUNT(programs)], list[COUNT(programs)];
	int rc;

	for (size_t i = 0; i < COUNT(programs); i++) {
		unpack[i] = (struct CMUnitTest){ .name = programs[i].name,
			.test_func = unpacks,
			.initial_state = (void *)(uintptr_t)&programs[i] };
		list[i] = unpack[i];
		list[i].test_func = lists_large_numbers;
	}
	rc = cmocka_run_group_tests_name("read", corpus, make_corpus, remove_directory);
	rc += cmocka_run_group_tests_name(
	    "unpacked by", unpack, make_directory, remove_directory);
	rc += cmocka_run_group_tests_name(
	    "listed by", list, make_directory, remove_directory);
	return rc != 0;
}

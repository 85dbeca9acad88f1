/* What a walk finds is told to a visitor, or added to a sum. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "datadir/visit.h"
#include "support/faketree.h"

static const struct fake_file tree[] = { { "small", "abc" }, { "large", BYTES(1048577) },
	{ "directory", DIRECTORY } };

static char *root, told[1024];
static int fd;

static void
tell(const char *what, const char *path, unsigned long long number)
{
	const size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s %s %llu\n", what, path, number);
}

static int
directory(struct visitor *v, const char *path, const struct stat *st, struct error *err)
{
	(void)v;
	(void)st;
	(void)err;
	tell("directory", path, 0);
	return 0;
}

static int
bytes(struct visitor *v, const char *path, const struct stat *st, const uint8_t *content,
    size_t len, struct error *err)
{
	(void)v;
	(void)st;
	(void)content;
	(void)err;
	tell("bytes", path, len);
	return 0;
}

static int
file(struct visitor *v, const char *path, const struct stat *st, int its,
    bool is_relation, struct error *err)
{
	(void)v;
	(void)err;
	close(its);
	tell(is_relation ? "relation" : "file", path, (unsigned long long)st->st_size);
	return 0;
}

static int
special(struct visitor *v, const char *path, enum dirlist_kind kind, struct error *err)
{
	(void)v;
	(void)err;
	tell("special", path, kind == DIRLIST_LINK);
	return 0;
}

static const struct visitor_ops ops = {
	.directory = directory, .bytes = bytes, .file = file, .special = special
};
static struct visitor visitor = { &ops };

static int
begin(void **state)
{
	(void)state;
	told[0] = '\0';
	root = faketree_new(tree, sizeof(tree) / sizeof(tree[0]));
	fd = faketree_open(root);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	close(fd);
	faketree_free(root);
	return 0;
}

static enum member_found
visit(struct visit *v, const char *name, bool is_relation)
{
	enum member_found found;
	struct error err = { 0 };

	assert_int_equal(visit_enter(v, name, &err), 0);
	assert_int_equal(visit_file(v, fd, name, is_relation, &found, &err), 0);
	visit_leave(v, 0);
	return found;
}

/* A small file is read whole, unless it is a relation's; one that is something else is not told. */
static void
to_a_visitor(void **state)
{
	struct visit v = { .visitor = &visitor };
	struct error err = { 0 };
	struct stat st = { 0 };

	(void)state;
	assert_int_equal(visit_begin(&v, &err), 0);
	assert_int_equal(visit(&v, "small", false), MEMBER_THERE);
	assert_int_equal(visit(&v, "small", true), MEMBER_THERE);
	assert_int_equal(visit(&v, "large", false), MEMBER_THERE);
	assert_int_equal(visit(&v, "directory", false), MEMBER_OTHER);
	assert_int_equal(visit(&v, "nothing", false), MEMBER_GONE);
	assert_int_equal(visit_enter(&v, "one", &err), 0);
	assert_int_equal(visit_enter(&v, "two", &err), 0);
	assert_int_equal(visit_directory(&v, &st, &err), 0);
	visit_leave(&v, 3);
	assert_int_equal(visit_special(&v, DIRLIST_LINK, &err), 0);
	assert_string_equal(told,
	    "bytes small 3\nrelation small 3\nfile large 1048577\n"
	    "directory one/two 0\nspecial one 1\n");
	visit_end(&v);
}

static void
as_a_sum(void **state)
{
	struct visit v = { .visitor = NULL };
	struct error err = { 0 };
	struct stat st = { 0 };
	uint64_t size;

	(void)state;
	assert_int_equal(visit_begin(&v, &err), 0);
	assert_int_equal(visit(&v, "small", false), MEMBER_THERE);
	size = v.sum.size;
	assert_true(size > 3);
	assert_int_equal(visit(&v, "directory", false), MEMBER_OTHER);
	assert_int_equal(visit_special(&v, DIRLIST_LINK, &err), 0);
	assert_int_equal(v.sum.size, size);
	assert_int_equal(visit_enter(&v, "directory", &err), 0);
	assert_int_equal(visit_directory(&v, &st, &err), 0);
	assert_true(v.sum.size > size);
	visit_end(&v);
}

/* What may happen in a tree in use is an error in a frozen one; a call that failed is one anywhere. */
static void
in_words(void **state)
{
	struct visit v = { .is_frozen = false };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(visit_changed(&v, &err), 0);
	v.is_frozen = true;
	assert_int_equal(visit_changed(&v, &err), -1);
	assert_string_equal(err.text, "\".\" changed while it was read");
	err = (struct error){ 0 };
	assert_int_equal(visit_enter(&v, "x", &err), 0);
	errno = EACCES;
	assert_int_equal(visit_failed(&v, "file", "could not open", &err), -1);
	assert_string_equal(err.text, "file \"x\": could not open: Permission denied");
	assert_non_null(strstr(err.hint, "as the user that owns it"));
	visit_end(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(to_a_visitor, begin, end),
		cmocka_unit_test_setup_teardown(as_a_sum, begin, end),
		cmocka_unit_test(in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

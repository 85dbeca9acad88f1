#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/sys.h"
#include "support/treerecord.h"

static int
record(struct treerecord *r, const char *path, uint64_t body, struct error *err)
{
	r->size += 512 + (body + 511) / 512 * 512;
	if (r->act_at && strcmp(path, r->act_at) == 0)
		r->act(r->root);
	if (r->fail_at && strcmp(path, r->fail_at) == 0)
		return error_set(err, ERROR_STATE, 0, "the visitor failed");
	return 0;
}

static int
record_directory(
    struct visitor *v, const char *path, const struct stat *st, struct error *err)
{
	struct treerecord *r = (struct treerecord *)v;

	assert_true(S_ISDIR(st->st_mode));
	assert_int_equal(buf_printf(&r->text, err, "d %s\n", path), 0);
	return record(r, path, 0, err);
}

static int
record_link(struct visitor *v, const char *path, const char *target,
    const struct stat *st, struct error *err)
{
	struct treerecord *r = (struct treerecord *)v;
	size_t len = strlen(r->root);

	assert_true(S_ISLNK(st->st_mode));
	if (strncmp(target, r->root, len) == 0)
		target += len;
	assert_int_equal(buf_printf(&r->text, err, "l %s %s\n", path, target), 0);
	return record(r, path, 0, err);
}

static int
record_bytes(struct visitor *v, const char *path, const struct stat *st,
    const uint8_t *bytes, size_t len, struct error *err)
{
	struct treerecord *r = (struct treerecord *)v;

	assert_true(S_ISREG(st->st_mode));
	assert_int_equal(st->st_size, len);
	assert_non_null(bytes);
	assert_int_equal(buf_printf(&r->text, err, "b %s %zu\n", path, len), 0);
	return record(r, path, len, err);
}

static int
record_file(struct visitor *v, const char *path, const struct stat *st, int fd,
    bool is_relation, struct error *err)
{
	struct treerecord *r = (struct treerecord *)v;
	uint64_t size = (uint64_t)st->st_size;
	struct stat now;

	assert_int_equal(fstat(fd, &now), 0);
	assert_true(now.st_ino == st->st_ino && S_ISREG(st->st_mode));
	sys_close(fd);
	assert_int_equal(buf_printf(&r->text, err, "%c %s %ju\n", is_relation ? 'r' : 'f',
			     path, (uintmax_t)size),
	    0);
	return record(r, path, size, err);
}

static int
record_special(
    struct visitor *v, const char *path, enum dirlist_kind kind, struct error *err)
{
	struct treerecord *r = (struct treerecord *)v;
	int rc;

	assert_int_equal(
	    buf_printf(&r->text, err, "! %s %s\n", path, dirlist_kind_name(kind)), 0);
	rc = record(r, path, 0, err);
	r->size -= 512;
	return rc;
}

const struct visitor_ops treerecord_ops = { record_directory, record_link, record_bytes,
	record_file, record_special };

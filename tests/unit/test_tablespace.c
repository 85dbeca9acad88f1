#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "datadir/tablespace.h"
#include "lib/sys.h"
#include "support/faketree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define VERSION_DIR "PG_15_202209061"

/* The data directory is "data" below the tree's root. */
struct scene {
	char *root, *datadir;
	int fd;
	struct relocations relocations;
	struct oids without;
	struct tablespaces list;
	struct error err;
};

static void
begin(struct scene *s, const struct fake_file *files, size_t count)
{
	*s = (struct scene){ .root = faketree_new(files, count) };
	s->datadir = malloc(strlen(s->root) + 6);
	assert_non_null(s->datadir);
	sprintf(s->datadir, "%s/data", s->root);
	s->fd = faketree_open(s->datadir);
}

static int
read_them(struct scene *s)
{
	const struct tablespaces_choice choice = { &s->relocations, &s->without };

	return tablespaces_read(s->fd, cluster_version(15), &choice, &s->list, &s->err);
}

static void
end(struct scene *s)
{
	tablespaces_free(&s->list);
	relocations_free(&s->relocations);
	oids_free(&s->without);
	sys_close(s->fd);
	free(s->datadir);
	faketree_free(s->root);
}

static void
all_kinds(void **state)
{
	static const struct fake_file files[] = {
		{ "spc 1/" VERSION_DIR "/5/16384", PAGES(1) },
		{ "spc2/" VERSION_DIR, DIRECTORY },
		{ "data/inside/deep/" VERSION_DIR, DIRECTORY },
		{ "data/pg_tblspc/9999", LINK_BELOW("spc 1") },
		{ "data/pg_tblspc/10000", LINK("../../spc2") },
		{ "data/pg_tblspc/10001", LINK("../inside/deep") },
		{ "data/pg_tblspc/10002/" VERSION_DIR, DIRECTORY },
		{ "data/pg_tblspc/010003", LINK("/") }, { "data/pg_tblspc/0", LINK("/") },
		{ "data/pg_tblspc/4294967296", LINK("/") },
		{ "data/pg_tblspc/link", LINK("/") }, { "data/pg_tblspc/10004", "a file" }
	};
	const struct tablespace *t;
	struct scene s;
	struct stat st;

	(void)state;
	begin(&s, files, COUNT(files));
	if (read_them(&s))
		fail_msg("%s", s.err.text);
	assert_int_equal(s.list.count, 3);

	t = &s.list.rows[0];
	assert_int_equal(t->oid, 10000);
	assert_string_equal(t->oid_text, "10000");
	assert_string_equal(t->target, "../../spc2");
	assert_int_equal(t->size, 0);

	t = &s.list.rows[1];
	assert_int_equal(t->oid, 10001);
	assert_int_equal(fstat(t->fd, &st), 0);
	assert_true(st.st_ino == t->directory.st_ino && S_ISDIR(st.st_mode));
	assert_true(tablespaces_has_directory(&s.list, &t->directory));
	/* what else is at the location is part of the tree, be it base itself */
	assert_false(tablespaces_has_directory(&s.list, &t->location));
	assert_int_equal(fstat(s.fd, &st), 0);
	assert_false(tablespaces_has_directory(&s.list, &st));

	t = &s.list.rows[2];
	assert_int_equal(t->oid, 9999);
	assert_string_equal(t->target + strlen(s.root), "/spc 1");
	assert_ptr_equal(tablespaces_find(&s.list, "9999"), t);
	assert_null(tablespaces_find(&s.list, "999"));
	assert_null(tablespaces_find(&s.list, "10002"));
	end(&s);
}

/* What the links say is not there, or is another cluster's, and is not looked at. */
static void
relocated(void **state)
{
	static const struct fake_file files[] = { { "live/" VERSION_DIR, DIRECTORY },
		{ "snap/1/" VERSION_DIR "/5/16384", PAGES(1) },
		{ "data/pg_tblspc/16400", LINK_BELOW("live") },
		{ "data/pg_tblspc/16401", LINK("/nowhere") },
		{ "data/pg_tblspc/16402", LINK_BELOW("live") } };
	struct scene s;
	struct stat snap;
	char text[256];

	(void)state;
	begin(&s, files, COUNT(files));
	faketree_put(s.root, "data/pg_tblspc/16402", LINK("../../live"));
	snprintf(text, sizeof(text), "%s/live=%s/snap/1", s.root, s.root);
	assert_int_equal(relocations_add(&s.relocations, text, &s.err), 0);
	snprintf(text, sizeof(text), "/nowhere/=%s/snap/1/", s.root);
	assert_int_equal(relocations_add(&s.relocations, text, &s.err), 0);
	if (read_them(&s))
		fail_msg("%s", s.err.text);
	assert_int_equal(s.list.count, 3);
	snprintf(text, sizeof(text), "%s/snap/1", s.root);
	assert_int_equal(stat(text, &snap), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(s.list.rows[i].is_relocated, i < 2);
		assert_int_equal(s.list.rows[i].location.st_ino == snap.st_ino, i < 2);
	}
	assert_string_equal(s.list.rows[1].target, "/nowhere");
	end(&s);

	/* a snapshot that is not where it is said to be */
	begin(&s, files, COUNT(files));
	assert_int_equal(
	    relocations_add(&s.relocations, "/nowhere=/not/here", &s.err), 0);
	assert_int_equal(read_them(&s), -1);
	assert_int_equal(s.err.kind, ERROR_STATE);
	assert_int_equal(s.list.count, 0);
	end(&s);
}

/* Its place may be gone; and what is in place, or no link, is none. */
static void
left_out(void **state)
{
	static const struct fake_file files[] = { { "live/" VERSION_DIR, DIRECTORY },
		{ "data/pg_tblspc/16400", LINK_BELOW("live") },
		{ "data/pg_tblspc/16401", LINK("/nowhere") },
		{ "data/pg_tblspc/16402/" VERSION_DIR, DIRECTORY } };
	struct scene s;

	(void)state;
	begin(&s, files, COUNT(files));
	assert_int_equal(oids_add(&s.without, "16401", &s.err), 0);
	assert_int_equal(oids_add(&s.without, "16402", &s.err), 0);
	assert_int_equal(oids_add(&s.without, "16403", &s.err), 0);
	if (read_them(&s))
		fail_msg("%s", s.err.text);
	assert_int_equal(s.list.count, 1);
	assert_int_equal(s.list.in_place, 1);
	assert_int_equal(s.list.nabsent, 1);
	assert_int_equal(s.list.absent[0].oid, 16401);
	assert_string_equal(s.list.absent[0].target, "/nowhere");
	assert_true(tablespaces_is_absent(&s.list, "16401"));
	assert_false(tablespaces_is_absent(&s.list, "16400"));
	assert_false(tablespaces_is_absent(&s.list, "16402"));
	end(&s);
}

static void
none(void **state)
{
	static const struct fake_file files[] = { { "data", DIRECTORY } };
	struct scene s;

	(void)state;
	begin(&s, files, COUNT(files));
	assert_int_equal(read_them(&s), 0);
	assert_int_equal(s.list.count, 0);
	faketree_put(s.root, "data/pg_tblspc", DIRECTORY);
	assert_int_equal(read_them(&s), 0);
	assert_int_equal(s.list.count, 0);
	tablespaces_free(&s.list);
	end(&s);
}

/* What is wrong with a tablespace, and what is said of it. */
static struct bad {
	const char *name;
	struct fake_file files[3];
	size_t count;
	enum error_kind kind;
	const char *text;
} bad[] = {
	{ "mount point gone", { { "data/pg_tblspc/16400", LINK("../../mnt/spc") } }, 1,
	    ERROR_STATE,
	    "tablespace 16400: location \"../../mnt/spc\": could not stat: No such file or "
	    "directory" },
	{ "mount point empty",
	    { { "mnt/spc", DIRECTORY },
		{ "data/pg_tblspc/16400", LINK("../../mnt/spc") } },
	    2, ERROR_STATE,
	    "tablespace 16400: location \"../../mnt/spc\": directory \"" VERSION_DIR
	    "\": could not open: No such file or directory" },
	{ "of another release",
	    { { "mnt/spc/PG_14_202107181", DIRECTORY },
		{ "data/pg_tblspc/16400", LINK("../../mnt/spc") } },
	    2, ERROR_STATE,
	    "tablespace 16400: location \"../../mnt/spc\": directory \"" VERSION_DIR
	    "\": could not open: No such file or directory" },
	{ "location is a file",
	    { { "mnt", "file" }, { "data/pg_tblspc/16400", LINK("../../mnt") } }, 2,
	    ERROR_IO,
	    "tablespace 16400: location \"../../mnt\": directory \"" VERSION_DIR
	    "\": could not open: Not a directory" },
	{ "link to itself", { { "data/pg_tblspc/16400", LINK("16400") } }, 1, ERROR_IO,
	    "tablespace 16400: location \"16400\": could not stat: Too many levels of symbolic "
	    "links" },
	{ "pg_tblspc is a link", { { "data/x", "" }, { "data/pg_tblspc", LINK("/") } }, 2,
	    ERROR_IO, "directory \"pg_tblspc\": could not open: Not a directory" },
};

static void
refused(void **state)
{
	const struct bad *row = *state;
	struct scene s;

	begin(&s, row->files, row->count);
	assert_int_equal(read_them(&s), -1);
	assert_string_equal(s.err.text, row->text);
	assert_int_equal(s.err.kind, row->kind);
	assert_int_equal(s.list.count, 0);
	if (row->kind == ERROR_STATE)
		assert_non_null(strstr(s.err.hint, "link pg_tblspc/16400 is missing"));
	end(&s);
}

/* DROP TABLESPACE has removed the directory, and is about to remove the link. */
static void *
remove_link(void *argument)
{
	const char *root = argument;
	const struct timespec delay = { .tv_nsec = 100000000L };

	nanosleep(&delay, NULL);
	faketree_remove(root, "data/pg_tblspc/16400");
	return NULL;
}

static void
dropped_meanwhile(void **state)
{
	static const struct fake_file files[] = { { "spc", DIRECTORY },
		{ "spc1/" VERSION_DIR, DIRECTORY },
		{ "data/pg_tblspc/16400", LINK("../../spc") },
		{ "data/pg_tblspc/16401", LINK("../../spc1") } };
	pthread_t thread;
	struct scene s;

	(void)state;
	begin(&s, files, COUNT(files));
	assert_int_equal(pthread_create(&thread, NULL, remove_link, s.root), 0);
	if (read_them(&s))
		fail_msg("%s", s.err.text);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(s.list.count, 1);
	assert_int_equal(s.list.rows[0].oid, 16401);

	faketree_put(s.root, "data/pg_tblspc/16400", LINK("../../spc"));
	assert_int_equal(tablespaces_check_dropped(s.fd, &s.list.rows[0], &s.err), -1);
	assert_int_equal(s.err.kind, ERROR_STATE);
	faketree_remove(s.root, "data/pg_tblspc/16401");
	assert_int_equal(tablespaces_check_dropped(s.fd, &s.list.rows[0], &s.err), 0);
	end(&s);
}

static void
oids(void **state)
{
	uint32_t oid = 7;

	(void)state;
	assert_true(tablespaces_parse_oid("16384", &oid) && oid == 16384);
	assert_true(tablespaces_parse_oid("4294967295", &oid) && oid == UINT32_MAX);
	assert_false(tablespaces_parse_oid("4294967296", &oid));
	assert_false(tablespaces_parse_oid("0", &oid));
	assert_false(tablespaces_parse_oid("01", &oid));
	assert_false(tablespaces_parse_oid("", &oid));
	assert_false(tablespaces_parse_oid("1x", &oid));
	assert_int_equal(oid, UINT32_MAX);
}

int
main(void)
{
	struct CMUnitTest tests[5 + COUNT(bad)] = {
		cmocka_unit_test(all_kinds),
		cmocka_unit_test(relocated),
		cmocka_unit_test(left_out),
		cmocka_unit_test(none),
		cmocka_unit_test(dropped_meanwhile),
		cmocka_unit_test(oids),
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		tests[5 + i] = (struct CMUnitTest){ .name = bad[i].name,
			.test_func = refused,
			.initial_state = &bad[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

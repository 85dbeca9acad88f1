/* Configuration files: where each is found, what it is called, what cannot be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "datadir/configfollow.h"
#include "datadir/configpath.h"
#include "datadir/configset.h"
#include "lib/sys.h"
#include "support/faketree.h"
#include "support/openfds.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The data directory is "data" below the tree's root, the rest outside. */
static struct scene {
	char *root;
	char datadir[512], path[1024];
	int fd;
	size_t fds;
	struct configset set;
	struct error err;
	char warnings[8192];
	size_t nwarnings;
} s;

/* The tree has another name each time. */
static void
warn(const char *text)
{
	const size_t len = strlen(s.warnings), root = strlen(s.root);
	const char *found = strstr(text, s.root);

	s.nwarnings++;
	if (found)
		snprintf(s.warnings + len, sizeof(s.warnings) - len, "%.*s%s\n",
		    (int)(found - text), text, found + root);
	else
		snprintf(s.warnings + len, sizeof(s.warnings) - len, "%s\n", text);
}

static void
begin(const struct fake_file *files, size_t count)
{
	struct configset_options options = { .has_includes = true, .warn = warn };

	s = (struct scene){ .fds = openfds_count() };
	s.root = faketree_new(files, count);
	snprintf(s.datadir, sizeof(s.datadir), "%s/data", s.root);
	options.datadir = s.datadir;
	options.datadir_fd = s.fd = faketree_open(s.datadir);
	configset_begin(&s.set, &options);
}

static void
end(void)
{
	configset_free(&s.set);
	sys_close(s.fd);
	assert_int_equal(openfds_count(), s.fds);
	faketree_free(s.root);
}

static void
add(enum configset_kind kind, const char *path, const char *fixed,
    enum configset_need need)
{
	snprintf(s.path, sizeof(s.path), "%s%s", s.root, path);
	if (configfollow_add(&s.set, kind, s.path, fixed, need, &s.err))
		fail_msg("%s", s.err.text);
}

static void
add_main(const char *path)
{
	add(CONFIGSET_SETTINGS, path, "postgresql.conf", CONFIGSET_REQUIRED);
}

/*
 * A line each: "tree", "link" or "out", its name, "/" for a directory, and its size, or "-" if
 * it is not there.
 */
static void
expect(const char *rows, const char *warnings)
{
	static const char *const wheres[] = { "tree", "link", "out" };
	char text[8192] = "";

	configset_sort(&s.set);
	for (size_t i = 0; i < s.set.count; i++) {
		const struct configset_row *row = &s.set.rows[i];
		const size_t len = strlen(text), root = strlen(s.root);
		const char *tail = strstr(row->name, s.root);
		char size[24] = "-";

		if (row->is_there)
			snprintf(size, sizeof(size), "%zu", row->bytes.len);
		snprintf(text + len, sizeof(text) - len, "%s %.*s%s%s %s\n",
		    wheres[row->where], tail ? (int)(tail - row->name) : 0, row->name,
		    tail ? tail + root : row->name, row->is_directory ? "/" : "", size);
	}
	assert_string_equal(text, rows);
	assert_string_equal(s.warnings, warnings);
}

static void
in_the_tree(void **state)
{
	static const struct fake_file files[] = {
		{ "data/postgresql.conf",
		    "include 'a.conf'\ninclude_dir = 'd'\nssl = on" },
		{ "data/a.conf",
		    "ssl=off\ninclude_if_exists 'none'\nlog_directory = 'x'" },
		{ "data/d/b.conf", "include '../c.conf'" },
		{ "data/d/.b.conf", "include 'nothing'" },
		{ "data/d/b.conf~", "include 'nothing'" },
		{ "data/d/.conf", "include 'nothing'" },
		{ "data/d/dir.conf/x.conf", "include 'nothing'" },
		{ "data/c.conf", "" },
	};

	(void)state;
	begin(files, COUNT(files));
	add_main("/data/postgresql.conf");
	expect(
	    "tree a.conf 0\ntree c.conf 0\ntree d/ 0\ntree d/b.conf 0\ntree postgresql.conf 0\n",
	    "");
	assert_string_equal(configfollow_setting(&s.set, "ssl"), "on");
	assert_string_equal(configfollow_setting(&s.set, "log_directory"), "x");
	assert_null(configfollow_setting(&s.set, "hba_file"));
	assert_non_null(configset_find(&s.set, CONFIGSET_TREE, "c.conf"));
	assert_null(configset_find(&s.set, CONFIGSET_LINKED, "c.conf"));
	end();
}

static void
outside(void **state)
{
	static const struct fake_file files[] = {
		{ "data/x.conf", "" },
		{ "etc/main.conf",
		    "include 'sub/a.conf'\ninclude_dir 'empty'\ninclude '../far.conf'" },
		{ "etc/sub/a.conf", "include 'b.conf'\ninclude '../b.conf'" },
		{ "etc/sub/b.conf", "12" },
		{ "etc/b.conf", "123" },
		{ "etc/empty", DIRECTORY },
		{ "far.conf", "include 'near.conf'" },
		{ "near.conf", "1234" },
	};

	(void)state;
	begin(files, COUNT(files));
	add_main("/etc/./main.conf");
	expect(
	    "out b.conf 3\nout elsewhere/far.conf 19\nout elsewhere/near.conf 4\nout empty/ 0\n"
	    "out postgresql.conf 62\nout sub/a.conf 36\nout sub/b.conf 2\n",
	    "");
	assert_true(configset_has_below(&s.set, CONFIGSET_OUTSIDE, "sub"));
	assert_true(configset_has_below(&s.set, CONFIGSET_OUTSIDE, ""));
	assert_false(configset_has_below(&s.set, CONFIGSET_OUTSIDE, "su"));
	assert_false(configset_has_below(&s.set, CONFIGSET_TREE, ""));
	assert_true(configset_has_above(&s.set, CONFIGSET_OUTSIDE, "b.conf/x"));
	assert_false(configset_has_above(&s.set, CONFIGSET_OUTSIDE, "empty/x"));
	end();
}

static void
links(void **state)
{
	static const struct fake_file files[] = {
		{ "data/postgresql.conf", LINK_BELOW("etc/p.conf") },
		{ "data/d", LINK_BELOW("etc/d") },
		{ "data/inner", LINK("real") },
		{ "data/real/x.conf", "1" },
		{ "data/key", LINK_BELOW("etc/nothing") },
		{ "etc/p.conf",
		    "include_dir 'd'\ninclude 'inner/x.conf'\ninclude 'relative.conf'" },
		{ "etc/relative.conf", "not the one" },
		{ "data/relative.conf", "" },
		{ "etc/d/a.conf", LINK("../far.conf") },
		{ "etc/far.conf", "123" },
		{ "way", LINK_BELOW("data") },
		{ "data/w.conf", "" },
	};

	(void)state;
	begin(files, COUNT(files));
	add_main("/data/postgresql.conf");
	add(CONFIGSET_SECRET, "/data/key", NULL, CONFIGSET_REQUIRED);
	add(CONFIGSET_SETTINGS, "/way/w.conf", NULL, CONFIGSET_REQUIRED);
	expect("tree relative.conf 0\ntree w.conf 0\nlink d/ 0\nlink d/a.conf 3\n"
	       "link inner/x.conf 1\nlink key -\nlink postgresql.conf 62\n",
	    "\"/data/key\" is not in the backup: could not open: No such file or directory\n");
	end();
}

/* A snapshot's original, or the name in a container. */
static void
aliases(void **state)
{
	static const struct fake_file files[] = {
		{ "data/postgresql.conf",
		    "include '/var/lib/pg/main/a.conf'\ninclude 'b.conf'" },
		{ "data/a.conf", "" },
		{ "data/b.conf", "" },
	};

	(void)state;
	begin(files, COUNT(files));
	assert_int_equal(configpath_alias(&s.set, NULL, &s.err), 0);
	assert_int_equal(configpath_alias(&s.set, "main", &s.err), 0);
	assert_int_equal(configpath_alias(&s.set, "/", &s.err), 0);
	assert_int_equal(configpath_alias(&s.set, "/var/lib//pg/x/../main/", &s.err), 0);
	/* once each, and the directory itself is none */
	assert_int_equal(configpath_alias(&s.set, "/var/lib/pg/main", &s.err), 0);
	assert_int_equal(configpath_alias(&s.set, s.set.opt.datadir, &s.err), 0);
	assert_int_equal(s.set.naliases, 1);
	assert_int_equal(configfollow_add(&s.set, CONFIGSET_SETTINGS,
			     "/var/lib/pg/main/postgresql.conf", "postgresql.conf",
			     CONFIGSET_REQUIRED, &s.err),
	    0);
	expect("tree a.conf 0\ntree b.conf 0\ntree postgresql.conf 0\n", "");
	end();
}

static void
in_a_container(void **state)
{
	static const struct fake_file files[] = {
		{ "data/postgresql.conf",
		    "include_if_exists '/etc/passwd'\ninclude 'inner.conf'\n"
		    "include 'outer.conf'\ninclude_dir '/etc'" },
		{ "data/inner.conf", LINK("real.conf") },
		{ "data/real.conf", "12" },
		{ "data/outer.conf", LINK("/etc/passwd") },
	};
#define CONTAINED \
	"\" is not in the backup: the server runs in a container or on another host, and " \
	"the same path may be another file there\n"

	(void)state;
	begin(files, COUNT(files));
	s.set.opt.is_foreign = true;
	add_main("/data/postgresql.conf");
	expect("tree postgresql.conf 0\nlink inner.conf 2\nlink outer.conf -\n"
	       "out elsewhere/etc/ -\nout elsewhere/etc/passwd -\n",
	    "\"/etc/passwd" CONTAINED "\"/data/outer.conf" CONTAINED "\"/etc" CONTAINED);
	end();
}

/* Its root is seen: what is the same file there is taken. */
static void
in_a_container_that_is_seen(void **state)
{
	static const struct fake_file files[] = {
		{ "data/x", "" },
		{ "view", DIRECTORY },
	};
	char view[1100], there[2200];

	(void)state;
	for (int foreign = 0; foreign < 2; foreign++) {
		begin(files, COUNT(files));
		snprintf(view, sizeof(view), "%s/view", s.root);
		s.set.opt.server_root = view;
		s.set.opt.is_foreign = foreign;
		faketree_put(s.root, "same", "1");
		faketree_put(s.root, "other", "1");
		faketree_put(s.root, "gone", "1");
		snprintf(there, sizeof(there), "%s%s/other", view + strlen(s.root) + 1,
		    s.root);
		faketree_put(s.root, there, "1");
		snprintf(
		    there, sizeof(there), "%s%s/same", view + strlen(s.root) + 1, s.root);
		faketree_put(s.root, there, LINK_BELOW("same"));
		snprintf(there, sizeof(there), "%s/same", s.root);
		add(CONFIGSET_PLAIN, "/same", NULL, CONFIGSET_REQUIRED);
		add(CONFIGSET_PLAIN, "/gone", NULL, CONFIGSET_IF_EXISTS);
		add(CONFIGSET_PLAIN, "/other", NULL, CONFIGSET_REQUIRED);
		expect("out elsewhere/other -\nout elsewhere/same 1\n",
		    "\"/other" CONTAINED);
		end();
	}
}

static void
names_that_meet(void **state)
{
	static const struct fake_file files[] = {
		{ "etc/main.conf",
		    "include 'postgresql.conf'\ninclude 'elsewhere/x'\n"
		    "include 'users'\ninclude_dir 'pg_hba.conf'" },
		{ "etc/postgresql.conf", "1" },
		{ "etc/elsewhere/x", "12" },
		{ "etc/users", "123" },
		{ "etc/pg_hba.conf", DIRECTORY },
		{ "hba/h.conf",
		    "local @users @dir/x trust\ninclude users/x\ninclude dir" },
		{ "hba/users", "1234" },
		{ "hba/dir/x", "12345" },
		{ "data/x", "" },
	};

	(void)state;
	begin(files, COUNT(files));
	add_main("/etc/main.conf");
	add(CONFIGSET_AUTHENTICATION, "/hba/h.conf", "pg_hba.conf", CONFIGSET_REQUIRED);
	/* "dir" is a directory where a file is meant, and cannot have the directory's name */
	expect(
	    "out dir/x 5\nout elsewhere/etc/elsewhere/x 2\nout elsewhere/etc/pg_hba.conf/ 0\n"
	    "out elsewhere/etc/postgresql.conf 1\nout elsewhere/hba/dir -\n"
	    "out elsewhere/hba/users 4\n"
	    "out pg_hba.conf 53\nout postgresql.conf 89\nout users 3\n",
	    "\"/hba/users/x\" is not in the backup: its name cannot be stored in the archive\n"
	    "\"/hba/dir\" is not in the backup: is not a regular file\n");
	end();
}

static void
what_may_be_missing(void **state)
{
	static const struct fake_file files[] = { { "data/x", "" }, { "file", "" } };

	(void)state;
	begin(files, COUNT(files));
	add(CONFIGSET_SETTINGS, "/data/a", NULL, CONFIGSET_IF_EXISTS);
	add(CONFIGSET_SETTINGS, "/none/a", NULL, CONFIGSET_IF_EXISTS);
	add(CONFIGSET_SETTINGS, "/file/a", NULL, CONFIGSET_IF_EXISTS);
	add(CONFIGSET_AUTHENTICATION, "/data/pg_ident.conf", NULL, CONFIGSET_IF_OUTSIDE);
	expect("", "");
	add(CONFIGSET_AUTHENTICATION, "/none/pg_ident.conf", "pg_ident.conf",
	    CONFIGSET_IF_OUTSIDE);
	add_main("/data/postgresql.conf");
	expect("tree postgresql.conf -\nout pg_ident.conf -\n",
	    "\"/none/pg_ident.conf\" is not in the backup: could not open: No such file or directory\n"
	    "\"/data/postgresql.conf\" is not in the backup: could not open: No such file or directory\n");
	end();
}

static void
no_regular_files(void **state)
{
	static const struct fake_file files[] = {
		{ "data/postgresql.conf",
		    "include '/dev/zero'\ninclude 'fifo'\ninclude ' '\n"
		    "include_dir 'postgresql.conf'" },
		{ "data/fifo", FIFO },
	};

	(void)state;
	begin(files, COUNT(files));
	add_main("/data/postgresql.conf");
	/* a fifo of the tree is for the walk to tell */
	expect("tree fifo -\ntree postgresql.conf 0\nout elsewhere/dev/zero -\n",
	    "\"/dev/zero\" is not in the backup: is not a regular file\n");
	end();
}

static void
loops(void **state)
{
	static const struct fake_file files[] = {
		{ "data/postgresql.conf",
		    "include 'postgresql.conf'\ninclude './x/../postgresql.conf'\n"
		    "include 'x/deep.conf'\ninclude_dir '.'" },
		{ "data/x", LINK(".") },
		{ "data/deep.conf", "include 'x/deep.conf'" },
	};

	(void)state;
	begin(files, COUNT(files));
	add_main("/data/postgresql.conf");
	configset_sort(&s.set);
	assert_int_equal(s.nwarnings, 1);
	assert_non_null(strstr(
	    s.warnings, "files include each other too deep, or it includes itself\n"));
	assert_true(s.set.count < 30);
	end();
}

static void
too_many(void **state)
{
	static const struct fake_file files[] = { { "data/postgresql.conf", "" } };
	const struct configset_row *last;

	(void)state;
	begin(files, COUNT(files));
	for (int i = 0; i < CONFIGSET_FILES + 10; i++) {
		char name[32];

		snprintf(name, sizeof(name), "/etc/%d", i);
		add(CONFIGSET_PLAIN, name, NULL, CONFIGSET_REQUIRED);
	}
	assert_int_equal(s.set.count, CONFIGSET_FILES);
	last = &s.set.rows[CONFIGSET_FILES - 1];
	assert_non_null(strstr(last->path, "/etc/1999"));
	assert_int_equal(s.nwarnings, CONFIGSET_FILES + 1); /* they are missing, too */
	end();
}

static void
odd_paths(void **state)
{
	static const struct fake_file files[] = { { "data/postgresql.conf", "" },
		{ "etc /x", "1" } };
	char path[5000];

	(void)state;
	begin(files, COUNT(files));
	add(CONFIGSET_PLAIN, "/etc /x", NULL, CONFIGSET_REQUIRED);
	assert_int_equal(configfollow_add(&s.set, CONFIGSET_PLAIN, "relative", NULL,
			     CONFIGSET_REQUIRED, &s.err),
	    0);
	assert_int_equal(configfollow_add(&s.set, CONFIGSET_PLAIN, "/", NULL,
			     CONFIGSET_REQUIRED, &s.err),
	    0);
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(configfollow_add(&s.set, CONFIGSET_PLAIN, path, NULL,
			     CONFIGSET_REQUIRED, &s.err),
	    0);
	assert_int_equal(s.set.count, 1);
	assert_int_equal(s.nwarnings, 3);
	assert_non_null(
	    strstr(s.warnings, "\"/etc /x\" is not in the backup: its name cannot be"));
	assert_non_null(strstr(s.warnings, "its path is too long"));
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_the_tree),
		cmocka_unit_test(outside),
		cmocka_unit_test(links),
		cmocka_unit_test(aliases),
		cmocka_unit_test(in_a_container),
		cmocka_unit_test(in_a_container_that_is_seen),
		cmocka_unit_test(names_that_meet),
		cmocka_unit_test(what_may_be_missing),
		cmocka_unit_test(no_regular_files),
		cmocka_unit_test(loops),
		cmocka_unit_test(too_many),
		cmocka_unit_test(odd_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

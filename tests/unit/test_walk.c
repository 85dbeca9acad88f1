#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "datadir/walk.h"
#include "lib/buf.h"
#include "lib/sys.h"
#include "support/faketree.h"
#include "support/treerecord.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* How many of the lowest descriptors are open. */
static int
count_open(void)
{
	int count = 0;

	for (int fd = 0; fd < 400; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

/* A tree and what a walk needs, all released by end(). */
struct scene {
	char *root;
	struct tablespaces tablespaces;
	struct walk_options options;
	struct treerecord record;
	struct error err;
	int open_before;
};

static void
begin(struct scene *s, const struct fake_file *files, size_t count)
{
	*s = (struct scene){ .open_before = count_open() };
	s->root = faketree_new(files, count);
	s->options.datadir_fd = faketree_open(s->root);
	s->options.version = cluster_version(15);
	s->options.tablespaces = &s->tablespaces;
	s->options.mode = EXCLUDE_RECOVERS;
	s->options.tablespaces_at = "pg_basetar_tblspc";
	s->record.visitor.ops = &treerecord_ops;
	s->record.root = s->root;
	if (tablespaces_read(s->options.datadir_fd, s->options.version,
		&(struct tablespaces_choice){ NULL, NULL }, &s->tablespaces, &s->err))
		fail_msg("%s", s->err.text);
}

static int
walk(struct scene *s)
{
	return walk_tree(&s->options, &s->record.visitor, &s->err);
}

static void
expect(struct scene *s, const char *text)
{
	if (walk(s))
		fail_msg("%s", s->err.text);
	assert_string_equal(buf_text(&s->record.text), text);
}

static void
end(struct scene *s)
{
	buf_free(&s->record.text);
	tablespaces_free(&s->tablespaces);
	sys_close(s->options.datadir_fd);
	faketree_free(s->root);
	assert_int_equal(count_open(), s->open_before);
}

static void
whole_tree(void **state)
{
	static const struct fake_file files[] = { { "PG_VERSION", "15\n" },
		{ "backup_label", "old" }, { "backup_label.old", "older" },
		{ "base/1/.DS_Store", "x" }, { "base/1/PG_VERSION", "15\n" },
		{ "base/1/112", PAGES(1) }, { "base/1/1259", PAGES(2) },
		{ "base/1/1259_fsm", PAGES(3) }, { "base/1/2.1", BYTES(0) },
		{ "base/1/pg_internal.init", "c" }, { "base/1/t3_16384", PAGES(1) },
		{ "base/1/t3_", "not one" }, { "base/1/16400", PAGES(1) },
		{ "base/1/16400.1", PAGES(1) }, { "base/1/16400_fsm", PAGES(1) },
		{ "base/1/16400_init", BYTES(0) }, { "base/1/x.bak", "x" },
		{ "base/pgsql_tmp/pgsql_tmp7.0", "x" }, { "empty", DIRECTORY },
		{ "fifo", FIFO }, { "global/1262", PAGES(1) },
		{ "global/pg_control", BYTES(8192) },
		{ "global/pg_filenode.map", BYTES(512) }, { "global/t3_5", PAGES(1) },
		{ "link", LINK("/etc") }, { "log/1259", PAGES(1) },
		{ "log/big.log", BYTES(1048577) }, { "log/full.log", BYTES(1048576) },
		{ "log/none.log", "" }, { "pg_notify/0000", PAGES(1) },
		{ "pg_stat_tmp", LINK("nowhere") }, { "pg_tblspc", DIRECTORY },
		{ "pg_wal/000000010000000000000001", BYTES(1024) },
		{ "pg_wal/archive_status/000000010000000000000001.done", "" },
		{ "postmaster.pid", "4242\n" }, { "socket", SOCKET },
		{ "\303\244\377", "no UTF-8" } };
	struct scene s;

	(void)state;
	begin(&s, files, COUNT(files));
	expect(&s,
	    "b PG_VERSION 3\nb backup_label.old 5\nd base\nd base/1\n"
	    "r base/1/112 8192\nr base/1/1259 16384\nr base/1/1259_fsm 24576\n"
	    "r base/1/16400_init 0\nr base/1/2.1 0\nb base/1/PG_VERSION 3\n"
	    "b base/1/t3_ 7\nb base/1/x.bak 1\nd empty\n! fifo fifo\nd global\n"
	    "r global/1262 8192\nb global/pg_filenode.map 512\nr global/t3_5 8192\n"
	    "! link symbolic link\nd log\nb log/1259 8192\nf log/big.log 1048577\n"
	    "b log/full.log 1048576\nb log/none.log 0\nd pg_notify\nd pg_stat_tmp\n"
	    "d pg_tblspc\nd pg_wal\nd pg_wal/archive_status\n! socket socket\n"
	    "b \303\244\377 8\n");
	end(&s);
}

/* A symlinked pg_wal is a directory, with the subdirectories of its release. */
static void
wal_elsewhere(void **state)
{
	static const struct fake_file files[] = { { "data/pg_wal", LINK_BELOW("wal") },
		{ "wal/000000010000000000000001", BYTES(1024) }, { "wal/junk/x", "x" } };
	char *root = faketree_new(files, COUNT(files)), *data;
	struct scene s;

	(void)state;
	begin(&s, NULL, 0);
	data = malloc(strlen(root) + 6);
	assert_non_null(data);
	sprintf(data, "%s/data", root);
	sys_close(s.options.datadir_fd);
	s.options.datadir_fd = faketree_open(data);
	expect(&s, "d pg_wal\nd pg_wal/archive_status\n");
	buf_clear(&s.record.text);
	s.options.version = cluster_version(17);
	expect(&s, "d pg_wal\nd pg_wal/archive_status\nd pg_wal/summaries\n");
	end(&s);
	free(data);
	faketree_free(root);
}

#define VERSION_DIR "PG_15_202209061"

static const struct fake_file spaces[] = { { "PG_VERSION", "15\n" },
	{ "inside/" VERSION_DIR "/5/16500", PAGES(1) }, { "inside/other", "sent too" },
	{ "inside/PG_14_202107181/5/16500", PAGES(1) },
	{ "pg_basetar_tblspc/16401/" VERSION_DIR "/5/t1_7", PAGES(1) },
	{ "pg_basetar_tblspc/16401/" VERSION_DIR "/5/16600", PAGES(2) },
	{ "pg_basetar_tblspc/16401/" VERSION_DIR "/pgsql_tmp/x", "x" },
	{ "pg_tblspc/16400", LINK_BELOW("inside") },
	{ "pg_tblspc/16401", LINK("../pg_basetar_tblspc/16401") },
	{ "pg_tblspc/16402/" VERSION_DIR "/5/16700", PAGES(1) },
	{ "pg_tblspc/junk", "junk" }, { "pg_tblspc/link", LINK("/") }, { "z", "z" } };

/* what is beside the tablespace's own directory is part of the tree */
#define INSIDE \
	"d inside\nd inside/PG_14_202107181\nd inside/PG_14_202107181/5\n" \
	"b inside/PG_14_202107181/5/16500 8192\nd inside/PG_15_202209061\n" \
	"b inside/other 8\n"
#define SPACES_CONTENT \
	"d pg_tblspc/16400/" VERSION_DIR "\nd pg_tblspc/16400/" VERSION_DIR "/5\n" \
	"r pg_tblspc/16400/" VERSION_DIR "/5/16500 8192\n" \
	"d pg_tblspc/16401/" VERSION_DIR "\nd pg_tblspc/16401/" VERSION_DIR "/5\n" \
	"r pg_tblspc/16401/" VERSION_DIR "/5/16600 16384\n"
#define SPACES_LINKS \
	"d pg_tblspc\nl pg_tblspc/16400 /inside\n" \
	"l pg_tblspc/16401 ../pg_basetar_tblspc/16401\n" \
	"d pg_tblspc/16402\nd pg_tblspc/16402/" VERSION_DIR "\n" \
	"d pg_tblspc/16402/" VERSION_DIR "/5\n" \
	"r pg_tblspc/16402/" VERSION_DIR "/5/16700 8192\n" \
	"b pg_tblspc/junk 4\n! pg_tblspc/link symbolic link\n"

static void
with_tablespaces(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, spaces, COUNT(spaces));
	/* made after the list was read: its files are replayed */
	faketree_put(s.root, "pg_tblspc/16403", LINK("/"));
	expect(&s, "b PG_VERSION 3\n" INSIDE SPACES_CONTENT SPACES_LINKS "b z 1\n");

	buf_clear(&s.record.text);
	s.options.tablespaces_at = "zz";
	expect(&s, "b PG_VERSION 3\n" INSIDE SPACES_LINKS "b z 1\n" SPACES_CONTENT);

	buf_clear(&s.record.text);
	s.options.tablespaces_at = NULL;
	expect(&s, "b PG_VERSION 3\n" INSIDE SPACES_LINKS "b z 1\n");

	/* one by one */
	buf_clear(&s.record.text);
	for (size_t i = 0; i < s.tablespaces.count; i++)
		assert_int_equal(walk_tablespace(&s.options, &s.tablespaces.rows[i],
				     &s.record.visitor, &s.err),
		    0);
	assert_string_equal(buf_text(&s.record.text), SPACES_CONTENT);
	end(&s);
}

static void
sizes(void **state)
{
	struct walksum sum = { 0 };
	uint64_t shares = 0;
	struct scene s;

	(void)state;
	begin(&s, spaces, COUNT(spaces));
	assert_int_equal(walk_sum(&s.options, &sum, &s.err), 0);
	assert_int_equal(walk(&s), 0);
	assert_int_equal(sum.size, s.record.size);
	for (size_t i = 0; i < s.tablespaces.count; i++)
		shares += s.tablespaces.rows[i].size;
	assert_int_equal(s.tablespaces.rows[0].size, 3 * 512 + 8192);
	assert_int_equal(s.tablespaces.rows[1].size, 3 * 512 + 16384);
	s.record.size = 0;
	s.options.tablespaces_at = NULL;
	assert_int_equal(walk(&s), 0);
	assert_int_equal(sum.size - shares, s.record.size);
	end(&s);
}

/* What happens between the reading of base/5's names and the reading of its files. */
static void
stir(const char *root)
{
	faketree_remove(root, "base/5/2");
	faketree_put(root, "base/5/3", FIFO);
	faketree_put(root, "base/5/3x", LINK("/etc/passwd"));
	faketree_remove(root, "base/5/4");
	faketree_put(root, "base/5/4/new", "x");
	faketree_put(root, "base/5/5x", SOCKET);
	faketree_remove(root, "base/5/6d");
	faketree_put(root, "base/5/6d", "a file now");
	faketree_remove(root, "base/5/7d");
	faketree_put(root, "base/5/7d", LINK("/"));
	faketree_remove(root, "base/5/8d");
	faketree_put(root, "base/5/9", PAGES(5));
	faketree_put(root, "base/5/99", PAGES(1));
}

static void
changes_meanwhile(void **state)
{
	static const struct fake_file files[] = { { "base/5/1", PAGES(1) },
		{ "base/5/2", PAGES(1) }, { "base/5/3", PAGES(1) }, { "base/5/3x", "x" },
		{ "base/5/4", PAGES(1) }, { "base/5/5x", "x" }, { "base/5/6d/x", "x" },
		{ "base/5/7d/x", "x" }, { "base/5/8d/x", "x" },
		{ "base/5/9", PAGES(1) } };
	struct scene s;

	(void)state;
	begin(&s, files, COUNT(files));
	s.record.act_at = "base/5/1";
	s.record.act = stir;
	expect(&s,
	    "d base\nd base/5\nr base/5/1 8192\n! base/5/3 fifo\n"
	    "! base/5/3x symbolic link\nd base/5/4\nb base/5/4/new 1\n"
	    "! base/5/5x socket\nb base/5/6d 10\n! base/5/7d symbolic link\n"
	    "r base/5/9 40960\n");
	end(&s);
}

static void
remove_database(const char *root)
{
	faketree_remove(root, "base");
}

/* DROP DATABASE while its directory is open, but not read yet. */
static void
directory_removed(void **state)
{
	static const struct fake_file files[] = { { "base/5/1", PAGES(1) },
		{ "z", "z" } };
	struct scene s;

	(void)state;
	begin(&s, files, COUNT(files));
	s.record.act_at = "base/5";
	s.record.act = remove_database;
	expect(&s, "d base\nd base/5\nb z 1\n");
	end(&s);
}

static void
drop_tablespaces(const char *root)
{
	faketree_remove(root, "pg_basetar_tblspc/16401");
	faketree_remove(root, "pg_tblspc/16401");
}

static void
unlink_directory(const char *root)
{
	faketree_remove(root, "pg_basetar_tblspc/16401");
}

static void
tablespace_dropped(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, spaces, COUNT(spaces));
	s.record.act_at = "inside";
	s.record.act = drop_tablespaces;
	assert_int_equal(walk(&s), 0);
	assert_null(strstr(buf_text(&s.record.text), "16401"));
	end(&s);
}

static void
tablespace_lost(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, spaces, COUNT(spaces));
	s.record.act_at = "inside";
	s.record.act = unlink_directory;
	assert_int_equal(walk(&s), -1);
	assert_int_equal(s.err.kind, ERROR_STATE);
	assert_string_equal(s.err.text,
	    "tablespace 16401: location "
	    "\"../pg_basetar_tblspc/16401\": its directory "
	    "was removed");
	assert_non_null(strstr(s.err.hint, "mount its volume"));
	end(&s);
}

/* A link in the place of data would make a backup without them. */
static void
vital_link(void **state)
{
	static const struct fake_file files[] = { { "base/5", LINK("/") } };
	struct walksum sum = { .size = 7 };
	struct scene s;

	(void)state;
	begin(&s, files, COUNT(files));
	assert_int_equal(walk(&s), -1);
	assert_int_equal(s.err.kind, ERROR_UNSUPPORTED);
	assert_string_equal(s.err.text, "\"base/5\" is a symbolic link");
	assert_true(strlen(s.err.hint) > 0);
	assert_int_equal(walk_sum(&s.options, &sum, &s.err), -1);
	assert_int_equal(sum.size, 7);
	end(&s);
}

static void
too_deep(void **state)
{
	char path[2 * WALK_DEPTH + 8] = "d";
	struct scene s;

	(void)state;
	begin(&s, NULL, 0);
	for (int i = 1; i < WALK_DEPTH - 1; i++)
		strcat(path, "/d");
	faketree_put(s.root, path, DIRECTORY);
	assert_int_equal(walk(&s), 0);
	faketree_put(s.root, strcat(path, "/d"), DIRECTORY);
	assert_int_equal(walk(&s), -1);
	assert_int_equal(s.err.kind, ERROR_UNSUPPORTED);
	assert_non_null(strstr(s.err.text, "\" is nested more than 128 deep"));
	end(&s);
}

/* What may not be read, and the error.  Root may read everything, so it is another user. */
static void
unreadable(void **state)
{
	static const struct {
		const char *path, *error;
		struct fake_file file;
	} rows[] = {
		{ ".", "directory \".\": could not open: Permission denied",
		    { "f", "x" } },
		{ "d", "directory \"d\": could not open: Permission denied",
		    { "d/f", "x" } },
		{ "f", "file \"f\": could not open: Permission denied", { "f", "x" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s;
		int rc;

		begin(&s, &rows[i].file, 1);
		assert_int_equal(fchmod(s.options.datadir_fd, 0755), 0);
		assert_int_equal(fchmodat(s.options.datadir_fd, rows[i].path, 0, 0), 0);
		assert_true(geteuid() != 0 || seteuid(65534) == 0);
		rc = walk(&s);
		assert_true(getuid() != 0 || seteuid(0) == 0);
		assert_int_equal(rc, -1);
		assert_int_equal(s.err.kind, ERROR_IO);
		assert_string_equal(s.err.text, rows[i].error);
		assert_true(strlen(s.err.hint) > 0);
		assert_int_equal(fchmod(s.options.datadir_fd, 0700), 0);
		end(&s);
	}
}

/* A name that needs a pax header has two blocks more. */
static void
long_name(void **state)
{
	char path[102];
	struct walksum sum;
	struct scene s;

	(void)state;
	begin(&s, NULL, 0);
	memset(path, 'n', sizeof(path) - 1);
	path[101] = '\0';
	faketree_put(s.root, path + 1, BYTES(513));
	assert_int_equal(walk_sum(&s.options, &sum, &s.err), 0);
	assert_int_equal(sum.size, 512 + 1024);
	faketree_put(s.root, path, BYTES(512));
	assert_int_equal(walk_sum(&s.options, &sum, &s.err), 0);
	assert_int_equal(sum.size, 512 + 1024 + 1024 + 512 + 512);
	end(&s);
}

static void
visitor_fails(void **state)
{
	static const char *const paths[] = { "PG_VERSION", "inside", "pg_tblspc/16400",
		"pg_tblspc/16401/" VERSION_DIR, "pg_tblspc/16401/" VERSION_DIR "/5/16600",
		"pg_tblspc/junk", "z" };

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct scene s;

		begin(&s, spaces, COUNT(spaces));
		s.record.fail_at = paths[i];
		assert_int_equal(walk(&s), -1);
		assert_string_equal(s.err.text, "the visitor failed");
		end(&s);
	}
}

static void
cancelled(void **state)
{
	struct cancel cancel = { false };
	struct scene s;
	struct walksum sum;

	(void)state;
	begin(&s, spaces, COUNT(spaces));
	s.options.cancel = &cancel;
	assert_int_equal(walk(&s), 0);
	cancel_raise(&cancel);
	assert_int_equal(walk(&s), -1);
	assert_int_equal(s.err.kind, ERROR_CANCELLED);
	assert_int_equal(walk_sum(&s.options, &sum, &s.err), -1);
	assert_int_equal(s.err.kind, ERROR_CANCELLED);
	end(&s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_tree),
		cmocka_unit_test(wal_elsewhere),
		cmocka_unit_test(with_tablespaces),
		cmocka_unit_test(sizes),
		cmocka_unit_test(changes_meanwhile),
		cmocka_unit_test(directory_removed),
		cmocka_unit_test(tablespace_dropped),
		cmocka_unit_test(tablespace_lost),
		cmocka_unit_test(vital_link),
		cmocka_unit_test(too_deep),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(long_name),
		cmocka_unit_test(visitor_fails),
		cmocka_unit_test(cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

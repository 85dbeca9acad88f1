/* The tree of a cluster as members: which come in which order, and what ends the run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/openfds.h"
#include "support/senttree.c.inc"

/* ---- which members, and in which order ---- */

#define BEFORE \
	"bytes tree PG_VERSION\ndirectory tree base\ndirectory tree base/5\n" \
	"relation tree base/5/1259\nbytes tree base/5/PG_VERSION\ndirectory tree global\n" \
	"file tree large\n"
#define SPACE(part) \
	"directory " part " pg_tblspc/16400/" VERSION "\ndirectory " part \
	" pg_tblspc/16400/" VERSION "/5\nrelation " part " pg_tblspc/16400/" VERSION \
	"/5/16500\n"
#define BEHIND \
	"directory tree pg_dynshmem\nbytes tree pg_hba.conf\ndirectory tree pg_notify\n" \
	"directory tree pg_replslot\ndirectory tree pg_serial\n" \
	"directory tree pg_snapshots\ndirectory tree pg_stat\n" \
	"directory tree pg_stat_tmp\ndirectory tree pg_subtrans\n" \
	"directory tree pg_tblspc\n"
#define END "end of the tree\nbarrier\nlast\ncontrol 600 of 1000\n"
#define INFO "bytes tree pg_basetar.info\n"
#define LABEL "bytes tree backup_label\n"

static const struct row {
	const char *name;
	bool is_split, has_no_label, is_left_out;
	const char *told;
} rows[] = {
	{ "one archive", false, false, false,
	    LABEL INFO
	    "outside\n" BEFORE
	    "directory tree pg_basetar_tblspc\ndirectory tree pg_basetar_tblspc/16400\n" SPACE(
		"tablespace") BEHIND "link 16400\n" END },
	/* the server makes the link, from tablespace_map */
	{ "an archive for each", true, false, false,
	    SPACE("location") "next archive\n" LABEL "bytes tree tablespace_map\n" INFO
			      "outside\n" BEFORE BEHIND END },
	/* without a label it does not read the map */
	{ "an archive for each, no label", true, true, false,
	    SPACE("location") "next archive\n" INFO "outside\n" BEFORE BEHIND
			      "link 16400\n" END },
	{ "no label", false, true, false,
	    INFO
	    "outside\n" BEFORE
	    "directory tree pg_basetar_tblspc\ndirectory tree pg_basetar_tblspc/16400\n" SPACE(
		"tablespace") BEHIND "link 16400\n" END },
	{ "a tablespace is left out", false, false, true,
	    LABEL INFO "outside\n" BEFORE BEHIND END },
	{ "the only one is left out", true, false, true,
	    LABEL INFO "outside\n" BEFORE BEHIND END },
};

static void
set_up(const struct row *row)
{
	struct error err = { 0 };

	s.opt.split = row->is_split;
	if (row->has_no_label)
		s.source.facts.label = NULL;
	if (row->is_left_out)
		assert_int_equal(oids_add(&s.opt.without, "16400", &err), 0);
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };

	assert_int_equal(begin(NULL), 0);
	set_up(row);
	assert_int_equal(send(&err), 0);
	assert_string_equal(archive_told, row->told);
	/* as it was before we changed anything in it */
	assert_int_equal(s.tree.last_control.timeline, 3);
	assert_true(files_are_judged);
	message_expect("");
	end(NULL);
}

/* What is counted as the tablespace's: its members, and not those that lead to it or follow it. */
static void
counted(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(send(&err), 0);
	assert_int_equal(s.tablespaces.sent.rows[0].sent, 3 + 8192);
	end(NULL);
	assert_int_equal(begin(NULL), 0);
	s.opt.split = true;
	assert_int_equal(send(&err), 0);
	assert_int_equal(s.tablespaces.sent.rows[0].sent, 3 + 8192);
}

/* ---- what is not sent as it is ---- */

static void
special(void **state)
{
	struct error err = { 0 };

	(void)state;
	faketree_put(s.root, "data/fifo", FIFO);
	faketree_put(s.root, "data/link", LINK("elsewhere"));
	faketree_put(s.root, "data/conf", LINK("elsewhere"));
	archive_fails = "no step";
	assert_int_equal(send(&err), 0);
	message_expect("warning: skipping fifo \"fifo\"\n"
		       "warning: skipping symbolic link \"link\"\n");
	assert_non_null(strstr(archive_told, "config conf\n"));
	assert_non_null(strstr(archive_told, "config link\n"));
	assert_non_null(strstr(archive_told, "copied file base/5/PG_VERSION\n"));
}

/* A member that has its configuration from elsewhere is not sent twice; no descriptor stays open. */
static void
replaced_ones(void **state)
{
	static const char *const paths[] = { "pg_hba.conf", "large", "base/5/1259",
		"pg_notify" };
	struct error err = { 0 };
	size_t fds;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		replaced = paths[i];
		assert_int_equal(backup_tablespaces_read(&s.tablespaces, &err), 0);
		fds = openfds_count();
		assert_int_equal(backup_tree_send(&s.tree, NULL, NULL, &err), 0);
		assert_null(strstr(archive_told, paths[i]));
		assert_int_equal(openfds_count(), fds);
		end(state);
		assert_int_equal(begin(state), 0);
	}
}

/* A group that may read the directory may read pg_control as well. */
static void
group(void **state)
{
	struct error err = { 0 };

	(void)state;
	s.cluster.datadir_stat.st_mode |= 0050;
	assert_int_equal(send(&err), 0);
	assert_non_null(strstr(archive_told, "control 640 of 1000\n"));
}

/* ---- what ends it ---- */

static void
step_fails(void **state)
{
	static const char *const steps[] = { "bytes tree backup_label",
		"bytes tree pg_basetar.info", "outside", "judged PG_VERSION",
		"bytes tree PG_VERSION", "copied base", "directory tree base/5",
		"pages base/5/1259", "relation tree base/5/1259", "other large",
		"file tree large", "directory tree pg_basetar_tblspc",
		"directory tree pg_basetar_tblspc/16400", "relation tablespace",
		"config link", "link 16400", "barrier", "last", "control" };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct error err = { 0 };
		size_t fds;

		faketree_put(s.root, "data/link", LINK("elsewhere"));
		assert_int_equal(backup_tablespaces_read(&s.tablespaces, &err), 0);
		fds = openfds_count();
		archive_fails = steps[i];
		assert_int_equal(backup_tree_send(&s.tree, NULL, NULL, &err), -1);
		assert_string_equal(err.text, "injected");
		assert_non_null(strstr(archive_told, steps[i]));
		assert_ptr_equal(strchr(strstr(archive_told, steps[i]), '\n')[1], '\0');
		assert_int_equal(openfds_count(), fds);
		end(state);
		assert_int_equal(begin(state), 0);
	}
}

/* Where nothing may change, all of it is measured twice. */
static void
rechecked(void **state)
{
	struct error err = { 0 };

	(void)state;
	s.source.facts.is_frozen = true;
	assert_int_equal(backup_tablespaces_read(&s.tablespaces, &err), 0);
	assert_int_equal(backup_tree_measure(&s.tree, &err), 0);
	assert_true(s.tree.sum.size > 2000000);
	assert_int_equal(backup_tree_recheck(&s.tree, &err), 0);
	files_are_judged = false;
	assert_int_equal(backup_tree_send(&s.tree, NULL, NULL, &err), 0);
	assert_false(files_are_judged);
	faketree_put(s.root, "data/more", "");
	assert_int_equal(backup_tree_recheck(&s.tree, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_non_null(strstr(err.text, "/data\" changed while it was read"));
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = 6 };
	struct CMUnitTest tests[OTHERS + ROWS] = {
		cmocka_unit_test_setup_teardown(counted, begin, end),
		cmocka_unit_test_setup_teardown(special, begin, end),
		cmocka_unit_test_setup_teardown(replaced_ones, begin, end),
		cmocka_unit_test_setup_teardown(group, begin, end),
		cmocka_unit_test_setup_teardown(step_fails, begin, end),
		cmocka_unit_test_setup_teardown(rechecked, begin, end),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

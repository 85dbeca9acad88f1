/* A backup of a cluster that no server works on: what it refuses, which WAL it needs, what it looks at again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backup/cluster.h"
#include "backup/still.h"
#include "backup/tablespaces.h"
#include "backup/tree.h"
#include "backup/wal.h"
#include "datadir/catalogread.h"
#include "support/controlimage.h"
#include "support/fake_message.c.inc"
#include "support/faketree.h"
#include "support/rows.h"

/* ---- in place of the other parts of a backup, and of the catalogs: a step each ---- */

static struct {
	char steps[256];
	const char *fails; /* a step; NULL: none */
	uint64_t end;      /* of the last checkpoint */
	uint8_t control[CONTROL_SIZE];
} fake;

#include "support/fake_step.c.inc"

int
backup_cluster_recheck_control(
    const struct backup_cluster *cluster, uint8_t bytes[CONTROL_SIZE], struct error *err)
{
	(void)cluster;
	memcpy(bytes, fake.control, CONTROL_SIZE);
	return step("control", err);
}

int
backup_cluster_recheck_pid(const struct backup_cluster *cluster, struct error *err)
{
	(void)cluster;
	return step("pid", err);
}

int
backup_tree_recheck(struct backup_tree *tree, struct error *err)
{
	(void)tree;
	return step("tree", err);
}

void
backup_wal_begin(struct backup_wal *wal, uint64_t start_lsn, uint32_t timeline)
{
	wal->range.start_lsn = start_lsn;
	wal->range.timeline = timeline;
}

void
backup_wal_stop(struct backup_wal *wal, uint64_t stop_lsn)
{
	wal->range.stop_lsn = stop_lsn;
}

int
backup_wal_history(struct backup_wal *wal, uint32_t newest, struct error *err)
{
	(void)wal;
	assert_int_equal(newest, 3);
	return step("history", err);
}

int
walend_of_record(const struct walend_options *options, uint64_t lsn, uint64_t *end_lsn,
    struct error *err)
{
	assert_int_equal(options->wal_fd, 8);
	assert_int_equal(lsn, 0x2000);
	*end_lsn = fake.end;
	return step("record", err);
}

int
catalogset_new(struct catalogset **set, struct error *err)
{
	*set = (struct catalogset *)(void *)&fake;
	return step("new", err);
}

void
catalogset_free(struct catalogset *set)
{
	struct error err;

	assert_ptr_equal(set, &fake);
	assert_int_equal(step("free", &err), 0);
}

int
catalogread(int datadir_fd, struct catalogset *set, struct error *err)
{
	assert_int_equal(datadir_fd, 9);
	assert_ptr_equal(set, &fake);
	return step("read", err);
}

int
catalogset_oldest_xid(struct catalogset *set, uint32_t *xid, struct error *err)
{
	(void)set;
	*xid = 777;
	return step("xid", err);
}

int
catalogset_databases(struct catalogset *set, struct oidset *oids, struct error *err)
{
	(void)set;
	(void)oids;
	return step("databases", err);
}

/* ---- a source ---- */

static struct backup_cluster cluster;
static struct backup_tablespaces tablespaces;
static struct backup_wal wal;
static struct backup_source source;

static int
begin(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	cluster = (struct backup_cluster){ .pgdata = "/data",
		.datadir_fd = 9,
		.wal_fd = 8,
		.control = { .checkpoint_lsn = 0x2000,
		    .redo_lsn = 0x1f00,
		    .timeline = 2,
		    .min_recovery_timeline = 1 },
		.postmaster = { .pid = 4711 } };
	memset(&tablespaces, 0, sizeof(tablespaces));
	memset(&wal, 0, sizeof(wal));
	source = (struct backup_source){
		.of = { .cluster = &cluster, .tablespaces = &tablespaces, .wal = &wal }
	};
	return 0;
}

/* ---- what is refused ---- */

static void
a_server_runs(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    backup_still_is_running(&source, 4711, "Stop it, 100 %.", &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_string_equal(err.text, "the server of \"/data\" is running, process 4711");
	assert_string_equal(err.hint, "Stop it, 100 %.");
	/* its own number is another one */
	assert_int_equal(backup_still_is_running(&source, 99, "Stop it.", &err), -1);
	assert_string_equal(
	    err.text, "the server of \"/data\" is running, process 99, in a container");
	assert_int_equal(backup_still_may_be_running(&source, &err), -1);
	assert_string_equal(err.text,
	    "the server of \"/data\" may be running: process 4711 cannot be examined");
}

#define LABEL(method) \
	"START WAL LOCATION: 0/7000028 (file 000000010000000000000007)\n" \
	"CHECKPOINT LOCATION: 0/7000060\n" \
	"BACKUP METHOD: " method "\n" \
	"BACKUP FROM: primary\n" \
	"START TIME: 2026-11-22 11:59:44 UTC\n" \
	"LABEL: nightly\n"
#define RESTORED \
	"\"/data\" is a restored copy that was never started: file \"backup_label\" exists"
#define INCONSISTENT "\"/data\" is a restored copy that has not become consistent yet"

static const struct row {
	const char *name;
	const char *label; /* as of faketree.h; NULL: none */
	uint64_t backup_start;
	bool end_required;
	enum control_state state;
	const char *error, *hint; /* NULL: none, and not looked at */
} rows[] = {
	{ "no label", NULL, 0, false, CONTROL_SHUTDOWN, NULL, NULL },
	{ "of an exclusive backup", LABEL("pg_start_backup"), 0, false,
	    CONTROL_IN_PRODUCTION,
	    "an exclusive backup was in progress in \"/data\": file \"backup_label\" exists",
	    "Of the caller." },
	{ "of another backup", LABEL("streamed"), 0, false, CONTROL_SHUTDOWN, RESTORED,
	    "Start it, and let it recover; or back up the original." },
	{ "no label at all", "what\n", 0, false, CONTROL_SHUTDOWN, RESTORED, NULL },
	{ "an empty one", "", 0, false, CONTROL_SHUTDOWN, RESTORED, NULL },
	{ "one that cannot be read", DIRECTORY, 0, false, CONTROL_SHUTDOWN,
	    "file \"backup_label\": is not a regular file", NULL },
	{ "one that leads to itself", LINK("backup_label"), 0, false, CONTROL_SHUTDOWN,
	    "file \"backup_label\": is a symbolic link", NULL },
	{ "in recovery", NULL, 0x1000, false, CONTROL_SHUTDOWN_IN_RECOVERY, INCONSISTENT,
	    "Start it, and let it recover to the end of its backup first." },
	{ "its end is required", NULL, 0, true, CONTROL_SHUTDOWN, INCONSISTENT, NULL },
	{ "left behind by a crash", NULL, 0x1000, false, CONTROL_SHUTDOWN, NULL, NULL },
	{ "and its end is required", NULL, 0x1000, true, CONTROL_SHUTDOWN, INCONSISTENT,
	    NULL },
};

static void
expect_label(void **state)
{
	const struct row *row = *state;
	const struct fake_file files[] = { { "backup_label", row->label } };
	struct error err = { 0 };
	char *root = faketree_new(files, row->label ? 1 : 0);
	int rc;

	assert_int_equal(begin(NULL), 0);
	cluster.datadir_fd = faketree_open(root);
	cluster.control.backup_start_lsn = row->backup_start;
	cluster.control.backup_end_required = row->end_required;
	cluster.control.state = row->state;
	rc = backup_still_check_label(&source, "Of the caller.", &err);
	close(cluster.datadir_fd);
	faketree_free(root);
	assert_int_equal(rc, row->error ? -1 : 0);
	if (row->error)
		assert_string_equal(err.text, row->error);
	else
		assert_int_equal(err.kind, ERROR_NONE);
	if (row->hint)
		assert_string_equal(err.hint, row->hint);
}

static void
in_place(void **state)
{
	(void)state;
	backup_still_warn_in_place(&source);
	message_expect("");
	tablespaces.sent.in_place = 1;
	backup_still_warn_in_place(&source);
	message_expect(
	    "warning: tablespaces are directories in pg_tblspc: the copy may need allow_in_place_tablespaces = on to recover\n");
}

/* ---- which WAL ---- */

static void
where_it_ends(void **state)
{
	static const struct {
		uint64_t end, min_recovery, stop;
	} ends[] = {
		{ 0x2078, 0, 0x2078 },
		{ 0x2078, 0x2078, 0x2078 },
		/* a standby has replayed more */
		{ 0x2078, 0x3000, 0x3000 },
	};

	(void)state;
	cluster.control.timeline = 3;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct error err = { 0 };

		fake.steps[0] = '\0';
		fake.end = ends[i].end;
		cluster.control.min_recovery_lsn = ends[i].min_recovery;
		assert_int_equal(
		    backup_still_begin(&source, backup_still_find_shutdown, &err), 0);
		assert_string_equal(
		    fake.steps, "history record new read xid databases free ");
		assert_int_equal(wal.range.start_lsn, 0x1f00);
		assert_int_equal(wal.range.timeline, 3);
		assert_int_equal(wal.range.stop_lsn, ends[i].stop);
		/* no page is later than what was written last */
		assert_int_equal(source.facts.limits.start_lsn, ends[i].stop);
		assert_int_equal(source.facts.limits.stop_lsn, ends[i].stop);
		assert_int_equal(source.facts.oldest_xid, 777);
	}
	message_expect(
	    "info: start position 0/1F00, stop position 0/2078 on timeline 3\n"
	    "info: start position 0/1F00, stop position 0/2078 on timeline 3\n"
	    "info: start position 0/1F00, stop position 0/3000 on timeline 3\n");
}

static uint32_t found_newest;

static int
find(struct backup_source *s, uint32_t newest, struct error *err)
{
	(void)err;
	assert_int_equal(s->of.wal->range.start_lsn, 0x1f00);
	found_newest = newest;
	s->of.wal->range.stop_lsn = 0x5000;
	return 0;
}

/* The server follows the newer one. */
static void
newest_timeline(void **state)
{
	static const struct {
		uint32_t timeline, min_recovery, newest;
	} all[] = { { 2, 0, 2 }, { 2, 1, 2 }, { 2, 2, 2 }, { 2, 5, 5 } };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct error err = { 0 };

		cluster.control.timeline = all[i].timeline;
		cluster.control.min_recovery_timeline = all[i].min_recovery;
		assert_int_equal(backup_still_begin(&source, find, &err), 0);
		assert_int_equal(found_newest, all[i].newest);
		assert_int_equal(source.facts.limits.stop_lsn, 0x5000);
		/* the WAL of the copy begins on that of the checkpoint */
		assert_int_equal(wal.range.timeline, all[i].timeline);
	}
	message_said[0] = '\0';
}

static void
does_not_begin(void **state)
{
	static const struct {
		const char *fails, *steps, *error;
	} all[] = {
		{ "history", "history ", "injected into history" },
		{ "record", "history record ",
		    "the last checkpoint: injected into record" },
		{ "new", "history record new ", "injected into new" },
		{ "read", "history record new read free ", "injected into read" },
		{ "xid", "history record new read xid free ", "injected into xid" },
		{ "databases", "history record new read xid databases free ",
		    "injected into databases" },
	};

	(void)state;
	cluster.control.timeline = 3;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct error err = { 0 };

		fake.steps[0] = '\0';
		fake.fails = all[i].fails;
		assert_int_equal(
		    backup_still_begin(&source, backup_still_find_shutdown, &err), -1);
		assert_string_equal(fake.steps, all[i].steps);
		assert_string_equal(err.text, all[i].error);
		if (i == 0)
			assert_string_equal(err.hint,
			    "A timeline history file may be missing from pg_wal.");
	}
	message_expect("");
}

/* ---- has it changed? ---- */

static void
looked_at_again(void **state)
{
	static const struct {
		const char *fails, *steps; /* of the last of them */
	} all[] = { { NULL, "pid control tree " }, { "pid", "pid " },
		{ "control", "pid control " }, { "tree", "pid control tree " } };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const int rc = all[i].fails ? -1 : 0;
		const bool is_tree = i == 3;
		struct error err = { 0 };

		fake.fails = all[i].fails;
		assert_int_equal(backup_still_watch_wal(&source, &err), is_tree ? 0 : rc);
		assert_int_equal(
		    backup_still_watch_tree(&source, NULL, &err), is_tree ? 0 : rc);
		fake.steps[0] = '\0';
		assert_int_equal(backup_still_recheck(&source, NULL, &err), rc);
		assert_string_equal(fake.steps, all[i].steps);
	}
}

/* The copy has pg_control as it is, but for a backup that was left for good. */
static void
control_of_the_copy(void **state)
{
	static const struct {
		uint64_t backup_start;
		enum control_state state;
		bool is_changed;
	} all[] = {
		{ 0, CONTROL_SHUTDOWN, false },
		{ 0x1000, CONTROL_SHUTDOWN, true },
		{ 0x1000, CONTROL_IN_PRODUCTION, true },
		{ 0x1000, CONTROL_SHUTDOWN_IN_RECOVERY, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint8_t bytes[CONTROL_SIZE];
		struct control control, sent;
		struct error err = { 0 };

		controlimage_make(fake.control, 1300);
		controlimage_set(fake.control, 1300, "state", all[i].state);
		controlimage_set(fake.control, 1300, "backup start", all[i].backup_start);
		controlimage_set(fake.control, 1300, "backup end required", 0);
		controlimage_seal(fake.control, 1300);
		assert_int_equal(
		    control_decode(fake.control, CONTROL_SIZE, &cluster.control, &err),
		    0);
		assert_int_equal(backup_still_control(&source, bytes, &control, &err), 0);
		assert_int_equal(control.backup_start_lsn, all[i].backup_start);
		assert_int_equal(control_decode(bytes, CONTROL_SIZE, &sent, &err), 0);
		assert_int_equal(
		    sent.backup_start_lsn, all[i].is_changed ? 0 : all[i].backup_start);
		if (!all[i].is_changed)
			assert_memory_equal(bytes, fake.control, CONTROL_SIZE);
	}
	fake.fails = "control";
	uint8_t bytes[CONTROL_SIZE];
	struct control control;
	struct error err = { 0 };
	assert_int_equal(backup_still_control(&source, bytes, &control, &err), -1);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest fixed[] = {
		CASE(a_server_runs),
		CASE(in_place),
		CASE(where_it_ends),
		CASE(newest_timeline),
		CASE(does_not_begin),
		CASE(looked_at_again),
		CASE(control_of_the_copy),
	};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[ROWS + sizeof(fixed) / sizeof(fixed[0])];

	rows_name(tests, rows, sizeof(rows[0]), ROWS, expect_label);
	memcpy(tests + ROWS, fixed, sizeof(fixed));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

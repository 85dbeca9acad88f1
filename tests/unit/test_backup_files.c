/*
 * The files of a backup that are no relations' pages: who is shown them, what is asked of all of them
 * when the WAL is known, and what is said in the end.  Those who judge are made up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backup/cluster.h"
#include "backup/files.h"
#include "backup/source.h"
#include "backup/tablespaces.h"
#include "lib/bytes.h"
#include "support/controlimage.h"
#include "support/fake_message.c.inc"
#include "support/fake_sets.c.inc"
#include "support/faketree.h"
#include "wal/walproof.h"

/* ---- the WAL, and the server, in place of the program's ---- */

static struct {
	struct walsurvey survey;
	bool is_in_part;
	uint64_t replayed;
} fake;

bool
walproof_is_whole(const struct walproof *p)
{
	(void)p;
	return !fake.is_in_part;
}

const struct walsurvey *
walproof_survey(const struct walproof *p)
{
	(void)p;
	return &fake.survey;
}

static int
replayed(struct backup_source *s, uint64_t *lsn, struct error *err)
{
	(void)s;
	*lsn = fake.replayed;
	return sets_tell(err, "replayed\n");
}

/* ---- a backup ---- */

enum kind { PRIMARY, STANDBY, STOPPED };

static char *root;
static struct backup_cluster cluster;
static struct backup_tablespaces tablespaces;
static struct tablespace_absent absent;
static const struct backup_source_ops ops = { .replayed = replayed };
static struct online_server server;
static struct backup_source source;
static struct control last;
static struct backup_files *files;

/* pg_control as it is when the first file is read; the cluster read an earlier one. */
static void
write_control(void)
{
	uint8_t image[CONTROL_SIZE];
	char path[512];
	FILE *file;

	controlimage_make(image, 1300);
	snprintf(path, sizeof(path), "%s/global/pg_control", root);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(image, sizeof(image), 1, file), 1);
	assert_int_equal(fclose(file), 0);
}

static int
begin(void **state)
{
	static const struct fake_file tree[] = { { "global/pg_control", "" },
		{ "pg_xact/0000", "x" }, { "pg_xact/0001", "x" },
		{ "pg_multixact/members/0000", "x" } };

	(void)state;
	memset(&sets, 0, sizeof(sets));
	memset(&fake, 0, sizeof(fake));
	message_said[0] = '\0';
	root = faketree_new(tree, sizeof(tree) / sizeof(tree[0]));
	write_control();
	backup_cluster_init(&cluster, root);
	cluster.datadir_fd = faketree_open(root);
	cluster.version = cluster_version(15);
	cluster.control.block_size = 8192;
	cluster.control.checkpoint.next_xid = 77;
	tablespaces = (struct backup_tablespaces){ .cluster = &cluster };
	server = (struct online_server){ 0 };
	source = (struct backup_source){ .ops = &ops };
	last = (struct control){ .checkpoint = { .next_xid = 99 } };
	files = NULL;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	backup_files_free(files);
	oidset_free(&source.facts.databases);
	backup_cluster_free(&cluster);
	faketree_free(root);
	return 0;
}

static int
open_files(enum kind kind, struct error *err)
{
	const struct backup_files_options options = {
		.cluster = &cluster, .tablespaces = &tablespaces, .source = &source
	};

	server.in_recovery = kind == STANDBY;
	source.facts.server = kind == STOPPED ? NULL : &server;
	source.facts.is_frozen = kind == STOPPED;
	return backup_files_open(&files, &options, err);
}

static int
stop(uint64_t stop_lsn, struct error *err)
{
	static char proof[1];

	sets.told[0] = '\0';
	return backup_files_stop(
	    files, (const struct walproof *)(void *)proof, stop_lsn, &last, err);
}

/* ---- one by one ---- */

static void
shown(void **state)
{
	struct stat st = { .st_size = 12345678 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(open_files(PRIMARY, &err), 0);
	sets.told[0] = '\0';
	assert_int_equal(
	    backup_files_bytes(files, "pg_xact/0000", (const uint8_t *)"\0\0", 2, &err),
	    0);
	assert_int_equal(
	    backup_files_bytes(files, "a", (const uint8_t *)"\0x", 2, &err), 0);
	assert_int_equal(backup_files_other(files, "large", 7, &st, &err), 0);
	assert_int_equal(backup_files_relation(files, "base/5/1", 7, &st, &err), 0);
	assert_int_equal(st.st_size, 16384);
	assert_string_equal(sets.told,
	    "small pg_xact/0000 2\ndatabase pg_xact/0000 0\nsegment pg_xact/0000 2 of zeros\n"
	    "small a 2\ndatabase a 0\nsegment a 2\n"
	    "large large\nsegment large 12345678\n"
	    "database base/5/1 0\nrelation base/5/1\n");
}

static void
shown_and_fails(void **state)
{
	static const char *const fails[] = { "small", "database a", "segment a", "large",
		"segment b", "database c", "relation" };
	struct stat st = { .st_size = 1 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(open_files(PRIMARY, &err), 0);
	for (size_t i = 0; i < sizeof(fails) / sizeof(fails[0]); i++) {
		sets.fails = fails[i];
		assert_int_equal(
		    backup_files_bytes(files, "a", (const uint8_t *)"x", 1, &err),
		    i < 3 ? -1 : 0);
		assert_int_equal(backup_files_other(files, "b", 7, &st, &err),
		    i == 3 || i == 4 ? -1 : 0);
		assert_int_equal(
		    backup_files_relation(files, "c", 7, &st, &err), i > 4 ? -1 : 0);
	}
}

/* One that is damaged is a finding; what is no history is passed over. */
static void
history(void **state)
{
	static const char good[] = "1\t0/3000000\tno reason\n";
	struct error err = { 0 };

	(void)state;
	assert_int_equal(open_files(PRIMARY, &err), 0);
	sets.told[0] = '\0';
	assert_int_equal(backup_files_history(files, "00000002.history",
			     (const uint8_t *)good, strlen(good), &err),
	    0);
	assert_int_equal(
	    backup_files_history(files, "README", (const uint8_t *)"x\n", 2, &err), 0);
	assert_string_equal(sets.told, "");
	assert_true(backup_files_report(files));
	assert_int_equal(backup_files_history(
			     files, "00000002.history", (const uint8_t *)"x\n", 2, &err),
	    0);
	assert_string_equal(sets.told,
	    "wal pg_wal/00000002.history line 1: expected a timeline ID in decimal\n");
	assert_false(backup_files_report(files));
	message_expect(
	    "error: the backup is complete, but the cluster is damaged: 1 file is missing or damaged\n"
	    "hint: A copy may not start, or may have lost committed rows.  Find out what is wrong with the storage, and keep the backups that were made before.\n");
}

/* ---- when it is opened ---- */

static void
opened(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(open_files(PRIMARY, &err), 0);
	assert_string_equal(sets.told, "new segments\nnew databases\n");
	end(state);
	begin(state);
	/* replay may remove segments while they are sent: which were there before? */
	assert_int_equal(open_files(STANDBY, &err), 0);
	assert_string_equal(sets.told,
	    "new segments\nnew databases\nnew segments\nsegment pg_xact/0000 0\n"
	    "segment pg_xact/0001 0\nsegment pg_multixact/members/0000 0\nreplayed\n");
}

static void
not_opened(void **state)
{
	static const char *const fails[] = { "new segments", "new databases",
		"segment pg_xact", "replayed" };

	for (size_t i = 0; i < sizeof(fails) / sizeof(fails[0]); i++) {
		struct error err = { 0 };

		sets.fails = fails[i];
		assert_int_equal(open_files(STANDBY, &err), -1);
		assert_int_equal(err.kind, ERROR_MEMORY);
		end(state);
		begin(state);
	}
	faketree_remove(root, "global/pg_control");
	assert_int_equal(open_files(PRIMARY, &(struct error){ 0 }), -1);
	backup_files_free(files);
	/* where nothing changes it has been read */
	assert_int_equal(open_files(STOPPED, &(struct error){ 0 }), 0);
	backup_files_free(NULL);
}

/* ---- when the WAL is known ---- */

static void
judged_primary(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(open_files(PRIMARY, &err), 0);
	source.facts.oldest_xid = 690;
	last.tracks_commit_time = true;
	fake.survey = (struct walsurvey){ .oldest_xid = 701,
		.oldest_commit_ts = 702,
		.oldest_multi = 10,
		.oldest_member = 44 };
	assert_int_equal(stop(0x3000000, &err), 0);
	assert_string_equal(
	    sets.told, "judge segments\njudge shared\njudge all databases\n");
	assert_int_equal(sets.cluster.block_size, 8192);
	assert_true(sets.cluster.tracks_commit_time);
	/* a later checkpoint than that of the start was complete when the first file was read */
	assert_int_equal(sets.begin.next_xid, 0x100000320);
	assert_int_equal(sets.end.next_xid, 99);
	assert_int_equal(sets.cluster.oldest.xid, 701);
	assert_int_equal(sets.cluster.oldest.commit_ts, 702);
	assert_int_equal(sets.cluster.oldest.multi, 10);
	assert_true(sets.cluster.oldest.has_member);
	assert_int_equal(sets.cluster.oldest.member, 44);
	assert_int_equal(sets.cluster.oldest_frozen, 690);
	assert_false(sets.cluster.is_removal_unknown);
	assert_null(sets.cluster.before);
	/* what the WAL removed is not known, if some of it was not read */
	fake.is_in_part = true;
	assert_int_equal(stop(0x3000000, &err), 0);
	assert_null(sets.cluster.begin);
	assert_int_equal(sets.cluster.oldest.xid, 0);
}

/* The first member of the oldest multixact, which pg_control names, by the file that says it. */
static void
judged_member(void **state)
{
	uint8_t offsets[64] = { 0 };
	struct error err = { 0 };

	(void)state;
	put_u32native(offsets + 9 * sizeof(uint32_t), 33);
	assert_int_equal(open_files(PRIMARY, &err), 0);
	assert_int_equal(stop(0x3000000, &err), 0);
	assert_false(sets.cluster.oldest.has_member);
	assert_int_equal(backup_files_bytes(files, "pg_multixact/offsets/0000", offsets,
			     sizeof(offsets), &err),
	    0);
	assert_int_equal(stop(0x3000000, &err), 0);
	assert_true(sets.cluster.oldest.has_member);
	assert_int_equal(sets.cluster.oldest.member, 33);
}

static void
judged_standby(void **state)
{
	struct error err = { 0 };

	(void)state;
	fake.replayed = 0x3000000;
	assert_int_equal(open_files(STANDBY, &err), 0);
	assert_int_equal(stop(0x3000000, &err), 0);
	assert_false(sets.cluster.is_removal_unknown);
	assert_non_null(sets.cluster.before);
	/* it had replayed WAL that is behind the stop */
	assert_int_equal(stop(0x2FFFFFF, &err), 0);
	assert_true(sets.cluster.is_removal_unknown);
}

static void
judged_stopped(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(open_files(STOPPED, &err), 0);
	fake.is_in_part = true;
	assert_int_equal(stop(0x3000000, &err), 0);
	assert_int_equal(sets.begin.next_xid, 77);
	assert_non_null(sets.cluster.begin);
	assert_false(sets.cluster.is_removal_unknown);
	cluster.control.state = CONTROL_IN_ARCHIVE_RECOVERY;
	assert_int_equal(stop(0x3000000, &err), 0);
	assert_true(sets.cluster.is_removal_unknown);
}

/* What is told of segments and databases: a finding each, or a warning. */
static void
faults(void **state)
{
	static const struct {
		enum slruset_fault fault;
		const char *told, *said;
	} cases[] = {
		{ SLRUSET_MISSING, "missing pg_xact/0000 is missing\n", "" },
		{ SLRUSET_SIZE, "size pg_xact/0000 is missing\n", "" },
		{ SLRUSET_ZEROS, "state pg_xact/0000 is missing\n", "" },
		{ SLRUSET_DOUBT, NULL, "warning: file \"pg_xact/0000\" is missing\n" },
		{ SLRUSET_ADVICE, NULL, "warning: file \"pg_xact/0000\" is missing\n" },
	};
	struct error err = { 0 };

	(void)state;
	assert_int_equal(open_files(PRIMARY, &err), 0);
	sets.slru_path = "pg_xact/0000";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sets.slru_fault = cases[i].fault;
		assert_int_equal(stop(0x3000000, &err), 0);
		message_expect(cases[i].said);
		assert_int_equal(
		    strstr(sets.told, cases[i].told ? cases[i].told : "pg_xact") != NULL,
		    cases[i].told != NULL);
	}
	sets.slru_path = NULL;
	sets.database_path = "base/5/PG_VERSION";
	assert_int_equal(stop(0x3000000, &err), 0);
	assert_non_null(strstr(sets.told, "missing base/5/PG_VERSION is missing\n"));
	message_expect("warning: a directory may be no database's\n");
	assert_false(backup_files_report(files));
	assert_non_null(strstr(message_said, "4 files are missing or damaged"));
}

/* Which databases count where the server does not say: one that replay makes or drops, does not. */
static void
asked(void **state)
{
	static uint32_t replay[] = { 5 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(open_files(STOPPED, &err), 0);
	fake.survey = (struct walsurvey){ .databases = replay, .ndatabases = 1 };
	sets.asked = 5;
	assert_int_equal(stop(0x3000000, &err), 0);
	assert_true(sets.is_exempt);
	assert_false(sets.is_none);
	sets.asked = 6;
	assert_int_equal(oidset_add(&source.facts.databases, 5, &err), 0);
	assert_int_equal(stop(0x3000000, &err), 0);
	assert_false(sets.is_exempt);
	assert_true(sets.is_none);
}

/* A server says which there are; those of a tablespace that is left out will not be in the copy. */
static void
told_by_server(void **state)
{
	static uint32_t replay[] = { 6 };
	struct error err = { 0 };

	(void)state;
	source.facts.databases_before = ",4 1663,5 16400,6 1663,7 1663,8 1663,";
	source.facts.databases_after = ",4 1663,5 16400,6 1663,8 16401,";
	absent.oid = 16400;
	tablespaces.sent.absent = &absent;
	tablespaces.sent.nabsent = 1;
	fake.survey = (struct walsurvey){ .databases = replay, .ndatabases = 1 };
	assert_int_equal(open_files(PRIMARY, &err), 0);
	assert_int_equal(stop(0x3000000, &err), 0);
	assert_string_equal(sets.told,
	    "judge segments\njudge shared\njudge 4 in 1663\njudge no databases\n");
	message_expect(
	    "database 5 is in tablespace 16400, which is left out: the copy will not have the database\n");
	assert_false(backup_files_report(files));
	message_expect(
	    "error: the backup is complete, except for 1 database in a tablespace that is left out\n"
	    "hint: Leave out --without-tablespace; or drop what is not needed there, or move it with ALTER DATABASE ... SET TABLESPACE.\n");
}

static void
judge_fails(void **state)
{
	static const char *const fails[] = { "judge segments", "judge shared", "judge 4",
		"judge no", "missing" };
	struct error err = { 0 };

	(void)state;
	source.facts.databases_before = source.facts.databases_after = ",4 1663,";
	assert_int_equal(open_files(PRIMARY, &err), 0);
	for (size_t i = 0; i < sizeof(fails) / sizeof(fails[0]); i++) {
		sets.fails = fails[i];
		sets.slru_path = i == 4 ? "pg_xact/0000" : NULL;
		assert_int_equal(stop(0x3000000, &err), -1);
		assert_int_equal(err.kind, ERROR_MEMORY);
	}
	source.facts.databases_before = NULL;
	sets.fails = "judge all";
	assert_int_equal(stop(0x3000000, &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shown, begin, end),
		cmocka_unit_test_setup_teardown(shown_and_fails, begin, end),
		cmocka_unit_test_setup_teardown(history, begin, end),
		cmocka_unit_test_setup_teardown(opened, begin, end),
		cmocka_unit_test_setup_teardown(not_opened, begin, end),
		cmocka_unit_test_setup_teardown(judged_primary, begin, end),
		cmocka_unit_test_setup_teardown(judged_member, begin, end),
		cmocka_unit_test_setup_teardown(judged_standby, begin, end),
		cmocka_unit_test_setup_teardown(judged_stopped, begin, end),
		cmocka_unit_test_setup_teardown(faults, begin, end),
		cmocka_unit_test_setup_teardown(asked, begin, end),
		cmocka_unit_test_setup_teardown(told_by_server, begin, end),
		cmocka_unit_test_setup_teardown(judge_fails, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Members by their names: what every backup has, and what belongs nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pg/cluster.h"
#include "proof/members.h"
#include "support/judged.c.inc"
#include "tar/header.h"

static struct facts facts;
static struct proof_members judge;

/* A backup with all directories that a server needs, and nothing else. */
static int
begin(void **state)
{
	(void)state;
	facts = (struct facts){ .version = cluster_version(15) };
	if (judged_begin())
		return -1;
	judge = (struct proof_members){ .facts = &facts,
		.findings = &findings,
		.members = members,
		.missing = &missing };
	for (unsigned n = 0; cluster_directory(n); n++)
		heard_member(members, cluster_directory(n), TAR_DIRECTORY, 0);
	heard_member(members, "global/pg_control", TAR_FILE, 8192);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	judged_end();
	return 0;
}

static void
complete(void)
{
	struct error err = { 0 };

	assert_int_equal(proof_members_complete(&judge, &err), 0);
}

static void
finish(void)
{
	struct error err = { 0 };

	assert_int_equal(proof_members_judge(&judge, &err), 0);
}

static void
needed(void **state)
{
	struct memberset_row *row;
	struct error err = { 0 };

	(void)state;
	complete();
	heard_expect("");
	facts.version = NULL; /* PG_VERSION did not come, or is damaged */
	assert_int_equal(memberset_find(members, "global/pg_control", &row, &err), 0);
	complete();
	heard_expect(
	    "missing: \"PG_VERSION\": is missing: it names the release of the cluster\n");
	heard_member(members, "PG_VERSION", TAR_FILE, 3);
	complete();
	heard_expect("");
}

/* A directory that is a file in the backup is as good as none. */
static void
file_for_directory(void **state)
{
	struct memberset_row *row;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(memberset_find(members, "pg_twophase", &row, &err), 0);
	row->type = TAR_FILE;
	complete();
	heard_expect(
	    "missing: \"pg_twophase\": required directory is missing (the server does "
	    "not create it)\n");
}

/* Servers of some releases send the manifest of the backup they were restored from. */
static void
old_manifest(void **state)
{
	(void)state;
	for (unsigned major = 12; major <= 18; major++) {
		facts.version = cluster_version(major);
		judge.has_old_manifest = true;
		complete();
		heard_expect(facts.version->sends_old_manifest ?
			"" :
			"stream: \"backup_manifest\": is out of order: it belongs after pg_control\n");
	}
}

static void
extra(void **state)
{
	(void)state;
	heard_member(members, "base/5", TAR_DIRECTORY, 0);
	heard_member(members, "base/5/1259", TAR_FILE, 8192)->is_listed = true;
	heard_member(members, "base/5/1260", TAR_FILE, 8192)->offset = 512;
	heard_member(members, "pg_wal/000000010000000000000002", TAR_FILE, 16 << 20);
	heard_member(members, "standby.signal", TAR_FILE, 0); /* pg_basebackup -R */
	finish();
	heard_expect(""); /* without a manifest nothing tells */
	judge.is_manifest_whole = true;
	finish();
	heard_expect(
	    "extra: \"base/5/1260\", at offset 512: is not listed in the manifest\n"
	    "extra: \"global/pg_control\", at offset 0: is not listed in the manifest\n");
}

static void
twice_and_orphans(void **state)
{
	(void)state;
	heard_member(members, "base/5/1259", TAR_FILE, 8192);
	heard_member(members, "base/5/1260", TAR_FILE, 8192);
	heard_member(members, "base/5/1260", TAR_FILE, 8192)->offset = 512;
	finish();
	heard_expect(
	    "missing: \"base/5\": directory is missing, although the backup has files in it\n"
	    "duplicate: \"base/5/1260\", at offset 512: exists twice\n");
}

static void
marks(void **state)
{
	(void)state;
	heard_member(members, "pg_wal/000000010000000000000002", TAR_FILE, 16 << 20);
	heard_member(members, "pg_wal/archive_status", TAR_DIRECTORY, 0);
	heard_member(
	    members, "pg_wal/archive_status/000000010000000000000002.done", TAR_FILE, 0);
	finish();
	heard_expect("");
	heard_member(
	    members, "pg_wal/archive_status/000000010000000000000003.ready", TAR_FILE, 0);
	finish();
	heard_expect(
	    "warning: \"pg_wal/archive_status/000000010000000000000003.ready\" marks a WAL segment that is not in the backup\n");
	heard_member(members, "pg_wal/archive_status/notes.done", TAR_FILE, 0);
	finish();
	assert_non_null(strstr(heard(),
	    "notes.done\", at offset 0: does not belong there: it does not mark a WAL segment\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(needed, begin, end),
		cmocka_unit_test_setup_teardown(file_for_directory, begin, end),
		cmocka_unit_test_setup_teardown(old_manifest, begin, end),
		cmocka_unit_test_setup_teardown(extra, begin, end),
		cmocka_unit_test_setup_teardown(twice_and_orphans, begin, end),
		cmocka_unit_test_setup_teardown(marks, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Files of a backup that are no relations' pages: what is told of each that passes, what is asked of all
 * of them, and which finding comes of an answer.  Those who judge segments and databases are made up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bytes.h"
#include "proof/files.h"
#include "support/fake_sets.c.inc"
#include "support/judged.c.inc"
#include "tar/header.h"

/* ---- the catalogs, in place of the program's ---- */

int
catalogset_oldest_xid(struct catalogset *set, uint32_t *xid, struct error *err)
{
	(void)set;
	*xid = 650;
	return sets_tell(err, "catalog oldest\n");
}

int
catalogset_databases(struct catalogset *set, struct oidset *oids, struct error *err)
{
	(void)set;
	return oidset_add(oids, 5, err) || sets_tell(err, "catalog databases\n") ? -1 : 0;
}

/* ---- a backup ---- */

static struct facts facts;
static struct infofile info;
static struct label label;
static struct control control;
static struct proof_content content;
static struct proof_files judge;

/* Of a server of 15 that ran, by pg_basebackup. */
static int
begin(void **state)
{
	struct error err = { 0 };

	(void)state;
	memset(&sets, 0, sizeof(sets));
	info = (struct infofile){ .server_version = 15, .oldest_xid = 640 };
	label = (struct label){ .timeline = 1 };
	control = (struct control){ .block_size = 8192,
		.control_version = 1300,
		.tracks_commit_time = true,
		.state = CONTROL_IN_PRODUCTION,
		.checkpoint = { .next_xid = 99 } };
	facts = (struct facts){
		.label = &label, .version = cluster_version(15), .control = &control
	};
	if (judged_begin())
		return -1;
	content = (struct proof_content){
		.findings = &findings, .members = members, .missing = &missing
	};
	judge = (struct proof_files){ .facts = &facts,
		.findings = &findings,
		.members = members,
		.content = &content,
		.missing = &missing };
	return proof_files_open(&judge, &err);
}

static int
end(void **state)
{
	(void)state;
	proof_files_free(&judge);
	proof_content_free(&content);
	judged_end();
	return 0;
}

/* In two pieces. */
static int
pass(const char *path, const void *bytes, size_t len, struct error *err)
{
	struct memberset_row *row = heard_member(members, path, TAR_FILE, len);

	sets.told[0] = '\0';
	proof_files_begin(&judge, row);
	proof_files_bytes(&judge, bytes, len / 2);
	proof_files_bytes(&judge, (const uint8_t *)bytes + len / 2, len - len / 2);
	return proof_files_end(&judge, err);
}

/* ---- one by one ---- */

static const struct row {
	const char *name, *path, *bytes;
	size_t len;
	bool has_no_version; /* of the cluster: it comes later */
	const char *told, *said;
} rows[] = {
	{ "segment", "pg_xact/0000", "\0\0\0\1", 4, false, "segment pg_xact/0000 4\n",
	    "" },
	{ "segment of zeros", "pg_xact/0000", "\0\0\0\0", 4, false,
	    "segment pg_xact/0000 4 of zeros\n", "" },
	{ "segment, zeros in the second piece alone", "pg_xact/0000", "\1\1\0\0", 4,
	    false, "segment pg_xact/0000 4\n", "" },
	{ "segment, zeros in the first alone", "pg_multixact/offsets/0000", "\0\0\0\1", 4,
	    false, "segment pg_multixact/offsets/0000 4\n", "" },
	{ "segment of one byte all over", "pg_xact/0000", "\7\7\7\7", 4, false,
	    "segment pg_xact/0000 4\n", "" },
	{ "empty segment", "pg_xact/0000", "", 0, false,
	    "segment pg_xact/0000 0 of zeros\n", "" },
	{ "database", "base/5/PG_VERSION", "15\n", 3, false,
	    "database base/5/PG_VERSION 0\n", "" },
	{ "database of another release", "base/5/PG_VERSION", "14\n", 3, false,
	    "database base/5/PG_VERSION 0\n",
	    "state: \"base/5/PG_VERSION\" at 0: WHY\n" },
	/* then the set compares it with what comes later */
	{ "database, the release is not known yet", "base/5/PG_VERSION", "14\n", 3, true,
	    "database base/5/PG_VERSION 14\n", "" },
	{ "damaged relation map", "global/pg_filenode.map", "abc", 3, false,
	    "database global/pg_filenode.map 0\n",
	    "state: \"global/pg_filenode.map\" at 0: WHY\n" },
	{ "another file", "base/5/1", "abc", 3, false, "database base/5/1 0\n", "" },
};

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct error err = { 0 };

	assert_int_equal(begin(NULL), 0);
	if (row->has_no_version)
		facts.version = NULL;
	assert_int_equal(pass(row->path, row->bytes, row->len, &err), 0);
	assert_string_equal(sets.told, row->told);
	assert_int_equal(proof_content_tell_faults(&content, &err), 0);
	assert_int_equal(findings.count, row->said[0] ? 1 : 0);
	if (strncmp(heard(), row->said, strcspn(row->said, " ")) != 0)
		fail_msg("%s", heard());
	end(NULL);
}

/* What pg_basetar.info says of the release counts until the cluster's is there. */
static void
version_of_info(void **state)
{
	struct error err = { 0 };

	(void)state;
	facts.version = NULL;
	facts.info = &info;
	assert_int_equal(pass("base/5/PG_VERSION", "14\n", 3, &err), 0);
	assert_string_equal(sets.told, "database base/5/PG_VERSION 0\n");
	assert_int_equal(proof_content_tell_faults(&content, &err), 0);
	assert_int_equal(findings.of_kind[FINDINGS_STATE], 1);
}

/* ---- what is asked of the segments ---- */

static void
segments(void **state)
{
	struct error err = { 0 };

	(void)state;
	judge.survey = (struct walsurvey){ .oldest_xid = 701,
		.oldest_multi = 10,
		.oldest_member = 44,
		.oldest_commit_ts = 702 };
	judge.has_begin = true;
	judge.begin.next_xid = 88;
	assert_int_equal(proof_files_judge(&judge, true, &err), 0);
	assert_non_null(strstr(sets.told,
	    "catalog oldest\njudge segments\ncatalog databases\njudge shared\njudge all databases\n"));
	assert_int_equal(sets.cluster.block_size, 8192);
	assert_int_equal(sets.cluster.version->major, 15);
	assert_true(sets.cluster.tracks_commit_time);
	assert_int_equal(sets.begin.next_xid, 88);
	assert_int_equal(sets.end.next_xid, 99);
	assert_int_equal(sets.cluster.oldest.xid, 701);
	assert_int_equal(sets.cluster.oldest.multi, 10);
	assert_int_equal(sets.cluster.oldest.commit_ts, 702);
	assert_true(sets.cluster.oldest.has_member);
	assert_int_equal(sets.cluster.oldest.member, 44);
	assert_int_equal(sets.cluster.oldest_frozen, 650);
	assert_false(sets.cluster.is_removal_unknown);
}

/* From where does recovery begin, and may a standby have removed more? */
static void
beginnings(void **state)
{
	static const struct {
		bool has_info, has_label;
		enum infofile_mode mode;
		bool from_standby;
		enum control_state control;
		bool has_begin, is_removal_unknown;
	} cases[] = {
		/* the checkpoint of the label's is in the WAL, which did not come */
		{ false, true, INFOFILE_ONLINE, false, CONTROL_IN_PRODUCTION, false,
		    false },
		{ false, true, INFOFILE_ONLINE, true, CONTROL_IN_ARCHIVE_RECOVERY, false,
		    true },
		{ true, true, INFOFILE_ONLINE, false, CONTROL_IN_ARCHIVE_RECOVERY, false,
		    false },
		{ true, false, INFOFILE_OFFLINE, false, CONTROL_SHUTDOWN, true, false },
		{ true, false, INFOFILE_SNAPSHOT, false, CONTROL_IN_ARCHIVE_RECOVERY,
		    true, true },
	};
	struct error err = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		info.mode = cases[i].mode;
		facts.info = cases[i].has_info ? &info : NULL;
		facts.label = cases[i].has_label ? &label : NULL;
		label.from_standby = cases[i].from_standby;
		control.state = cases[i].control;
		assert_int_equal(proof_files_judge(&judge, true, &err), 0);
		assert_int_equal(sets.cluster.begin != NULL, cases[i].has_begin);
		if (cases[i].has_begin)
			assert_int_equal(sets.begin.next_xid, 99);
		assert_int_equal(
		    sets.cluster.is_removal_unknown, cases[i].is_removal_unknown);
		assert_int_equal(
		    sets.cluster.oldest_frozen, cases[i].has_info ? 640 : 650);
		assert_false(sets.cluster.oldest.has_member);
		end(state);
		assert_int_equal(begin(state), 0);
	}
}

static void
not_judged(void **state)
{
	struct error err = { 0 };

	(void)state;
	sets.told[0] = '\0';
	facts.version = NULL;
	assert_int_equal(proof_files_judge(&judge, true, &err), 0);
	facts.version = cluster_version(15);
	facts.control = NULL;
	assert_int_equal(proof_files_judge(&judge, true, &err), 0);
	assert_string_equal(sets.told, "");
}

/* ---- what is told ---- */

#define XACT "pg_xact/0000"

/* Each kind of fault; one that was told by its size, or as missing, is not told again. */
static void
faults(void **state)
{
	static const struct {
		enum slruset_fault fault;
		bool is_there, is_size_told, is_missing_told;
		const char *said;
	} cases[] = {
		{ SLRUSET_MISSING, false, false, false,
		    "missing: \"" XACT "\": is missing\n" },
		{ SLRUSET_MISSING, false, false, true, "" },
		{ SLRUSET_SIZE, true, false, false, "size: \"" XACT "\": is missing\n" },
		{ SLRUSET_SIZE, true, true, false, "" },
		{ SLRUSET_ZEROS, true, false, false,
		    "state: \"" XACT "\": is missing\n" },
		{ SLRUSET_ZEROS, true, true, false, "state: \"" XACT "\": is missing\n" },
		{ SLRUSET_DOUBT, false, false, false,
		    "warning: file \"" XACT "\" is missing\n" },
		{ SLRUSET_ADVICE, false, false, true,
		    "warning: file \"" XACT "\" is missing\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct memberset_row *row = NULL;
		struct error err = { 0 };

		if (cases[i].is_there) {
			row = heard_member(members, XACT, TAR_FILE, 1);
			row->is_size_told = cases[i].is_size_told;
		}
		if (cases[i].is_missing_told)
			assert_int_equal(proof_missing_note(&missing, XACT, &err), 0);
		sets.slru_path = XACT;
		sets.slru_fault = cases[i].fault;
		assert_int_equal(proof_files_judge(&judge, true, &err), 0);
		heard_expect(cases[i].said);
		/* another digest of it has the same cause */
		if (row)
			assert_int_equal(row->is_damage_told, cases[i].said[0] != '\0');
		end(state);
		assert_int_equal(begin(state), 0);
	}
}

static void
databases(void **state)
{
	struct error err = { 0 };

	(void)state;
	sets.database_path = "base/5/PG_VERSION";
	assert_int_equal(proof_files_judge(&judge, true, &err), 0);
	heard_expect("warning: a directory may be no database's\n"
		     "missing: \"base/5/PG_VERSION\": is missing\n");
}

/* Which databases are exempt, and which are known to be none? */
static void
asked(void **state)
{
	static uint32_t replay[] = { 6 };
	struct error err = { 0 };

	(void)state;
	judge.survey = (struct walsurvey){ .databases = replay, .ndatabases = 1 };
	sets.asked = 6;
	assert_int_equal(proof_files_judge(&judge, true, &err), 0);
	assert_true(sets.is_exempt);
	assert_true(sets.is_none); /* the catalog has 5 alone */
	sets.asked = 5;
	assert_int_equal(proof_files_judge(&judge, true, &err), 0);
	assert_false(sets.is_exempt);
	assert_false(sets.is_none);
	/* without WAL a server that ran may have made or dropped any */
	assert_int_equal(proof_files_judge(&judge, false, &err), 0);
	assert_true(sets.is_exempt);
	facts.info = &info;
	info.mode = INFOFILE_OFFLINE;
	assert_int_equal(proof_files_judge(&judge, false, &err), 0);
	assert_false(sets.is_exempt);
	assert_false(sets.is_none); /* not told */
	assert_int_equal(oidset_add(&info.databases, 7, &err), 0);
	assert_int_equal(proof_files_judge(&judge, false, &err), 0);
	assert_true(sets.is_none);
	oidset_free(&info.databases);
	judge.survey = (struct walsurvey){ 0 };
}

static void
fails(void **state)
{
	static const char *const steps[] = { "catalog oldest", "judge segments",
		"catalog databases", "judge shared", "judge all" };
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		sets.fails = steps[i];
		assert_int_equal(proof_files_judge(&judge, true, &err), -1);
		assert_int_equal(err.kind, ERROR_MEMORY);
	}
	sets.fails = "segment";
	assert_int_equal(pass(XACT, "x", 1, &err), -1);
	sets.fails = "database";
	assert_int_equal(pass("base/5/1", "x", 1, &err), -1);
}

/* The checkpoint that recovery begins from is in a record of the WAL. */
static void
checkpoint(void **state)
{
	uint8_t bytes[2 + 88] = { 255, 88 };
	const struct walrecord rec = {
		.version = cluster_version(15), .data = bytes, .len = sizeof(bytes)
	};
	const struct walrecord cut = {
		.version = cluster_version(15), .data = bytes, .len = 20
	};
	struct error err = { 0 };

	(void)state;
	assert_int_equal(proof_files_record(&judge, &rec, false, &err), 0);
	assert_false(judge.has_begin);
	assert_int_equal(proof_files_record(&judge, &cut, true, &err), 0);
	assert_false(judge.has_begin);
	assert_int_equal(proof_files_record(&judge, &rec, true, &err), 0);
	assert_true(judge.has_begin);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = 9 };
	struct CMUnitTest tests[OTHERS + ROWS] = {
		cmocka_unit_test_setup_teardown(version_of_info, begin, end),
		cmocka_unit_test_setup_teardown(segments, begin, end),
		cmocka_unit_test_setup_teardown(beginnings, begin, end),
		cmocka_unit_test_setup_teardown(not_judged, begin, end),
		cmocka_unit_test_setup_teardown(faults, begin, end),
		cmocka_unit_test_setup_teardown(databases, begin, end),
		cmocka_unit_test_setup_teardown(asked, begin, end),
		cmocka_unit_test_setup_teardown(fails, begin, end),
		cmocka_unit_test_setup_teardown(checkpoint, begin, end),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

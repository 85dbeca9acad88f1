/* What made-up records of WAL make and drop, and what the backup must have for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proof/replay.h"
#include "support/judged.c.inc"
#include "support/walimage.h"
#include "tar/header.h"

enum { BASE = 1663, DATABASE = 4 };
enum { COPY = 0, MAKE = 0, DROP = 0x10 };

static struct walimage image;
static struct walpage_expect expect;
static struct facts facts;
static struct proof_wal wal;
static struct proof_replay replay;

/* Recovery reads lineage 0 only. */
static int
begin(void **state)
{
	struct error err = { 0 };

	(void)state;
	facts = (struct facts){ .version = cluster_version(15) };
	if (!walimage_start(&image) || judged_begin())
		return -1;
	expect = walimage_expect(&image);
	expect.history = NULL;
	wal = (struct proof_wal){ .has_lineage = true };
	replay = (struct proof_replay){ .facts = &facts,
		.findings = &findings,
		.members = members,
		.missing = &missing,
		.wal = &wal };
	return lineages_new(&wal.lineages,
	    &(struct lineages_options){ .expect = &expect,
		.start_lsn = WALIMAGE_START + 40,
		.start_timeline = 1 },
	    &err);
}

static int
end(void **state)
{
	(void)state;
	proof_replay_free(&replay);
	proof_wal_free(&wal);
	judged_end();
	walimage_free(&image);
	return 0;
}

/* A record of that kind at LSN ${at}, with ${len} bytes. */
static void
tell(unsigned lineage, uint8_t rmid, uint8_t info, uint64_t at, const void *data,
    size_t len)
{
	uint8_t bytes[2 + 255] = { 255, (uint8_t)len };
	const struct walrecord rec = { .lsn = at,
		.end_lsn = at + 8,
		.rmid = rmid,
		.info = info,
		.version = cluster_version(15),
		.data = bytes,
		.len = 2 + len };
	struct error err = { 0 };

	memcpy(bytes + 2, data, len);
	assert_int_equal(proof_replay_record(&replay, lineage, &rec, &err), 0);
}

static void
make_space(unsigned lineage, uint64_t at, uint32_t oid, const char *location)
{
	char data[64] = { 0 };

	memcpy(data, &oid, sizeof(oid));
	snprintf(data + sizeof(oid), sizeof(data) - sizeof(oid), "%s", location);
	tell(lineage, WALIMAGE_TABLESPACE, MAKE, at, data,
	    sizeof(oid) + strlen(location) + 1);
}

static void
drop_space(uint64_t at, uint32_t oid)
{
	tell(0, WALIMAGE_TABLESPACE, DROP, at, &oid, sizeof(oid));
}

/* What database 5 has in that tablespace is copied to 7. */
static void
copy_database(uint64_t at, uint32_t space)
{
	const uint32_t numbers[] = { 7, space, 5, space };

	tell(0, DATABASE, COPY, at, numbers, sizeof(numbers));
}

static void
judge(bool has_manifest)
{
	struct error err = { 0 };

	assert_int_equal(proof_replay_sort(&replay, &err), 0);
	assert_int_equal(proof_replay_judge(&replay, has_manifest, &err), 0);
}

static void
tablespaces(void **state)
{
	const struct proof_replay_row *row;
	size_t at = 0;

	(void)state;
	make_space(0, 100, 16400, "/srv/a");
	make_space(0, 200, 16401, "");       /* in place */
	make_space(1, 300, 16402, "/srv/b"); /* on another lineage */
	drop_space(400, 16400);
	judge(true);
	heard_expect(
	    "warning: the WAL creates tablespace 16400: recovery links the restored copy to \"/srv/a\", which must exist, and must not belong to another cluster\n");
	row = proof_replay_next(&replay, &at);
	assert_non_null(row);
	assert_int_equal(row->space, 16400);
	row = proof_replay_next(&replay, &at);
	assert_non_null(row);
	assert_string_equal(row->location, "");
	assert_null(proof_replay_next(&replay, &at));
}

static void
asked(void **state)
{
	(void)state;
	make_space(0, 100, 16400, "/srv/a");
	drop_space(400, 16400);
	drop_space(500, 16399);
	assert_false(proof_replay_drops(&replay, "16400")); /* all has not come yet */
	judge(true);
	assert_true(proof_replay_drops(&replay, "16400"));
	assert_false(proof_replay_drops(&replay, "16401"));
	assert_false(proof_replay_drops(&replay, "16400x"));
	assert_true(proof_replay_has(&replay, PROOF_REPLAY_DROPS, 16400, 400, 401));
	assert_false(proof_replay_has(&replay, PROOF_REPLAY_DROPS, 16400, 401, 999));
	assert_false(proof_replay_has(&replay, PROOF_REPLAY_DROPS, 16400, 0, 400));
	assert_true(proof_replay_has(&replay, PROOF_REPLAY_MAKES, 16400, 0, 400));
	assert_false(proof_replay_has(&replay, PROOF_REPLAY_MAKES, 16399, 0, 999));
	wal.has_lineage = false; /* what recovery reads is not known */
	assert_false(proof_replay_drops(&replay, "16400"));
}

/* The two directories that are copied: in the backup, or what of them is lost. */
static void
copied(void **state)
{
	static const char pg15[] = "pg_tblspc/16400/PG_15_202209061/5";
	static const struct {
		const char *member;
		bool is_in_space, has_manifest;
		const char *path; /* that is missing; NULL: none */
	} rows[] = {
		{ "base/5/PG_VERSION", true, false, NULL },
		{ "base/5/1259", true, true, "base/5/PG_VERSION" },
		{ "base/4/PG_VERSION", true, true, "base/5/PG_VERSION" },
		{ "base/5/PG_VERSION", false, false, pg15 },
		/* then replay makes all that is in it */
		{ "base/5/PG_VERSION", false, true, NULL },
	};
	char text[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		heard_member(members, rows[i].member, TAR_FILE, 3);
		if (rows[i].is_in_space)
			heard_member(members, pg15, TAR_DIRECTORY, 0);
		copy_database(100, BASE);
		copy_database(200, 16400);
		assert_true(proof_replay_watches(&replay));
		judge(rows[i].has_manifest);
		if (rows[i].path)
			snprintf(text, sizeof(text),
			    "missing: \"%s\": is missing: the WAL at ", rows[i].path);
		if (rows[i].path ? strncmp(heard(), text, strlen(text)) != 0 :
				   findings.count > 0)
			fail_msg("row %zu: %s", i, heard());
		assert_int_equal(end(state), 0);
		assert_int_equal(begin(state), 0);
	}
}

/* Of more tablespaces than a cluster has it is said that they were not looked at. */
static void
too_many(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < PROOF_REPLAY_MOST + 2; i++)
		drop_space(100 + 8 * i, 16400 + i);
	judge(true);
	heard_expect(
	    "wal: the WAL creates and drops 2 more databases and tablespaces than can be checked\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tablespaces, begin, end),
		cmocka_unit_test_setup_teardown(asked, begin, end),
		cmocka_unit_test_setup_teardown(copied, begin, end),
		cmocka_unit_test_setup_teardown(too_many, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tablespaces that the backup names, and what of them came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pg/cluster.h"
#include "proof/tablespaces.h"
#include "support/judged.c.inc"
#include "tar/header.h"

static struct facts facts;
static struct infofile info;
static char oid[] = "16400", location[] = "/srv/one";
static struct infofile_pair pair;
static struct label label;
static struct buf map;
static struct proof_wal wal;
static struct proof_replay replay;
static struct proof_inplace inplace;
static struct proof_tablespaces judge;

static int
begin(void **state)
{
	(void)state;
	pair = (struct infofile_pair){ .name = oid, .path = location };
	info = (struct infofile){ .tablespaces = { 1, &pair } };
	facts = (struct facts){ .label = &label, .version = cluster_version(15) };
	if (judged_begin())
		return -1;
	wal = (struct proof_wal){ 0 };
	replay = (struct proof_replay){ .wal = &wal };
	inplace = (struct proof_inplace){ .facts = &facts };
	judge = (struct proof_tablespaces){ .facts = &facts,
		.findings = &findings,
		.members = members,
		.missing = &missing,
		.replay = &replay,
		.inplace = &inplace,
		.wal = &wal };
	return 0;
}

static int
end(void **state)
{
	(void)state;
	proof_tablespaces_free(&judge);
	judged_end();
	buf_free(&map);
	return 0;
}

static void
archive(enum archivepart_kind kind, const char *name)
{
	struct archivepart part = { .kind = kind };
	struct error err = { 0 };

	snprintf(part.oid, sizeof(part.oid), "%s", name);
	assert_int_equal(proof_tablespaces_archive(&judge, &part, &err), 0);
}

static void
give_map(const char *text)
{
	struct error err = { 0 };

	assert_int_equal(buf_printf(&map, &err, "%s", text), 0);
	facts.map = &map;
}

static void
finish(const char *expected)
{
	struct error err = { 0 };

	assert_int_equal(proof_tablespaces_judge(&judge, &err), 0);
	heard_expect(expected);
}

/* Of pg_basebackup: the map says which archives there must be. */
static void
set_of_archives(void **state)
{
	(void)state;
	give_map("16400 /srv/one\n16401 /srv/two\n");
	archive(ARCHIVEPART_TABLESPACE, "16400");
	archive(ARCHIVEPART_BASE, "");
	heard_member(members, "pg_tblspc/16400/PG_15_202209061", TAR_DIRECTORY, 0);
	finish(
	    "tablespace: \"tablespace_map\": the archive \"16401.tar\" of a tablespace is "
	    "missing\n");
	archive(ARCHIVEPART_TABLESPACE, "16401");
	archive(ARCHIVEPART_TABLESPACE, "16402");
	archive(ARCHIVEPART_BASE, "");
	finish(
	    "tablespace: \"tablespace_map\": it does not name the tablespaces of 1 archives\n");
}

/* Its content may only be missing if replay drops it; where that is known it does not here. */
static void
content(void **state)
{
	(void)state;
	give_map("16400 /srv/one\n");
	archive(ARCHIVEPART_TABLESPACE, "16400");
	archive(ARCHIVEPART_BASE, "");
	finish("");
	wal.has_lineage = true;
	finish(
	    "missing: \"pg_tblspc/16400/PG_15_202209061\": is missing: it must hold the content of a tablespace\n");
}

static void
no_map(void **state)
{
	(void)state;
	archive(ARCHIVEPART_TABLESPACE, "16400");
	archive(ARCHIVEPART_BASE, "");
	finish(
	    "missing: \"tablespace_map\": is missing: without it the server does not find the tablespaces\n");
}

static void
one_of_several(void **state)
{
	(void)state;
	give_map("16400 /srv/one\n");
	archive(ARCHIVEPART_ALONE, "");
	finish(
	    "tablespace: \"tablespace_map\": the backup has more archives than this one: 1 tablespaces are in the others\n");
}

/* Of pg_basetar: in one archive each has its content and its link. */
static void
in_one(void **state)
{
	struct memberset_row *row;

	(void)state;
	facts.info = &info;
	wal.has_lineage = true;
	archive(ARCHIVEPART_ALONE, "");
	heard_member(members, "pg_tblspc/16400/PG_15_202209061", TAR_DIRECTORY, 0);
	finish(
	    "missing: \"pg_tblspc/16400\": is missing: the backup has the content of this tablespace, but not the link to it\n");
	row = heard_member(members, "pg_tblspc/16400", TAR_SYMLINK, 0);
	finish("");
	row->type = TAR_DIRECTORY;
	finish(
	    "missing: \"pg_tblspc/16400\": is missing: the backup has the content of this tablespace, but not the link to it\n");
}

/* The map and pg_basetar.info have it at two places. */
static void
two_places(void **state)
{
	(void)state;
	facts.info = &info;
	info.is_split = true;
	give_map("16400 /srv/other\n");
	archive(ARCHIVEPART_TABLESPACE, "16400");
	archive(ARCHIVEPART_BASE, "");
	finish(
	    "tablespace: \"tablespace_map\": location of a tablespace differs from pg_basetar.info: /srv/one "
	    "expected, /srv/other found\n");
}

static void
links(void **state)
{
	(void)state;
	assert_null(proof_tablespaces_link_fault(&judge, "pg_tblspc/16400", "/etc"));
	assert_string_equal(proof_tablespaces_link_fault(&judge, "base/5", "/etc"),
	    "the symbolic link is not that of a tablespace");
	assert_non_null(proof_tablespaces_link_fault(&judge, "pg_tblspc/x", "/etc"));
	facts.info = &info;
	assert_null(proof_tablespaces_link_fault(
	    &judge, "pg_tblspc/16400", "../pg_basetar_tblspc/16400"));
	assert_string_equal(
	    proof_tablespaces_link_fault(&judge, "pg_tblspc/16400", "/etc"),
	    "the symbolic link leads out of the backup");
	assert_non_null(proof_tablespaces_link_fault(
	    &judge, "pg_tblspc/16401", "../pg_basetar_tblspc/16401"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(set_of_archives, begin, end),
		cmocka_unit_test_setup_teardown(content, begin, end),
		cmocka_unit_test_setup_teardown(no_map, begin, end),
		cmocka_unit_test_setup_teardown(one_of_several, begin, end),
		cmocka_unit_test_setup_teardown(in_one, begin, end),
		cmocka_unit_test_setup_teardown(two_places, begin, end),
		cmocka_unit_test_setup_teardown(links, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a backup says of itself, taken from members in the orders that archives have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format/summary.h"

static const char label_text[] =
    "START WAL LOCATION: 0/2000028 (file 000000030000000000000002)\n"
    "CHECKPOINT LOCATION: 0/2000060\n"
    "BACKUP METHOD: streamed\n"
    "BACKUP FROM: standby\n"
    "START TIME: 2026-11-26 12:00:00 UTC\n"
    "LABEL: nightly\n"
    "START TIMELINE: 3\n";

/* A file, with the text of its body or of so many bytes; a directory has a '/' at its end. */
struct row {
	const char *name, *text;
	uint64_t size;
};

static int
add(struct summary *s, const struct row *row, struct error *err)
{
	char name[100];
	struct tar_entry entry = { .name = name, .type = TAR_FILE, .size = row->size };
	size_t len = strlen(row->name);
	bool wanted;

	memcpy(name, row->name, len + 1);
	if (name[len - 1] == '/') {
		name[len - 1] = '\0';
		entry.type = TAR_DIRECTORY;
	}
	if (row->text)
		entry.size = strlen(row->text);
	if (summary_member(s, &entry, &wanted, err))
		return -1;
	if (!wanted || entry.type != TAR_FILE)
		return 0;
	/* in two pieces */
	if (row->text &&
	    (summary_bytes(s, (const uint8_t *)row->text, 1, err) ||
		summary_bytes(s, (const uint8_t *)row->text + 1, entry.size - 1, err)))
		return -1;
	return summary_member_end(s, err);
}

/* Members of one archive, up to one without a name. */
static int
add_archive(struct summary *s, enum archivepart_kind kind, const char *oid,
    const struct row *rows, struct error *err)
{
	struct archivepart part = { .kind = kind };

	strcpy(part.oid, oid);
	if (summary_archive(s, &part, err))
		return -1;
	for (; rows->name; rows++)
		if (add(s, rows, err))
			return -1;
	return 0;
}

static void
expect_tablespace(const struct summary_facts *f, size_t n, uint32_t oid,
    const char *location, uint64_t bytes)
{
	assert_in_range(n, 0, f->ntablespaces - 1);
	assert_int_equal(f->tablespaces[n].oid, oid);
	if (location)
		assert_string_equal(f->tablespaces[n].location, location);
	else
		assert_null(f->tablespaces[n].location);
	assert_int_equal(f->tablespaces[n].bytes, bytes);
}

static const char info_text[] = "pg_basetar.info: 1\n";

/* Two tablespaces whose members alternate; a link is none of their bytes. */
static void
test_alternating(void **state)
{
	const struct row rows[] = { { "backup_label", label_text, 0 },
		{ "PG_VERSION", "15\n", 0 },
		{ "pg_basetar_tblspc/16401/PG_15_202209061/5/1", NULL, 8192 },
		{ "pg_basetar_tblspc/16400/PG_15_202209061/5/1", NULL, 100 },
		{ "pg_basetar_tblspc/16401/PG_15_202209061/5/2", NULL, 8192 },
		{ "pg_basetar_tblspc/not/5", NULL, 8192 }, { "base/5/1", NULL, 1 },
		{ "pg_wal/000000030000000000000002", NULL, 16 << 20 },
		{ NULL, NULL, 0 } };
	struct error err = { 0 };
	struct summary *s;
	struct summary_facts f;

	(void)state;
	assert_int_equal(summary_new(&s, &err), 0);
	assert_int_equal(add_archive(s, ARCHIVEPART_ALONE, "", rows, &err), 0);
	assert_int_equal(summary_finish(s, &err), 0);
	f = summary_facts(s, true);
	assert_int_equal(f.ntablespaces, 2);
	expect_tablespace(&f, 0, 16400, NULL, 100);
	expect_tablespace(&f, 1, 16401, NULL, 16384);
	assert_int_equal(f.backup.archive.members, 8);
	assert_int_equal(f.wal_segments, 1);
	assert_int_equal(f.wal_bytes, 16 << 20);
	assert_int_equal(f.backup.range.start_lsn, 0x2000028);
	assert_int_equal(f.backup.range.start_timeline, 3);
	assert_int_equal(f.backup.source, FACTS_STANDBY);
	assert_int_equal(f.backup.version->major, 15);
	assert_true(f.backup.wal == FACTS_THERE && f.backup.manifest == FACTS_ABSENT);
	summary_free(s);
}

/* From 16 on an archive without a line in the map is that of a tablespace in place. */
static void
test_in_place(void **state)
{
	static const struct {
		const char *version, *member, *location;
	} releases[] = { { "15\n", "PG_15_202209061/5/1", NULL },
		{ "16\n", "PG_16_202307071/5/1", "pg_tblspc/16401" } };

	(void)state;
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		const struct row space[] = { { releases[i].member, NULL, 300 },
			{ NULL, NULL, 0 } };
		const struct row base[] = { { "backup_label", label_text, 0 },
			{ "tablespace_map", "16400 /srv/one\n", 0 },
			{ "PG_VERSION", releases[i].version, 0 }, { NULL, NULL, 0 } };
		char text[SPACELIST_IN_PLACE];
		const char *location;
		struct error err = { 0 };
		struct summary *s;
		struct summary_facts f;

		assert_int_equal(summary_new(&s, &err), 0);
		assert_int_equal(
		    add_archive(s, ARCHIVEPART_TABLESPACE, "16401", space, &err), 0);
		assert_int_equal(add_archive(s, ARCHIVEPART_BASE, "", base, &err), 0);
		assert_int_equal(summary_finish(s, &err), 0);
		f = summary_facts(s, true);
		assert_int_equal(f.ntablespaces, 2);
		expect_tablespace(&f, 0, 16400, "/srv/one", 0);
		assert_false(f.tablespaces[0].is_in_place);
		expect_tablespace(&f, 1, 16401, NULL, 300);
		location = spacelist_location(&f.tablespaces[1], text);
		assert_true(releases[i].location ?
			location && strcmp(location, releases[i].location) == 0 :
			location == NULL);
		summary_free(s);
	}
}

/*
 * pg_basebackup of a cluster that had been restored: it has a pg_basetar_tblspc and a
 * pg_basetar.info in its tree, which are not about this backup.
 */
static void
test_restored_again(void **state)
{
	const struct row space[] = { { "PG_15_202209061/", NULL, 0 },
		{ "PG_15_202209061/5/1", NULL, 300 }, { NULL, NULL, 0 } };
	const struct row base[] = { { "backup_label", label_text, 0 },
		{ "tablespace_map", "16400 /srv/one\n16402 /srv/two\n", 0 },
		{ "./pg_wal/archive_status/", NULL, 0 },
		{ "pg_basetar.info", info_text, 0 },
		{ "pg_basetar_tblspc/16400/PG_15_202209061/5/1", NULL, 7000 },
		{ "PG_VERSION", "15\n", 0 }, { NULL, NULL, 0 } };
	struct error err = { 0 };
	struct summary *s;
	struct summary_facts f;

	(void)state;
	assert_int_equal(summary_new(&s, &err), 0);
	assert_int_equal(add_archive(s, ARCHIVEPART_TABLESPACE, "16400", space, &err), 0);
	assert_int_equal(add_archive(s, ARCHIVEPART_BASE, "", base, &err), 0);
	assert_int_equal(summary_finish(s, &err), 0);
	f = summary_facts(s, true);
	assert_null(f.backup.info);
	assert_int_equal(f.ntablespaces, 2);
	expect_tablespace(&f, 0, 16400, "/srv/one", 300);
	expect_tablespace(&f, 1, 16402, "/srv/two", 0);
	assert_int_equal(f.backup.wal, FACTS_ABSENT);
	summary_free(s);
}

/* Before the tree there is nothing about the WAL and the manifest that nobody has told. */
static void
test_brief(void **state)
{
	const struct row rows[] = { { "backup_label", label_text, 0 },
		{ NULL, NULL, 0 } };
	const struct row tree[] = { { "base/", NULL, 0 }, { NULL, NULL, 0 } };
	struct error err = { 0 };
	struct summary *s;
	struct summary_facts f;

	(void)state;
	assert_int_equal(summary_new(&s, &err), 0);
	assert_int_equal(add_archive(s, ARCHIVEPART_ALONE, "", rows, &err), 0);
	assert_false(summary_is_in_tree(s));
	assert_int_equal(add(s, tree, &err), 0);
	assert_true(summary_is_in_tree(s));
	assert_int_equal(summary_finish(s, &err), 0);
	f = summary_facts(s, false);
	assert_int_equal(f.backup.wal, FACTS_UNKNOWN);
	assert_int_equal(f.backup.manifest, FACTS_UNKNOWN);
	assert_string_equal(f.backup.label->text, "nightly");
	summary_free(s);
}

/* Of the configuration files that are listed, which there are: known once the tree has begun. */
static void
test_configuration(void **state)
{
	static const char info[] =
	    "pg_basetar: 1\nversion: 0.1.0\nmode: offline\nlabel: nightly\nserver_version: 15\n"
	    "manifest_checksums: CRC32C\nwal_method: fetch\nlayout: one\n"
	    "config: a.conf /etc/a.conf\nconfig: b.conf /etc/b.conf\n"
	    "config: dir /etc/dir\n";
	const struct row rows[] = { { "pg_basetar.info", info, 0 },
		{ "pg_basetar_config/", NULL, 0 }, { "pg_basetar_config/dir/", NULL, 0 },
		{ "pg_basetar_config/b.conf", NULL, 5 }, { NULL, NULL, 0 } };
	const struct row tree = { "base/", NULL, 0 };
	struct error err = { 0 };
	struct summary *s;
	const bool *is_there;

	(void)state;
	assert_int_equal(summary_new(&s, &err), 0);
	assert_int_equal(add_archive(s, ARCHIVEPART_ALONE, "", rows, &err), 0);
	assert_int_equal(summary_finish(s, &err), 0);
	assert_null(summary_facts(s, false).is_config_there);
	assert_int_equal(add(s, &tree, &err), 0);
	is_there = summary_facts(s, false).is_config_there;
	assert_non_null(is_there);
	assert_ptr_equal(summary_facts(s, true).is_config_there, is_there);
	assert_false(is_there[0]);
	assert_true(is_there[1]);
	assert_false(is_there[2]);
	summary_free(s);
}

static const struct refusal {
	const char *name;
	struct row row;
	const char *text;
	/* the text of PG_VERSION, which comes before; NULL: it does not */
	const char *version;
} refusals[] = {
	{ "no backup", { "README", NULL, 5 },
	    "this is not a base backup: it has neither backup_label nor "
	    "pg_basetar.info nor pg_control",
	    NULL },
	{ "a long label", { "backup_label", NULL, UINT64_C(1) << 60 },
	    "\"backup_label\" is implausibly large: 1152921504606846976 bytes", NULL },
	{ "a long pg_control", { "global/pg_control", NULL, 8193 },
	    "\"global/pg_control\" is implausibly large: 8193 bytes", NULL },
	{ "an empty pg_control", { "global/pg_control", NULL, 0 },
	    "\"global/pg_control\": has 0 bytes, not 8192", NULL },
	{ "an empty manifest", { "backup_manifest", NULL, 0 },
	    "\"backup_manifest\": ", "15\n" },
	{ "a manifest that is none", { "backup_manifest", "[1]", 0 },
	    "\"backup_manifest\": ", "15\n" },
	{ "a label that is none", { "backup_label", "hello", 0 },
	    "\"backup_label\": ", NULL },
	{ "an info that is none", { "pg_basetar.info", "hello", 0 },
	    "\"pg_basetar.info\": ", NULL },
	{ "a version that is none", { "PG_VERSION", "fifteen\n", 0 },
	    "\"PG_VERSION\": ", NULL },
};

static void
test_refusal(void **state)
{
	const struct refusal *r = *state;
	const struct row rows[] = { { "PG_VERSION", r->version, 0 }, r->row,
		{ NULL, NULL, 0 } };
	struct error err = { 0 };
	struct summary *s;

	assert_int_equal(summary_new(&s, &err), 0);
	assert_int_equal(
	    add_archive(s, ARCHIVEPART_ALONE, "", rows + (r->version == NULL), &err) ||
		summary_finish(s, &err),
	    1);
	assert_memory_equal(err.text, r->text, strlen(r->text));
	summary_free(s);
}

int
main(void)
{
	const size_t n = sizeof(refusals) / sizeof(refusals[0]);
	struct CMUnitTest tests[17] = {
		cmocka_unit_test(test_alternating),
		cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_restored_again),
		cmocka_unit_test(test_brief),
		cmocka_unit_test(test_configuration),
	};

	for (size_t i = 0; i < n; i++) {
		union {
			const void *borrowed;
			void *state;
		} row = { .borrowed = &refusals[i] };

		tests[5 + i] = (struct CMUnitTest){ .name = refusals[i].name,
			.test_func = test_refusal,
			.initial_state = row.state };
	}
	return _cmocka_run_group_tests("summary", tests, 5 + n, NULL, NULL);
}

/* What a member is by its name, which may follow which, and the set of all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format/memberorder.h"
#include "format/memberset.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
kinds(void **state)
{
	static const struct {
		const char *path;
		char type;
		enum memberorder_kind kind;
	} rows[] = {
		{ "backup_label", TAR_FILE, MEMBERORDER_LABEL },
		{ "base/backup_label", TAR_FILE, MEMBERORDER_TREE },
		{ "tablespace_map", TAR_FILE, MEMBERORDER_MAP },
		{ "pg_basetar.info", TAR_FILE, MEMBERORDER_INFO },
		{ "pg_basetar_config", TAR_DIRECTORY, MEMBERORDER_CONFIG },
		{ "pg_basetar_config/pg_hba.conf", TAR_FILE, MEMBERORDER_CONFIG },
		{ "pg_basetar_configs", TAR_FILE, MEMBERORDER_TREE },
		{ "global/pg_control", TAR_FILE, MEMBERORDER_CONTROL },
		{ "pg_wal", TAR_DIRECTORY, MEMBERORDER_TREE },
		{ "pg_wal/000000010000000000000003", TAR_FILE, MEMBERORDER_SEGMENT },
		{ "pg_wal/000000010000000000000003.partial", TAR_FILE, MEMBERORDER_TREE },
		{ "pg_wal/00000002.history", TAR_FILE, MEMBERORDER_HISTORY },
		{ "pg_wal/archive_status", TAR_DIRECTORY, MEMBERORDER_TREE },
		{ "pg_wal/archive_status/00000002.history.done", TAR_FILE,
		    MEMBERORDER_MARK },
		{ "backup_manifest", TAR_FILE, MEMBERORDER_MANIFEST },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(
		    memberorder_kind(rows[i].path, rows[i].type), rows[i].kind);
}

/* Of an earlier backup, which a cluster was restored from: servers up to 12 send it. */
static void
old_manifests(void **state)
{
	static const struct {
		enum memberorder_kind kind;
		bool has_info, has_control;
		unsigned major; /* 0: not known yet */
		bool is_old;
	} rows[] = {
		{ MEMBERORDER_MANIFEST, false, false, 10, true },
		{ MEMBERORDER_MANIFEST, false, false, 12, true },
		{ MEMBERORDER_MANIFEST, false, false, 13, false },
		{ MEMBERORDER_MANIFEST, false, false, 0, true },
		{ MEMBERORDER_MANIFEST, false, true, 12, false },
		{ MEMBERORDER_MANIFEST, true, false, 12, false },
		{ MEMBERORDER_TREE, false, false, 12, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(
		    memberorder_is_old_manifest(rows[i].kind, rows[i].has_info,
			rows[i].has_control, cluster_version(rows[i].major)),
		    rows[i].is_old);
}

static void
names(void **state)
{
	static const struct {
		const char *name, *fault;
	} rows[] = {
		{ "a", NULL },
		{ "a/b.c/..d/e..", NULL },
		{ "...", NULL },
		{ "/a", "its name is absolute" },
		{ "", "its name has an empty component" },
		{ "a//b", "its name has an empty component" },
		{ "a/", "its name has an empty component" },
		{ ".", "its name has the component \".\"" },
		{ "a/./b", "its name has the component \".\"" },
		{ "..", "its name has the component \"..\"" },
		{ "a/../b", "its name has the component \"..\"" },
		{ "a/..", "its name has the component \"..\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *fault = memberorder_name_fault(rows[i].name);

		if (rows[i].fault)
			assert_string_equal(fault, rows[i].fault);
		else
			assert_null(fault);
	}
}

/* Members, blank between them; which of them are not in their place. */
static void
order(void **state)
{
	static const struct {
		const char *names, *faulty;
		bool is_ours;
	} rows[] = {
		{ "backup_label pg_basetar.info base base/1 base/1/2 base/10 global global/pg_control",
		    "", true },
		{ "base base/1 base/1-x base/1/2", "base/1/2", true },
		{ "base base/1 base/1/2 base/1-x", "", true },
		{ "global base", "base", true },
		{ "global base", "", false },
		{ "base backup_label", "backup_label", false },
		{ "base global/pg_control global/1", "global/1", false },
		{ "base pg_wal/000000010000000000000003 global/pg_control",
		    "global/pg_control", false },
		{ "base global/pg_control pg_wal/000000010000000000000003 "
		  "pg_wal/archive_status/x.done pg_wal/00000002.history pg_wal/archive_status/y.done "
		  "backup_manifest",
		    "", true },
		{ "base backup_manifest global/pg_control", "global/pg_control", true },
		{ "pg_basetar_config pg_basetar_config/pg_hba.conf base pg_basetar_config/x pg_clog",
		    "", true },
		{ "base pg_clog pg_basetar_config/x", "pg_basetar_config/x", true },
		{ "base tablespace_map", "tablespace_map", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct memberorder o = { 0 };
		struct error err = { 0 };
		char names_[512], faulty[512] = "", *rest = NULL;

		strcpy(names_, rows[i].names);
		for (char *n = strtok_r(names_, " ", &rest); n;
		     n = strtok_r(NULL, " ", &rest)) {
			const char *fault;

			assert_int_equal(
			    memberorder_next(&o, memberorder_kind(n, TAR_FILE), n,
				rows[i].is_ours, &fault, &err),
			    0);
			if (fault)
				strcat(faulty, n);
		}
		assert_string_equal(faulty, rows[i].faulty);
		memberorder_free(&o);
	}
}

static void
set(void **state)
{
	static const uint8_t crc[] = { 1, 2, 3, 4 }, sha[32] = { 9 };
	struct memberset_row *const *rows;
	struct memberset_row *row, *found;
	struct memberset *s;
	struct error err = { 0 };
	char name[32];

	(void)state;
	assert_int_equal(memberset_new(&s, &err), 0);
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "base/%u", (i * 7919) % 10000);
		assert_int_equal(memberset_add(s, name, &row, &err), 0);
		row->size = (i * 7919) % 10000;
	}
	assert_int_equal(memberset_add(s, "base/5", &row, &err), 0);
	row->size = 77777;
	assert_int_equal(memberset_add_digest(s, row, DIGEST_CRC32C, crc, 4, &err), 0);
	assert_int_equal(row->crc32c, 0x04030201);
	assert_int_equal(memberset_add_digest(s, row, DIGEST_SHA256, sha, 32, &err), 0);
	assert_int_equal(row->digests->len, 32);
	assert_int_equal(row->digests->bytes[0], 9);
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "base/%u", i);
		assert_int_equal(memberset_find(s, name, &found, &err), 0);
		assert_non_null(found);
		assert_int_equal(found->size, i);
	}
	assert_int_equal(memberset_find(s, "base/10000", &found, &err), 0);
	assert_null(found);
	assert_int_equal(memberset_count(s), 10001);
	assert_int_equal(memberset_sorted(s, &rows, &err), 0);
	for (size_t i = 1; i < memberset_count(s); i++)
		assert_true(strcmp(rows[i - 1]->path, rows[i]->path) <= 0);
	memberset_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(old_manifests),
		cmocka_unit_test(names),
		cmocka_unit_test(order),
		cmocka_unit_test(set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

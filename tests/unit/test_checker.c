/*
 * A backup as it passes the checker: what each member is, what keeps it from being unpacked, which bytes
 * go to whom.  What each judge says of them is in the test of that judge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proof/checker.h"
#include "support/controlimage.h"
#include "support/heard.h"
#include "support/pages.h"

static struct checker *checker;
static uint64_t offset;

static void
benign(const char *text)
{
	fail_msg("nothing is benign here: %s", text);
}

static int
begin(void **state)
{
	const struct findings f = heard_begin();
	const struct checker_options opt = { f.tell, benign, f.warn, 0, false };
	struct error err;

	(void)state;
	offset = 0;
	return checker_new(&checker, &opt, &err);
}

static int
end(void **state)
{
	(void)state;
	checker_free(checker);
	return 0;
}

static void
archive(enum archivepart_kind kind, const char *oid)
{
	struct archivepart part = { .kind = kind };
	struct error err;

	strncpy(part.oid, oid, sizeof(part.oid) - 1);
	assert_int_equal(checker_archive(checker, &part, &err), 0);
}

static void
member_of(char type, const char *name, const char *link, uint64_t size)
{
	const struct tar_entry entry = { .name = name,
		.link = link,
		.type = type,
		.mode = type == TAR_FILE ? 0600 : 0700,
		.size = size,
		.uname = "",
		.gname = "" };
	struct error err;

	assert_int_equal(checker_member(checker, &entry, offset, &err), 0);
	offset += 512;
}

static void
file(const char *name, const char *text)
{
	struct error err;

	member_of(TAR_FILE, name, "", strlen(text));
	if (text[0])
		assert_int_equal(
		    checker_bytes(checker, (const uint8_t *)text, strlen(text), &err), 0);
	assert_int_equal(checker_member_end(checker, &err), 0);
}

/* ---- members ---- */

static void
kinds(void **state)
{
	static const struct {
		char type;
		const char *name;
		enum memberorder_kind kind;
	} members[] = {
		{ TAR_FILE, "backup_label", MEMBERORDER_LABEL },
		{ TAR_FILE, "tablespace_map", MEMBERORDER_MAP },
		{ TAR_DIRECTORY, "base", MEMBERORDER_TREE },
		{ TAR_FILE, "base/5/16384", MEMBERORDER_TREE },
		{ TAR_FILE, "global/pg_control", MEMBERORDER_CONTROL },
		{ TAR_FILE, "pg_wal/000000010000000000000001", MEMBERORDER_SEGMENT },
		/* no pg_control was understood: one of a cluster that was restored */
		{ TAR_FILE, "backup_manifest", MEMBERORDER_TREE },
	};

	(void)state;
	archive(ARCHIVEPART_ALONE, "");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct error err;

		member_of(members[i].type, members[i].name, "", 0);
		assert_int_equal(checker_member_kind(checker), members[i].kind);
		assert_string_equal(checker_member_path(checker), members[i].name);
		assert_null(checker_member_fault(checker));
		assert_int_equal(checker_member_end(checker, &err), 0);
	}
}

/* What may not be unpacked is a finding, with its member and its offset. */
static void
faults(void **state)
{
	static const char *const names[] = { "../etc/passwd", "/etc/passwd",
		"base/../../x", "", "base//5" };

	(void)state;
	archive(ARCHIVEPART_ALONE, "");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct error err;

		member_of(TAR_FILE, names[i], "", 0);
		assert_non_null(checker_member_fault(checker));
		assert_int_equal(checker_findings(checker)->count, i + 1);
		assert_int_equal(checker_member_end(checker, &err), 0);
	}
	/* and what follows one is not blamed for it */
	member_of(TAR_FILE, "PG_VERSION", "", 0);
	assert_null(checker_member_fault(checker));
}

/* Of one archive of several the name says what PostgreSQL calls a member. */
static void
paths_of_sets(void **state)
{
	struct error err;

	(void)state;
	archive(ARCHIVEPART_TABLESPACE, "16400");
	file("PG_15_202209061/5/16401", "");
	assert_string_equal(
	    checker_member_path(checker), "pg_tblspc/16400/PG_15_202209061/5/16401");
	assert_int_equal(checker_archive_end(checker, &err), 0);
	archive(ARCHIVEPART_WAL, "");
	file("000000010000000000000001", "");
	assert_string_equal(
	    checker_member_path(checker), "pg_wal/000000010000000000000001");
}

/* A WAL archive that is there must have some. */
static void
empty_wal_archive(void **state)
{
	struct error err;

	(void)state;
	archive(ARCHIVEPART_WAL, "");
	assert_int_equal(checker_archive_end(checker, &err), 0);
	heard_expect("missing: the archive \"pg_wal.tar\" has no WAL segment\n");
}

/* ---- their bodies ---- */

/* What describes the whole is read, in whatever pieces it comes, and counted. */
static void
facts_of_members(void **state)
{
	static const char version[] = "15\n";
	struct error err;

	(void)state;
	archive(ARCHIVEPART_ALONE, "");
	file("backup_label", "what\n");
	assert_null(checker_backup(checker)->version);
	member_of(TAR_FILE, "PG_VERSION", "", 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(
		    checker_bytes(checker, (const uint8_t *)version + i, 1, &err), 0);
	assert_null(checker_backup(checker)->version);
	assert_int_equal(checker_member_end(checker, &err), 0);
	assert_int_equal(checker_backup(checker)->version->major, 15);
	file("base/5/PG_VERSION", "15\n");
	assert_int_equal(checker_facts(checker).backup.archive.members, 3);
	assert_int_equal(checker_facts(checker).backup.archive.bytes, 11);
}

/* One that is too large to be what its name says is not kept. */
static void
too_large(void **state)
{
	static const uint8_t zeros[8192];
	const uint64_t size = 1 << 20;
	struct error err;

	(void)state;
	archive(ARCHIVEPART_ALONE, "");
	member_of(TAR_FILE, "PG_VERSION", "", size);
	for (uint64_t done = 0; done < size; done += sizeof(zeros))
		assert_int_equal(checker_bytes(checker, zeros, sizeof(zeros), &err), 0);
	assert_int_equal(checker_member_end(checker, &err), 0);
	assert_null(checker_backup(checker)->version);
	assert_int_equal(checker_finish(checker, &err), 0);
	assert_ptr_equal(
	    strstr(heard(), "size: \"PG_VERSION\": is implausibly large\n"), heard());
}

static void
file_of_bytes(const char *name, const uint8_t *bytes, size_t len, size_t piece)
{
	struct error err;

	member_of(TAR_FILE, name, "", len);
	for (size_t at = 0; at < len; at += piece)
		assert_int_equal(checker_bytes(checker, bytes + at, piece, &err), 0);
	assert_int_equal(checker_member_end(checker, &err), 0);
}

/* The checksum of a page depends on where it is in its file, and that on all pieces before it. */
static void
pages_in_pieces(void **state)
{
	static uint8_t pages[4 * PAGE_BYTES];
	uint8_t control[CONTROL_SIZE];
	struct error err;

	(void)state;
	for (uint32_t b = 0; b < 4; b++)
		pages_make(pages + (size_t)b * PAGE_BYTES, b, 1, b);
	pages[2 * PAGE_BYTES + 4000] ^= 1;
	controlimage_make(control, 1300);
	controlimage_set(control, 1300, "block size", PAGE_BYTES);
	controlimage_set(control, 1300, "segment blocks", 131072);
	controlimage_set(control, 1300, "data checksums", 1);
	controlimage_seal(control, 1300);
	archive(ARCHIVEPART_ALONE, "");
	file("PG_VERSION", "15\n");
	file_of_bytes("base/5/16384", pages, sizeof(pages), PAGE_BYTES);
	file_of_bytes("base/5/16385", pages, sizeof(pages), 2 * PAGE_BYTES);
	file_of_bytes("global/pg_control", control, sizeof(control), sizeof(control));
	assert_int_equal(checker_finish(checker, &err), 0);
	assert_int_equal(checker_facts(checker).pages.pages, 8);
	assert_int_equal(checker_facts(checker).pages.damaged_pages, 2);
	assert_non_null(
	    strstr(heard(), "checksum: \"base/5/16384\", block 2, at offset 17408: "));
	assert_non_null(
	    strstr(heard(), "checksum: \"base/5/16385\", block 2, at offset 17920: "));
}

/* ---- the end ---- */

/* Nothing came: what must be there is missing, and no more is said of it than that. */
static void
nothing(void **state)
{
	struct error err;

	(void)state;
	archive(ARCHIVEPART_ALONE, "");
	assert_int_equal(checker_archive_end(checker, &err), 0);
	assert_int_equal(checker_finish(checker, &err), 0);
	assert_int_equal(checker_facts(checker).findings, 17);
	assert_non_null(strstr(heard(), "missing: \"global/pg_control\": is missing"));
	assert_non_null(strstr(heard(), "missing: \"PG_VERSION\": is missing"));
	assert_null(strstr(heard(), "size:"));
}

/* What is damaged is told before what is missing: it may be the reason. */
static void
damaged_first(void **state)
{
	struct error err;

	(void)state;
	archive(ARCHIVEPART_ALONE, "");
	file("PG_VERSION", "what\n");
	assert_int_equal(checker_finish(checker, &err), 0);
	assert_ptr_equal(
	    strstr(heard(),
		"control: \"PG_VERSION\": does not contain a version of PostgreSQL\n"),
	    heard());
	assert_non_null(strstr(heard(), "missing: \"global/pg_control\": is missing"));
}

/* It could not be read to its end, in the middle of a member. */
static void
broken_off(void **state)
{
	const struct error damaged = { .kind = ERROR_FORMAT };
	const struct error unknown = { .kind = ERROR_UNSUPPORTED };

	(void)state;
	archive(ARCHIVEPART_ALONE, "");
	file("PG_VERSION", "what\n");
	member_of(TAR_FILE, "base/5/16384", "", 8192);
	/* of a release that is not known everything may look damaged */
	checker_break_off(checker, &unknown);
	heard_expect("");
	checker_break_off(checker, &damaged);
	heard_expect(
	    "control: \"PG_VERSION\": does not contain a version of PostgreSQL\n");
}

/* A manifest next to the archives is read as one in them is. */
static void
manifest_next_to_archives(void **state)
{
	static const char text[] = "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n"
				   "\"Files\": [\n], \"WAL-Ranges\": [\n],\n"
				   "\"Manifest-Checksum\": \"00\"}\n";
	struct error err;

	(void)state;
	archive(ARCHIVEPART_BASE, "");
	file("PG_VERSION", "15\n");
	assert_int_equal(checker_archive_end(checker, &err), 0);
	assert_int_equal(checker_manifest(checker, (const uint8_t *)text, 20, &err), 0);
	assert_int_equal(checker_manifest(checker, (const uint8_t *)text + 20,
			     sizeof(text) - 21, &err),
	    0);
	assert_int_equal(checker_manifest(checker, NULL, 0, &err), 0);
	assert_int_equal(checker_finish(checker, &err), 0);
	assert_ptr_equal(
	    strstr(heard(),
		"manifest: \"backup_manifest\": unexpected value of \"Manifest-Checksum\": \"00\"\n"),
	    heard());
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(kinds),
		CASE(faults),
		CASE(paths_of_sets),
		CASE(empty_wal_archive),
		CASE(facts_of_members),
		CASE(too_large),
		CASE(pages_in_pieces),
		CASE(nothing),
		CASE(damaged_first),
		CASE(broken_off),
		CASE(manifest_next_to_archives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* backup_manifest against made-up members: what it lists, sizes, digests, its own checksum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "pg/manifest_write.h"
#include "proof/manifest.h"
#include "support/judged.c.inc"
#include "tar/header.h"

static const uint8_t crc[4] = { 1, 2, 3, 4 }, other_crc[4] = { 1, 2, 3, 5 };
static const uint8_t sha[32];

static struct facts facts;
static struct proof_content content;
static struct proof_manifest judge;
static struct manifest *text; /* that is judged */

static int
begin(void **state)
{
	struct error err = { 0 };

	(void)state;
	facts = (struct facts){ 0 };
	if (judged_begin() || manifest_new(&text, cluster_version(17), 77, &err))
		return -1;
	content = (struct proof_content){
		.findings = &findings, .members = members, .missing = &missing
	};
	judge = (struct proof_manifest){ .facts = &facts,
		.findings = &findings,
		.members = members,
		.content = &content,
		.missing = &missing };
	return 0;
}

static int
end(void **state)
{
	(void)state;
	manifest_free(text);
	proof_manifest_free(&judge);
	proof_content_free(&content);
	judged_end();
	return 0;
}

/* A file in the backup, whose CRC-32C is ${crc}. */
static struct memberset_row *
have(const char *path, uint64_t size)
{
	struct memberset_row *row = heard_member(members, path, TAR_FILE, size);
	struct error err = { 0 };

	assert_int_equal(
	    memberset_add_digest(members, row, DIGEST_CRC32C, crc, sizeof(crc), &err), 0);
	return row;
}

/* A file in the manifest. */
static void
list(const char *path, uint64_t size, enum digest_kind kind, const uint8_t *digest)
{
	struct error err = { 0 };

	assert_int_equal(manifest_add_file(text, path, size, 0, kind, digest,
			     kind == DIGEST_CRC32C ? 4 : 32, &err),
	    0);
}

/* The manifest comes, with the byte at ${damaged} changed; 0: none. */
static void
come(size_t damaged)
{
	struct buf bytes = { 0 };
	struct error err = { 0 };
	size_t got = 1;

	assert_int_equal(manifest_add_wal(text, 2, 0x3000000, 0x4000000, &err), 0);
	assert_int_equal(manifest_add_wal(text, 1, 0x2000028, 0x3000000, &err), 0);
	assert_int_equal(manifest_finish(text, &err), 0);
	while (got > 0) {
		assert_int_equal(buf_reserve(&bytes, 4096, &err), 0);
		assert_int_equal(
		    manifest_read(text, bytes.data + bytes.len, 4096, &got, &err), 0);
		bytes.len += got;
	}
	if (damaged)
		bytes.data[damaged] ^= 1;
	assert_int_equal(proof_manifest_begin(&judge, &err), 0);
	for (size_t at = 0; at < bytes.len; at++)
		assert_int_equal(
		    proof_manifest_bytes(&judge, bytes.data + at, 1, &err), 0);
	assert_int_equal(proof_manifest_bytes(&judge, NULL, 0, &err), 0);
	buf_free(&bytes);
}

/* All has come. */
static void
finish(void)
{
	struct error err = { 0 };

	assert_int_equal(proof_manifest_judge(&judge, &err), 0);
	assert_int_equal(proof_content_tell_rest(&content, &err), 0);
}

static void
sound(void **state)
{
	struct memberset_row *row = have("base/5/1259", 8192);

	(void)state;
	list("base/5/1259", 8192, DIGEST_CRC32C, crc);
	come(0);
	finish();
	heard_expect("");
	assert_true(judge.is_whole);
	assert_true(content.are_digests_sound);
	assert_true(row->is_listed);
	assert_int_equal(row->digest, FINDING_DIGEST_MATCHES);
	assert_int_equal(judge.version, 2);
	assert_int_equal(judge.identifier, 77);
	assert_int_equal(judge.nranges, 2);
	assert_int_equal(judge.ranges[0].timeline, 2);
	assert_int_equal(judge.ranges[1].start, 0x2000028);
	assert_int_equal(proof_manifest_main_digest(&judge), DIGEST_CRC32C);
}

static void
differing(void **state)
{
	(void)state;
	have("base/5/1", 8192);
	have("base/5/2", 8192);
	list("base/5/1", 8192, DIGEST_CRC32C, other_crc);
	list("base/5/2", 16384, DIGEST_CRC32C, other_crc);
	list("base/5/3", 8192, DIGEST_CRC32C, crc);
	list("base/5/1", 8192, DIGEST_CRC32C, crc);
	come(0);
	heard_expect(
	    "size: \"base/5/2\", at offset 0: size: 16384 bytes expected, 8192 found\n"
	    "missing: \"base/5/3\": is listed in the manifest but missing from the archive\n"
	    "manifest: \"backup_manifest\": lists \"base/5/1\" twice\n");
	finish();
	heard_expect("digest: \"base/5/1\", at offset 0: CRC32C: 01020305 expected, "
		     "01020304 found\n");
}

/* Then what it says of digests does not tell when a file was damaged. */
static void
damaged(void **state)
{
	(void)state;
	have("base/5/1259", 8192);
	list("base/5/1259", 8192, DIGEST_CRC32C, crc);
	come(
	    sizeof(
		"{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n\"System-Identifier\": ") -
	    1);
	finish();
	assert_non_null(
	    strstr(heard(), "manifest: \"backup_manifest\": checksum of the manifest: "));
	assert_true(judge.is_whole);
	assert_false(content.are_digests_sound);
}

/* Nothing is wrong, and nothing was compared: it is said which digests to take. */
static void
not_taken(void **state)
{
	struct error err = { 0 };

	(void)state;
	have("base/5/1259", 8192);
	list("base/5/1259", 8192, DIGEST_SHA256, sha);
	come(0);
	assert_int_equal(proof_manifest_judge(&judge, &err), -1);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_string_equal(err.text,
	    "1 digests were not compared, because the manifest, which comes last, has SHA256");
	assert_string_equal(err.hint, "Verify again with --manifest-checksums=SHA256.");
	heard_expect("");
}

static void
without_digest(void **state)
{
	(void)state;
	have("base/5/1", 8192);
	have("base/5/2", 8192);
	list("base/5/1", 8192, DIGEST_NONE, crc);
	list("base/5/2", 8192, DIGEST_CRC32C, crc);
	come(0);
	finish();
	heard_expect(
	    "manifest: \"backup_manifest\": lists \"base/5/1\" without a digest, but other files with one\n");
}

/* pg_basebackup -R writes postgresql.auto.conf anew, and sends standby.signal with it. */
static void
rewritten(void **state)
{
	static const struct infofile info;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		have(MEMBERORDER_AUTO_CONF, 100);
		list(MEMBERORDER_AUTO_CONF, 100, DIGEST_CRC32C, other_crc);
		facts.info = i == 2 ? &info : NULL; /* of pg_basetar */
		judge.is_told_to_follow = i == 0;
		come(0);
		finish();
		heard_expect(i == 0 ?
			"" :
			i == 1 ?
			"digest: \"postgresql.auto.conf\": does not match the manifest, and was not written by pg_basebackup -R\n" :
			"digest: \"postgresql.auto.conf\", at offset 0: CRC32C: 01020305 "
			"expected, 01020304 found\n");
		assert_int_equal(end(state), 0);
		assert_int_equal(begin(state), 0);
	}
}

/* Which digests are taken while the members pass. */
static void
wanted(void **state)
{
	const unsigned all = (1U << PROOF_MANIFEST_DIGESTS) - 1;
	const unsigned sha512 = 1U << DIGEST_SHA512;
	const struct infofile info = { .has_manifest = true, .digest = DIGEST_SHA512 },
			      without = { .has_manifest = false };

	(void)state;
	assert_int_equal(proof_manifest_digests(&judge, MEMBERORDER_TREE, false),
	    1U << DIGEST_CRC32C | 1U << DIGEST_SHA256);
	assert_int_equal(proof_manifest_digests(&judge, MEMBERORDER_TREE, true), all);
	assert_int_equal(proof_manifest_digests(&judge, MEMBERORDER_MANIFEST, false), 0);
	facts.info = &info;
	assert_int_equal(proof_manifest_digests(&judge, MEMBERORDER_TREE, false), sha512);
	assert_int_equal(proof_manifest_digests(&judge, MEMBERORDER_SEGMENT, false), 0);
	facts.info = &without;
	assert_int_equal(proof_manifest_digests(&judge, MEMBERORDER_TREE, false), 0);
	judge.digests = sha512;
	assert_int_equal(proof_manifest_digests(&judge, MEMBERORDER_TREE, false), sha512);
}

static void
beside(void **state)
{
	struct error err = { 0 };

	(void)state;
	come(0);
	heard_expect("");
	assert_int_equal(proof_manifest_beside(&judge, &err), 0);
	assert_int_equal(proof_manifest_beside(&judge, &err), 0);
	heard_expect(
	    "duplicate: \"backup_manifest\": exists twice: in an archive and next to the archives\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sound, begin, end),
		cmocka_unit_test_setup_teardown(differing, begin, end),
		cmocka_unit_test_setup_teardown(damaged, begin, end),
		cmocka_unit_test_setup_teardown(not_taken, begin, end),
		cmocka_unit_test_setup_teardown(without_digest, begin, end),
		cmocka_unit_test_setup_teardown(rewritten, begin, end),
		cmocka_unit_test_setup_teardown(wanted, begin, end),
		cmocka_unit_test_setup_teardown(beside, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

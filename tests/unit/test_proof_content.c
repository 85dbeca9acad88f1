/* Faults of a content wait for the manifest, and one cause is told once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proof/content.h"
#include "support/judged.c.inc"
#include "tar/header.h"

static struct proof_content content;
static struct memberset_row *row;

static int
begin(void **state)
{
	(void)state;
	if (judged_begin())
		return -1;
	content = (struct proof_content){
		.findings = &findings, .members = members, .missing = &missing
	};
	row = heard_member(members, "pg_xact/0000", TAR_FILE, 8192);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	proof_content_free(&content);
	judged_end();
	return 0;
}

static void
fault(void)
{
	struct error err = { 0 };

	error_set(&err, ERROR_FORMAT, 0, "is damaged");
	assert_int_equal(proof_content_fault(&content, row, FINDINGS_STATE, &err), 0);
	assert_int_equal(err.kind, ERROR_NONE);
	heard_expect("");
}

static void
differs(void)
{
	struct error err = { 0 };

	assert_int_equal(
	    proof_content_differs(&content, row, DIGEST_CRC32C, "01", "02", &err), 0);
	heard_expect("");
}

static void
tell_all(const char *expected)
{
	struct error err = { 0 };

	assert_int_equal(proof_content_tell_faults(&content, &err), 0);
	assert_int_equal(proof_content_tell_rest(&content, &err), 0);
	heard_expect(expected);
}

/* With the fault the digest needs no finding of its own, and says when the damage was done. */
static void
fault_and_digest(void **state)
{
	(void)state;
	fault();
	row->digest = FINDING_DIGEST_DIFFERS;
	content.are_digests_sound = true;
	differs();
	tell_all(
	    "state: \"pg_xact/0000\", at offset 0: is damaged; the digest of the file does "
	    "not match the manifest: it was changed after it was backed up\n");
}

static void
digest_alone(void **state)
{
	(void)state;
	differs();
	tell_all(
	    "digest: \"pg_xact/0000\", at offset 0: CRC32C: 01 expected, 02 found\n");
}

/* A file that was cut cannot be read either. */
static void
size_explains(void **state)
{
	(void)state;
	fault();
	row->is_size_told = true;
	tell_all("");
}

/* A page that the WAL mends may explain a digest, so that digests wait longer than faults. */
static void
digests_wait(void **state)
{
	struct error err = { 0 };

	(void)state;
	differs();
	assert_int_equal(proof_content_tell_faults(&content, &err), 0);
	heard_expect("");
	row->is_damage_told = true;
	assert_int_equal(proof_content_tell_rest(&content, &err), 0);
	heard_expect("");
}

static void
is_told(void **state)
{
	struct error err = { 0 };
	bool is;

	(void)state;
	assert_int_equal(proof_content_is_told(&content, row->path, &is, &err), 0);
	assert_false(is);
	fault();
	assert_int_equal(proof_content_is_told(&content, row->path, &is, &err), 0);
	assert_true(is);
	error_set(&err, ERROR_MEMORY, 0, "no memory");
	assert_int_equal(proof_content_fault(&content, row, FINDINGS_STATE, &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fault_and_digest, begin, end),
		cmocka_unit_test_setup_teardown(digest_alone, begin, end),
		cmocka_unit_test_setup_teardown(size_explains, begin, end),
		cmocka_unit_test_setup_teardown(digests_wait, begin, end),
		cmocka_unit_test_setup_teardown(is_told, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which digests the manifest of a directory has, before it is compared. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/digest.h"
#include "lib/sys.h"
#include "reading/manifestpeek.h"
#include "support/faketree.h"
#include "support/openfds.h"

#define HEAD "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [\n"
#define NONE(path) \
	"{ \"Path\": \"" path \
	"\", \"Size\": 1, \"Last-Modified\": \"2026-12-01 03:00:00 GMT\" }"
#define FILE_OF(path, kind, digest) \
	"{ \"Path\": \"" path \
	"\", \"Size\": 1, \"Last-Modified\": \"2026-12-01 03:00:00 GMT\", \"Checksum-Algorithm\": \"" kind \
	"\", \"Checksum\": \"" digest "\" }"
#define CRC FILE_OF("a", "CRC32C", "01234567")
#define SHA \
	FILE_OF("b", "SHA224", "00112233445566778899aabbccddeeff00112233445566778899aabb")
#define TAIL \
	"\n],\n\"WAL-Ranges\": [\n{ \"Timeline\": 1, \"Start-LSN\": \"0/2000028\", \"End-LSN\": \"0/2000100\" }\n],\n\"Manifest-Checksum\": \""
#define WRONG "0000000000000000000000000000000000000000000000000000000000000000\"}\n"

static const struct row {
	const char *name, *text; /* NULL: there is none */
	unsigned digests;
} rows[] = {
	{ "none", NULL, 0 },
	{ "empty", "", 0 },
	{ "CRC-32C", HEAD CRC TAIL WRONG, 1U << DIGEST_CRC32C },
	{ "of two kinds", HEAD CRC ",\n" SHA TAIL WRONG,
	    1U << DIGEST_CRC32C | 1U << DIGEST_SHA224 },
	{ "files without a digest", HEAD NONE("a") TAIL WRONG, 1U << DIGEST_NONE },
	/* what is wrong with it becomes a finding when it is compared */
	{ "no manifest", "nothing\n", 0 },
	{ "of a kind that is not known", HEAD FILE_OF("a", "MD5", "01") TAIL WRONG, 0 },
	{ "of another version",
	    "{ \"PostgreSQL-Backup-Manifest-Version\": 99,\n\"Files\": [" CRC TAIL WRONG,
	    0 },
};

static struct cancel cancel;

static int
peek(const char *root, unsigned *digests, struct error *err)
{
	const int dirfd = faketree_open(root);
	const size_t fds = openfds_count();
	const int rc = manifestpeek_digests(dirfd, &cancel, digests, err);

	assert_int_equal(openfds_count(), fds);
	sys_close(dirfd);
	return rc;
}

static void
check_row(void **state)
{
	static const struct fake_file nothing[] = { { "base.tar", "" } };
	const struct row *row = *state;
	char *root = faketree_new(nothing, 1);
	unsigned digests = 77;
	struct error err = { 0 };

	if (row->text)
		faketree_put(root, "backup_manifest", row->text);
	assert_int_equal(peek(root, &digests, &err), 0);
	assert_int_equal(err.kind, ERROR_NONE);
	assert_int_equal(digests, row->digests);
	faketree_free(root);
}

/* One that cannot be read is no manifest that is wrong. */
static void
not_read(void **state)
{
	static const struct fake_file files[] = { { "backup_manifest", DIRECTORY } };
	char *root = faketree_new(files, 1);
	unsigned digests;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(peek(root, &digests, &err), -1);
	assert_ptr_equal(strstr(err.text, "backup_manifest: "), err.text);
	faketree_remove(root, "backup_manifest");
	faketree_put(root, "backup_manifest", HEAD CRC TAIL WRONG);
	cancel_raise(&cancel);
	assert_int_equal(peek(root, &digests, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	cancel = (struct cancel){ 0 };
	faketree_free(root);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[1 + ROWS] = { cmocka_unit_test(not_read) };

	for (size_t i = 0; i < ROWS; i++)
		tests[1 + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

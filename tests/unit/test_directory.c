/* The archives of a directory, and the manifest next to them: which are read, and what is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/sys.h"
#include "reading/archive.h"
#include "reading/directory.h"
#include "support/fake_message.c.inc"
#include "support/faketree.h"
#include "support/openfds.h"

#define ON_THE_WAY "Decode it on the way: xz -dc FILE | pg_basetar ... -"
#define BEFOREHAND \
	"First decompress the archives of the directory with \"xz -d\", and remove the compressed ones."

/* ---- an archive, in place of the program's ---- */

static struct {
	char told[256];
	struct error why;         /* of an archive that cannot be read; kind NONE: none */
	enum error_kind manifest; /* who is told it fails */
	char text[256];
} fake;

static void
tell(const char *fmt, ...)
{
	const size_t len = strlen(fake.told);
	va_list args;

	va_start(args, fmt);
	vsnprintf(fake.told + len, sizeof(fake.told) - len, fmt, args);
	va_end(args);
}

/* What is in it is told by its first bytes, and not by its name. */
int
reading_archive(struct reading *r, struct source *file, const char *name,
    const struct archivepart *part, struct error *err)
{
	tell("%s %d%s\n", name, (int)part->kind, part->oid);
	source_free(file);
	r->compression = "xz";
	if (fake.why.kind == ERROR_NONE)
		return 0;
	*err = fake.why;
	return -1;
}

static int
take_manifest(struct reading *r, const uint8_t *bytes, size_t len, struct error *err)
{
	(void)r;
	tell("manifest %u\n", (unsigned)len);
	snprintf(fake.text, sizeof(fake.text), "%.*s", (int)len, (const char *)bytes);
	return fake.manifest ? error_set(err, fake.manifest, 0, "injected") : 0;
}

/* ---- a directory ---- */

static char *root;
static int dirfd;
static struct reading reading;

static int
begin(void **state)
{
	static const struct fake_file files[] = { { "base.tar.gz", "12345" },
		{ "16400.tar", "123" }, { "pg_wal.tar", "1" },
		{ "backup_manifest", "{}" }, { "README", "none of the backup" } };
	static const struct reading_ops ops = { .manifest = take_manifest };

	(void)state;
	memset(&fake, 0, sizeof(fake));
	message_said[0] = '\0';
	root = faketree_new(files, sizeof(files) / sizeof(files[0]));
	dirfd = faketree_open(root);
	reading = (struct reading){ .ops = &ops };
	return 0;
}

static int
end(void **state)
{
	(void)state;
	sys_close(dirfd);
	faketree_free(root);
	return 0;
}

/* Read it, and leave no descriptor open. */
static int
run(struct error *err)
{
	const size_t fds = openfds_count();
	const int rc = reading_directory(&reading, dirfd, err);

	assert_int_equal(openfds_count(), fds);
	return rc;
}

static void
all(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(run(&err), 0);
	assert_string_equal(fake.told,
	    "16400.tar 216400\nbase.tar.gz 1\npg_wal.tar 3\nmanifest 2\nmanifest 0\n");
	assert_int_equal(reading_size(&reading), 9);
	message_expect(
	    "warning: \"README\" is not part of the backup, although it is in the directory of its archives\n");
}

static void
alone(void **state)
{
	struct error err = { 0 };

	(void)state;
	faketree_remove(root, "16400.tar");
	faketree_remove(root, "pg_wal.tar");
	faketree_remove(root, "backup_manifest");
	assert_int_equal(run(&err), 0);
	assert_string_equal(fake.told, "base.tar.gz 1\n");
}

static void
no_set(void **state)
{
	struct error err = { 0 };

	(void)state;
	faketree_remove(root, "base.tar.gz");
	assert_int_equal(run(&err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_string_equal(fake.told, "");
	message_expect("");
}

/* The set is one of files, each of which is open while it is read and no longer. */
static void
no_file(void **state)
{
	struct error err = { 0 };

	(void)state;
	faketree_remove(root, "base.tar.gz");
	faketree_put(root, "base.tar", FIFO);
	assert_int_equal(run(&err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_ptr_equal(strstr(err.text, "base.tar: "), err.text);
	assert_string_equal(fake.told, "16400.tar 216400\n");
}

/* One archive could come through a pipe that decodes it; of several each must be decoded before. */
static void
not_supported(void **state)
{
	static const struct {
		enum error_kind kind;
		const char *hint, *expected;
	} cases[] = {
		{ ERROR_UNSUPPORTED, ON_THE_WAY, BEFOREHAND },
		/* what else is not supported is not mended by that */
		{ ERROR_UNSUPPORTED, "Pack the files again.", "Pack the files again." },
		{ ERROR_UNSUPPORTED, "", "" },
		{ ERROR_FORMAT, "", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };

		faketree_remove(root, "16400.tar");
		error_set(&fake.why, cases[i].kind, 0, "injected");
		(void)!error_hint(&fake.why, "%s", cases[i].hint);
		assert_int_equal(run(&err), -1);
		assert_string_equal(err.text, "injected");
		assert_string_equal(err.hint, cases[i].expected);
		assert_string_equal(fake.told, "base.tar.gz 1\n");
		end(state);
		begin(state);
	}
}

/* In pieces, and then its end; what is wrong with it is wrong with that file. */
static void
manifest(void **state)
{
	struct error err = { 0 };

	(void)state;
	faketree_put(root, "backup_manifest", BYTES(70000));
	assert_int_equal(run(&err), 0);
	assert_non_null(strstr(fake.told, "manifest 65536\nmanifest 4464\nmanifest 0\n"));
	fake.manifest = ERROR_MEMORY;
	fake.told[0] = '\0';
	assert_int_equal(run(&err), -1);
	assert_string_equal(err.text, "backup_manifest: injected");
	assert_non_null(strstr(fake.told, "manifest 65536\n"));
	assert_null(strstr(fake.told, "manifest 4464\n"));
	faketree_put(root, "backup_manifest", LINK("nowhere"));
	assert_int_equal(run(&err), -1);
	assert_ptr_equal(strstr(err.text, "backup_manifest: "), err.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all, begin, end),
		cmocka_unit_test_setup_teardown(alone, begin, end),
		cmocka_unit_test_setup_teardown(no_set, begin, end),
		cmocka_unit_test_setup_teardown(no_file, begin, end),
		cmocka_unit_test_setup_teardown(not_supported, begin, end),
		cmocka_unit_test_setup_teardown(manifest, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

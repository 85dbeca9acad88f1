/* Files that say by themselves whether they are whole, as a backup sends them. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/statecheck.h"
#include "cli/message.h"
#include "support/faketree.h"

static char said[1024], *root;
static struct statecheck check;

static void
hear(struct message_listener *listener, const struct finding *f)
{
	const size_t len = strlen(said);

	(void)listener;
	snprintf(
	    said + len, sizeof(said) - len, "%s %s: %s\n", f->kind, f->file, f->text);
}

static struct message_listener listener = { NULL, hear };

static int
begin(void **state)
{
	static const struct fake_file nothing[] = { { "x", "" } };

	(void)state;
	root = faketree_new(nothing, 1);
	message_set_level(MESSAGE_QUIET);
	message_listen(&listener);
	said[0] = '\0';
	/* frozen: what is not whole is not waited for */
	statecheck_open(&check, cluster_version(15), 8192, true, NULL);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	message_listen(NULL);
	faketree_free(root);
	return 0;
}

static void
small(void **state)
{
	static const uint8_t damaged[512], version[] = "15\n";
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    statecheck_bytes(&check, "postgresql.conf", damaged, 1, &err), 0);
	assert_int_equal(
	    statecheck_bytes(&check, "base/5/PG_VERSION", version, 3, &err), 0);
	assert_string_equal(said, "");
	assert_int_equal(statecheck_bytes(&check, "global/pg_filenode.map", damaged,
			     sizeof(damaged), &err),
	    0);
	assert_non_null(strstr(said, "state global/pg_filenode.map: file \"global/"));
	assert_int_equal(check.damaged, 1);
}

/* Of files that may be being written: is it worth another look? */
static void
worth_a_look(void **state)
{
	static const uint8_t bytes[8192];

	(void)state;
	assert_true(check.judge.is_whole(&check.judge, "postgresql.conf", bytes, 7));
	assert_true(check.judge.is_whole(&check.judge, "pg_xact/0000", bytes, 8192));
	assert_false(check.judge.is_whole(&check.judge, "pg_xact/0000", bytes, 8000));
	assert_false(
	    check.judge.is_whole(&check.judge, "global/pg_filenode.map", bytes, 512));
}

/* What comes after the last whole page may be zeros: the server takes no notice of them. */
static void
relation(void **state)
{
	static const struct {
		off_t size, zeros_from;
		bool is_sound;
	} rows[] = { { 0, 0, true }, { 16384, 16384, true }, { 16384 + 100, 16384, true },
		{ 16384 + 100, 16384 + 100, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static uint8_t ones[16384 + 100];
		struct error err = { 0 };
		struct stat st;
		const int at = faketree_open(root);
		const int fd = openat(at, "x", O_RDWR | O_TRUNC);

		said[0] = '\0';
		memset(ones, 1, sizeof(ones));
		assert_int_equal(
		    write(fd, ones, (size_t)rows[i].zeros_from), rows[i].zeros_from);
		assert_int_equal(ftruncate(fd, rows[i].size), 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(
		    statecheck_relation(&check, "base/5/1", fd, &st, &err), 0);
		assert_string_equal(said,
		    rows[i].is_sound ?
			"" :
			"size base/5/1: file \"base/5/1\": ends in the middle of a page: it has 16484 bytes, and pages have 8192\n");
		close(fd);
		close(at);
	}
}

static void
large(void **state)
{
	struct error err = { 0 };
	int at, fd;

	(void)state;
	faketree_put(root, "x", BYTES(40000));
	at = faketree_open(root);
	fd = openat(at, "x", O_RDONLY);
	assert_int_equal(statecheck_large(&check, "pg_xact/0000", fd, &err), 0);
	assert_string_equal(said, "");
	assert_int_equal(statecheck_large(&check, "pg_twophase/000002E1", fd, &err), 0);
	assert_non_null(strstr(said, "state pg_twophase/000002E1: "));
	close(fd);
	close(at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(small, begin, end),
		cmocka_unit_test_setup_teardown(worth_a_look, begin, end),
		cmocka_unit_test_setup_teardown(relation, begin, end),
		cmocka_unit_test_setup_teardown(large, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

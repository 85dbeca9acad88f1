/* WAL that is read for its proof and not sent: what the proof is told, and what becomes of segments
 * that are gone, or go while they are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/walunsent.h"
#include "datadir/walset.h"
#include "lib/cancel.h"
#include "lib/sys.h"
#include "stream/blockpipe.h"
#include "support/fake_message.c.inc"
#include "support/faketree.h"
#include "support/openfds.h"
#include "wal/walproof.h"

/* Segments of 4 MiB, 1024 of them to the second part of a name; the backup needs 2 to 4, the first of timeline 1. */
enum { SIZE = 4 * 1024 * 1024 };
#define SEGMENT BYTES(4194304)
#define S(timeline, number) "0000000" #timeline "000000000000000" #number
#define HINT \
	"The WAL in pg_wal is not complete from the start to the stop of this backup.  Check that directory, then run the backup again."

static char *root;
static struct cancel cancel;

/* ---- the proof, and what happens meanwhile, in place of the program's ---- */

static struct {
	char told[512];
	const char *act_at; /* before that is told */
	void (*act)(void);
	const char *fails; /* that is refused, once */
	enum error_kind kind;
	bool has_failed; /* the pipeline */
} fake;

static int
tell(struct error *err, const char *fmt, ...)
{
	const size_t len = strlen(fake.told);
	va_list args;

	va_start(args, fmt);
	vsnprintf(fake.told + len, sizeof(fake.told) - len, fmt, args);
	va_end(args);
	if (fake.act_at && strcmp(fake.told + len, fake.act_at) == 0)
		fake.act();
	if (fake.fails == NULL || strcmp(fake.told + len, fake.fails) != 0)
		return 0;
	fake.fails = NULL;
	return error_set(err, fake.kind, 0, "injected");
}

int
walproof_segment(
    struct walproof *p, uint32_t name_timeline, uint64_t segment_lsn, struct error *err)
{
	(void)p;
	assert_int_equal(segment_lsn % SIZE, 0);
	return tell(
	    err, " %u/%u", (unsigned)name_timeline, (unsigned)(segment_lsn / SIZE));
}

int
walproof_bytes(struct walproof *p, const uint8_t *bytes, size_t len, struct error *err)
{
	(void)p;
	(void)bytes;
	assert_int_equal(len, 1024 * 1024);
	return tell(err, ".");
}

void
walproof_skip(struct walproof *p)
{
	(void)p;
	(void)!tell(NULL, " -");
}

bool
blockpipe_has_failed(struct blockpipe *pipe)
{
	(void)pipe;
	return fake.has_failed;
}

static void
remove_third(void)
{
	faketree_remove(root, "pg_wal/" S(2, 3));
}

/* Under its old name comes another file. */
static void
recycle_second(void)
{
	faketree_rename(root, "pg_wal/" S(1, 2), "pg_wal/" S(1, 9));
	faketree_put(root, "pg_wal/" S(1, 2), SEGMENT);
}

static void
cut_second(void)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/pg_wal/" S(1, 2), root);
	assert_int_equal(truncate(path, SIZE - 8192), 0);
}

static void
raise_cancel(void)
{
	cancel_raise(&cancel);
}

/* ---- a backup whose WAL is read ---- */

enum { FILES = 5 };

static const struct row {
	const char *name;
	const char *files[FILES];
	const char *act_at;
	void (*act)(void);
	const char *fails; /* with kind */
	enum error_kind kind;
	const char *told, *said;
	const char *error, *hint; /* NULL: none */
} rows[] = {
	{ "all", { S(1, 2), S(2, 3), S(2, 4) }, .told = " 1/2.... 2/3.... 2/4....",
	    .said = "" },
	{ "more than is needed", { S(1, 1), S(1, 2), S(2, 3), S(2, 4), S(2, 5) },
	    .told = " 1/2.... 2/3.... 2/4....", .said = "" },
	/* of a promotion that was not followed: recovery reads the other */
	{ "of another timeline", { S(1, 2), S(2, 3), S(2, 4), S(1, 3) },
	    .told = " 1/2.... 2/3.... 2/4....", .said = "" },
	{ "the first is gone", { S(2, 3), S(2, 4) }, .told = " - 2/3.... 2/4....",
	    .said = "warning: WAL segment \"" S(1,
		2) "\" is no longer in pg_wal and was not checked: the WAL archive must have it\n" },
	{ "two are gone", { S(2, 4) }, .told = " - - 2/4....",
	    .said = "warning: 2 WAL segments from \"" S(1, 2) "\" to \"" S(2,
		3) "\" are no longer in pg_wal and were not checked: the WAL archive must have them\n" },
	{ "one between is gone", { S(1, 2), S(2, 4) }, .told = " 1/2.... - 2/4....",
	    .said = "warning: WAL segment \"" S(2,
		3) "\" is no longer in pg_wal and was not checked: the WAL archive must have it\n" },
	{ "all are gone", { S(2, 7) }, .told = " - - -",
	    .said = "warning: 3 WAL segments from \"" S(1, 2) "\" to \"" S(2,
		4) "\" are no longer in pg_wal and were not checked: the WAL archive must have them\n" },
	{ "removed before its turn", { S(1, 2), S(2, 3), S(2, 4) }, .act_at = " 1/2",
	    .act = remove_third, .told = " 1/2.... - 2/4....",
	    .said = "warning: WAL segment \"" S(2,
		3) "\" is no longer in pg_wal and was not checked: the WAL archive must have it\n" },
	/* its bytes are those of another segment then */
	{ "recycled while it is read", { S(1, 2), S(2, 3), S(2, 4) }, .act_at = ".",
	    .act = recycle_second, .fails = ".", .kind = ERROR_FORMAT,
	    .told = " 1/2. - 2/3.... 2/4....",
	    .said = "warning: WAL segment \"" S(1,
		2) "\" is no longer in pg_wal and was not checked: the WAL archive must have it\n" },
	{ "recycled, and its bytes are sound", { S(1, 2), S(2, 3), S(2, 4) },
	    .act_at = " 1/2", .act = recycle_second, .told = " 1/2.... 2/3.... 2/4....",
	    .said = "" },
	{ "damaged", { S(1, 2), S(2, 3), S(2, 4) }, .fails = " 2/3", .kind = ERROR_FORMAT,
	    .told = " 1/2.... 2/3", .error = "WAL file \"" S(2, 3) "\": injected",
	    .hint = HINT },
	{ "cut while it is read", { S(1, 2), S(2, 3), S(2, 4) }, .act_at = " 1/2",
	    .act = cut_second, .kind = ERROR_FORMAT, .told = " 1/2...",
	    .error = "WAL file \"" S(1, 2) "\": was truncated while it was read",
	    .hint = HINT },
	{ "no memory", { S(1, 2), S(2, 3), S(2, 4) }, .fails = ".", .kind = ERROR_MEMORY,
	    .told = " 1/2.", .error = "WAL file \"" S(1, 2) "\": injected", .hint = "" },
	{ "cancelled", { S(1, 2), S(2, 3), S(2, 4) }, .act_at = " 2/3",
	    .act = raise_cancel, .kind = ERROR_CANCELLED, .told = " 1/2.... 2/3",
	    .error = "WAL file \"" S(2, 3) "\": interrupted", .hint = "" },
};

static int
run(struct walset *set, int wal_fd, struct error *err)
{
	static struct walhistory_row of[] = { { 1, 3 * (uint64_t)SIZE + 8192 },
		{ 2, UINT64_MAX } };
	static const struct walhistory history = { 2, of };
	const struct walset_range range = { .start_lsn = 2 * SIZE + 40,
		.stop_lsn = 5 * (uint64_t)SIZE,
		.segment_size = SIZE,
		.history = &history,
		.may_lack = true };
	const struct walunsent unsent = { .history = &history,
		.start_lsn = range.start_lsn,
		.stop_lsn = range.stop_lsn,
		.segment_size = SIZE,
		.wal_fd = wal_fd,
		.cancel = &cancel };

	assert_int_equal(walset_read(wal_fd, &range, set, err), 0);
	return walunsent_read(&unsent, set, err);
}

static int
open_tree(const struct row *row)
{
	static const struct fake_file empty[] = { { "pg_wal", DIRECTORY } };
	char path[64];
	int datadir, wal_fd;
	struct error err = { 0 };

	root = faketree_new(empty, 1);
	for (size_t i = 0; i < FILES && row->files[i]; i++) {
		snprintf(path, sizeof(path), "pg_wal/%s", row->files[i]);
		faketree_put(root, path, SEGMENT);
	}
	datadir = faketree_open(root);
	assert_int_equal(walset_open_directory(datadir, &wal_fd, &err), 0);
	sys_close(datadir);
	return wal_fd;
}

static void
begin(const struct row *row)
{
	memset(&fake, 0, sizeof(fake));
	message_said[0] = '\0';
	cancel = (struct cancel){ 0 };
	fake.act_at = row->act_at;
	fake.act = row->act;
	fake.fails = row->fails;
	fake.kind = row->kind;
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	const int wal_fd = open_tree(row);
	struct walset set = { 0 };
	struct error err = { 0 };

	const size_t fds = openfds_count();

	begin(row);
	assert_int_equal(run(&set, wal_fd, &err), row->error ? -1 : 0);
	assert_string_equal(err.text, row->error ? row->error : "");
	assert_string_equal(err.hint, row->hint ? row->hint : "");
	if (row->error)
		assert_int_equal(err.kind, row->kind);
	assert_string_equal(fake.told, row->told);
	message_expect(row->said ? row->said : "");
	assert_int_equal(openfds_count(), fds);
	walset_free(&set);
	sys_close(wal_fd);
	faketree_free(root);
}

/* The run is over anyway: the rest is not read. */
static void
pipe_failed(void **state)
{
	const int wal_fd = open_tree(&rows[0]);
	struct walset set = { 0 };
	struct error err = { 0 };

	(void)state;
	begin(&rows[0]);
	fake.has_failed = true;
	assert_int_equal(run(&set, wal_fd, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	assert_string_equal(fake.told, " 1/2");
	walset_free(&set);
	sys_close(wal_fd);
	faketree_free(root);
}

int
main(void)
{
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[1 + ROWS] = { cmocka_unit_test(pipe_failed) };

	for (size_t i = 0; i < ROWS; i++)
		tests[1 + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

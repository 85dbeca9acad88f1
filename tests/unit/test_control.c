#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "pg/control.h"
#include "support/controlimage.h"

static struct row {
	const char *name;
	unsigned version;
	size_t crc_at; /* the size of the struct, less 4 */
} rows[] = {
	{ "10", 1002, 288 },
	{ "11", 1100, 280 },
	{ "12", 1201, 288 },
	{ "13 to 16", 1300, 288 },
	{ "17", 1700, 288 },
	{ "18", 1800, 292 },
	{ "19", 1905, 308 },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
assert_control(const struct control *c, unsigned version, uint64_t checkpoint)
{
	assert_int_equal(c->system_identifier, UINT64_C(7710953701937684148));
	assert_int_equal(c->control_version, version);
	assert_int_equal(c->catalog_version, 202209061);
	assert_int_equal(c->state, CONTROL_IN_ARCHIVE_RECOVERY);
	assert_int_equal(c->time, 1795348669);
	assert_int_equal(c->checkpoint_lsn, checkpoint);
	assert_int_equal(c->redo_lsn, 0x1000000028);
	assert_int_equal(c->timeline, 3);
	assert_int_equal(c->prev_timeline, 2);
	assert_true(c->full_page_writes);
	assert_int_equal(c->checkpoint_time, 1795348600);
	assert_int_equal(c->checkpoint.next_xid, UINT64_C(0x100000320));
	assert_int_equal(c->checkpoint.oldest_xid, 700);
	assert_int_equal(c->checkpoint.oldest_xid_database, 1);
	assert_int_equal(c->checkpoint.oldest_active_xid, 795);
	assert_int_equal(c->checkpoint.next_multi, 20);
	assert_int_equal(c->checkpoint.next_offset, 55);
	assert_int_equal(c->checkpoint.oldest_multi, 9);
	assert_int_equal(c->checkpoint.oldest_multi_database, 5);
	assert_int_equal(c->checkpoint.oldest_commit_ts, 710);
	assert_int_equal(c->checkpoint.newest_commit_ts, 790);
	assert_true(c->tracks_commit_time);
	assert_int_equal(c->min_recovery_lsn, 0x1100000000);
	assert_int_equal(c->min_recovery_timeline, 4);
	assert_int_equal(c->backup_start_lsn, 0x0E00000028);
	assert_int_equal(c->backup_end_lsn, 0x0E00000100);
	assert_true(c->backup_end_required);
	assert_int_equal(c->wal_level, 2);
	assert_int_equal(c->block_size, 8192);
	assert_int_equal(c->segment_blocks, 131072);
	assert_int_equal(c->wal_block_size, 16384);
	assert_int_equal(c->wal_segment_size, 64 << 20);
	assert_int_equal(c->data_checksums, 1);
}

static void
decode_row(void **state)
{
	const struct row *row = *state;
	uint8_t image[CONTROL_SIZE];
	struct control c;
	struct error err = { 0 };

	assert_int_equal(controlimage_at(row->version, "crc"), row->crc_at);
	controlimage_make(image, row->version);
	assert_int_equal(control_decode(image, CONTROL_SIZE, &c, &err), 0);
	assert_control(&c, row->version, 0x1000000060);

	controlimage_set(image, row->version, "full page writes", 0);
	controlimage_set(image, row->version, "backup end required", 0);
	controlimage_seal(image, row->version);
	assert_int_equal(control_decode(image, CONTROL_SIZE, &c, &err), 0);
	assert_false(c.full_page_writes);
	assert_false(c.backup_end_required);
}

/* Nothing but the positions of checkpoints and the CRC changes. */
static void
forget_row(void **state)
{
	const struct row *row = *state;
	uint8_t image[CONTROL_SIZE], before[CONTROL_SIZE];
	struct control c;
	struct error err = { 0 };

	controlimage_make(image, row->version);
	memcpy(before, image, CONTROL_SIZE);
	assert_int_equal(control_forget_checkpoint(image, &err), 0);
	assert_int_equal(control_decode(image, CONTROL_SIZE, &c, &err), 0);
	assert_control(&c, row->version, CONTROL_NO_CHECKPOINT);
	assert_int_equal(get_u64native(image + 32), 0xDEAD);
	if (row->version == 1002)
		assert_int_equal(get_u64native(image + 40), 0xDEAD);

	controlimage_set(before, row->version, "checkpoint", 0xDEAD);
	if (row->version == 1002)
		controlimage_set(before, row->version, "previous checkpoint", 0xDEAD);
	controlimage_seal(before, row->version);
	assert_memory_equal(image, before, CONTROL_SIZE);

	/* again is no change */
	assert_int_equal(control_forget_checkpoint(image, &err), 0);
	assert_memory_equal(image, before, CONTROL_SIZE);
}

/* Nothing but the positions of the backup and the CRC changes. */
static void
forget_backup_row(void **state)
{
	const struct row *row = *state;
	uint8_t image[CONTROL_SIZE], before[CONTROL_SIZE];
	struct error err = { 0 };

	controlimage_make(image, row->version);
	memcpy(before, image, CONTROL_SIZE);
	assert_int_equal(control_forget_backup(image, &err), 0);
	controlimage_set(before, row->version, "backup start", 0);
	controlimage_set(before, row->version, "backup end", 0);
	controlimage_seal(before, row->version);
	assert_memory_equal(image, before, CONTROL_SIZE);
	image[20] ^= 1;
	assert_int_equal(control_forget_backup(image, &err), -1);
}

static void
old_backup(void **state)
{
	static const struct {
		enum control_state state;
		uint64_t start_lsn;
		bool is_end_required, is_old;
	} cases[] = {
		{ CONTROL_IN_PRODUCTION, 0x2000028, false, true },
		{ CONTROL_SHUTTING_DOWN, 0x2000028, false, true },
		{ CONTROL_SHUTDOWN, 0x2000028, false, true },
		{ CONTROL_IN_PRODUCTION, 0, false, false },
		{ CONTROL_IN_PRODUCTION, 0x2000028, true, false },
		{ CONTROL_STARTUP, 0x2000028, false, false },
		{ CONTROL_SHUTDOWN_IN_RECOVERY, 0x2000028, false, false },
		{ CONTROL_IN_CRASH_RECOVERY, 0x2000028, false, false },
		{ CONTROL_IN_ARCHIVE_RECOVERY, 0x2000028, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct control c = { .state = cases[i].state,
			.backup_start_lsn = cases[i].start_lsn,
			.backup_end_required = cases[i].is_end_required };

		assert_int_equal(control_has_old_backup(&c), cases[i].is_old);
	}
}

/* No byte up to the CRC can be wrong unnoticed; those after it say nothing. */
static void
damage_row(void **state)
{
	const struct row *row = *state;
	uint8_t image[CONTROL_SIZE], before[CONTROL_SIZE];

	controlimage_make(image, row->version);
	for (size_t at = 0; at < CONTROL_SIZE; at++) {
		struct control c = { .timeline = 77 };
		struct error err = { 0 };

		image[at] ^= 0x10;
		memcpy(before, image, CONTROL_SIZE);
		if (at >= row->crc_at + 4)
			assert_int_equal(
			    control_decode(image, CONTROL_SIZE, &c, &err), 0);
		else {
			assert_int_equal(
			    control_decode(image, CONTROL_SIZE, &c, &err), -1);
			assert_int_equal(c.timeline, 77);
			assert_int_equal(control_forget_checkpoint(image, &err), -1);
			assert_memory_equal(image, before, CONTROL_SIZE);
		}
		image[at] ^= 0x10;
	}
}

static void
wrong_values(void **state)
{
	static const struct {
		const char *field;
		uint64_t value;
		enum error_kind kind;
		const char *what;
	} cases[] = {
		{ "state", 7, ERROR_FORMAT, "7 is not a valid state of a cluster" },
		{ "state", UINT32_MAX, ERROR_FORMAT,
		    "4294967295 is not a valid state of a cluster" },
		{ "max align", 4, ERROR_UNSUPPORTED,
		    "the server aligns data to 4 bytes, not 8" },
		{ "block size", 0, ERROR_FORMAT, "0 is not a valid block size" },
		{ "block size", 512, ERROR_FORMAT, "512 is not a valid block size" },
		{ "block size", 8193, ERROR_FORMAT, "8193 is not a valid block size" },
		{ "block size", 65536, ERROR_FORMAT, "65536 is not a valid block size" },
		{ "block size", 32768, ERROR_NONE, NULL },
		{ "wal block size", 131072, ERROR_FORMAT,
		    "131072 is not a valid WAL block size" },
		{ "wal block size", 65536, ERROR_NONE, NULL },
		{ "wal segment size", 1 << 19, ERROR_FORMAT,
		    "524288 is not a valid WAL segment size" },
		{ "wal segment size", 3 << 20, ERROR_FORMAT,
		    "3145728 is not a valid WAL segment size" },
		{ "wal segment size", UINT64_C(1) << 31, ERROR_FORMAT,
		    "2147483648 is not a valid WAL segment size" },
		{ "wal segment size", 1 << 20, ERROR_NONE, NULL },
		{ "wal segment size", 1 << 30, ERROR_NONE, NULL },
		{ "segment blocks", 0, ERROR_FORMAT,
		    "0 is not a valid relation segment size" },
		{ "segment blocks", 1, ERROR_NONE, NULL },
		{ "timeline", 0, ERROR_FORMAT, "0 is not a valid timeline" },
		{ "redo", 0, ERROR_FORMAT,
		    "0/0 is not a valid redo location of a checkpoint at 10/60" },
		{ "redo", 0x1000000061, ERROR_FORMAT,
		    "10/61 is not a valid redo location of a checkpoint at 10/60" },
		{ "redo", 0x1000000060, ERROR_NONE, NULL },
		{ "checkpoint", 0x27, ERROR_FORMAT,
		    "10/28 is not a valid redo location of a checkpoint at 0/27" },
		{ "checkpoint", 0xDEAD, ERROR_NONE, NULL },
	};
	uint8_t image[CONTROL_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct control c;
		struct error err = { 0 };

		controlimage_make(image, 1300);
		controlimage_set(image, 1300, cases[i].field, cases[i].value);
		controlimage_seal(image, 1300);
		assert_int_equal(control_decode(image, CONTROL_SIZE, &c, &err),
		    cases[i].what ? -1 : 0);
		assert_int_equal(err.kind, cases[i].kind);
		if (cases[i].what)
			assert_string_equal(err.text, cases[i].what);
	}
}

static void
other_versions(void **state)
{
	static const struct {
		uint32_t version;
		enum error_kind kind;
		const char *what;
	} cases[] = {
		{ 960, ERROR_UNSUPPORTED,
		    "pg_control version 960 is not that of PostgreSQL 10 to 19" },
		{ 1003, ERROR_UNSUPPORTED,
		    "pg_control version 1003 is not that of PostgreSQL 10 to 19" },
		{ 1904, ERROR_UNSUPPORTED,
		    "pg_control version 1904 is not that of PostgreSQL 10 to 19" },
		{ 0, ERROR_FORMAT, "0 is not a valid pg_control version" },
		{ UINT32_MAX, ERROR_FORMAT,
		    "4294967295 is not a valid pg_control version" },
		{ 0x14050000, ERROR_UNSUPPORTED,
		    "was written by a machine of the other byte order" },
	};
	uint8_t image[CONTROL_SIZE];
	struct control c;
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		controlimage_make(image, 1300);
		put_u32native(image + 8, cases[i].version);
		assert_int_equal(control_decode(image, CONTROL_SIZE, &c, &err), -1);
		assert_int_equal(err.kind, cases[i].kind);
		assert_string_equal(err.text, cases[i].what);
	}
	controlimage_make(image, 1300);
	assert_int_equal(control_decode(image, CONTROL_SIZE - 1, &c, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	assert_string_equal(err.text, "has 8191 bytes, not 8192");
	assert_int_equal(control_decode(image, 0, &c, &err), -1);
}

static void
check_version(void **state)
{
	struct control c = { .control_version = 1300, .catalog_version = 202209061 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(control_check_version(&c, cluster_version(15), &err), 0);
	assert_int_equal(control_check_version(&c, cluster_version(16), &err), -1);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_string_equal(err.text,
	    "catalog version 202209061 is not that of PostgreSQL 16, 202307071");
	assert_int_equal(control_check_version(&c, cluster_version(17), &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	assert_string_equal(
	    err.text, "pg_control version 1300 is not that of PostgreSQL 17, 1700");
}

/* A data directory with nothing but a pg_control. */
struct datadir {
	char path[64];
	int fd;
};

static int
setup(void **state)
{
	static struct datadir d;

	snprintf(d.path, sizeof(d.path), "%s", "/tmp/test_control.XXXXXX");
	assert_non_null(mkdtemp(d.path));
	d.fd = open(d.path, O_RDONLY | O_DIRECTORY);
	assert_true(d.fd >= 0);
	assert_int_equal(mkdirat(d.fd, "global", 0700), 0);
	*state = &d;
	return 0;
}

static int
teardown(void **state)
{
	struct datadir *d = *state;

	(void)unlinkat(d->fd, "global/pg_control", 0);
	assert_int_equal(unlinkat(d->fd, "global", AT_REMOVEDIR), 0);
	close(d->fd);
	return rmdir(d->path);
}

static void
put_file(const struct datadir *d, const uint8_t *bytes, size_t len)
{
	int fd = openat(d->fd, "global/pg_control", O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void
read_sound(void **state)
{
	uint8_t image[CONTROL_SIZE], bytes[CONTROL_SIZE];
	struct control c;
	struct error err = { 0 };

	controlimage_make(image, 1800);
	put_file(*state, image, CONTROL_SIZE);
	assert_int_equal(
	    control_read(((struct datadir *)*state)->fd, bytes, &c, &err), 0);
	assert_control(&c, 1800, 0x1000000060);
	assert_memory_equal(bytes, image, CONTROL_SIZE);
}

static void
read_missing(void **state)
{
	uint8_t bytes[CONTROL_SIZE];
	struct control c;
	struct error err = { 0 };

	assert_int_equal(
	    control_read(((struct datadir *)*state)->fd, bytes, &c, &err), -1);
	assert_int_equal(err.kind, ERROR_IO);
	assert_int_equal(err.sys, ENOENT);
	assert_string_equal(err.text,
	    "file \"global/pg_control\": could not open: No such file or directory");
}

static void
read_cut(void **state)
{
	uint8_t image[CONTROL_SIZE + 1] = { 0 }, bytes[CONTROL_SIZE];
	struct control c;
	struct error err = { 0 };

	controlimage_make(image, 1300);
	put_file(*state, image, 4096);
	assert_int_equal(
	    control_read(((struct datadir *)*state)->fd, bytes, &c, &err), -1);
	assert_string_equal(
	    err.text, "file \"global/pg_control\": has 4096 bytes, not 8192");
	put_file(*state, image, CONTROL_SIZE + 1);
	assert_int_equal(
	    control_read(((struct datadir *)*state)->fd, bytes, &c, &err), -1);
	assert_string_equal(
	    err.text, "file \"global/pg_control\": is larger than 8192 bytes");
}

static void
read_damaged(void **state)
{
	uint8_t image[CONTROL_SIZE], bytes[CONTROL_SIZE];
	struct control c;
	struct error err = { 0 };

	controlimage_make(image, 1300);
	put_u32native(image + 288, 0x12345678);
	put_file(*state, image, CONTROL_SIZE);
	assert_int_equal(
	    control_read(((struct datadir *)*state)->fd, bytes, &c, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	assert_non_null(strstr(
	    err.text, "file \"global/pg_control\": its CRC is 12345678, but that of "));
}

/* What the server does a moment after it was caught in the middle of a write. */
static void *
heal(void *datadir)
{
	static const struct timespec moment = { .tv_nsec = 35 * 1000 * 1000 };
	uint8_t image[CONTROL_SIZE];

	nanosleep(&moment, NULL);
	controlimage_make(image, 1700);
	put_file(datadir, image, CONTROL_SIZE);
	return NULL;
}

static void
read_torn(void **state)
{
	uint8_t image[CONTROL_SIZE], bytes[CONTROL_SIZE];
	struct control c;
	struct error err = { 0 };
	pthread_t server;

	controlimage_make(image, 1700);
	controlimage_set(image, 1700, "checkpoint", 0x0F00000060);
	put_file(*state, image, CONTROL_SIZE);
	assert_int_equal(pthread_create(&server, NULL, heal, *state), 0);
	assert_int_equal(
	    control_read(((struct datadir *)*state)->fd, bytes, &c, &err), 0);
	assert_int_equal(pthread_join(server, NULL), 0);
	assert_control(&c, 1700, 0x1000000060);
}

int
main(void)
{
	static const struct CMUnitTest others[] = { cmocka_unit_test(wrong_values),
		cmocka_unit_test(other_versions), cmocka_unit_test(check_version),
		cmocka_unit_test(old_backup),
		cmocka_unit_test_setup_teardown(read_sound, setup, teardown),
		cmocka_unit_test_setup_teardown(read_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(read_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(read_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(read_torn, setup, teardown) };
	static const CMUnitTestFunction by_row[] = { decode_row, forget_row,
		forget_backup_row, damage_row };
	enum { BY_ROW = sizeof(by_row) / sizeof(by_row[0]) };
	enum { OTHERS = sizeof(others) / sizeof(others[0]) };
	struct CMUnitTest tests[OTHERS + BY_ROW * ROWS];

	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < BY_ROW * ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i % ROWS].name,
			.test_func = by_row[i / ROWS],
			.initial_state = &rows[i % ROWS] };
	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}

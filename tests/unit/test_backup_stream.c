/* Output, pipeline and archive of a backup: what may not be inside of what, in which order it ends. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "backup/cluster.h"
#include "backup/stream.h"
#include "backup/tablespaces.h"
#include "cli/identity.h"
#include "cli/options.h"
#include "format/report.h"
#include "lib/cancel.h"
#include "stream/blockpipe.h"
#include "support/fake_message.c.inc"

/* ---- output, report, pipeline and archive, in place of the program's ---- */

static struct {
	const char *fails; /* the step that does; NULL: none */
	char steps[1024];
	struct blockpipe_options pipe;
	struct archive_options archive;
} fake;

static int
step(struct error *err, const char *fmt, ...)
{
	const size_t len = strlen(fake.steps);
	va_list args;

	va_start(args, fmt);
	vsnprintf(fake.steps + len, sizeof(fake.steps) - len, fmt, args);
	va_end(args);
	strncat(fake.steps, "\n", sizeof(fake.steps) - strlen(fake.steps) - 1);
	if (fake.fails == NULL ||
	    strncmp(fake.steps + len, fake.fails, strlen(fake.fails)) != 0)
		return 0;
	return error_set(err, ERROR_STATE, 0, "injected");
}

int
output_refuse_inside(
    const struct output *o, const struct stat *st, const char *what, struct error *err)
{
	(void)o;
	return step(err, "output outside of %s %u", what, (unsigned)st->st_ino);
}

int
report_refuse_inside(
    struct report *r, const struct stat *st, const char *what, struct error *err)
{
	(void)r;
	(void)st;
	return step(err, "report outside of %s", what);
}

int
output_add(
    struct output *o, const struct options *opt, const char *name, struct error *err)
{
	static struct sink *sinks[8];

	(void)opt;
	o->sinks = sinks;
	o->count++;
	return step(err, "file %s", name);
}

int
identity_regain(struct identity *id, struct error *err)
{
	(void)id;
	return step(err, "ourselves");
}

int
identity_assume(
    struct identity *id, const struct stat *st, const char *path, struct error *err)
{
	(void)id;
	(void)st;
	return step(err, "owner of %s", path);
}

int
blockpipe_open(
    struct blockpipe **pipe, const struct blockpipe_options *opt, struct error *err)
{
	*pipe = (struct blockpipe *)&fake;
	fake.pipe = *opt;
	return step(err, "pipe");
}

int
blockpipe_close(struct blockpipe *pipe, struct error *err)
{
	assert_ptr_equal(pipe, &fake);
	return step(err, "close");
}

uint64_t
blockpipe_raw_written(const struct blockpipe *pipe)
{
	assert_ptr_equal(pipe, &fake);
	return 4096;
}

void
blockpipe_free(struct blockpipe *pipe)
{
	struct error err;

	(void)!step(&err, "free %s", pipe ? "pipe" : "none");
}

int
archive_open(
    struct archive **archive, const struct archive_options *opt, struct error *err)
{
	*archive = (struct archive *)&fake;
	fake.archive = *opt;
	return step(err, "archive");
}

int
archive_manifest(struct archive *archive, struct error *err)
{
	(void)archive;
	return step(err, "manifest");
}

int
archive_manifest_beside(struct archive *archive, struct sink *sink, struct error *err)
{
	(void)archive;
	(void)sink;
	return step(err, "manifest as a file");
}

int
archive_finish(struct archive *archive, struct error *err)
{
	(void)archive;
	return step(err, "finish");
}

void
archive_free(struct archive *archive)
{
	(void)archive;
}

/* ---- the tests ---- */

static struct tablespace spaces[2];
static struct backup_tablespaces tablespaces;
static struct backup_cluster cluster;
static struct options opt;
static struct cancel cancel;
static struct backup_stream stream;

static int
begin(void **state)
{
	static struct sink *sinks[1];

	(void)state;
	memset(&fake, 0, sizeof(fake));
	opt = (struct options){ .compression = { &codecs[0], 0 }, .jobs = 3 };
	spaces[0] = (struct tablespace){ .location = { .st_ino = 3 },
		.directory = { .st_ino = 4 },
		.oid_text = "16400" };
	spaces[1] = (struct tablespace){ .oid_text = "16401" };
	tablespaces =
	    (struct backup_tablespaces){ .sent = { .count = 1, .rows = spaces } };
	cluster = (struct backup_cluster){ .pgdata = "/d",
		.wal_fd = open("/", O_RDONLY | O_DIRECTORY),
		.version = cluster_version(15),
		.datadir_stat = { .st_ino = 1, .st_mode = S_IFDIR | 0750 },
		.control = { .system_identifier = 42, .block_size = 8192 } };
	stream = (struct backup_stream){ .opt = &opt,
		.cluster = &cluster,
		.tablespaces = &tablespaces,
		.cancel = &cancel,
		.output = { .sinks = sinks, .count = 1 } };
	return 0;
}

static int
end(void **state)
{
	(void)state;
	close(cluster.wal_fd);
	return 0;
}

static void
expect(const char *steps)
{
	assert_string_equal(fake.steps, steps);
	fake.steps[0] = '\0';
}

/* Each directory that is read, for output and report alike; the first that is inside ends it. */
static void
outside(void **state)
{
	struct error err = { 0 };
	struct stat root;
	char steps[512];

	(void)state;
	assert_int_equal(stat("/", &root), 0);
	assert_int_equal(backup_stream_check_outside(&stream, NULL, &err), 0);
	snprintf(steps, sizeof(steps),
	    "output outside of the data directory 1\n"
	    "report outside of the data directory\n"
	    "output outside of the WAL directory %u\n"
	    "report outside of the WAL directory\n"
	    "output outside of tablespace 16400 3\n"
	    "report outside of tablespace 16400\n"
	    "output outside of tablespace 16400 4\n"
	    "report outside of tablespace 16400\n",
	    (unsigned)root.st_ino);
	expect(steps);
	fake.fails = "report outside of the data";
	assert_int_equal(backup_stream_check_outside(&stream, NULL, &err), -1);
	expect("output outside of the data directory 1\n"
	       "report outside of the data directory\n");
}

/* What pipeline and archive are told; and how one archive ends: the manifest is in it. */
static void
one_archive(void **state)
{
	struct error err = { 0 };

	(void)state;
	opt.blocking_factor = 20;
	opt.manifest_digest = DIGEST_SHA256;
	assert_int_equal(backup_stream_passed(&stream), 0);
	assert_int_equal(backup_stream_open(&stream, true, NULL, &err), 0);
	assert_true(fake.pipe.jobs == 3 && fake.pipe.record == 20 * 512 &&
	    fake.pipe.cancel == &cancel && fake.pipe.files > 0);
	assert_true(fake.archive.is_frozen && fake.archive.digest == DIGEST_SHA256);
	assert_int_equal(fake.archive.system_identifier, 42);
	assert_int_equal(fake.archive.page_bytes, 8192);
	/* what is ours may be read by whoever may read the directory */
	assert_int_equal(fake.archive.own.st_mode, 0640);
	assert_int_equal(backup_stream_passed(&stream), 4096);
	expect("pipe\narchive\n");
	assert_int_equal(backup_stream_end(&stream, &err), 0);
	expect("manifest\nfinish\nclose\n");
	backup_stream_close(&stream);
	expect("free pipe\n");
}

/* Its files are ours, and not the owner's; the manifest is one of them. */
static void
split(void **state)
{
	struct error err = { 0 };

	(void)state;
	opt.split = true;
	opt.compression.codec = codec_by_name("gzip");
	tablespaces.sent.count = 2;
	assert_int_equal(backup_stream_open(&stream, false, NULL, &err), 0);
	expect("ourselves\nfile 16400.tar.gz\nfile 16401.tar.gz\nfile base.tar.gz\n"
	       "file backup_manifest\nowner of /d\npipe\narchive\n");
	assert_int_equal(backup_stream_end(&stream, &err), 0);
	expect("finish\nclose\nmanifest as a file\n");
	begin(state);
	opt.split = opt.no_manifest = true;
	assert_int_equal(backup_stream_open(&stream, false, NULL, &err), 0);
	expect("ourselves\nfile 16400.tar\nfile base.tar\nowner of /d\npipe\narchive\n");
}

/* Nothing follows a step that fails, and what was not opened can be closed. */
static void
failures(void **state)
{
	static const struct {
		const char *step, *steps;
	} rows[] = {
		{ "ourselves", "ourselves\n" },
		{ "file base", "ourselves\nfile 16400.tar\nfile base.tar\n" },
		{ "owner",
		    "ourselves\nfile 16400.tar\nfile base.tar\nfile backup_manifest\nowner of /d\n" }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { 0 };

		end(state);
		begin(state);
		opt.split = true;
		fake.fails = rows[i].step;
		assert_int_equal(backup_stream_open(&stream, false, NULL, &err), -1);
		expect(rows[i].steps);
		assert_null(stream.pipe);
		backup_stream_close(&stream);
		expect("free none\n");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(outside, begin, end),
		cmocka_unit_test_setup_teardown(one_archive, begin, end),
		cmocka_unit_test_setup_teardown(split, begin, end),
		cmocka_unit_test_setup_teardown(failures, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

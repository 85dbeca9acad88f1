/* What is said of a backup at its end: to programs, in report and metrics, and to the user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backup/config.h"
#include "backup/source.h"
#include "backup/tablespaces.h"
#include "backup/wal.h"
#include "support/fake_message.c.inc"
#include "support/fake_reporting.c.inc"

/* ---- a backup ---- */

static double
half_past(void)
{
	return 12.5;
}

static struct options opt;
static struct backup_cluster cluster;
static struct backup_source_facts source;
static struct backup_tablespaces tablespaces;
static struct backup_config config;
static struct backup_stream stream;
static struct backup_wal wal;
static struct online_server server;
static struct walhistory_row rows[] = { { 1, 0x3000 }, { 2, UINT64_MAX } };
static struct backup_report report;

static int
begin(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	opt = (struct options){ .report = "r.json",
		.metrics = "m.prom",
		.output = "o.tar",
		.label = "nightly",
		.no_sync = true,
		.compression = { .codec = &codecs[0], .level = 4 },
		.manifest_digest = DIGEST_SHA256 };
	cluster = (struct backup_cluster){ .pgdata = "/d",
		.datadir_stat = { .st_ino = 11 },
		.control = { .system_identifier = 99, .state = CONTROL_IN_PRODUCTION } };
	source = (struct backup_source_facts){ .mode = "offline" };
	server = (struct online_server){ 0 };
	tablespaces = (struct backup_tablespaces){ 0 };
	config = (struct backup_config){ 0 };
	stream = (struct backup_stream){ .opt = &opt,
		.output = { .name = "o.tar" },
		.progress = { .clock = half_past, .started = 10 } };
	wal = (struct backup_wal){ .range = { 0x2000, 0x4000, 1 },
		.history = { .count = 2, .rows = rows } };
	report = (struct backup_report){ .of = { .opt = &opt,
					     .cluster = &cluster,
					     .source = &source,
					     .tablespaces = &tablespaces,
					     .config = &config,
					     .stream = &stream,
					     .wal = &wal } };
	message_said[0] = '\0';
	return 0;
}

/* ---- the report before the end ---- */

static void
opened(void **state)
{
	static const struct {
		const char *fails, *steps;
	} all[] = { { NULL, "descriptor open output " }, { "descriptor", "descriptor " },
		{ "open", "descriptor open " }, { "output", "descriptor open output " } };
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		fake.fails = all[i].fails;
		assert_int_equal(
		    backup_report_open(&report, &opt, &err), fake.fails ? -1 : 0);
		expect_steps(all[i].steps);
	}
	opt.report = NULL;
	assert_int_equal(backup_report_open(&report, &opt, &err), 0);
	expect_steps("");
}

/* Metrics in the data directory are refused, and a report among the files of --split. */
static void
checked(void **state)
{
	static const struct {
		bool has_report, is_split;
		const char *fails, *steps;
	} all[] = { { true, true, NULL, "refuse stat inside " },
		{ true, false, NULL, "refuse " }, { false, true, NULL, "refuse " },
		{ false, false, "refuse", "refuse " },
		{ true, true, "refuse", "refuse " },
		{ true, true, "stat", "refuse stat " },
		{ true, true, "inside", "refuse stat inside " } };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct output output = {
			.dir = all[i].is_split ? (struct outdir *)(void *)&fake : NULL
		};
		struct error err = { 0 };

		report.report = all[i].has_report ? made : NULL;
		fake.fails = all[i].fails;
		assert_int_equal(
		    backup_report_check(&report, &output, &err), fake.fails ? -1 : 0);
		expect_steps(all[i].steps);
	}
}

/* By the one who runs us, and then we are the owner of the data directory again. */
static void
begun(void **state)
{
	static const struct {
		const char *fails, *steps;
	} all[] = { { NULL, "regain begin assume " }, { "regain", "regain " },
		{ "begin", "regain begin " }, { "assume", "regain begin assume " } };
	struct identity *identity = (struct identity *)(void *)&fake;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(backup_report_begin(&report, identity, &err), 0);
	expect_steps("");
	report.report = made;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		fake.fails = all[i].fails;
		assert_int_equal(
		    backup_report_begin(&report, identity, &err), fake.fails ? -1 : 0);
		expect_steps(all[i].steps);
	}
	assert_string_equal(fake.facts.command, "backup");
	assert_string_equal(fake.facts.output, "o.tar");
	assert_string_equal(fake.facts.data_directory, "/d");
	assert_string_equal(fake.facts.backup.called, "nightly");
	assert_ptr_equal(fake.facts.progress, &stream.progress);
}

/* ---- what is in it ---- */

static void
written(const struct error *why, bool is_sound)
{
	backup_report_write(&report, is_sound, why);
	assert_int_equal(fake.metrics, fake.verdict);
	expect_steps("report refuse metrics ");
}

static void
facts_of_all(void **state)
{
	static struct tablespace spaces[1];
	struct facts_range range;

	(void)state;
	report.report = made;
	cluster.version = cluster_version(15);
	tablespaces.sent = (struct tablespaces){ .count = 1, .rows = spaces };
	stream.pipe = (struct blockpipe *)(void *)&fake;
	stream.archive = (struct archive *)(void *)&fake;
	wal.proof = (struct walproof *)(void *)&fake;
	fake.raw = 5000;
	fake.written = 1000;
	fake.are_pages_checked = true;
	backup_report_count(&report, &stream);
	written(NULL, true);
	assert_int_equal(fake.verdict, REPORT_SOUND);
	range = fake.facts.backup.range;
	assert_true(range.start_lsn == 0x2000 && range.stop_lsn == 0x4000);
	assert_true(range.start_timeline == 1 && range.stop_timeline == 2);
	assert_string_equal(fake.facts.command, "backup");
	assert_string_equal(fake.facts.output, "o.tar");
	assert_string_equal(fake.facts.backup.called, "nightly");
	assert_string_equal(fake.facts.backup.mode, "offline");
	assert_int_equal(fake.facts.backup.version->major, 15);
	assert_int_equal(fake.facts.backup.system_identifier, 99);
	assert_string_equal(fake.facts.backup.archive.compression, "none");
	assert_int_equal(fake.facts.compression_level, 4);
	assert_int_equal(fake.facts.backup.archive.members, 12);
	assert_int_equal(fake.facts.backup.archive.raw, 5000);
	assert_int_equal(fake.facts.backup.archive.written, 1000);
	assert_int_equal(fake.facts.backup.digest, DIGEST_SHA256);
	assert_true(fake.facts.is_wal_proved && fake.facts.are_pages_checked);
	assert_int_equal(fake.facts.wal_records, 17);
	assert_int_equal(fake.facts.pages.pages, 50);
	assert_ptr_equal(fake.facts.tablespaces, &tablespaces.sent);
	assert_ptr_equal(fake.facts.config, &config.set);
	assert_ptr_equal(fake.facts.progress, &stream.progress);
}

/* Of a run that failed at once little is known, and no part of it is asked. */
static void
facts_of_nothing(void **state)
{
	const struct error why = { .kind = ERROR_STATE };

	(void)state;
	wal.range.stop_lsn = 0;
	backup_report_count(&report, &stream);
	written(&why, true);
	assert_int_equal(fake.verdict, REPORT_FAILED);
	assert_ptr_equal(fake.why, &why);
	assert_string_equal(fake.facts.data_directory, "/d");
	assert_int_equal(fake.facts.backup.source, FACTS_SOURCE_UNKNOWN);
	assert_int_equal(fake.facts.backup.range.stop_timeline, 0);
	assert_null(fake.facts.server_version_text);
	assert_false(fake.facts.is_wal_proved || fake.facts.are_pages_checked);
	assert_int_equal(fake.facts.backup.archive.members, 0);
	written(NULL, false);
	assert_int_equal(fake.verdict, REPORT_FINDINGS);
}

/* A stop at the end of the old timeline is not one on the new. */
static void
timeline_of_the_stop(void **state)
{
	static const struct {
		uint64_t stop;
		uint32_t timeline;
	} all[] = { { 0x2fff, 1 }, { 0x3000, 1 }, { 0x3001, 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		wal.range.stop_lsn = all[i].stop;
		written(NULL, true);
		assert_int_equal(fake.facts.backup.range.stop_timeline, all[i].timeline);
	}
}

/* A server says what it is; without one pg_control does. */
static void
sources(void **state)
{
	static char version[] = "15.4";
	static const struct {
		bool has_server, is_known, in_recovery;
		enum control_state state;
		enum facts_source source;
	} all[] = {
		{ true, false, false, CONTROL_IN_PRODUCTION, FACTS_SOURCE_UNKNOWN },
		{ true, true, false, CONTROL_SHUTDOWN_IN_RECOVERY, FACTS_PRIMARY },
		{ true, true, true, CONTROL_IN_PRODUCTION, FACTS_STANDBY },
		{ false, false, true, CONTROL_IN_PRODUCTION, FACTS_SOURCE_UNKNOWN },
		{ false, true, true, CONTROL_SHUTDOWN, FACTS_PRIMARY },
		{ false, true, false, CONTROL_SHUTDOWN_IN_RECOVERY, FACTS_STANDBY },
		{ false, true, false, CONTROL_IN_ARCHIVE_RECOVERY, FACTS_STANDBY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		server.in_recovery = all[i].in_recovery;
		server.version = all[i].is_known ? version : NULL;
		source.server = all[i].has_server ? &server : NULL;
		cluster.version =
		    all[i].is_known || all[i].has_server ? cluster_version(15) : NULL;
		cluster.control.state = all[i].state;
		written(NULL, true);
		assert_int_equal(fake.facts.backup.source, all[i].source);
		if (all[i].has_server)
			assert_ptr_equal(fake.facts.server_version_text, server.version);
	}
}

static void
what_the_backup_has(void **state)
{
	static char absolute[] = "/abs/d";

	(void)state;
	cluster.datadir = absolute;
	for (unsigned i = 0; i < 4; i++) {
		opt.wal_method = i & 1 ? WAL_FETCH : WAL_NONE;
		opt.no_manifest = i & 2;
		written(NULL, true);
		assert_int_equal(
		    fake.facts.backup.wal, i & 1 ? FACTS_THERE : FACTS_ABSENT);
		assert_int_equal(
		    fake.facts.backup.manifest, i & 2 ? FACTS_ABSENT : FACTS_THERE);
		assert_string_equal(fake.facts.data_directory, "/abs/d");
	}
}

/* What cannot be written is said, and the other is written all the same. */
static void
not_written(void **state)
{
	static const struct {
		const char *fails, *steps, *said;
	} all[] = {
		{ "report", "report refuse metrics ", "mishap: injected into report\n" },
		{ "metrics", "report refuse metrics ",
		    "mishap: injected into metrics\n" },
		/* that was an error of the run */
		{ "refuse", "report refuse ", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		fake.fails = all[i].fails;
		backup_report_write(&report, true, NULL);
		expect_steps(all[i].steps);
		message_expect(all[i].said);
	}
}

/* ---- what the user hears ---- */

static void
said(void **state)
{
	static char target[] = "/spc";
	struct tablespace spaces[] = { { .oid_text = "16400", .target = target },
		{ .oid_text = "16401", .target = target, .size = 2000000 } };

	(void)state;
	tablespaces.sent = (struct tablespaces){ .count = 2, .rows = spaces };
	opt.verbose = true;
	fake.raw = 5000000;
	fake.written = 1000000;
	stream.pipe = (struct blockpipe *)(void *)&fake;
	backup_report_say(&report);
	message_expect(
	    "info: tablespace 16400 at \"/spc\"\n"
	    "info: tablespace 16401 at \"/spc\", 2000000 bytes\n"
	    "backup complete: \"o.tar\", 5000000 bytes of tar, 2.5 s, WAL from 0/2000 to 0/4000 on timeline 1\n");
	tablespaces.sent.count = 0;
	opt.compression.codec = &codecs[1];
	backup_report_say(&report);
	message_expect(
	    "backup complete: \"o.tar\", 5000000 bytes of tar, 1000000 bytes written (20.0 %), 2.5 s, WAL from 0/2000 to 0/4000 on timeline 1\n");
}

/* All say what they found, whatever the others did. */
static void
findings(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		fake.is_page_bad = i & 1;
		fake.is_file_bad = i & 2;
		fake.is_access_bad = i & 4;
		assert_int_equal(backup_report_findings(NULL, NULL, NULL), i == 0);
		expect_steps("pages files access ");
	}
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		CASE(opened),
		CASE(checked),
		CASE(begun),
		CASE(facts_of_all),
		CASE(facts_of_nothing),
		CASE(timeline_of_the_stop),
		CASE(sources),
		CASE(what_the_backup_has),
		CASE(not_written),
		CASE(said),
		CASE(findings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The report of a run: all it says; whole or not there. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/message.h"
#include "cli/options.h"
#include "format/report.h"
#include "support/faketree.h"
#include "support/openfds.h"
#include "support/refuse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OLD "{\n  \"pg_basetar_report\": 1,\n  \"old\": 1\n}\n"
#define LOST "\xEF\xBF\xBD"

static char *root;

static int
setup(void **state)
{
	static const struct fake_file tree[] = { { "data/base", DIRECTORY },
		{ "dir", DIRECTORY }, { "fifo", FIFO }, { "link-to-dir", LINK("dir") } };

	(void)state;
	message_set_level(MESSAGE_QUIET);
	return faketree_enter(&root, tree, COUNT(tree));
}

/* What the file holds, without the lines of time, which are checked here. */
static char *
read_report(const char *name)
{
	char *text = calloc(1, 8 * 1024 * 1024), *line, *end;
	FILE *file = fopen(name, "r");

	assert_non_null(text);
	assert_non_null(file);
	assert_true(fread(text, 1, 8 * 1024 * 1024 - 1, file) > 0);
	fclose(file);
	while ((line = strstr(text, "  \"started\": \"")) != NULL ||
	    (line = strstr(text, "  \"ended\": \"")) != NULL) {
		int year, month, day, hour, minute, second, len = 0;

		assert_int_equal(
		    sscanf(strchr(line, ':'), ": \"%4d-%2d-%2dT%2d:%2d:%2dZ\",%n", &year,
			&month, &day, &hour, &minute, &second, &len),
		    6);
		assert_in_range(year, 2024, 9999);
		assert_true(len > 0);
		end = strchr(line, '\n') + 1;
		memmove(line, end, strlen(end) + 1);
	}
	line = strstr(text, "  \"pid\": ");
	if (line) { /* of ours: an older one has none */
		assert_int_equal(strtol(strchr(line, ':') + 1, &end, 10), getpid());
		memmove(line, end + 2, strlen(end + 2) + 1); /* after its comma */
	}
	return text;
}

/* ---- what it says ---- */

static struct tablespace spaces[] = {
	{ .oid = 16400, .target = (char[]){ "/srv/ssd" }, .sent = 1024 },
	{ .oid = 4294967295, .target = (char[]){ "/srv/caf\xE9 \"x\"\n" }, .sent = 5 },
};

static const struct tablespaces tablespaces = { .count = 2, .rows = spaces };
static char in_data[] = "/data/a.conf", a_name[] = "a.conf", dir[] = "/etc/d",
	    d_name[] = "d", file[] = "/etc/d/x", x_name[] = "d/x", unread[] = "/etc/e",
	    e_name[] = "e";
static struct configset_row config_rows[] = {
	{ .where = CONFIGSET_TREE, .path = in_data, .name = a_name, .is_there = true },
	{ .where = CONFIGSET_OUTSIDE,
	    .path = dir,
	    .name = d_name,
	    .is_directory = true,
	    .is_there = true },
	{ .where = CONFIGSET_OUTSIDE, .path = file, .name = x_name, .is_there = true },
	{ .where = CONFIGSET_OUTSIDE,
	    .path = unread,
	    .name = e_name,
	    .is_directory = true },
};
static const struct configset config = { .count = 4, .rows = config_rows };

static const struct progress past = { .npast = 2,
	.past = { { "starting", 0.25 }, { "sending files", 12.5 } } };

static struct report_facts all = {
	.command = "backup",
	.backup = { .called = "night\033[2J\xC3\xA9\\",
	    .mode = "online",
	    .source = FACTS_STANDBY,
	    .system_identifier = UINT64_C(18446744073709551615),
	    .range = { 0x2000028, UINT64_C(0x1000000F0), 3, 4 },
	    .wal = FACTS_THERE,
	    .manifest = FACTS_THERE,
	    .digest = DIGEST_SHA256,
	    .archive = { .compression = "gzip",
		.members = 1234,
		.raw = UINT64_C(1) << 60,
		.written = 77 } },
	.server_version_text = "15.20 (Debian)",
	.data_directory = "/pg\xFF/data",
	.output = "base.tar.gz",
	.compression_level = 9,
	.tablespaces = &tablespaces,
	.config = &config,
	.is_wal_proved = true,
	.are_pages_checked = true,
	.wal_records = 99,
	.pages = { .pages = 100, .files = 10, .damaged_pages = 2, .damaged_files = 1 },
	.progress = &past,
};

static const char all_said[] =
    "{\n"
    "  \"pg_basetar_report\": 1,\n"
    "  \"version\": \"" OPTIONS_PROGRAM_VERSION "\",\n"
    "  \"command\": \"backup\",\n"
    "  \"result\": \"findings\",\n"
    "  \"exit_status\": 3,\n"
    "  \"error\": null,\n"
    "  \"hint\": null,\n"
    "  \"seconds\": 12.750,\n"
    "  \"phases\": [\n"
    "    { \"phase\": \"starting\", \"seconds\": 0.250 },\n"
    "    { \"phase\": \"sending files\", \"seconds\": 12.500 }\n"
    "  ],\n"
    "  \"label\": \"night\\u001b[2J\xC3\xA9\\\\\",\n"
    "  \"mode\": \"online\",\n"
    "  \"source\": \"standby\",\n"
    "  \"server_version\": 15,\n"
    "  \"server_version_text\": \"15.20 (Debian)\",\n"
    "  \"system_identifier\": \"18446744073709551615\",\n"
    "  \"data_directory\": \"/pg" LOST "/data\",\n"
    "  \"data_directory_hex\": \"2f7067ff2f64617461\",\n"
    "  \"input\": null,\n"
    "  \"output\": \"base.tar.gz\",\n"
    "  \"compression\": \"gzip\",\n"
    "  \"compression_level\": 9,\n"
    "  \"wal_method\": \"fetch\",\n"
    "  \"manifest_checksums\": \"SHA256\",\n"
    "  \"start_lsn\": \"0/2000028\",\n"
    "  \"start_timeline\": 3,\n"
    "  \"stop_lsn\": \"1/F0\",\n"
    "  \"stop_timeline\": 4,\n"
    "  \"tablespaces\": [\n"
    "    { \"oid\": 16400, \"location\": \"/srv/ssd\", \"bytes\": 1024 },\n"
    "    { \"oid\": 4294967295, \"location\": \"/srv/caf" LOST " \\\"x\\\"\\n\", "
    "\"location_hex\": \"2f7372762f636166e92022782"
    "20a\", \"bytes\": 5 }\n"
    "  ],\n"
    "  \"configuration\": [\n"
    "    { \"location\": \"/etc/d/x\", \"name\": \"d/x\" },\n"
    "    { \"location\": \"/etc/e\", \"name\": null }\n"
    "  ],\n"
    "  \"members\": 1234,\n"
    "  \"bytes_raw\": 1152921504606846976,\n"
    "  \"bytes_written\": 77,\n"
    "  \"wal_records\": 99,\n"
    "  \"pages_checked\": 100,\n"
    "  \"files_checked\": 10,\n"
    "  \"damaged_pages\": 2,\n"
    "  \"damaged_files\": 1,\n"
    "  \"benign_pages\": 0,\n"
    "  \"findings\": [\n"
    "    { \"kind\": \"checksum\", \"file\": \"base/5/" LOST "\", \"file_hex\": "
    "\"626173652f352ffe\", \"block\": 0, \"offset\": null, \"expected\": \"1A2B\", \"found\": \"C\", "
    "\"digest\": null, \"text\": \"one " LOST "\", \"text_hex\": \"6f6e6520fe\" },\n"
    "    { \"kind\": \"more\", \"file\": null, \"block\": null, \"offset\": null, \"expected\": null, "
    "\"found\": null, \"digest\": null, \"text\": \"two\" }\n"
    "  ],\n"
    "  \"findings_left_out\": 0,\n"
    "  \"warnings\": [\n"
    "    { \"text\": \"skipping \\\"a\\nhint: b\\\"\" }\n"
    "  ],\n"
    "  \"warnings_left_out\": 0\n"
    "}\n";

/* A finding is said in any case: not into the output of the test. */
static void
find_silently(const struct finding *f)
{
	int before = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);

	dup2(null, STDERR_FILENO);
	message_finding(f);
	dup2(before, STDERR_FILENO);
	close(null);
	close(before);
}

static void
all_is_said(void **state)
{
	struct error err = { 0 };
	struct report *r;
	struct stat st;
	char *text;
	size_t fds = openfds_count();

	(void)state;
	faketree_put(root, "report", OLD);
	assert_int_equal(report_open(&r, "report", false, &err), 0);
	message_warning("skipping \"a\nhint: b\"");
	find_silently(&(struct finding){ .text = "one \xFE",
	    .kind = "checksum",
	    .file = "base/5/\xFE",
	    .has_block = true,
	    .expected = "1A2B",
	    .found = "C" });
	find_silently(&(struct finding){ .text = "two", .kind = "more" });
	assert_int_equal(report_write(r, REPORT_FINDINGS, NULL, &all, &err), 0);
	message_warning("too late");
	report_free(r);
	text = read_report("report");
	assert_string_equal(text, all_said);
	free(text);
	assert_int_equal(stat("report", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(openfds_count(), fds);
}

/* The keys are the same ones, whatever is known. */
static void
nothing_is_known(void **state)
{
	static const struct progress none = { 0 };
	static const char *const lines[] = {
		"  \"result\": \"failed\",\n  \"exit_status\": 1,\n",
		"  \"error\": \"\\\"x\\\": Permission denied\",\n",
		"  \"hint\": \"Run pg_basetar as the owner", "  \"phases\": [],\n",
		"  \"label\": null,\n", "  \"server_version\": null,\n",
		"  \"system_identifier\": null,\n", "  \"output\": null,\n",
		"  \"start_lsn\": null,\n", "  \"stop_timeline\": null,\n",
		"  \"tablespaces\": [],\n", "  \"bytes_raw\": 0,\n",
		"  \"wal_records\": null,\n", "  \"pages_checked\": null,\n",
		"  \"damaged_files\": null,\n", "  \"findings\": [],\n",
		"  \"warnings\": [],\n"
	};
	struct error err = { 0 }, why = { 0 };
	struct report *r;
	char *text;

	(void)state;
	error_set(&why, ERROR_IO, EACCES, "\"x\"");
	assert_int_equal(report_open(&r, "report", true, &err), 0);
	assert_int_equal(report_write(r, REPORT_FAILED, &why,
			     &(struct report_facts){ .progress = &none }, &err),
	    0);
	report_free(r);
	text = read_report("report");
	for (size_t i = 0; i < COUNT(lines); i++)
		if (strstr(text, lines[i]) == NULL)
			fail_msg("%s is not in %s", lines[i], text);
	free(text);
}

/* From its beginning on: whatever ends the run, an earlier report is not taken for its own. */
static void
a_run_that_goes_on(void **state)
{
	static const struct progress none = { 0 };
	static const char *const lines[] = {
		"  \"result\": \"running\",\n  \"exit_status\": null,\n",
		"  \"error\": null,\n", "  \"label\": \"nightly\",\n",
		"  \"seconds\": null,\n", "  \"findings\": [],\n"
	};
	const struct report_facts facts = {
		.command = "backup", .backup.called = "nightly", .progress = &none
	};
	struct error err = { 0 };
	struct stat here;
	struct report *r;
	char *text;
	size_t fds = openfds_count();

	(void)state;
	faketree_put(root, "report", OLD);
	assert_int_equal(report_open(&r, "report", true, &err), 0);
	text = read_report("report");
	assert_null(strstr(text, "running")); /* it may have to be refused */
	free(text);
	assert_int_equal(report_begin(r, &facts, &err), 0);
	report_free(r); /* and never written */
	text = read_report("report");
	for (size_t i = 0; i < COUNT(lines); i++)
		if (strstr(text, lines[i]) == NULL)
			fail_msg("%s is not in %s", lines[i], text);
	free(text);

	/* the next run replaces it, and takes it back where it may not be */
	assert_int_equal(report_open(&r, "report", true, &err), 0);
	assert_int_equal(report_begin(r, &facts, &err), 0);
	assert_int_equal(stat(".", &here), 0);
	assert_int_equal(report_refuse_inside(r, &here, "the data directory", &err), -1);
	assert_int_equal(access("report", F_OK), -1);
	report_free(r);
	assert_int_equal(report_begin(NULL, &facts, &err), 0);
	assert_int_equal(openfds_count(), fds);
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		n++;
	}
	return n;
}

/* Memory is bounded; what is left out is counted. */
static void
many_rows(void **state)
{
	struct error err = { 0 };
	struct report *r;
	char *text;

	(void)state;
	assert_int_equal(report_open(&r, "report", true, &err), 0);
	for (int i = 0; i < REPORT_ROWS + 7; i++)
		message_warning("warned");
	for (int i = 0; i < REPORT_ROWS + 3; i++)
		find_silently(&(struct finding){ .text = "found" });
	assert_int_equal(report_write(r, REPORT_SOUND, NULL, &all, &err), 0);
	report_free(r);
	text = read_report("report");
	assert_int_equal(count(text, "{ \"text\": \"warned\" }"), REPORT_ROWS);
	assert_int_equal(count(text, "\"text\": \"found\" }"), REPORT_ROWS);
	assert_non_null(strstr(text, "\"warnings_left_out\": 7\n"));
	assert_non_null(strstr(text, "\"findings_left_out\": 3,\n"));
	free(text);
}

/* ---- whole or not at all ---- */

static struct fault {
	const char *name;
	struct refuse refuse;
	const char *text;
} faults[] = {
	{ "a disk that is full", { SYS_write, 0, 0, 0, ENOSPC },
	    "the report was not written: \"report\": could not write: No space left on device" },
	{ "a disk that does not sync", { SYS_fsync, 0, 0, 0, EIO },
	    "the report was not written: \"report\": could not fsync: Input/output error" },
	{ "a directory that forbids names", { SYS_linkat, 0, 0, 0, EACCES },
	    "the report was not written: \"report\": could not give the file its name: "
	    "Permission denied" },
	{ "a name that cannot be replaced", { SYS_renameat, 0, 0, 0, EPERM },
	    "the report was not written: \"report\": could not give the file its name: "
	    "Operation not permitted" },
};

struct writing {
	struct report *report;
	struct error err;
	int rc;
};

static void
write_it(void *arg)
{
	struct writing *w = arg;

	w->rc = report_write(w->report, REPORT_SOUND, NULL, &all, &w->err);
}

/* The earlier one is not taken for this run's, nor is anything else left. */
static void
check_fault(void **state)
{
	const struct fault *f = *state;
	struct writing w = { .rc = 1 };
	size_t fds = openfds_count();

	faketree_put(root, "only/report", OLD);
	assert_int_equal(chdir("only"), 0);
	assert_int_equal(report_open(&w.report, "report", false, &w.err), 0);
	if (!refuse_run(&f->refuse, 1, write_it, &w)) {
		report_free(w.report);
		skip();
	}
	report_free(w.report);
	assert_int_equal(w.rc, -1);
	assert_string_equal(w.err.text, f->text);
	assert_string_equal(w.err.hint,
	    "The exit status is that of the backup, although the report is missing.");
	assert_int_equal(chdir(".."), 0);
	assert_int_equal(rmdir("only"), 0);
	assert_int_equal(openfds_count(), fds);
}

/* A run that never came to write it leaves the earlier one. */
static void
not_written(void **state)
{
	struct error err = { 0 };
	struct report *r;
	char *text;

	(void)state;
	faketree_put(root, "report", OLD);
	assert_int_equal(report_open(&r, "report", false, &err), 0);
	report_free(r);
	text = read_report("report");
	assert_string_equal(text, OLD);
	free(text);
}

static void
no_report(void **state)
{
	struct error err = { 0 };
	struct stat st = { 0 };

	(void)state;
	assert_int_equal(report_refuse_inside(NULL, &st, "x", &err), 0);
	assert_int_equal(report_refuse_output(NULL, "x", 1, &err), 0);
	assert_int_equal(report_write(NULL, REPORT_SOUND, NULL, &all, &err), 0);
	report_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest others[] = { cmocka_unit_test(all_is_said),
		cmocka_unit_test(nothing_is_known), cmocka_unit_test(a_run_that_goes_on),
		cmocka_unit_test(many_rows), cmocka_unit_test(not_written),
		cmocka_unit_test(no_report) };
	struct CMUnitTest tests[COUNT(others) + COUNT(faults)];
	struct CMUnitTest *t = tests + COUNT(others);

	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < COUNT(faults); i++)
		*t++ = (struct CMUnitTest){ .name = faults[i].name,
			.test_func = check_fault,
			.initial_state = &faults[i] };
	all.backup.version = cluster_version(15);
	return cmocka_run_group_tests(tests, setup, faketree_leave);
}

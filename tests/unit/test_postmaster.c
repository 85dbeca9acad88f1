#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pg/postmaster.h"

/* Lines as a server writes them, and what they say. */
static struct row {
	const char *name, *text;
	struct {
		int64_t pid, start_time;
		bool is_standalone;
		unsigned port;
		const char *datadir, *socket_dir, *listen_addr, *status;
	} is;
} rows[] = {
	{ "running",
	    "4242\n/var/lib/postgresql/15/main\n1795348669\n5432\n/var/run/postgresql\n"
	    "localhost\n  5432001     32768\nready   \n",
	    { 4242, 1795348669, false, 5432, "/var/lib/postgresql/15/main",
		"/var/run/postgresql", "localhost", "ready" } },
	{ "starting",
	    "4242\n/d\n1795348669\n5433\n/tmp\n*\n  5433001     32769\nstarting\n",
	    { 4242, 1795348669, false, 5433, "/d", "/tmp", "*", "starting" } },
	{ "no TCP", "1\n/d\n1\n5432\n/tmp\n\n  5432001     32768\nready   \n",
	    { 1, 1, false, 5432, "/d", "/tmp", "", "ready" } },
	{ "no socket", "1\n/d\n1\n5432\n\n127.0.0.1\n  5432001     32768\nstopping\n",
	    { 1, 1, false, 5432, "/d", "", "127.0.0.1", "stopping" } },
	{ "first moment", "1\n/d\n1\n5432\n\n", { 1, 1, false, 5432, "/d", "", "", "" } },
	{ "addresses not known", "1\n/d\n1\n5432\n/tmp\n",
	    { 1, 1, false, 5432, "/d", "/tmp", "", "" } },
	{ "standalone", "-77\n/d\n1\n5432\n\n\n",
	    { 77, 1, true, 5432, "/d", "", "", "" } },
	{ "blanks in names", "1\n/a b /\xFF\n1\n5432\n/x y\n h \n",
	    { 1, 1, false, 5432, "/a b /\xFF", "/x y", " h ", "" } },
	{ "later lines", "1\n/d\n1\n1\n/tmp\n*\n1 2\nstandby \nninth\ntenth",
	    { 1, 1, false, 1, "/d", "/tmp", "*", "standby" } },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
parse_row(void **state)
{
	const struct row *row = *state;
	struct postmaster p;
	struct error err = { 0 };

	assert_int_equal(postmaster_parse(row->text, strlen(row->text), &p, &err), 0);
	assert_int_equal(p.pid, row->is.pid);
	assert_int_equal(p.is_standalone, row->is.is_standalone);
	assert_int_equal(p.start_time, row->is.start_time);
	assert_int_equal(p.port, row->is.port);
	assert_string_equal(p.datadir, row->is.datadir);
	assert_string_equal(p.socket_dir, row->is.socket_dir);
	assert_string_equal(p.listen_addr, row->is.listen_addr);
	assert_string_equal(p.status, row->is.status);
	postmaster_free(&p);
}

static void
segments(void **state)
{
	static const struct {
		const char *line;
		bool has;
		uint32_t key;
		uint64_t id;
	} all[] = { { "  5432001     32768", true, 5432001, 32768 },
		{ "4294967295 0", true, UINT32_MAX, 0 }, { "", false, 0, 0 },
		{ "5432001", false, 0, 0 }, { "5432001 ", false, 0, 0 },
		{ "x 1", false, 0, 0 }, { "1 x", false, 0, 0 }, { "1 2 ", false, 0, 0 },
		{ "4294967296 1", false, 0, 0 }, { "1 2147483648", false, 0, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct postmaster p;
		struct error err;
		char text[128];

		snprintf(text, sizeof(text), "1\n/d\n1\n1\n/tmp\n*\n%s\nready   \n",
		    all[i].line);
		assert_int_equal(postmaster_parse(text, strlen(text), &p, &err), 0);
		assert_int_equal(p.has_segment, all[i].has);
		assert_int_equal(p.segment_key, all[i].key);
		assert_int_equal(p.segment_id, all[i].id);
		postmaster_free(&p);
	}
}

static void
no_pid_file(void **state)
{
	static const struct {
		const char *text, *what;
	} bad[] = {
		{ "", "ends after 0 lines" },
		{ "1", "ends after 0 lines" },
		{ "1\n/d\n1\n5432\n", "ends after 4 lines" },
		{ "1\n/d\n1\n5432\n/tmp", "ends after 4 lines" },
		{ "\n/d\n1\n5432\n/tmp\n", "line 1 is not a valid process id" },
		{ "0\n/d\n1\n5432\n/tmp\n", "line 1 is not a valid process id" },
		{ "-\n/d\n1\n5432\n/tmp\n", "line 1 is not a valid process id" },
		{ "--1\n/d\n1\n5432\n/tmp\n", "line 1 is not a valid process id" },
		{ "4294967297\n/d\n1\n5432\n/tmp\n", "line 1 is not a valid process id" },
		{ "1 \n/d\n1\n5432\n/tmp\n", "line 1 is not a valid process id" },
		{ "1\n\n1\n5432\n/tmp\n", "line 2 is not a valid data directory" },
		{ "1\n/d\nnow\n5432\n/tmp\n", "line 3 is not a valid start time" },
		{ "1\n/d\n-1\n5432\n/tmp\n", "line 3 is not a valid start time" },
		{ "1\n/d\n9223372036854775808\n5432\n/tmp\n",
		    "line 3 is not a valid start time" },
		{ "1\n/d\n1\n65536\n/tmp\n", "line 4 is not a valid port" },
		{ "1\n/d\n1\nx\n/tmp\n", "line 4 is not a valid port" },
		{ "1\n/new\nline\n1\n5432\n/tmp\n", "line 3 is not a valid start time" },
		{ "1\n/d\n1\n5432\n/tmp\n*\n1 2\nsixteen letters!\n",
		    "line 8 is not a valid status" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct postmaster p = { .pid = 7 };
		struct error err = { 0 };

		assert_int_equal(
		    postmaster_parse(bad[i].text, strlen(bad[i].text), &p, &err), -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
		assert_string_equal(err.text, bad[i].what);
		assert_int_equal(p.pid, 7);
	}
	{
		struct postmaster p;
		struct error err = { 0 };

		assert_int_equal(postmaster_parse("1\n/d\0\n1\n1\n\n", 12, &p, &err), -1);
		assert_string_equal(err.text, "has a zero byte");
	}
	postmaster_free(NULL);
}

static void
alive(void **state)
{
	struct postmaster p = { .pid = getpid() };
	pid_t child;

	(void)state;
	assert_true(postmaster_is_alive(&p));
	p.pid = 1; /* of root: alive for us too, whoever we are */
	assert_true(postmaster_is_alive(&p));
	p.pid = 0;
	assert_false(postmaster_is_alive(&p));

	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	p.pid = child;
	assert_false(postmaster_is_alive(&p));
}

static struct opts_row {
	const char *name, *text;
	size_t count;
	const char *args[6];
	const char *datadir, *config_file; /* NULL: not given */
} opts_rows[] = {
	{ "program only", "/usr/bin/postgres\n", 1, { "/usr/bin/postgres" }, NULL, NULL },
	{ "pg_ctl", "/usr/bin/postgres \"-D\" \"/data\"\n", 3,
	    { "/usr/bin/postgres", "-D", "/data" }, "/data", NULL },
	{ "debian",
	    "/usr/lib/postgresql/15/bin/postgres \"-D\" \"/var/lib/postgresql/15/main\" "
	    "\"-c\" \"config_file=/etc/postgresql/15/main/postgresql.conf\"\n",
	    5,
	    { "/usr/lib/postgresql/15/bin/postgres", "-D", "/var/lib/postgresql/15/main",
		"-c", "config_file=/etc/postgresql/15/main/postgresql.conf" },
	    "/var/lib/postgresql/15/main", "/etc/postgresql/15/main/postgresql.conf" },
	{ "long options", "p \"--config-file=/a\" \"-D/b\" \"--Port=1\"\n", 4,
	    { "p", "--config-file=/a", "-D/b", "--Port=1" }, "/b", "/a" },
	{ "the last counts", "p \"-cConfig_File=/a\" \"-c\" \"config_file=/b\" \"-Dx\"\n",
	    5, { "p", "-cConfig_File=/a", "-c", "config_file=/b", "-Dx" }, "x", "/b" },
	{ "flags before", "p \"-iFc\" \"config_file=/b\" \"-iD\" \"/d\"\n", 5,
	    { "p", "-iFc", "config_file=/b", "-iD", "/d" }, "/d", "/b" },
	{ "values that look so", "p \"-k\" \"-D\" \"-p\" \"--config-file=/x\" \"-D\"\n",
	    6, { "p", "-k", "-D", "-p", "--config-file=/x", "-D" }, "", NULL },
	{ "other settings", "p \"-c\" \"config_fil=/a\" \"-c\" \"config_file_x=/b\"\n", 5,
	    { "p", "-c", "config_fil=/a", "-c", "config_file_x=/b" }, NULL, NULL },
	{ "empty value", "p \"-c\" \"config_file=\" \"\"\n", 4,
	    { "p", "-c", "config_file=", "" }, NULL, "" },
	{ "blanks and quotes", "/my dir/p \"-D\" \"/a b\"c\" \"-\"\n", 4,
	    { "/my dir/p", "-D", "/a b\"c", "-" }, "/a b\"c", NULL },
	{ "no option", "p \"config_file=/a\" \"D\"\n", 3, { "p", "config_file=/a", "D" },
	    NULL, NULL },
};

enum { OPTS_ROWS = sizeof(opts_rows) / sizeof(opts_rows[0]) };

static void
assert_same(const char *is, const char *wanted)
{
	if (wanted == NULL)
		assert_null(is);
	else {
		assert_non_null(is);
		assert_string_equal(is, wanted);
	}
}

static void
parse_opts_row(void **state)
{
	const struct opts_row *row = *state;
	struct postmaster_opts opts;
	struct error err = { 0 };

	assert_int_equal(
	    postmaster_opts_parse(row->text, strlen(row->text), &opts, &err), 0);
	assert_int_equal(opts.count, row->count);
	for (size_t i = 0; i < opts.count; i++)
		assert_string_equal(opts.args[i], row->args[i]);
	assert_same(postmaster_opts_datadir(&opts), row->datadir);
	assert_same(postmaster_opts_setting(&opts, "config_file"), row->config_file);
	postmaster_opts_free(&opts);
}

static void
no_opts_file(void **state)
{
	static const struct {
		const char *text, *what;
	} bad[] = {
		{ "", "is not a line of text" },
		{ "p", "is not a line of text" },
		{ "p \"-D\"", "is not a line of text" },
		{ "p \"\n", "the last argument does not end" },
		{ "p \"-D\n", "the last argument does not end" },
		{ "p \"-D\" \"/d\n", "the last argument does not end" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct postmaster_opts opts = { .count = 7 };
		struct error err = { 0 };

		assert_int_equal(
		    postmaster_opts_parse(bad[i].text, strlen(bad[i].text), &opts, &err),
		    -1);
		assert_int_equal(err.kind, ERROR_FORMAT);
		assert_string_equal(err.text, bad[i].what);
		assert_int_equal(opts.count, 7);
	}
	postmaster_opts_free(NULL);
}

static void
put(int dirfd, const char *name, const char *text)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void
files(void **state)
{
	char path[] = "/tmp/test_postmaster.XXXXXX";
	struct postmaster_opts opts;
	struct postmaster p;
	struct error err = { 0 };
	int fd;

	(void)state;
	assert_non_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);

	assert_int_equal(postmaster_read(fd, &p, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_int_equal(err.sys, ENOENT);
	assert_string_equal(err.text,
	    "file \"postmaster.pid\": could not open: No such file or directory");
	assert_int_equal(postmaster_opts_read(fd, &opts, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	assert_string_equal(err.text,
	    "file \"postmaster.opts\": could not open: No such file or directory");

	put(fd, "postmaster.pid", rows[0].text);
	put(fd, "postmaster.opts", opts_rows[2].text);
	assert_int_equal(postmaster_read(fd, &p, &err), 0);
	assert_int_equal(p.pid, 4242);
	postmaster_free(&p);
	assert_int_equal(postmaster_opts_read(fd, &opts, &err), 0);
	assert_int_equal(opts.count, 5);
	postmaster_opts_free(&opts);

	put(fd, "postmaster.pid", "rubbish\n");
	assert_int_equal(postmaster_read(fd, &p, &err), -1);
	assert_int_equal(err.kind, ERROR_FORMAT);
	assert_string_equal(
	    err.text, "file \"postmaster.pid\": line 1 is not a valid process id");

	assert_int_equal(unlinkat(fd, "postmaster.pid", 0), 0);
	assert_int_equal(unlinkat(fd, "postmaster.opts", 0), 0);
	close(fd);
	assert_int_equal(rmdir(path), 0);
}

int
main(void)
{
	static const struct CMUnitTest others[] = { cmocka_unit_test(no_pid_file),
		cmocka_unit_test(segments), cmocka_unit_test(alive),
		cmocka_unit_test(no_opts_file), cmocka_unit_test(files) };
	enum { OTHERS = sizeof(others) / sizeof(others[0]) };
	struct CMUnitTest tests[OTHERS + ROWS + OPTS_ROWS];

	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = parse_row,
			.initial_state = &rows[i] };
	for (size_t i = 0; i < OPTS_ROWS; i++)
		tests[OTHERS + ROWS + i] = (struct CMUnitTest){ .name = opts_rows[i].name,
			.test_func = parse_opts_row,
			.initial_state = &opts_rows[i] };
	return cmocka_run_group_tests_name("postmaster", tests, NULL, NULL);
}

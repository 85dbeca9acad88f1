/* The configuration of a copy: what is installed, and which lines of it change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/restored.c.inc"

#include "restore/config.h"

static struct infofile_pair rows[] = {
	{ (char[]){ "conf.d/a.conf" }, (char[]){ "/etc/pg/conf.d/a.conf" } },
	{ (char[]){ "elsewhere/srv/tls.key" }, (char[]){ "/srv/tls.key" } },
	{ (char[]){ "names" }, (char[]){ "/etc/pg/names" } },
	{ (char[]){ "pg_hba.conf" }, (char[]){ "/etc/pg/pg_hba.conf" } },
	{ (char[]){ "postgresql.conf" }, (char[]){ "/etc/pg/postgresql.conf" } },
};
static struct infofile info = {
	.config = { sizeof(rows) / sizeof(rows[0]), rows },
	.config_file = (char[]){ "pg_basetar_config/postgresql.conf" },
};

static int
begin(void **state)
{
	struct error err = { 0 };

	if (restored_begin(state))
		return -1;
	restoring_open();
	return restore_tree_begin(&tree, &err);
}

/* What the archive has of it. */
static void
put(const char *path, const char *text)
{
	char whole[128];

	snprintf(whole, sizeof(whole), "new/%s", path);
	faketree_put(root, whole, text);
}

static void
put_all(const char *main_text)
{
	static const char *const made[] = { "pg_basetar_config",
		"pg_basetar_config/conf.d", "pg_basetar_config/elsewhere",
		"pg_basetar_config/elsewhere/srv" };

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		assert_int_equal(mkdirat(directories.datadir.fd, made[i], 0700), 0);
	put("pg_basetar_config/postgresql.conf", main_text);
	put("pg_basetar_config/conf.d/a.conf", "work_mem = 1MB\n");
	put("pg_basetar_config/names", "nobody\n");
	put("pg_basetar_config/pg_hba.conf", "local all all trust\n");
	put("pg_basetar_config/elsewhere/srv/tls.key", "key\n");
}

static int
install(struct error *err)
{
	return restore_config_install(&config, &info, cluster_version(16), err);
}

static void
expect(const char *path, const char *text)
{
	struct error err = { 0 };

	assert_int_equal(restore_tree_drain(&tree, &err), 0);
	restoring_expect(path, text);
}

/* Each line of the original, and what the copy has in its place. */
static void
lines(void **state)
{
	static const struct {
		const char *line, *copy;
	} cases[] = {
		{ "work_mem = 4MB # as it was", NULL },
		{ "# data_directory = '/old'", NULL },
		{ "hba_file = '/etc/pg/pg_hba.conf'", "" },
		{ "ident_file = '/etc/pg/none'", "" },
		{ "External_Pid_File '/run/x.pid'", "" },
		{ "external_pid_file = 'x.pid'", NULL },
		{ "log_directory = '/var/log/pg'", "" },
		{ "log_directory = '/old/./log'", "log_directory = 'log'\n" },
		{ "log_directory = '../log'", "" },
		{ "log_directory = '../old/log'", "log_directory = 'log'\n" },
		{ "data_directory = 'main'", "" },
		{ "stats_temp_directory = '/run/stats'", "" },
		{ "include_dir = 'conf.d'",
		    "include_dir = 'pg_basetar_config/conf.d'\n" },
		{ "include_dir = '/etc/pg/conf.d/'",
		    "include_dir = 'pg_basetar_config/conf.d'\n" },
		{ "include 'conf.d/../conf.d/a.conf'",
		    "include = 'pg_basetar_config/conf.d/a.conf'\n" },
		{ "include '/etc/passwd'", "" },
		{ "include '../../../etc/passwd'", "" },
		{ "include_if_exists = 'none'", "" },
		{ "ssl_key_file = '/srv/tls.key'",
		    "ssl_key_file = 'pg_basetar_config/elsewhere/srv/tls.key'\n" },
		{ "ssl_key_file = 'server.key'", NULL },
		{ "unix_socket_directories = '/nowhere, /tmp'",
		    "unix_socket_directories = '/tmp'\n" },
		{ "unix_socket_directories = '/nowhere'",
		    "unix_socket_directories = '/tmp'\n" },
		{ "unix_socket_directories = '@x, /tmp'", NULL },
	};
	char text[256], wanted[512];
	struct error err = { 0 };

	(void)state;
	put_all("");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(
		    text, sizeof(text), "data_directory = '/old'\n%s\n", cases[i].line);
		put("pg_basetar_config/postgresql.conf", text);
		snprintf(wanted, sizeof(wanted),
		    "#pg_basetar: data_directory = '/old'\n%s%s\n%s",
		    cases[i].copy ? "#pg_basetar: " : "", cases[i].line,
		    cases[i].copy ? cases[i].copy : "");
		assert_int_equal(install(&err), 0);
		expect("postgresql.conf", wanted);
		expect("pg_basetar_config/postgresql.conf", text);
		restore_config_free(&config);
		config = (struct restore_config){ .opt = &restoring_opt,
			.directories = &directories,
			.ownership = &ownership,
			.tree = &tree };
		assert_int_equal(
		    unlinkat(directories.datadir.fd, "postgresql.conf", 0), 0);
		assert_int_equal(unlinkat(directories.datadir.fd, "pg_hba.conf", 0), 0);
	}
}

/* Where only the backup says where the original was. */
static void
told(void **state)
{
	struct infofile_pair names[] = {
		{ (char[]){ "/mnt/data" }, (char[]){ "" } },
		{ (char[]){ "/var/data" }, (char[]){ "" } },
	};
	struct error err = { 0 };

	(void)state;
	put_all("include '/var/data/x.conf'\ninclude_if_exists '/mnt/data/x.conf'\n"
		"log_directory = '/var/data/log'\ninclude '/var/database/x.conf'\n");
	put("x.conf", "work_mem = 1MB\n");
	info.datadirs = (struct infofile_pairs){ 2, names };
	assert_int_equal(install(&err), 0);
	info.datadirs = (struct infofile_pairs){ 0 };
	expect("postgresql.conf",
	    "#pg_basetar: include '/var/data/x.conf'\ninclude = 'x.conf'\n"
	    "#pg_basetar: include_if_exists '/mnt/data/x.conf'\ninclude_if_exists = 'x.conf'\n"
	    "#pg_basetar: log_directory = '/var/data/log'\nlog_directory = 'log'\n"
	    "#pg_basetar: include '/var/database/x.conf'\n");
}

/* A file that is included changes where it is, and only then. */
static void
included(void **state)
{
	struct error err = { 0 };

	(void)state;
	put_all("port = 5999\ninclude_dir 'conf.d'\n");
	put("pg_basetar_config/conf.d/a.conf",
	    "data_directory = '/old'\ninclude '/etc/pg/names'\nport = 6000\n");
	assert_int_equal(install(&err), 0);
	expect("pg_basetar_config/conf.d/a.conf",
	    "#pg_basetar: data_directory = '/old'\n#pg_basetar: include '/etc/pg/names'\n"
	    "include = '../../pg_basetar_config/names'\nport = 6000\n");
	assert_string_equal(buf_text(&config.rules.port), "6000");
}

static void
authentication(void **state)
{
	struct error err = { 0 };

	(void)state;
	put_all("");
	put("pg_basetar_config/pg_hba.conf",
	    "local all @names trust\nlocal all \\\n @/etc/pg/names reject\n"
	    "local all @none reject\ninclude_dir conf.d\n");
	assert_int_equal(install(&err), 0);
	expect("pg_hba.conf",
	    "#pg_basetar: local all @names trust\nlocal all @pg_basetar_config/names trust\n"
	    "#pg_basetar: local all \\\n#pg_basetar:  @/etc/pg/names reject\n"
	    "local all \\\n @pg_basetar_config/names reject\n"
	    "local all @none reject\n"
	    "#pg_basetar: include_dir conf.d\ninclude_dir pg_basetar_config/conf.d\n");
}

/* A name is replaced where it stands, and not where a database or a longer name looks like it. */
static void
alike(void **state)
{
	struct error err = { 0 };

	(void)state;
	put_all("");
	put("pg_basetar_config/pg_hba.conf",
	    "host names @names 10.0.0.0/8 reject\n"
	    "local @none_names,@\"names\" all reject # @names\n"
	    "local \"@names\" @names,@names reject\n");
	assert_int_equal(install(&err), 0);
	expect("pg_hba.conf",
	    "#pg_basetar: host names @names 10.0.0.0/8 reject\n"
	    "host names @pg_basetar_config/names 10.0.0.0/8 reject\n"
	    "#pg_basetar: local @none_names,@\"names\" all reject # @names\n"
	    "local @none_names,@\"pg_basetar_config/names\" all reject # @names\n"
	    "#pg_basetar: local \"@names\" @names,@names reject\n"
	    "local \"@names\" @pg_basetar_config/names,@pg_basetar_config/names reject\n");
}

/* What the original did not use is in the way, and stays. */
static void
unused(void **state)
{
	struct error err = { 0 };

	(void)state;
	put_all("work_mem = 4MB\n");
	put("postgresql.conf", "of initdb\n");
	assert_int_equal(install(&err), 0);
	expect("postgresql.conf", "work_mem = 4MB\n");
	expect("postgresql.conf.unused", "of initdb\n");
}

static void
kept(void **state)
{
	struct error err = { 0 };

	(void)state;
	restoring_opt.config = CONFIG_METHOD_KEEP;
	put_all("data_directory = '/old'\n");
	put("postgresql.conf", "data_directory = '/old'\n");
	assert_int_equal(install(&err), 0);
	expect("postgresql.conf", "data_directory = '/old'\n");
	assert_int_equal(restoring_mode("pg_hba.conf"), 0);
}

/* No file of the data is written anew, and none outside, whatever includes it. */
static void
bounds(void **state)
{
	struct error err = { 0 };

	(void)state;
	put_all("include 'postgresql.conf'\ninclude '/old/global/x'\n"
		"include '/old/pg_basetar_config/link'\ndata_directory '/old'\n");
	assert_int_equal(mkdirat(directories.datadir.fd, "global", 0700), 0);
	put("global/x", "data_directory = '/old'\n");
	faketree_put(root, "elsewhere/x", "data_directory = '/old'\n");
	assert_int_equal(symlinkat("../../elsewhere/x", directories.datadir.fd,
			     "pg_basetar_config/link"),
	    0);
	assert_int_equal(install(&err), 0);
	expect("global/x", "data_directory = '/old'\n");
	expect("../elsewhere/x", "data_directory = '/old'\n");
}

static void
huge(void **state)
{
	struct error err = { 0 };
	int fd;

	(void)state;
	put_all("");
	fd = openat(directories.datadir.fd, "pg_basetar_config/pg_hba.conf", O_WRONLY);
	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, 17 << 20), 0);
	close(fd);
	assert_int_equal(install(&err), -1);
	assert_non_null(strstr(err.text, "it is implausibly large"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines, begin, restored_end),
		cmocka_unit_test_setup_teardown(told, begin, restored_end),
		cmocka_unit_test_setup_teardown(included, begin, restored_end),
		cmocka_unit_test_setup_teardown(authentication, begin, restored_end),
		cmocka_unit_test_setup_teardown(alike, begin, restored_end),
		cmocka_unit_test_setup_teardown(unused, begin, restored_end),
		cmocka_unit_test_setup_teardown(kept, begin, restored_end),
		cmocka_unit_test_setup_teardown(bounds, begin, restored_end),
		cmocka_unit_test_setup_teardown(huge, begin, restored_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

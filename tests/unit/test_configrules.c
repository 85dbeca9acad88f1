/* Which lines of a configuration a copy cannot keep: what becomes of each, and what is said of it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "restore/configrules.h"
#include "support/openedcopy.c.inc"
#include "support/rows.h"

/* The original was /old, its configuration in /etc/pg; the copy is "new" below the root. */
static struct infofile_pair config[] = {
	{ (char[]){ "conf.d/a.conf" }, (char[]){ "/etc/pg/conf.d/a.conf" } },
	{ (char[]){ "names" }, (char[]){ "/etc/pg/names" } },
	{ (char[]){ "odd name" }, (char[]){ "/etc/pg/odd name" } },
	{ (char[]){ "other_hba.conf" }, (char[]){ "/etc/pg/other_hba.conf" } },
	{ (char[]){ "pg_hba.conf" }, (char[]){ "/etc/pg/pg_hba.conf" } },
	{ (char[]){ "tls.key" }, (char[]){ "/etc/pg/tls.key" } },
};
static const struct infofile info = { .config = {
					  sizeof(config) / sizeof(config[0]), config } };

static const struct fake_file files[] = {
	{ "new/sub/b.conf", "" },
	{ "new/pg_basetar_config/conf.d/a.conf", "" },
	{ "new/pg_basetar_config/names", "" },
	{ "new/pg_basetar_config/odd name", "" },
	{ "new/pg_basetar_config/other_hba.conf", "" },
	{ "new/pg_basetar_config/pg_hba.conf", "" },
	{ "new/pg_basetar_config/tls.key", "" },
};

static struct configrules rules;

static int
begin(void **state)
{
	(void)state;
	rules = (struct configrules){ .find = &find,
		.owner = { .uid = geteuid(), .gid = getegid() } };
	return open_copy(files, sizeof(files) / sizeof(files[0]), &info);
}

static int
end(void **state)
{
	(void)state;
	configrules_free(&rules);
	close_copy();
	return 0;
}

static const struct configfile main_file = { "postgresql.conf",
	"/etc/pg/postgresql.conf" };

#define STAYS "stays"
#define OUT "out"

/* "%" is the new data directory. */
static struct row {
	const char *name;
	const char *setting, *value;
	const char *fate; /* STAYS, OUT, or the new value */
	const char *said; /* what is told of it begins so: the kind, then the text; "" */
	const char *include; /* what is read next */
} rows[] = {
	{ "what has no rule", "work_mem", "4MB", STAYS, "", "" },
	{ "an empty value", "data_directory", "", STAYS, "", "" },
	{ "the directory of the original", "data_directory", "/old", OUT,
	    "n\"postgresql.conf\": data_directory = '/old' is taken out: the server would work on that directory",
	    "" },
	{ "the directory of the copy", "data_directory", "%", STAYS, "", "" },
	{ "a relative directory", "data_directory", "main", OUT, "n", "" },
	{ "logs outside", "log_directory", "/var/log", OUT, "n", "" },
	{ "logs in the directory, by its old path", "log_directory", "/old/log", "log",
	    "n", "" },
	{ "logs in the directory", "log_directory", "log", STAYS, "", "" },
	{ "logs that leave it and come back", "log_directory", "../old/log", "log", "n",
	    "" },
	{ "the directory itself", "log_directory", "/old", OUT, "n", "" },
	{ "an installed file", "hba_file", "/etc/pg/pg_hba.conf", OUT, "n", "" },
	{ "one of another name", "hba_file", "/etc/pg/other_hba.conf",
	    "%/pg_basetar_config/other_hba.conf", "n", "" },
	{ "one that is not there", "ident_file", "/etc/pg/none", OUT, "n", "" },
	{ "no such socket directory", "unix_socket_directories", "/nowhere", "/tmp",
	    "n\"postgresql.conf\": unix_socket_directories is '/tmp' instead of '/nowhere'",
	    "" },
	{ "some of them", "unix_socket_directories", "/nowhere, %,\"@name\"", "%, @name",
	    "n", "" },
	{ "all of them", "unix_socket_directories", "%, @name", STAYS, "", "" },
	{ "a key that the server reads where it works", "ssl_key_file", "server.key",
	    STAYS, "", "" },
	{ "a key from outside", "ssl_key_file", "/etc/pg/tls.key",
	    "pg_basetar_config/tls.key", "n", "" },
	{ "a key that is nowhere", "ssl_key_file", "/nowhere/key", STAYS,
	    "w\"postgresql.conf\": ssl_key_file = '/nowhere/key' is neither in the backup nor on this host",
	    "" },
	{ "a key of this host", "ssl_ca_file", "/dev/null", STAYS, "", "" },
	{ "an include", "include", "names", "pg_basetar_config/names", "i",
	    "pg_basetar_config/names" },
	{ "a directory", "include_dir", "conf.d", "pg_basetar_config/conf.d", "i",
	    "pg_basetar_config/conf.d" },
	{ "an include in the directory", "include", "/old/sub/b.conf", "sub/b.conf", "i",
	    "sub/b.conf" },
	{ "an include that is not there", "include", "none", OUT,
	    "w\"postgresql.conf\": include 'none': it is not in the backup", "" },
	{ "one that need not be there", "include_if_exists", "none", OUT, "", "" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const char *
expand(char out[1024], const char *text)
{
	const char *mark = strchr(text, '%');

	snprintf(out, 1024, "%.*s%s%s", (int)(mark ? mark - text : 0), text,
	    mark ? datadir.path : text, mark ? mark + 1 : "");
	return out;
}

static const char *
fate_of(const struct configedit_change *change)
{
	return change->fate == CONFIGEDIT_STAYS ? STAYS :
	    change->fate == CONFIGEDIT_OUT      ? OUT :
						  buf_text(&change->value);
}

static void
check_row(void **state)
{
	const struct row *row = *state;
	struct configedit_change change = { .fate = CONFIGEDIT_STAYS };
	char value[1024], fate[1024];
	struct error err;

	assert_int_equal(configrules_setting(&rules, &main_file, row->setting,
			     expand(value, row->value), &change, &err),
	    0);
	assert_string_equal(fate_of(&change), expand(fate, row->fate));
	assert_string_equal(buf_text(&rules.include), row->include);
	if (row->said[0] == '\0')
		assert_int_equal(rules.told.len, 0);
	else
		assert_ptr_equal(
		    strstr(buf_text(&rules.told), row->said), buf_text(&rules.told));
	buf_free(&change.value);
}

/* Where the copy's server will be reached: the last line of each counts. */
static void
kept(void **state)
{
	struct configedit_change change = { .fate = CONFIGEDIT_STAYS };
	struct error err;

	(void)state;
	for (const char *const *port = (const char *const[]){ "5432", "5433", NULL };
	     *port; port++)
		assert_int_equal(
		    configrules_setting(&rules, &main_file, "port", *port, &change, &err),
		    0);
	assert_string_equal(buf_text(&rules.port), "5433");
	assert_int_equal(configrules_setting(&rules, &main_file,
			     "unix_socket_directories", "/nowhere", &change, &err),
	    0);
	assert_string_equal(buf_text(&rules.sockets), "/tmp");
	buf_free(&change.value);
}

/* A line of authentication is never taken out, and a name that would need quotes stays. */
static void
names(void **state)
{
	static const struct {
		enum hbatext_kind kind;
		const char *name, *fate;
	} all[] = {
		{ HBATEXT_LIST, "names", "pg_basetar_config/names" },
		{ HBATEXT_LIST, "none", STAYS },
		{ HBATEXT_LIST, "odd name", STAYS },
		{ HBATEXT_INCLUDE, "/etc/pg/names", "pg_basetar_config/names" },
		{ HBATEXT_INCLUDE_IF_EXISTS, "none", STAYS },
		{ HBATEXT_INCLUDE_DIR, "conf.d", "pg_basetar_config/conf.d" },
		{ HBATEXT_KEY, "/etc/pg/tls.key", "pg_basetar_config/tls.key" },
		{ HBATEXT_KEY, "tls.key", STAYS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct configedit_change change = { .fate = CONFIGEDIT_STAYS };
		struct error err;

		assert_int_equal(configrules_name(&rules, &main_file, all[i].kind,
				     all[i].name, &change, &err),
		    0);
		assert_string_equal(fate_of(&change), all[i].fate);
		buf_free(&change.value);
	}
}

static void
main_files(void **state)
{
	(void)state;
	assert_true(configrules_is_main("postgresql.conf"));
	assert_true(configrules_is_main("pg_hosts.conf"));
	assert_false(configrules_is_main("postgresql.auto.conf"));
	assert_false(configrules_is_main("sub/pg_hba.conf"));
}

int
main(void)
{
	enum { SINGLE = 3 };
	struct CMUnitTest tests[SINGLE + ROWS] = {
		cmocka_unit_test(kept),
		cmocka_unit_test(names),
		cmocka_unit_test(main_files),
	};

	rows_name(tests + SINGLE, rows, sizeof(rows[0]), ROWS, check_row);
	for (size_t i = 0; i < SINGLE + ROWS; i++) {
		tests[i].setup_func = begin;
		tests[i].teardown_func = end;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

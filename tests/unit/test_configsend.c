/* Configuration files as members: those outside, and what a link of the tree stands for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "backup/cluster.h"
#include "backup/config.h"
#include "backup/configsend.h"
#include "support/fake_archive.c.inc"
#include "support/fake_message.c.inc"
#include "support/faketree.h"

#define OUTSIDE(called, ...) \
	{ \
		.where = CONFIGSET_OUTSIDE, .path = (char[]){ "/etc/" called }, \
		.name = (char[]){ called }, __VA_ARGS__ \
	}
#define LINKED(called, ...) \
	{ \
		.where = CONFIGSET_LINKED, .path = (char[]){ "/d/" called }, \
		.name = (char[]){ called }, __VA_ARGS__ \
	}
#define THERE .is_there = true

/* In the order of an archive, as configset_sort() leaves them. */
static struct configset_row rows[] = {
	OUTSIDE("conf.d", THERE, .is_directory = true),
	OUTSIDE("conf.d/a.conf", THERE),
	OUTSIDE("elsewhere/srv/b.conf", THERE),
	OUTSIDE("elsewhere/srv/c.conf", THERE),
	OUTSIDE("gone.conf", .is_there = false),
	OUTSIDE("postgresql.conf", THERE),
	LINKED("linked.conf", THERE),
	LINKED("linked.d/a.conf", THERE),
	LINKED("lost.conf", .is_there = false),
	{ .where = CONFIGSET_TREE, .name = (char[]){ "tree.conf" }, .is_there = true },
};

static struct backup_cluster cluster;
static struct backup_config config = { .cluster = &cluster,
	.set = { .count = sizeof(rows) / sizeof(rows[0]), .rows = rows } };

static int
begin(void **state)
{
	(void)state;
	archive_begin();
	message_said[0] = '\0';
	config.log_directories[0] = config.log_directories[1] = (struct buf){ 0 };
	return 0;
}

/* Each directory once, before what is in it; what is not there is not sent. */
static void
outside(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(backup_configsend_outside(&config, NULL, &err), 0);
	assert_string_equal(archive_told,
	    "directory tree pg_basetar_config\n"
	    "directory tree pg_basetar_config/conf.d\n"
	    "bytes tree pg_basetar_config/conf.d/a.conf\n"
	    "directory tree pg_basetar_config/elsewhere\n"
	    "directory tree pg_basetar_config/elsewhere/srv\n"
	    "bytes tree pg_basetar_config/elsewhere/srv/b.conf\n"
	    "bytes tree pg_basetar_config/elsewhere/srv/c.conf\n"
	    "bytes tree pg_basetar_config/postgresql.conf\n");
}

static void
outside_fails(void **state)
{
	struct error err;

	(void)state;
	archive_fails = "directory tree pg_basetar_config/elsewhere\n";
	assert_int_equal(backup_configsend_outside(&config, NULL, &err), -1);
	assert_string_equal(err.text, "injected");
	assert_null(strstr(archive_told, "b.conf"));
}

static void
links(void **state)
{
	static const struct {
		const char *path, *told;
		bool is_done;
	} all[] = {
		{ "linked.conf", "bytes tree linked.conf\n", true },
		/* a directory of which a file is named: it is one in the archive */
		{ "linked.d", "directory tree linked.d\nbytes tree linked.d/a.conf\n",
		    true },
		{ "lost.conf", "", true },
		{ "log", "", true },
		{ "pg_log", "", true },
		{ "other", "", false },
		{ "tree.conf", "", false },
		{ "linked", "", false },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		bool is_done;
		struct error err;

		begin(state);
		assert_int_equal(
		    backup_configsend_link(&config, NULL, all[i].path, &is_done, &err),
		    0);
		assert_string_equal(archive_told, all[i].told);
		assert_int_equal(is_done, all[i].is_done);
	}
}

/* A link that leads where the server logs to, by whatever name. */
static void
log_link(void **state)
{
	static const struct fake_file tree[] = { { "logs", DIRECTORY },
		{ "data/mylog", LINK("../logs") }, { "data/more", LINK("..") } };
	char *root = faketree_new(tree, sizeof(tree) / sizeof(tree[0])), path[512];
	bool is_done;
	struct error err;

	(void)state;
	snprintf(path, sizeof(path), "%s/data", root);
	config.set.opt.datadir = path;
	config.set.opt.datadir_fd = cluster.datadir_fd = faketree_open(path);
	assert_int_equal(
	    buf_printf(&config.log_directories[1], &err, "%s/logs", root), 0);
	assert_int_equal(
	    backup_configsend_link(&config, NULL, "mylog", &is_done, &err), 0);
	assert_true(is_done);
	message_expect(
	    "info: \"mylog\" is a symbolic link to the log directory, which is not sent\n");
	assert_int_equal(
	    backup_configsend_link(&config, NULL, "more", &is_done, &err), 0);
	assert_false(is_done);
	/* the name is one of a container, and may be another directory here */
	config.set.opt.is_foreign = true;
	assert_int_equal(
	    backup_configsend_link(&config, NULL, "mylog", &is_done, &err), 0);
	assert_false(is_done);
	config.set.opt.is_foreign = false;
	buf_free(&config.log_directories[1]);
	close(cluster.datadir_fd);
	faketree_free(root);
}

/* What the tree has by the name of one of ours is not sent. */
static void
replaces(void **state)
{
	static const struct {
		const char *path;
		bool does;
	} all[] = {
		{ "pg_basetar_config", true },
		{ "pg_basetar_config/conf.d", true },
		{ "pg_basetar_config/conf.d/a.conf", true },
		{ "pg_basetar_config/elsewhere/srv", true },
		{ "pg_basetar_config/postgresql.conf/below", true },
		{ "pg_basetar_config/conf.d/other", false },
		{ "pg_basetar_config/gone.conf", false },
		{ "pg_basetar_config/linked.conf", false },
		{ "pg_basetar_configs", false },
		{ "postgresql.conf", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_int_equal(
		    backup_configsend_replaces(&config, all[i].path), all[i].does);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(outside, begin),
		cmocka_unit_test_setup(outside_fails, begin),
		cmocka_unit_test_setup(links, begin),
		cmocka_unit_test_setup(log_link, begin),
		cmocka_unit_test_setup(replaces, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

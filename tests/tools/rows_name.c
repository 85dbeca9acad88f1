/* Names, links, and what lies where. */
#include <string.h>

#include "mutilate.h"

#define RELATION "base/1/1259"

/* A link ${to} -> ${from}, before ${member}. */
static void
add_link(struct image *image, const struct mutilation *row)
{
	size_t at = image_index(image, image_need(image, row->member));

	member_make(image_insert(image, at),
	    &(struct tar_entry){
		.name = row->to, .link = row->from, .type = TAR_SYMLINK, .mode = 0777 },
	    NULL);
}

/* The link leads to ${to}. */
static void
set_target(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member), old = *m;

	member_make(m,
	    &(struct tar_entry){
		.name = old.name, .link = row->to, .type = TAR_SYMLINK, .mode = 0777 },
	    NULL);
}

/* A file ${to} below ${member}, after it. */
static void
add_below(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);
	size_t at = image_index(image, m);
	struct buf name = { 0 };
	struct error err = { 0 };

	must(buf_printf(&name, &err, "%s/%s", m->name, row->to), &err);
	member_make(image_insert(image, at + 1),
	    &(struct tar_entry){
		.name = buf_text(&name), .type = TAR_FILE, .mode = 0600 },
	    NULL);
	buf_free(&name);
}

/* A directory ${to} before ${member}. */
static void
add_directory(struct image *image, const struct mutilation *row)
{
	size_t at = image_index(image, image_need(image, row->member));

	member_make(image_insert(image, at),
	    &(struct tar_entry){ .name = row->to, .type = TAR_DIRECTORY, .mode = 0700 },
	    NULL);
}

const struct mutilation name_rows[] = {
	{ "name: absolute", "online", change_name, RELATION, NULL, "/base/1/1259", 0,
	    AS_IS, 3,
	    { "name: \"/base/1/1259\", at offset [0-9]+: its name is absolute",
		"missing: \"base/1/1259\"" } },
	{ "name: absolute, manifest rebuilt", "offline", change_name, "postgresql.conf",
	    NULL, "/etc/passwd", 0, REBUILD, 3,
	    { "name: \"/etc/passwd\", at offset [0-9]+: its name is absolute" } },
	{ "name: with ..", "online", change_name, RELATION, NULL, "base/1/../1259", 0,
	    AS_IS, 3, { "name: \"base/1/../1259\", at offset [0-9]+: .*\"\\.\\.\"" } },
	{ "name: begins with ..", "online", change_name, RELATION, NULL, "../1259", 0,
	    AS_IS, 3, { "name: \"../1259\", at offset [0-9]+: .*\"\\.\\.\"" } },
	{ "name: ends in ..", "online", add_directory, RELATION, NULL, "base/1/..", 0,
	    AS_IS, 3, { "name: \"base/1/\\.\\.\", at offset [0-9]+: .*\"\\.\\.\"" } },
	{ "name: with .", "online", change_name, RELATION, NULL, "base/./5/1259", 0,
	    AS_IS, 3, { "name: \"base/\\./5/1259\", at offset [0-9]+: .*\"\\.\"" } },
	{ "name: with an empty part", "online", change_name, RELATION, NULL,
	    "base//5/1259", 0, AS_IS, 3,
	    { "name: \"base//5/1259\", at offset [0-9]+: .*empty component" } },
	{ "name: below a link", "online", add_below, "pg_tblspc/*", NULL, "evil", 0,
	    AS_IS, 3, { "(name|extra): \"pg_tblspc/[0-9]+/evil\", at offset [0-9]+" } },
	{ "name: below a link, manifest rebuilt", "online", add_below, "pg_tblspc/*",
	    NULL, "evil", 0, REBUILD, 3,
	    { "name: \"pg_tblspc/[0-9]+/evil\", at offset [0-9]+: its parent is not" } },
	{ "name: below a file", "online", add_below, "PG_VERSION", NULL, "evil", 0,
	    REBUILD, 3,
	    { "name: \"PG_VERSION/evil\", at offset [0-9]+: its parent is not" } },
	{ "name: in a directory that is not there", "online", change_add, "pg_notify",
	    NULL, "pg_none/file", 0, REBUILD, 3,
	    { "missing: \"pg_none\": directory is missing" } },

	{ "link: of a tablespace, missing", "online", change_remove, "pg_tblspc/*", NULL,
	    NULL, 0, AS_IS, 3, { "missing: \"pg_tblspc/[0-9]+\": .*link" } },
	{ "link: leads out of the backup", "online offline", set_target, "pg_tblspc/*",
	    NULL, "/srv/space", 0, AS_IS, 3,
	    { "name: \"pg_tblspc/[0-9]+\", at offset [0-9]+: .*leads" } },
	{ "link: leads out by ..", "online", set_target, "pg_tblspc/*", NULL,
	    "../../space", 0, AS_IS, 3,
	    { "name: \"pg_tblspc/[0-9]+\", at offset [0-9]+: .*leads" } },
	{ "link: leads to another tablespace", "online", set_target, "pg_tblspc/*", NULL,
	    "../pg_basetar_tblspc/1", 0, AS_IS, 3,
	    { "name: \"pg_tblspc/[0-9]+\", at offset [0-9]+: .*leads" } },
	{ "link: elsewhere than in pg_tblspc", "online", add_link, "base/1", "/etc",
	    "base/4.link", 0, AS_IS, 3,
	    { "name: \"base/4.link\", at offset [0-9]+: .*link" } },
	{ "link: of the data directory", "online", add_link, "pg_wal", "/tmp", "pg_vol",
	    0, AS_IS, 3, { "name: \"pg_vol\", at offset [0-9]+: .*link" } },
	{ "link: of a tablespace that nothing tells of", "online", add_link,
	    "pg_twophase", "../pg_basetar_tblspc/99999", "pg_tblspc/99999", 0, AS_IS, 3,
	    { "name: \"pg_tblspc/99999\", at offset [0-9]+: .*link" } },
	{ "link: the name of no tablespace", "online", add_link, "pg_twophase",
	    "../pg_basetar_tblspc/x", "pg_tblspc/x", 0, AS_IS, 3,
	    { "name: \"pg_tblspc/x\", at offset [0-9]+: .*link" } },

	{ "directory: pg_notify missing", "online offline", change_remove, "pg_notify",
	    NULL, NULL, 0, AS_IS, 3, { "missing: \"pg_notify\": .*directory" } },
	{ "directory: pg_replslot missing", "online", change_remove, "pg_replslot", NULL,
	    NULL, 0, AS_IS, 3, { "missing: \"pg_replslot\": .*directory" } },
	{ "directory: pg_subtrans missing", "online", change_remove, "pg_subtrans", NULL,
	    NULL, 0, AS_IS, 3, { "missing: \"pg_subtrans\": .*directory" } },
	{ "directory: pg_commit_ts missing", "online", change_remove, "pg_commit_ts",
	    NULL, NULL, 0, AS_IS, 3, { "missing: \"pg_commit_ts\": .*directory" } },
	{ "directory: pg_twophase missing", "online", change_remove, "pg_twophase", NULL,
	    NULL, 0, AS_IS, 3, { "missing: \"pg_twophase\": .*directory" } },
	{ "directory: pg_logical/snapshots missing", "online", change_remove,
	    "pg_logical/snapshots", NULL, NULL, 0, AS_IS, 3,
	    { "missing: \"pg_logical/snapshots\": .*directory" } },
	{ "directory: pg_logical/mappings missing", "online", change_remove,
	    "pg_logical/mappings", NULL, NULL, 0, AS_IS, 3,
	    { "missing: \"pg_logical/mappings\": .*directory" } },
	{ "directory: pg_dynshmem missing", "online", change_remove, "pg_dynshmem", NULL,
	    NULL, 0, AS_IS, 0, { NULL } },
	{ "directory: pg_stat missing", "online", change_remove, "pg_stat", NULL, NULL, 0,
	    AS_IS, 0, { NULL } },
	{ "directory: pg_stat_tmp missing", "online", change_remove, "pg_stat_tmp", NULL,
	    NULL, 0, AS_IS, 0, { NULL } },
	{ "directory: pg_serial missing", "online", change_remove, "pg_serial", NULL,
	    NULL, 0, AS_IS, 0, { NULL } },
	{ "directory: pg_snapshots missing", "online", change_remove, "pg_snapshots",
	    NULL, NULL, 0, AS_IS, 0, { NULL } },
	{ "directory: pg_tblspc missing", "online", change_remove, "pg_tblspc", NULL,
	    NULL, 0, AS_IS, 3, { "missing: \"pg_tblspc\": directory is missing" } },
	{ "directory: of a database missing", "online", change_remove, "base/1", NULL,
	    NULL, 0, AS_IS, 3, { "missing: \"base/1\": directory is missing" } },
	{ "directory: of a tablespace missing", "online", change_remove,
	    "pg_basetar_tblspc/*", NULL, NULL, 0, AS_IS, 3,
	    { "missing: \"pg_(tblspc|basetar_tblspc)/[0-9]+[^\"]*\".*directory" } },
	{ "directory: doubled", "online", change_double, "base/1", NULL, NULL, 0, AS_IS,
	    3, { "duplicate: \"base/1\", at offset [0-9]+" } },
	{ 0 },
};

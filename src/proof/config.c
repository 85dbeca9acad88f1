/*
 * Configuration files: a backup without them is sound, and restores; but its server does not
 * start, or not as the original did, until somebody finds what is missing.  That is a warning.
 */
#include "proof/config.h"

#include <stdio.h>

#include "format/layout.h"

/* So many are named. */
enum { NAMED = 20 };

static int
has_file(struct memberset *members, const char *path, bool *is_there, struct error *err)
{
	struct memberset_row *row;

	if (memberset_find(members, path, &row, err))
		return -1;
	*is_there = row && row->type == TAR_FILE;
	return 0;
}

/* Anywhere: pg_basetar.info says where, and there are two places without being told. */
static int
find_main(const struct facts *facts, struct memberset *members, bool *is_there,
    struct error *err)
{
	static const char name[] = "postgresql.conf",
			  outside[] = LAYOUT_CONFIG "/postgresql.conf";

	if (has_file(members, name, is_there, err) ||
	    (!*is_there && has_file(members, outside, is_there, err)))
		return -1;
	if (*is_there || facts->info == NULL || facts->info->config_file == NULL)
		return 0;
	return has_file(members, facts->info->config_file, is_there, err);
}

/* Those that pg_basetar.info lists and that are missing: they could not be read. */
static int
warn_of_unread(const struct infofile *info, struct memberset *members,
    const struct findings *findings, struct error *err)
{
	const struct infofile_pairs *config = &info->config;
	char text[1024];
	size_t missing = 0;

	for (size_t i = 0; i < config->count; i++) {
		struct buf path = { 0 };
		bool is_there = false;
		int rc =
		    buf_printf(&path, err, "%s/%s", LAYOUT_CONFIG, config->rows[i].name);

		if (rc == 0)
			rc = has_file(members, buf_text(&path), &is_there, err);
		buf_free(&path);
		if (rc == -1)
			return -1;
		if (is_there || missing++ >= NAMED)
			continue;
		snprintf(text, sizeof(text),
		    "configuration file \"%.900s\" is not in the backup: it could not be read",
		    config->rows[i].path);
		findings->warn(text);
	}
	if (missing > NAMED) {
		snprintf(text, sizeof(text),
		    "%zu more configuration files are not in the backup: they could not be read",
		    missing - NAMED);
		findings->warn(text);
	}
	return 0;
}

int
proof_config_judge(const struct facts *facts, struct memberset *members,
    const struct findings *findings, struct error *err)
{
	bool has_tree, has_main;

	if (has_file(members, "PG_VERSION", &has_tree, err) ||
	    find_main(facts, members, &has_main, err))
		return -1;
	if (has_tree && !has_main)
		findings->warn(
		    "the backup has no postgresql.conf, because the original has it outside its data directory: the copy does not start without one");
	return facts->info ? warn_of_unread(facts->info, members, findings, err) : 0;
}

/* Members that are kept whole, because others are judged by what they say. */
#include <stdio.h>
#include <string.h>

#include "format/layout.h"
#include "pg/cluster.h"
#include "proof/checker_internal.h"

/* The first of each that is understood; of history files all. */
bool
checker_text_is_kept(
    const struct checker *c, enum memberorder_kind kind, const char *path)
{
	const bool is_known = (kind == MEMBERORDER_LABEL && c->has_label) ||
	    (kind == MEMBERORDER_MAP && c->has_map) ||
	    (kind == MEMBERORDER_INFO && c->has_info) ||
	    (kind == MEMBERORDER_CONTROL && c->has_control) ||
	    (kind == MEMBERORDER_TREE && c->version);

	return !is_known && memberorder_text_most(kind, path) > 0;
}

/* Where the configuration is in the data directory; the second is read last by the server. */
static struct setting *
setting_in(struct checker *c, const char *path)
{
	if (c->now.kind != MEMBERORDER_TREE)
		return NULL;
	if (strcmp(path, "postgresql.conf") == 0)
		return &c->in_place.of_conf;
	return strcmp(path, CHECKER_SETTINGS) == 0 ? &c->in_place.of_auto_conf : NULL;
}

/* A file longer than that may say anything. */
#define CONFIG_MOST ((uint64_t)4 * 1024 * 1024)

bool
checker_text_is_config(struct checker *c, const char *path, uint64_t size)
{
	struct setting *setting = setting_in(c, path);

	if (setting == NULL)
		return false;
	/* pg_basebackup -R sends the second one twice, and the last one counts */
	*setting = (struct setting){ .has_include = size > CONFIG_MOST };
	c->in_place.has_conf |= setting == &c->in_place.of_conf;
	return size <= CONFIG_MOST;
}

static int
take_label(struct checker *c, struct error *err)
{
	/* a release that is not known may write it otherwise, and is named before any damage */
	if (label_parse(buf_text(&c->now.text), c->now.text.len, &c->label, err)) {
		if (err->kind != ERROR_FORMAT)
			return -1;
		c->has_bad_label = true;
		c->bad_label = c->now.row;
		c->label_error = *err;
		*err = (struct error){ 0 };
		return 0;
	}
	c->has_label = true;
	if (strchr(c->label.text, '\n'))
		c->opt.warning(
		    "the label in backup_label has several lines: the server does not read "
		    "what follows them, and recovers without");
	return 0;
}

static int
take_map(struct checker *c, struct error *err)
{
	c->has_map = true;
	return buf_append(&c->map, c->now.text.data, c->now.text.len, err);
}

/* What follows would only look damaged. */
static int
check_release(const struct checker *c, struct error *err)
{
	char name[16];

	if (cluster_version(c->info.server_version))
		return 0;
	return cluster_unsupported(
	    snprintf(name, sizeof(name), "%u", c->info.server_version), name, err);
}

/* Of an unknown version nothing else would be understood either. */
static int
take_info(struct checker *c, struct error *err)
{
	if (infofile_parse(buf_text(&c->now.text), c->now.text.len, &c->info, err) == 0) {
		if (!c->has_label || !infofile_is_earlier(&c->info, &c->label)) {
			c->has_info = true;
			return check_release(c, err);
		}
		/* a file like others; should the backup be ours, pg_control says so */
		infofile_free(&c->info);
		c->has_earlier_info = true;
		c->order.last = MEMBERORDER_TREE;
		return 0;
	}
	if (err->kind == ERROR_UNSUPPORTED)
		return error_wrap(err, "\"%s\"", LAYOUT_INFO);
	return checker_content(c, c->now.row, FINDINGS_INFO, err);
}

static int
take_control(struct checker *c, struct error *err)
{
	static const uint8_t none[1];

	if (control_decode(c->now.text.len > 0 ? c->now.text.data : none, c->now.text.len,
		&c->control, err))
		return checker_content(c, c->now.row, FINDINGS_CONTROL, err);
	c->has_control = true;
	pagesuspect_control(c->pages, &c->control);
	return 0;
}

static int
take_version(struct checker *c, struct error *err)
{
	if (strlen(buf_text(&c->now.text)) == c->now.text.len &&
	    cluster_parse_version(buf_text(&c->now.text), &c->version, err) == 0)
		return 0;
	if (err->kind == ERROR_UNSUPPORTED)
		return -1;
	error_set(err, ERROR_FORMAT, 0, "holds no version of PostgreSQL");
	return checker_content(c, c->now.row, FINDINGS_CONTROL, err);
}

int
checker_text_take(struct checker *c, struct error *err)
{
	struct setting *setting = setting_in(c, c->now.row->path);

	if (setting)
		return setting_read(buf_text(&c->now.text), c->now.text.len,
		    "allow_in_place_tablespaces", setting, err);
	switch (c->now.kind) {
	case MEMBERORDER_LABEL:
		return take_label(c, err);
	case MEMBERORDER_MAP:
		return take_map(c, err);
	case MEMBERORDER_INFO:
		return take_info(c, err);
	case MEMBERORDER_CONTROL:
		return take_control(c, err);
	case MEMBERORDER_HISTORY:
		return checker_wal_history(c, err);
	default:
		return take_version(c, err);
	}
}

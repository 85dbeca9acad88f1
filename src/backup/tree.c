/*
 * The tree as members of the archive, in its order: what the archive says of itself, configuration
 * from elsewhere, each file and directory of the walk, and at last pg_control.
 */
/* realpath() */
#define _DEFAULT_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive/archive.h"
#include "backup/cluster.h"
#include "backup/config.h"
#include "backup/configsend.h"
#include "backup/copies.h"
#include "backup/files.h"
#include "backup/source.h"
#include "backup/stream.h"
#include "backup/tablespaces.h"
#include "backup/tree.h"
#include "backup/wal.h"
#include "cli/message.h"
#include "cli/options.h"
#include "datadir/walk.h"
#include "format/infofile.h"
#include "lib/lsn.h"
#include "lib/sys.h"
#include "pg/tablespace_map.h"
#include "stream/blockpipe.h"

/* What the walk tells goes into the archive. */
struct tree_visitor {
	struct visitor visitor; /* first */
	struct backup_tree *tree;
	struct backup_files *files;
	struct backup_copies *copies;
	bool has_tablespaces;  /* the directory of them has been sent */
	struct tablespace *in; /* what is being sent; NULL: the tree */
	uint64_t since;        /* where in the stream that began */
};

/* The tablespace that holds ${path}, "pg_tblspc/OID/..."; NULL: it is in the tree. */
static const struct tablespace *
tablespace_of(const struct backup_tree *tree, const char *path)
{
	static const char above[] = "pg_tblspc/";
	char oid[sizeof(tree->tablespaces->sent.rows->oid_text)];
	size_t len;

	if (strncmp(path, above, sizeof(above) - 1) != 0)
		return NULL;
	path += sizeof(above) - 1;
	len = strcspn(path, "/");
	if (len >= sizeof(oid) || path[len] == '\0')
		return NULL;
	memcpy(oid, path, len);
	oid[len] = '\0';
	return tablespaces_find(&tree->tablespaces->sent, oid);
}

/* Which part is ${path} of?  What is planned from here on counts as that part's. */
static enum layout_part
enter(struct tree_visitor *v, const char *path)
{
	const struct backup_tree *tree = v->tree;
	const struct tablespace *t = tablespace_of(tree, path);
	const uint64_t here = blockpipe_planned(tree->stream->pipe);

	if (v->in)
		v->in->sent += here - v->since;
	v->in =
	    t ? &tree->tablespaces->sent.rows[t - tree->tablespaces->sent.rows] : NULL;
	v->since = here;
	if (t == NULL)
		return LAYOUT_TREE;
	return tree->opt->split ? LAYOUT_LOCATION : LAYOUT_TABLESPACE;
}

/*
 * A server started the backup: else there is no label, and recovery needs none.  Without
 * one the server takes no notice of tablespace_map either.
 */
static bool
has_label(const struct backup_tree *tree)
{
	return tree->source->facts.label != NULL;
}

/* Before a tablespace's own directory come those that lead to it in the archive. */
static int
lead_to_tablespace(struct tree_visitor *v, const struct tablespace *t, struct error *err)
{
	const struct backup_tree *tree = v->tree;
	char path[sizeof(LAYOUT_TABLESPACES) + sizeof(t->oid_text) + 1];

	enter(v, LAYOUT_TABLESPACES);
	if (!v->has_tablespaces &&
	    archive_directory(
		tree->stream->archive, LAYOUT_TREE, LAYOUT_TABLESPACES, NULL, err))
		return -1;
	v->has_tablespaces = true;
	snprintf(path, sizeof(path), "%s/%s", LAYOUT_TABLESPACES, t->oid_text);
	return archive_directory(
	    tree->stream->archive, LAYOUT_TREE, path, &t->location, err);
}

static int
tree_directory(
    struct visitor *visitor, const char *path, const struct stat *st, struct error *err)
{
	struct tree_visitor *v = (struct tree_visitor *)visitor;
	struct backup_tree *tree = v->tree;
	const struct tablespace *t = tablespace_of(tree, path);

	if (backup_configsend_replaces(tree->config, path))
		return 0;
	if (accesscheck_member(
		&tree->access, &tree->cluster->datadir_stat, path, st, err) ||
	    backup_copies_directory(v->copies, path, err))
		return -1;
	/* pg_tblspc/OID/PG_x itself: two slashes */
	if (t && !tree->opt->split &&
	    strchr(strchr(path, '/') + 1, '/') == strrchr(path, '/') &&
	    lead_to_tablespace(v, t, err))
		return -1;
	return archive_directory(tree->stream->archive, enter(v, path), path, st, err);
}

static int
tree_link(struct visitor *visitor, const char *path, const char *target,
    const struct stat *st, struct error *err)
{
	struct tree_visitor *v = (struct tree_visitor *)visitor;
	struct backup_tree *tree = v->tree;

	/* pg_basetar.info tells it: it would lead the copy to the original */
	(void)target;
	if (tree->opt->split && has_label(tree))
		return 0; /* the server makes it, from tablespace_map */
	return archive_tablespace_link(
	    tree->stream->archive, strrchr(path, '/') + 1, st, err);
}

static int
tree_bytes(struct visitor *visitor, const char *path, const struct stat *st,
    const uint8_t *bytes, size_t len, struct error *err)
{
	struct tree_visitor *v = (struct tree_visitor *)visitor;
	struct backup_tree *tree = v->tree;

	if (backup_configsend_replaces(tree->config, path))
		return 0;
	backup_copies_file(v->copies, path);
	if (accesscheck_member(
		&tree->access, &tree->cluster->datadir_stat, path, st, err) ||
	    backup_files_bytes(v->files, path, bytes, len, err))
		return -1;
	return archive_bytes(
	    tree->stream->archive, enter(v, path), path, st, bytes, len, err);
}

static int
tree_file(struct visitor *visitor, const char *path, const struct stat *st, int fd,
    bool is_relation, struct error *err)
{
	struct tree_visitor *v = (struct tree_visitor *)visitor;
	struct backup_tree *tree = v->tree;
	struct stat now = *st;

	if (backup_configsend_replaces(tree->config, path)) {
		sys_close(fd);
		return 0;
	}
	if (accesscheck_member(
		&tree->access, &tree->cluster->datadir_stat, path, st, err) ||
	    (is_relation ? backup_files_relation(v->files, path, fd, &now, err) :
			   backup_files_other(v->files, path, fd, st, err))) {
		sys_close(fd);
		return -1;
	}
	return archive_file(
	    tree->stream->archive, enter(v, path), path, &now, fd, is_relation, err);
}

static int
tree_special(
    struct visitor *visitor, const char *path, enum dirlist_kind kind, struct error *err)
{
	struct tree_visitor *v = (struct tree_visitor *)visitor;
	struct backup_tree *tree = v->tree;
	bool is_done = false;
	char text[1024];

	if (kind == DIRLIST_LINK) {
		enter(v, path);
		if (backup_configsend_link(
			tree->config, tree->stream->archive, path, &is_done, err))
			return -1;
	}
	if (is_done)
		return 0;
	snprintf(text, sizeof(text), "skipping %s \"%s\"", dirlist_kind_name(kind), path);
	message_warning(text);
	return 0;
}

static const struct visitor_ops tree_ops = { tree_directory, tree_link, tree_bytes,
	tree_file, tree_special };

/* ---- what the archive says of itself ---- */

static int
send_text(
    struct backup_tree *tree, const char *name, const struct buf *text, struct error *err)
{
	return archive_bytes(
	    tree->stream->archive, LAYOUT_TREE, name, NULL, text->data, text->len, err);
}

static int
send_label(struct backup_tree *tree, struct error *err)
{
	struct buf text = { 0 };
	int rc =
	    label_build(&text, tree->source->facts.label, tree->cluster->version, err);

	if (rc == 0)
		rc = send_text(tree, LAYOUT_LABEL, &text, err);
	buf_free(&text);
	return rc;
}

/* Where the server is to link the tablespaces to that have archives of their own. */
static int
send_map(struct backup_tree *tree, struct error *err)
{
	struct tablespace_map map = { 0 };
	struct buf text = { 0 };
	int rc = 0;

	if (!tree->opt->split || tree->tablespaces->sent.count == 0)
		return 0;
	for (size_t i = 0; i < tree->tablespaces->sent.count && rc == 0; i++)
		rc = tablespace_map_add(&map, tree->tablespaces->sent.rows[i].oid,
		    tree->tablespaces->sent.rows[i].target, err);
	if (rc == 0)
		rc = tablespace_map_build(&text, &map, tree->cluster->version, err);
	if (rc == 0)
		rc = send_text(tree, LAYOUT_MAP, &text, err);
	tablespace_map_free(&map);
	buf_free(&text);
	return rc;
}

/* "KEY: NAME PATH" */
static int
add_pair(struct buf *text, const char *key, const char *name, const char *path,
    struct error *err)
{
	struct buf pair = { 0 };
	int rc = buf_printf(&pair, err, "%s %s", name, path);

	if (rc == 0)
		rc = infofile_add(text, key, buf_text(&pair), err);
	buf_free(&pair);
	return rc;
}

/* Where the main file is in the archive, the paths of the data directory, and the files outside. */
static int
add_config(const struct backup_tree *tree, struct buf *text, struct error *err)
{
	const struct configset *set = &tree->config->set;

	if (tree->config->main.len > 0 &&
	    infofile_add(text, "config_file", buf_text(&tree->config->main), err))
		return -1;
	if (set->opt.datadir &&
	    infofile_add(text, "data_directory", set->opt.datadir, err))
		return -1;
	for (size_t i = 0; i < set->naliases; i++)
		if (infofile_add(text, "data_directory", set->aliases[i], err))
			return -1;
	for (size_t i = 0; i < set->count; i++) {
		const struct configset_row *row = &set->rows[i];

		if (row->where == CONFIGSET_OUTSIDE &&
		    !(row->is_there && row->is_directory) &&
		    add_pair(text, "config", row->name, row->path, err))
			return -1;
	}
	return 0;
}

/*
 * A tablespace in the data directory: its copy belongs into the copy of that, wherever this is, and
 * not into the original's.  One that does not exist any more needs no place.
 */
static int
add_inside(const struct backup_tree *tree, const char *root, const struct tablespace *t,
    struct buf *text, struct error *err)
{
	const char *moved = relocations_find(&tree->opt->relocations, t->target);
	char *real = realpath(moved ? moved : t->target, NULL);
	const size_t len = strlen(root);
	int rc = 0;

	if (real && strncmp(real, root, len) == 0 && real[len] == '/')
		rc =
		    add_pair(text, "tablespace_inside", t->oid_text, real + len + 1, err);
	free(real);
	return rc;
}

static int
add_all_inside(const struct backup_tree *tree, struct buf *text, struct error *err)
{
	char *root = realpath(tree->cluster->pgdata, NULL);
	int rc = 0;

	for (size_t i = 0; i < tree->tablespaces->sent.count && root && rc == 0; i++)
		rc = add_inside(tree, root, &tree->tablespaces->sent.rows[i], text, err);
	free(root);
	return rc;
}

/* So that verify knows which directories are what an interrupted statement left. */
static int
add_databases(const struct backup_tree *tree, struct buf *text, struct error *err)
{
	const struct oidset *databases = &tree->source->facts.databases;
	struct buf list = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < databases->count; i++)
		rc = buf_printf(
		    &list, err, "%s%" PRIu32, i > 0 ? "," : "", databases->rows[i]);
	if (rc == 0 && databases->count > 0)
		rc = infofile_add(text, "databases", buf_text(&list), err);
	buf_free(&list);
	return rc;
}

static int
add_facts(const struct backup_tree *tree, struct buf *text, struct error *err)
{
	const struct options *opt = tree->opt;
	char major[12], oldest[12], start[LSN_TEXT], now[24];

	snprintf(major, sizeof(major), "%u", tree->cluster->version->major);
	snprintf(oldest, sizeof(oldest), "%" PRIu32, tree->source->facts.oldest_xid);
	snprintf(now, sizeof(now), "%lld", (long long)time(NULL));
	if (infofile_add(text, "pg_basetar", "1", err) ||
	    infofile_add(text, "version", OPTIONS_PROGRAM_VERSION, err) ||
	    infofile_add(text, "mode", tree->source->facts.mode, err) ||
	    infofile_add(text, "label", opt->label, err) ||
	    infofile_add(
		text, "start", lsn_print(start, tree->wal->range.start_lsn), err) ||
	    (has_label(tree) &&
		infofile_add(
		    text, "start_time", tree->source->facts.label->start_time, err)) ||
	    infofile_add(text, "unix_time", now, err) ||
	    infofile_add(text, "server_version", major, err) ||
	    (tree->source->facts.oldest_xid != 0 &&
		infofile_add(text, "oldest_xid", oldest, err)) ||
	    add_databases(tree, text, err) ||
	    infofile_add(text, "manifest_checksums",
		opt->no_manifest ? "none" : digest_name(opt->manifest_digest), err) ||
	    infofile_add(text, "wal_method",
		opt->wal_method == WAL_FETCH ? "fetch" : "none", err) ||
	    infofile_add(text, "layout", opt->split ? "split" : "one", err))
		return -1;
	for (size_t i = 0; i < tree->tablespaces->sent.count; i++)
		if (add_pair(text, "tablespace", tree->tablespaces->sent.rows[i].oid_text,
			tree->tablespaces->sent.rows[i].target, err))
			return -1;
	if (add_all_inside(tree, text, err))
		return -1;
	for (size_t i = 0; i < tree->tablespaces->sent.nabsent; i++)
		if (add_pair(text, "without_tablespace",
			tree->tablespaces->sent.absent[i].oid_text,
			tree->tablespaces->sent.absent[i].target, err))
			return -1;
	return add_config(tree, text, err);
}

static int
send_info(struct backup_tree *tree, struct error *err)
{
	struct buf text = { 0 };
	int rc = add_facts(tree, &text, err);

	if (rc == 0)
		rc = send_text(tree, LAYOUT_INFO, &text, err);
	buf_free(&text);
	return rc;
}

/*
 * pg_control, read when all else has been: with an older one a restored copy could
 * declare itself consistent too early.
 */
static int
send_control(struct backup_tree *tree, struct error *err)
{
	uint8_t bytes[CONTROL_SIZE];
	struct stat st;

	if (blockpipe_barrier(tree->stream->pipe, err) ||
	    tree->source->ops->control(tree->source, bytes, &tree->last_control, err))
		return -1;
	st = tree->cluster->datadir_stat;
	st.st_mode = 0600 | (st.st_mode & 0040);
	st.st_mtime = (time_t)tree->last_control.time;
	return archive_control(tree->stream->archive, &st, bytes, sizeof(bytes), err);
}

static struct walk_options
walk_options_of(struct backup_tree *tree)
{
	return (struct walk_options){
		.datadir_fd = tree->cluster->datadir_fd,
		.version = tree->cluster->version,
		.tablespaces = &tree->tablespaces->sent,
		.mode = tree->source->facts.exclude,
		.is_frozen = tree->source->facts.is_frozen,
		.tablespaces_at = LAYOUT_TABLESPACES,
		.is_completed = true,
		.cancel = tree->stream->cancel,
	};
}

int
backup_tree_measure(struct backup_tree *tree, struct error *err)
{
	const struct walk_options walk = walk_options_of(tree);

	return walk_sum(&walk, &tree->sum, err);
}

/* What was changed before it was read, and so unseen, is of another moment as well. */
int
backup_tree_recheck(struct backup_tree *tree, struct error *err)
{
	const struct walksum before = tree->sum;

	if (backup_tree_measure(tree, err))
		return -1;
	if (tree->sum.trace == before.trace)
		return 0;
	return error_set(err, ERROR_STATE, 0, "files in \"%s\" changed while it was read",
	    tree->cluster->pgdata);
}

/* An archive for each tablespace; after them begins the one with all the rest. */
static int
send_tablespaces(struct backup_tree *tree, const struct walk_options *walk,
    struct visitor *visitor, struct error *err)
{
	for (size_t i = 0; i < tree->tablespaces->sent.count; i++)
		if (walk_tablespace(
			walk, &tree->tablespaces->sent.rows[i], visitor, err) ||
		    archive_next(
			tree->stream->archive, tree->stream->output.sinks[i + 1], err))
			return -1;
	return 0;
}

int
backup_tree_send(struct backup_tree *tree, struct backup_files *files,
    struct backup_copies *copies, struct error *err)
{
	struct tree_visitor visitor = {
		.visitor = { &tree_ops }, .tree = tree, .files = files, .copies = copies
	};
	struct walk_options walk = walk_options_of(tree);

	if (!tree->source->facts.is_frozen)
		walk.judge = backup_files_judge(files);
	if (tree->opt->split) {
		walk.tablespaces_at = NULL; /* they come first */
		if (send_tablespaces(tree, &walk, &visitor.visitor, err))
			return -1;
		enter(&visitor, "");
	}
	if ((has_label(tree) && (send_label(tree, err) || send_map(tree, err))) ||
	    send_info(tree, err) ||
	    backup_configsend_outside(tree->config, tree->stream->archive, err) ||
	    walk_tree(&walk, &visitor.visitor, err))
		return -1;
	enter(&visitor, "");
	backup_copies_tree_end(copies);
	return send_control(tree, err);
}

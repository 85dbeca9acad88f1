/* realpath() */
#define _DEFAULT_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backup/backup_internal.h"
#include "cli/message.h"
#include "datadir/walk.h"
#include "format/infofile.h"
#include "lib/lsn.h"
#include "lib/sys.h"
#include "pg/tablespace_map.h"

/* What the walk tells goes into the archive. */
struct tree_visitor {
	struct visitor visitor; /* first */
	struct backup *b;
	bool has_tablespaces;  /* the directory of them has been sent */
	struct tablespace *in; /* what is being sent; NULL: the tree */
	uint64_t since;        /* where in the stream that began */
};

/* The tablespace that holds ${path}, "pg_tblspc/OID/..."; NULL: it is in the tree. */
static const struct tablespace *
tablespace_of(const struct backup *b, const char *path)
{
	static const char above[] = "pg_tblspc/";
	char oid[sizeof(b->tablespaces.sent.rows->oid_text)];
	size_t len;

	if (strncmp(path, above, sizeof(above) - 1) != 0)
		return NULL;
	path += sizeof(above) - 1;
	len = strcspn(path, "/");
	if (len >= sizeof(oid) || path[len] == '\0')
		return NULL;
	memcpy(oid, path, len);
	oid[len] = '\0';
	return tablespaces_find(&b->tablespaces.sent, oid);
}

/* Which part is ${path} of?  What is planned from here on counts as that part's. */
static enum layout_part
enter(struct tree_visitor *v, const char *path)
{
	const struct tablespace *t = tablespace_of(v->b, path);
	const uint64_t here = blockpipe_planned(v->b->stream.pipe);

	if (v->in)
		v->in->sent += here - v->since;
	v->in = t ? &v->b->tablespaces.sent.rows[t - v->b->tablespaces.sent.rows] : NULL;
	v->since = here;
	if (t == NULL)
		return LAYOUT_TREE;
	return v->b->opt->split ? LAYOUT_LOCATION : LAYOUT_TABLESPACE;
}

/*
 * A server started the backup: else there is no label, and recovery needs none.  Without
 * one the server takes no notice of tablespace_map either.
 */
static bool
has_label(const struct backup *b)
{
	return b->source.label != NULL;
}

/* Before a tablespace's own directory come those that lead to it in the archive. */
static int
lead_to_tablespace(struct tree_visitor *v, const struct tablespace *t, struct error *err)
{
	char path[sizeof(LAYOUT_TABLESPACES) + sizeof(t->oid_text) + 1];

	enter(v, LAYOUT_TABLESPACES);
	if (!v->has_tablespaces &&
	    archive_directory(
		v->b->stream.archive, LAYOUT_TREE, LAYOUT_TABLESPACES, NULL, err))
		return -1;
	v->has_tablespaces = true;
	snprintf(path, sizeof(path), "%s/%s", LAYOUT_TABLESPACES, t->oid_text);
	return archive_directory(
	    v->b->stream.archive, LAYOUT_TREE, path, &t->location, err);
}

static int
tree_directory(
    struct visitor *visitor, const char *path, const struct stat *st, struct error *err)
{
	struct tree_visitor *v = (struct tree_visitor *)visitor;
	const struct tablespace *t = tablespace_of(v->b, path);

	if (backup_configsend_replaces(&v->b->config, path))
		return 0;
	if (backup_access_look(
		&v->b->access, &v->b->cluster.datadir_stat, path, st, err) ||
	    backup_copies_directory(v->b->copies, path, err))
		return -1;
	/* pg_tblspc/OID/PG_x itself: two slashes */
	if (t && !v->b->opt->split &&
	    strchr(strchr(path, '/') + 1, '/') == strrchr(path, '/') &&
	    lead_to_tablespace(v, t, err))
		return -1;
	return archive_directory(v->b->stream.archive, enter(v, path), path, st, err);
}

static int
tree_link(struct visitor *visitor, const char *path, const char *target,
    const struct stat *st, struct error *err)
{
	struct tree_visitor *v = (struct tree_visitor *)visitor;

	/* pg_basetar.info tells it: it would lead the copy to the original */
	(void)target;
	if (v->b->opt->split && has_label(v->b))
		return 0; /* the server makes it, from tablespace_map */
	return archive_tablespace_link(
	    v->b->stream.archive, strrchr(path, '/') + 1, st, err);
}

static int
tree_bytes(struct visitor *visitor, const char *path, const struct stat *st,
    const uint8_t *bytes, size_t len, struct error *err)
{
	struct tree_visitor *v = (struct tree_visitor *)visitor;

	if (backup_configsend_replaces(&v->b->config, path))
		return 0;
	backup_copies_file(v->b->copies, path);
	if (backup_access_look(
		&v->b->access, &v->b->cluster.datadir_stat, path, st, err) ||
	    backup_files_bytes(v->b->files, path, bytes, len, err))
		return -1;
	return archive_bytes(
	    v->b->stream.archive, enter(v, path), path, st, bytes, len, err);
}

static int
tree_file(struct visitor *visitor, const char *path, const struct stat *st, int fd,
    bool is_relation, struct error *err)
{
	struct tree_visitor *v = (struct tree_visitor *)visitor;
	struct stat now = *st;

	if (backup_configsend_replaces(&v->b->config, path)) {
		sys_close(fd);
		return 0;
	}
	if (backup_access_look(
		&v->b->access, &v->b->cluster.datadir_stat, path, st, err) ||
	    (is_relation ? backup_files_relation(v->b->files, path, fd, &now, err) :
			   backup_files_other(v->b->files, path, fd, st, err))) {
		sys_close(fd);
		return -1;
	}
	return archive_file(
	    v->b->stream.archive, enter(v, path), path, &now, fd, is_relation, err);
}

static int
tree_special(
    struct visitor *visitor, const char *path, enum dirlist_kind kind, struct error *err)
{
	struct tree_visitor *v = (struct tree_visitor *)visitor;
	bool is_done = false;
	char text[1024];

	if (kind == DIRLIST_LINK) {
		enter(v, path);
		if (backup_configsend_link(
			&v->b->config, v->b->stream.archive, path, &is_done, err))
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
send_text(struct backup *b, const char *name, const struct buf *text, struct error *err)
{
	return archive_bytes(
	    b->stream.archive, LAYOUT_TREE, name, NULL, text->data, text->len, err);
}

static int
send_label(struct backup *b, struct error *err)
{
	struct buf text = { 0 };
	int rc = label_build(&text, b->source.label, b->cluster.version, err);

	if (rc == 0)
		rc = send_text(b, LAYOUT_LABEL, &text, err);
	buf_free(&text);
	return rc;
}

/* Where the server is to link the tablespaces to that have archives of their own. */
static int
send_map(struct backup *b, struct error *err)
{
	struct tablespace_map map = { 0 };
	struct buf text = { 0 };
	int rc = 0;

	if (!b->opt->split || b->tablespaces.sent.count == 0)
		return 0;
	for (size_t i = 0; i < b->tablespaces.sent.count && rc == 0; i++)
		rc = tablespace_map_add(&map, b->tablespaces.sent.rows[i].oid,
		    b->tablespaces.sent.rows[i].target, err);
	if (rc == 0)
		rc = tablespace_map_build(&text, &map, b->cluster.version, err);
	if (rc == 0)
		rc = send_text(b, LAYOUT_MAP, &text, err);
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

/* Files outside, those too that could not be read; and where the main one is in the archive. */
static int
add_config(const struct backup *b, struct buf *text, struct error *err)
{
	const struct configset *set = &b->config.set;

	if (b->config.main.len > 0 &&
	    infofile_add(text, "config_file", buf_text(&b->config.main), err))
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
add_inside(const struct backup *b, const char *root, const struct tablespace *t,
    struct buf *text, struct error *err)
{
	const char *moved = relocations_find(&b->opt->relocations, t->target);
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
add_all_inside(const struct backup *b, struct buf *text, struct error *err)
{
	char *root = realpath(b->cluster.pgdata, NULL);
	int rc = 0;

	for (size_t i = 0; i < b->tablespaces.sent.count && root && rc == 0; i++)
		rc = add_inside(b, root, &b->tablespaces.sent.rows[i], text, err);
	free(root);
	return rc;
}

static int
add_facts(const struct backup *b, struct buf *text, struct error *err)
{
	const struct options *opt = b->opt;
	char major[12], oldest[12], start[LSN_TEXT];

	snprintf(major, sizeof(major), "%u", b->cluster.version->major);
	snprintf(oldest, sizeof(oldest), "%" PRIu32, b->source.oldest_xid);
	if (infofile_add(text, "pg_basetar", "1", err) ||
	    infofile_add(text, "version", OPTIONS_PROGRAM_VERSION, err) ||
	    infofile_add(text, "mode", b->source.mode, err) ||
	    infofile_add(text, "label", opt->label, err) ||
	    infofile_add(text, "start", lsn_print(start, b->wal.range.start_lsn), err) ||
	    (has_label(b) &&
		infofile_add(text, "start_time", b->source.label->start_time, err)) ||
	    infofile_add(text, "server_version", major, err) ||
	    (b->source.oldest_xid != 0 &&
		infofile_add(text, "oldest_xid", oldest, err)) ||
	    infofile_add(text, "manifest_checksums",
		opt->no_manifest ? "none" : digest_name(opt->manifest_digest), err) ||
	    infofile_add(text, "wal_method",
		opt->wal_method == WAL_FETCH ? "fetch" : "none", err) ||
	    infofile_add(text, "layout", opt->split ? "split" : "one", err))
		return -1;
	for (size_t i = 0; i < b->tablespaces.sent.count; i++)
		if (add_pair(text, "tablespace", b->tablespaces.sent.rows[i].oid_text,
			b->tablespaces.sent.rows[i].target, err))
			return -1;
	if (add_all_inside(b, text, err))
		return -1;
	for (size_t i = 0; i < b->tablespaces.sent.nabsent; i++)
		if (add_pair(text, "without_tablespace",
			b->tablespaces.sent.absent[i].oid_text,
			b->tablespaces.sent.absent[i].target, err))
			return -1;
	return add_config(b, text, err);
}

static int
send_info(struct backup *b, struct error *err)
{
	struct buf text = { 0 };
	int rc = add_facts(b, &text, err);

	if (rc == 0)
		rc = send_text(b, LAYOUT_INFO, &text, err);
	buf_free(&text);
	return rc;
}

/*
 * Without its label a copy of a running cluster must not start at all.  That of another
 * has none, and starts from the checkpoint that pg_control names.
 */
static int
read_control(struct backup *b, uint8_t bytes[CONTROL_SIZE], struct error *err)
{
	b->last_control = b->cluster.control;
	if (!has_label(b)) {
		if (backup_cluster_recheck_control(&b->cluster, bytes, err))
			return -1;
		return control_has_old_backup(&b->cluster.control) ?
		    control_forget_backup(bytes, err) :
		    0;
	}
	return control_read(b->cluster.datadir_fd, bytes, &b->last_control, err) ||
		control_forget_checkpoint(bytes, err) ?
	    -1 :
	    0;
}

/*
 * pg_control, read when all else has been: with an older one a restored copy could
 * declare itself consistent too early.
 */
static int
send_control(struct backup *b, struct error *err)
{
	uint8_t bytes[CONTROL_SIZE];
	struct stat st;

	if (blockpipe_barrier(b->stream.pipe, err) || read_control(b, bytes, err))
		return -1;
	st = b->cluster.datadir_stat;
	st.st_mode = 0600 | (st.st_mode & 0040);
	st.st_mtime = (time_t)b->last_control.time;
	return archive_control(b->stream.archive, &st, bytes, sizeof(bytes), err);
}

static struct walk_options
walk_options_of(struct backup *b)
{
	return (struct walk_options){
		.datadir_fd = b->cluster.datadir_fd,
		.version = b->cluster.version,
		.tablespaces = &b->tablespaces.sent,
		.mode = b->source.exclude,
		.is_frozen = b->source.is_frozen,
		.judge = b->source.is_frozen ? NULL : backup_files_judge(b->files),
		.tablespaces_at = LAYOUT_TABLESPACES,
		.is_completed = true,
		.cancel = &b->cancel,
	};
}

int
backup_tree_measure(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;
	const struct walk_options walk = walk_options_of(b);

	return walk_sum(&walk, &b->sum, err);
}

/* An archive for each tablespace; behind them begins the one with all the rest. */
static int
send_tablespaces(struct backup *b, const struct walk_options *walk,
    struct visitor *visitor, struct error *err)
{
	for (size_t i = 0; i < b->tablespaces.sent.count; i++)
		if (walk_tablespace(walk, &b->tablespaces.sent.rows[i], visitor, err) ||
		    archive_next(b->stream.archive, b->stream.output.sinks[i + 1], err))
			return -1;
	return 0;
}

int
backup_tree_send(struct patrol *patrol, struct error *err)
{
	struct backup *b = (struct backup *)patrol;
	struct tree_visitor visitor = { .visitor = { &tree_ops }, .b = b };
	struct walk_options walk = walk_options_of(b);

	if (b->opt->split) {
		walk.tablespaces_at = NULL; /* they come first */
		if (send_tablespaces(b, &walk, &visitor.visitor, err))
			return -1;
		enter(&visitor, "");
	}
	if ((has_label(b) && (send_label(b, err) || send_map(b, err))) ||
	    send_info(b, err) ||
	    backup_configsend_outside(&b->config, b->stream.archive, err) ||
	    walk_tree(&walk, &visitor.visitor, err))
		return -1;
	enter(&visitor, "");
	backup_copies_tree_end(b->copies);
	return send_control(b, err);
}

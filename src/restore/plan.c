/*
 * Locations of tablespaces, owners and the target of recovery are settled before the first byte is
 * written, for a later refusal would leave half a copy in several directories.  A set of archives
 * is a directory of files, and can be looked into first; one archive may come through a pipe, and
 * says what is needed before its tree.
 */
#include "restore/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/options.h"
#include "format/layout.h"
#include "lib/sys.h"
#include "pg/label.h"
#include "reading/summary.h"
#include "restore/conflict.h"
#include "restore/directories.h"
#include "restore/ownership.h"
#include "restore/target.h"
#include "restore/tree.h"

/* ---- directories that are needed before the backup brings them ---- */

/*
 * Our own archive of a cluster that was unpacked by hand has the content of its tablespaces as
 * of any other; in one of pg_basebackup it comes with the tree, directories and all, unless the
 * options say that it goes there.
 */
static bool
is_inside_to_be_made(const struct restore_tablespace *t, bool is_ours)
{
	return t->is_inside && (is_ours || t->moved_to);
}

/* In an archive of pg_basebackup others may come with the tree. */
static int
make_inside_one(struct restore_plan *p, const char *path, bool is_ours, struct error *err)
{
	const struct owner ours = { geteuid(), getegid() };

	return is_ours ? restore_tree_directory(p->tree, path, 0700, ours, err) :
			 restore_tree_directory_ahead(p->tree, path, err);
}

static int
make_inside(struct restore_plan *p, bool is_ours, struct error *err)
{
	const struct restore_tablespaces *list = &p->directories->tablespaces;
	char path[sizeof(LAYOUT_TABLESPACES) + 12];

	for (size_t i = 0; i < list->count; i++) {
		if (!is_inside_to_be_made(&list->rows[i], is_ours))
			continue;
		if (!p->is_inside_made &&
		    make_inside_one(p, LAYOUT_TABLESPACES, is_ours, err))
			return -1;
		p->is_inside_made = true;
		snprintf(path, sizeof(path), "%s/%" PRIu32, LAYOUT_TABLESPACES,
		    list->rows[i].oid);
		if (make_inside_one(p, path, is_ours, err))
			return -1;
	}
	return 0;
}

/* The directories that lead to ${path}, and its own; the tree may have them, too. */
static int
make_way(struct restore_plan *p, char *path, struct error *err)
{
	for (char *end = path; end; end = *end ? end : NULL) {
		int rc;

		end += strcspn(end, "/");
		if (*end == '\0')
			return restore_tree_directory_ahead(p->tree, path, err);
		*end = '\0';
		rc = restore_tree_directory_ahead(p->tree, path, err);
		*end++ = '/';
		if (rc)
			return -1;
	}
	return 0;
}

static int
make_nested(struct restore_plan *p, struct error *err)
{
	const struct restore_tablespaces *list = &p->directories->tablespaces;

	for (size_t i = 0; i < list->count; i++) {
		if (list->rows[i].nested == NULL)
			continue;
		if (make_way(p, list->rows[i].nested, err))
			return error_wrap(err, "tablespace %" PRIu32, list->rows[i].oid);
	}
	return 0;
}

/* ---- what the backup says of itself ---- */

/* A step is done although another one failed, if that one was about single directories. */
static bool
goes_on(struct error *all, int rc, const struct error *one)
{
	if (rc == 0)
		return true;
	restore_conflict_add(all, one);
	return restore_conflict_is(one);
}

/* All that is in the way is named at once, and nothing was written yet. */
static int
open_directories(struct restore_plan *p, bool is_ours, struct error *err)
{
	struct error all = { 0 }, one = { 0 };

	if (goes_on(&all, restore_tablespaces_open(&p->directories->tablespaces, &one),
		&one) &&
	    goes_on(&all, restore_directories_check_apart(p->directories, &one), &one))
		goes_on(&all,
		    restore_ownership_settle(p->ownership, p->directories, is_ours, &one),
		    &one);
	if (all.kind == ERROR_NONE)
		return 0;
	*err = all;
	return -1;
}

/* It is known what tablespaces there are; ${is_ours}: by an archive of this program. */
static int
open_places(struct restore_plan *p, bool is_ours, struct error *err)
{
	p->is_made = true;
	return restore_directories_check_empty(p->directories, err) ||
		open_directories(p, is_ours, err) || make_inside(p, is_ours, err) ||
		make_nested(p, err) || restore_tree_begin(p->tree, err) ?
	    -1 :
	    0;
}

/*
 * Of most files it has only blocks that changed, and no server starts on it.  pg_combinebackup
 * takes it as it was unpacked, which --force does.  But it goes by the links in pg_tblspc, which a
 * server that recovers makes of tablespace_map: what was restored does not have them, and the
 * tablespaces would be passed over (seen on 19).
 */
static int
refuse_incremental(
    const struct restore_plan *p, const struct facts *backup, struct error *err)
{
	if (backup->label == NULL || !backup->label->incremental || p->opt->force)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "the backup is incremental: without those before it there is nothing to restore");
	if (backup->map && backup->map->len > 0)
		return error_hint(err,
		    "pg_combinebackup makes one of all, the full one first, of directories: unpack base.tar of each, pg_wal.tar into its pg_wal, and OID.tar where a link pg_tblspc/OID leads to; and remove tablespace_map.");
	return error_hint(err,
	    "Restore the full one and each after it up to this one, each into a directory of its own, the incremental ones with --force; then \"pg_combinebackup -o NEW FULL INCREMENTAL...\" makes one of these directories.");
}

static int
take_summary(struct restore_plan *p, const struct reading_summary *s, struct error *err)
{
	const struct summary_facts facts = summary_facts(s->summary, false);

	p->ownership->backup = s->owner;
	return refuse_incremental(p, &facts.backup, err) ||
		restore_target_label(
		    p->target, facts.backup.label, facts.backup.range.stop_lsn, err) ||
		restore_tablespaces_take_summary(
		    &p->directories->tablespaces, &facts, err) ||
		open_places(p, facts.backup.info != NULL, err) ?
	    -1 :
	    0;
}

/*
 * Of several archives those of the tablespaces are read first, so that it must be known before
 * where they go.
 */
static int
look_into_set(struct restore_plan *p, const char *outcome, struct error *err)
{
	struct reading_summary s = { .summary = NULL };
	struct stat st;
	int rc;

	if (p->opt->input == NULL || stat(p->opt->input, &st) == -1 ||
	    !S_ISDIR(st.st_mode))
		return 0;
	rc = reading_summary(&s, p->opt, READING_LOCATIONS, outcome, err) ||
		take_summary(p, &s, err) ?
	    -1 :
	    0;
	reading_summary_free(&s);
	return rc;
}

/* One that can be gone through without reading all of it. */
static bool
is_plain_tar(const char *path)
{
	char magic[5];
	const int fd = path ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	struct stat st;
	bool is_it;

	if (fd == -1)
		return false;
	is_it = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    pread(fd, magic, sizeof(magic), 257) == (ssize_t)sizeof(magic) &&
	    memcmp(magic, "ustar", sizeof(magic)) == 0;
	sys_close(fd);
	return is_it;
}

/* Where the backup ended is told by its last member. */
static int
look_at_end(const struct restore_plan *p, const char *outcome, struct error *err)
{
	struct reading_summary s = { .summary = NULL };
	struct summary_facts facts;
	int rc;

	if (p->opt->recovery.target_lsn == NULL || !is_plain_tar(p->opt->input))
		return 0;
	rc = reading_summary(&s, p->opt, READING_ALL, outcome, err);
	if (rc == 0) {
		facts = summary_facts(s.summary, true);
		rc = restore_target_label(
		    p->target, facts.backup.label, facts.backup.range.stop_lsn, err);
	}
	reading_summary_free(&s);
	return rc;
}

int
restore_plan_look_ahead(struct restore_plan *p, const char *outcome, struct error *err)
{
	return look_into_set(p, outcome, err) || look_at_end(p, outcome, err) ? -1 : 0;
}

int
restore_plan_make(struct restore_plan *p, const struct facts *backup, struct error *err)
{
	static const struct infofile none;
	const bool is_ours = backup->info != NULL;
	const struct infofile *info = backup->info;

	/* of several archives only the directory of all says where the others go */
	if (!is_ours || info->is_split)
		info = &none;
	return refuse_incremental(p, backup, err) ||
		restore_target_label(p->target, backup->label, 0, err) ||
		restore_tablespaces_take_info(&p->directories->tablespaces, info, err) ||
		open_places(p, is_ours, err) ?
	    -1 :
	    0;
}

int
restore_plan_archive(struct restore_plan *p, const char *oid, struct error *err)
{
	char path[sizeof("pg_tblspc/") + 12];

	snprintf(path, sizeof(path), "pg_tblspc/%s", oid);
	if (restore_tablespaces_of(&p->directories->tablespaces, path))
		return 0;
	if (p->in_place.count == 0 &&
	    restore_tree_directory_ahead(p->tree, "pg_tblspc", err))
		return -1;
	return oidset_add_text(&p->in_place, oid, err) ||
		restore_tree_directory_ahead(p->tree, path, err) ?
	    -1 :
	    0;
}

/* ---- all has come ---- */

static int
own(const struct restore_plan *p, const char *path, struct error *err)
{
	if (geteuid() != 0)
		return 0;
	return beneath_owner(&p->directories->datadir.beneath, path,
		   p->ownership->all.uid, p->ownership->all.gid, err) ?
	    error_wrap(err, "\"%s\"", path) :
	    0;
}

static int
open_to_group(const struct restore_plan *p, const char *path, struct error *err)
{
	int fd, rc = 0;

	if (own(p, path, err))
		return -1;
	if (restore_ownership_directory_mode(p->ownership) == 0700)
		return 0;
	if (beneath_file(&p->directories->datadir.beneath, path, O_RDONLY | O_DIRECTORY,
		0, &fd, err))
		return error_wrap(err, "\"%s\"", path);
	if (fchmod(fd, 0750) == -1)
		rc = error_set(err, ERROR_IO, errno, "could not change mode");
	sys_close(fd);
	return rc == 0 ? 0 : error_wrap(err, "\"%s\"", path);
}

int
restore_plan_settle(const struct restore_plan *p, struct error *err)
{
	const struct restore_tablespaces *list = &p->directories->tablespaces;
	char path[sizeof(LAYOUT_TABLESPACES) + 12];

	if (p->directories->wal.path && own(p, LAYOUT_WAL, err))
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		if (!list->rows[i].is_inside || !p->is_inside_made)
			continue;
		snprintf(path, sizeof(path), "%s/%" PRIu32, LAYOUT_TABLESPACES,
		    list->rows[i].oid);
		if (open_to_group(p, LAYOUT_TABLESPACES, err) ||
		    open_to_group(p, path, err))
			return -1;
	}
	for (size_t i = 0; i < p->in_place.count; i++) {
		snprintf(path, sizeof(path), "pg_tblspc/%" PRIu32, p->in_place.rows[i]);
		if (open_to_group(p, path, err))
			return -1;
	}
	return 0;
}

void
restore_plan_free(struct restore_plan *p)
{
	oidset_free(&p->in_place);
}

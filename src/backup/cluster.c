/* realpath() */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "backup/backup_internal.h"
#include "cli/message.h"
#include "datadir/dirlist.h"
#include "datadir/walset.h"
#include "lib/sys.h"

/* Not what -D should name: most often somebody meant the output. */
static int
no_data_directory(const struct backup *b, int sys, const char *what, struct error *err)
{
	error_set(err, ERROR_STATE, sys, "data directory \"%s\"%s", b->opt->pgdata, what);
	if (sys == EACCES)
		return error_hint(err,
		    "Run pg_basetar as the owner of the data directory, or as "
		    "root.");
	return error_hint(err,
	    "-D names the data directory of the cluster; the output is named "
	    "with -o.");
}

int
backup_cluster_open(struct backup *b, struct error *err)
{
	b->datadir_fd = open(b->opt->pgdata, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->datadir_fd == -1)
		return no_data_directory(b, errno, "", err);
	b->datadir = realpath(b->opt->pgdata, NULL);
	if (b->datadir == NULL || fstat(b->datadir_fd, &b->datadir_stat) == -1)
		return no_data_directory(b, errno, "", err);
	/* a report is also written when we come no further than this */
	return report_refuse_inside(
	    b->report, &b->datadir_stat, "the data directory", err);
}

static int
read_version(struct backup *b, struct error *err)
{
	struct error why = { 0 };

	if (cluster_read_version(b->datadir_fd, &b->version, &why) == 0)
		return 0;
	if (why.sys == ENOENT)
		return no_data_directory(
		    b, 0, " has no file PG_VERSION: it is not a cluster's", err);
	if (why.sys == EACCES)
		return no_data_directory(b, why.sys, "", err);
	*err = why;
	error_hint(err, "-D names the data directory of the cluster; is that one sound?");
	return error_wrap(err, "data directory \"%s\"", b->opt->pgdata);
}

/* Is there nothing in pg_wal, as where something was mounted? */
static int
look_into_wal(const struct backup *b, bool *is_empty, struct error *err)
{
	struct dirlist list = { 0 };
	int fd, rc;

	if (walset_open_directory(b->datadir_fd, &fd, err))
		return -1;
	rc = dirlist_read(fd, &list, err);
	*is_empty = list.count == 0 ||
	    (list.count == 1 && sys_is_lost_found(fd, list.rows[0].name));
	dirlist_free(&list);
	sys_close(fd);
	return rc;
}

/* Nothing is to be read from elsewhere that is in the data directory. */
static int
check_waldir(const struct backup *b, struct error *err)
{
	struct stat st;
	bool is_empty;

	if (fstatat(b->datadir_fd, "pg_wal", &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    S_ISLNK(st.st_mode))
		return 0;
	if (look_into_wal(b, &is_empty, err))
		return -1;
	if (is_empty)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "pg_wal of \"%s\" is neither a link nor an empty directory", b->opt->pgdata);
	return error_hint(err, "Leave out --waldir: the WAL is in the data directory.");
}

/* pg_wal, or what the user says stands for it. */
static int
open_wal(struct backup *b, struct error *err)
{
	if (b->opt->waldir == NULL) {
		if (walset_open_directory(b->datadir_fd, &b->wal_fd, err) == 0)
			return 0;
		return error_hint(err,
		    "If pg_wal is a link it leads nowhere: mount its volume, or "
		    "say with --waldir where its directory is.");
	}
	if (check_waldir(b, err))
		return -1;
	b->wal_fd = open(b->opt->waldir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->wal_fd != -1)
		return 0;
	error_set(err, ERROR_IO, errno, "open");
	error_wrap(err, "directory \"%s\"", b->opt->waldir);
	return error_hint(err, "--waldir names the directory that stands for pg_wal.");
}

int
backup_cluster_read(struct backup *b, struct error *err)
{
	if (read_version(b, err))
		return -1;
	if (control_read(b->datadir_fd, b->control_bytes, &b->control, err) ||
	    control_check_version(&b->control, b->version, err)) {
		error_hint(err,
		    "Compare it with what pg_controldata prints: a server that stops "
		    "now may not start again.");
		return error_wrap(err, "data directory \"%s\"", b->opt->pgdata);
	}
	return open_wal(b, err);
}

int
backup_cluster_postmaster(struct backup *b, struct error *err)
{
	if (postmaster_read(b->datadir_fd, &b->postmaster, err) == 0)
		return 0;
	if (err->sys != ENOENT)
		return error_wrap(err, "data directory \"%s\"", b->opt->pgdata);
	error_set(err, ERROR_STATE, 0, "no server is running in \"%s\"", b->opt->pgdata);
	return error_hint(err,
	    "Start the server; or use --offline if it was shut down and stays "
	    "so, --snapshot if this is the snapshot of a running one.");
}

/* A backup would hold itself, or its report. */
static int
refuse_inside(
    const struct backup *b, const struct stat *st, const char *what, struct error *err)
{
	return output_refuse_inside(&b->output, st, what, err) ||
		report_refuse_inside(b->report, st, what, err) ?
	    -1 :
	    0;
}

static int
read_tablespaces(const struct backup *b, struct tablespaces *list, struct error *err)
{
	const struct tablespaces_choice choice = { &b->opt->relocations,
		&b->opt->without };

	return tablespaces_read(b->datadir_fd, b->version, &choice, list, err);
}

int
backup_cluster_tablespaces(struct backup *b, struct error *err)
{
	char what[64];
	struct stat wal;

	if (fstat(b->wal_fd, &wal) == -1)
		return error_set(err, ERROR_IO, errno, "directory of the WAL: fstat");
	if (read_tablespaces(b, &b->tablespaces, err) ||
	    refuse_inside(b, &b->datadir_stat, "the data directory", err) ||
	    refuse_inside(b, &wal, "the directory of the WAL", err))
		return -1;
	for (size_t i = 0; i < b->tablespaces.count; i++) {
		const struct tablespace *t = &b->tablespaces.rows[i];

		snprintf(what, sizeof(what), "tablespace %s", t->oid_text);
		if (refuse_inside(b, &t->location, what, err) ||
		    refuse_inside(b, &t->directory, what, err))
			return -1;
	}
	return 0;
}

/* By its link: what is a directory in pg_tblspc is a part of the tree. */
static bool
is_absent(const struct backup *b, uint32_t oid)
{
	for (size_t i = 0; i < b->tablespaces.nabsent; i++)
		if (b->tablespaces.absent[i].oid == oid)
			return true;
	return false;
}

int
backup_cluster_without(const struct backup *b, struct error *err)
{
	char text[PATH_MAX + 256];

	for (size_t i = 0; i < b->opt->without.count; i++) {
		const uint32_t oid = b->opt->without.rows[i];

		if (is_absent(b, oid))
			continue;
		error_set(err, ERROR_STATE, 0, "there is no link pg_tblspc/%lu in \"%s\"",
		    (unsigned long)oid, b->opt->pgdata);
		return error_hint(err,
		    "--without-tablespace names one by its OID, the name of its "
		    "link.");
	}
	for (size_t i = 0; i < b->tablespaces.nabsent; i++) {
		const struct tablespace_absent *t = &b->tablespaces.absent[i];

		snprintf(text, sizeof(text),
		    "tablespace %s at \"%s\" is left out: whatever is in it will be lost in the "
		    "copy, which is sound only if that was temporary",
		    t->oid_text, t->target);
		message_warning(text);
	}
	return 0;
}

int
backup_cluster_tablespaces_anew(struct backup *b, struct error *err)
{
	b->known = b->tablespaces;
	if (backup_cluster_tablespaces(b, err))
		return -1;
	for (size_t i = 0; i < b->tablespaces.count; i++) {
		struct tablespace *t = &b->tablespaces.rows[i];
		const struct tablespace *measured =
		    tablespaces_find(&b->known, t->oid_text);

		t->size = measured ? measured->size : 0;
	}
	return 0;
}

int
backup_cluster_warn_of_new(struct backup *b, struct error *err)
{
	char text[PATH_MAX + 256];

	if (read_tablespaces(b, &b->last, err))
		return -1;
	for (size_t i = 0; i < b->last.count; i++) {
		const struct tablespace *t = &b->last.rows[i];

		if (tablespaces_find(&b->known, t->oid_text))
			continue;
		snprintf(text, sizeof(text),
		    "tablespace %s was created during the backup: recovery of the copy needs the "
		    "directory \"%s\" and writes to it; never start the copy on a host where the "
		    "original uses it",
		    t->oid_text, t->target);
		message_warning(text);
	}
	return 0;
}

/* Of that OID; NULL: no such. */
static const struct tablespace *
find_oid(const struct tablespaces *list, uint32_t oid)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->rows[i].oid == oid)
			return &list->rows[i];
	return NULL;
}

void
backup_cluster_warn_of_replay(const struct backup *b, uint32_t oid, const char *path)
{
	char text[PATH_MAX + 512];

	if (find_oid(&b->last, oid) && !find_oid(&b->known, oid))
		return; /* backup_cluster_warn_of_new() told of it */
	if (find_oid(&b->tablespaces, oid))
		snprintf(text, sizeof(text),
		    "tablespace %lu is created anew by the WAL of the backup: recovery links the "
		    "copy to the directory \"%s\", needs it and writes to it; never start the "
		    "copy on a host where the original uses it",
		    (unsigned long)oid, path);
	else
		snprintf(text, sizeof(text),
		    "tablespace %lu was created and dropped in the WAL of the backup: recovery of "
		    "the copy needs the directory \"%s\"",
		    (unsigned long)oid, path);
	message_warning(text);
}

void
backup_cluster_free(struct backup *b)
{
	tablespaces_free(&b->last);
	tablespaces_free(&b->known);
	tablespaces_free(&b->tablespaces);
	postmaster_free(&b->postmaster);
	backup_config_free(&b->config);
	sys_close(b->datadir_fd);
	free(b->datadir);
}

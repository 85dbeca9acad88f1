/*
 * The tablespaces of a cluster in the course of a backup: those that were there before it, those
 * that are sent, those that were there after it.  One that came between needs the directory that
 * the original has.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "backup/backup_internal.h"
#include "cli/message.h"

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

	return tablespaces_read(
	    b->cluster.datadir_fd, b->cluster.version, &choice, list, err);
}

int
backup_tablespaces_read(struct backup *b, struct error *err)
{
	char what[64];
	struct stat wal;

	if (fstat(b->cluster.wal_fd, &wal) == -1)
		return error_set(err, ERROR_IO, errno, "directory of the WAL: fstat");
	if (read_tablespaces(b, &b->tablespaces, err) ||
	    refuse_inside(b, &b->cluster.datadir_stat, "the data directory", err) ||
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
backup_tablespaces_without(const struct backup *b, struct error *err)
{
	char text[PATH_MAX + 256];

	for (size_t i = 0; i < b->opt->without.count; i++) {
		const uint32_t oid = b->opt->without.rows[i];

		if (is_absent(b, oid))
			continue;
		error_set(err, ERROR_STATE, 0, "there is no link pg_tblspc/%lu in \"%s\"",
		    (unsigned long)oid, b->cluster.pgdata);
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
backup_tablespaces_read_anew(struct backup *b, struct error *err)
{
	b->known = b->tablespaces;
	if (backup_tablespaces_read(b, err))
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
backup_tablespaces_warn_of_new(struct backup *b, struct error *err)
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
backup_tablespaces_warn_of_replay(const struct backup *b, uint32_t oid, const char *path)
{
	char text[PATH_MAX + 512];

	if (find_oid(&b->last, oid) && !find_oid(&b->known, oid))
		return; /* backup_tablespaces_warn_of_new() told of it */
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
backup_tablespaces_free(struct backup *b)
{
	tablespaces_free(&b->last);
	tablespaces_free(&b->known);
	tablespaces_free(&b->tablespaces);
}

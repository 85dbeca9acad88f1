/*
 * The tablespaces of a cluster in the course of a backup: those that were there before it, those
 * that are sent, those that were there after it.  One that came between needs the directory that
 * the original has.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "backup/tablespaces.h"
#include "cli/message.h"

static int
read_links(
    const struct backup_tablespaces *all, struct tablespaces *list, struct error *err)
{
	return tablespaces_read(
	    all->cluster->datadir_fd, all->cluster->version, &all->choice, list, err);
}

int
backup_tablespaces_read(struct backup_tablespaces *all, struct error *err)
{
	return read_links(all, &all->sent, err);
}

/* By its link: what is a directory in pg_tblspc is a part of the tree. */
static bool
is_absent(const struct backup_tablespaces *all, uint32_t oid)
{
	for (size_t i = 0; i < all->sent.nabsent; i++)
		if (all->sent.absent[i].oid == oid)
			return true;
	return false;
}

int
backup_tablespaces_without(const struct backup_tablespaces *all, struct error *err)
{
	char text[PATH_MAX + 256];

	for (size_t i = 0; i < all->choice.without->count; i++) {
		const uint32_t oid = all->choice.without->rows[i];

		if (is_absent(all, oid))
			continue;
		error_set(err, ERROR_STATE, 0, "there is no link pg_tblspc/%lu in \"%s\"",
		    (unsigned long)oid, all->cluster->pgdata);
		return error_hint(err,
		    "--without-tablespace names one by its OID, the name of its "
		    "link.");
	}
	for (size_t i = 0; i < all->sent.nabsent; i++) {
		const struct tablespace_absent *t = &all->sent.absent[i];

		snprintf(text, sizeof(text),
		    "tablespace %s at \"%s\" is left out: whatever is in it will be lost in the "
		    "copy, which is sound only if that was temporary",
		    t->oid_text, t->target);
		message_warning(text);
	}
	return 0;
}

int
backup_tablespaces_read_anew(struct backup_tablespaces *all, struct error *err)
{
	all->before = all->sent;
	if (read_links(all, &all->sent, err))
		return -1;
	for (size_t i = 0; i < all->sent.count; i++) {
		struct tablespace *t = &all->sent.rows[i];
		const struct tablespace *measured =
		    tablespaces_find(&all->before, t->oid_text);

		t->size = measured ? measured->size : 0;
	}
	return 0;
}

int
backup_tablespaces_warn_of_new(struct backup_tablespaces *all, struct error *err)
{
	char text[PATH_MAX + 256];

	if (read_links(all, &all->after, err))
		return -1;
	for (size_t i = 0; i < all->after.count; i++) {
		const struct tablespace *t = &all->after.rows[i];

		if (tablespaces_find(&all->before, t->oid_text))
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
backup_tablespaces_warn_of_replay(
    const struct backup_tablespaces *all, uint32_t oid, const char *path)
{
	char text[PATH_MAX + 512];

	if (find_oid(&all->after, oid) && !find_oid(&all->before, oid))
		return; /* backup_tablespaces_warn_of_new() told of it */
	if (find_oid(&all->sent, oid))
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
backup_tablespaces_free(struct backup_tablespaces *all)
{
	tablespaces_free(&all->after);
	tablespaces_free(&all->before);
	tablespaces_free(&all->sent);
}

/*
 * The tablespaces of a cluster in the course of a backup: those that were there before it, those
 * that are sent, those that were there after it.  One that came between needs the directory that
 * the original has.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "backup/cluster.h"
#include "backup/tablespaces.h"
#include "cli/message.h"
#include "datadir/atwork.h"
#include "lib/sys.h"
#include "pg/tablespace_map.h"

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

/* A mapping for no tablespace is a slip of the pen: the tablespace meant is not mapped. */
int
backup_tablespaces_check_relocations(
    const struct backup_tablespaces *all, struct error *err)
{
	const struct relocations *list = all->choice.relocations;

	for (size_t i = 0; i < list->count; i++) {
		const char *old = list->rows[i].old;
		size_t k = 0;

		while (k < all->sent.count &&
		    relocations_find(list, all->sent.rows[k].target) != list->rows[i].new)
			k++;
		if (k < all->sent.count)
			continue;
		error_set(err, ERROR_STATE, 0,
		    "no tablespace of the cluster is at \"%s\"", old);
		return error_hint(err,
		    "OLD of -T OLD=NEW must be the target of a symbolic link in pg_tblspc.  Where a copy will have its tablespaces, as -T of pg_basebackup says, is told to restore.");
	}
	return 0;
}

/* Two tablespaces in one directory: the other one would be missing. */
int
backup_tablespaces_check_doubled(const struct backup_tablespaces *all, struct error *err)
{
	for (size_t i = 0; i < all->sent.count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct tablespace *t = &all->sent.rows[i];
			const struct tablespace *u = &all->sent.rows[k];

			if (!sys_is_same_file(&t->directory, &u->directory))
				continue;
			error_set(err, ERROR_STATE, 0,
			    "tablespaces %s and %s are in the same directory",
			    u->oid_text, t->oid_text);
			return error_hint(err,
			    "Check the options -T for \"%s\" and \"%s\".", u->target,
			    t->target);
		}
	return 0;
}

/*
 * Where the server runs in a container, what its links say is there.  If it is seen from here it
 * must have the same directory there; else it is the word of whoever says so.
 */
static int
check_directory_of_server(
    const struct backup_tablespaces *all, const struct tablespace *t, struct error *err)
{
	char text[PATH_MAX + 256];
	struct stat st;

	if (!t->is_relocated)
		return 0;
	if (!atwork_stat(
		&all->cluster->postmaster, &all->cluster->datadir_stat, t->target, &st)) {
		snprintf(text, sizeof(text),
		    "tablespace %s is read from the directory that -T names: pg_basetar cannot check that it is the one that the server has at \"%s\"",
		    t->oid_text, t->target);
		message_warning(text);
		return 0;
	}
	if (sys_is_same_file(&st, &t->location))
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "tablespace %s: the server has another directory at \"%s\" than the one that -T names",
	    t->oid_text, t->target);
	return error_hint(err,
	    "NEW of -T OLD=NEW must be the same directory, by the name that it has on this host.");
}

int
backup_tablespaces_check_directories(
    const struct backup_tablespaces *all, struct error *err)
{
	for (size_t i = 0; i < all->sent.count; i++)
		if (check_directory_of_server(all, &all->sent.rows[i], err))
			return -1;
	return 0;
}

/* By its link: what is a directory in pg_tblspc is a part of the tree. */
bool
backup_tablespaces_is_absent(const struct backup_tablespaces *all, uint32_t oid)
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

		if (backup_tablespaces_is_absent(all, oid))
			continue;
		error_set(err, ERROR_STATE, 0,
		    "symbolic link \"pg_tblspc/%lu\" does not exist in \"%s\"",
		    (unsigned long)oid, all->cluster->pgdata);
		return error_hint(err,
		    "--without-tablespace takes the OID of a tablespace, which is the name of its link.");
	}
	for (size_t i = 0; i < all->sent.nabsent; i++) {
		const struct tablespace_absent *t = &all->sent.absent[i];

		snprintf(text, sizeof(text),
		    "tablespace %s at \"%s\" is left out: the copy will not have its content, and is sound only if that was temporary",
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
		    "tablespace %s was created during the backup: recovery of the copy needs the directory \"%s\" and writes to it; never start the copy on a host where the original uses it",
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
		return; /* backup_tablespaces_warn_of_new() warned of it */
	if (find_oid(&all->sent, oid))
		snprintf(text, sizeof(text),
		    "the WAL of the backup creates tablespace %lu: recovery of the copy needs the directory \"%s\" and writes to it; never start the copy on a host where the original uses it",
		    (unsigned long)oid, path);
	else
		snprintf(text, sizeof(text),
		    "the WAL of the backup creates and drops tablespace %lu: recovery of the copy needs the directory \"%s\"",
		    (unsigned long)oid, path);
	message_warning(text);
}

/*
 * A directory in pg_tblspc stops recovery where it becomes consistent (CheckTablespaceDirectory
 * in src/backend/access/transam/xlogrecovery.c), unless the configuration allows it.  A session
 * can make one at any time.
 */
int
backup_tablespaces_check_in_place(
    const struct tablespaces *now, bool are_allowed, struct error *err)
{
	if (now->in_place == 0 || are_allowed)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "a tablespace is a directory in pg_tblspc, and allow_in_place_tablespaces is off");
	return error_hint(err,
	    "Set allow_in_place_tablespaces = on in postgresql.conf and reload, then run the backup again: without it the copy would not start.  A setting of a role, a database or a session does not count.");
}

/*
 * A tablespace that was dropped since is in the server's map only, one made since in our
 * list only: replay sees to both.  One that is in both must be the same.
 */
int
backup_tablespaces_check_map(
    const struct backup_tablespaces *list, const char *text, struct error *err)
{
	struct tablespace_map map = { 0 };
	int rc = 0;

	if (tablespace_map_parse(text, strlen(text), list->cluster->version, &map, err))
		return error_wrap(err, "tablespace_map that the server returned");
	for (size_t i = 0; rc == 0 && i < list->sent.count; i++) {
		const struct tablespace *t = &list->sent.rows[i];
		const char *target = tablespace_map_find(&map, t->oid);

		if (target && strcmp(target, t->target) != 0)
			rc = error_set(err, ERROR_SERVER, 0,
			    "tablespace %s: pg_basetar read \"%s\", but the server says that it is at \"%s\"",
			    t->oid_text, t->target, target);
	}
	tablespace_map_free(&map);
	return rc;
}

void
backup_tablespaces_free(struct backup_tablespaces *all)
{
	tablespaces_free(&all->after);
	tablespaces_free(&all->before);
	tablespaces_free(&all->sent);
}

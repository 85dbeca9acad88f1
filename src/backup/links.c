#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "backup/backup_internal.h"
#include "cli/message.h"
#include "datadir/atwork.h"
#include "lib/sys.h"

/*
 * The links of a snapshot: where do they lead?  They say where tablespaces and WAL of the
 * original are, and what is there now would be mixed with what was when it was taken.
 */

static int
leads_out(const char *link, const char *hint, struct error *err)
{
	error_set(err, ERROR_STATE, 0, "%s leads out of the snapshot", link);
	return error_hint(err, "%s", hint);
}

/*
 * The directory that the server of the snapshot had, opened; -1: there is none, or it is
 * the one that is backed up, as of a server that crashed.
 */
static int
open_original(const struct backup *b)
{
	struct stat st;
	int fd = -1;

	if (b->cluster.postmaster.datadir)
		fd = open(
		    b->cluster.postmaster.datadir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1 && fstat(fd, &st) == 0 &&
	    !sys_is_same_file(&st, &b->cluster.datadir_stat))
		return fd;
	sys_close(fd);
	return -1;
}

/* Is a server at work there now?  It may be another than when the snapshot was taken. */
static bool
is_at_work(int datadir_fd)
{
	struct postmaster now = { 0 };
	struct error ignored = { 0 };
	struct stat st;
	int64_t pid;
	bool is_it;

	if (fstat(datadir_fd, &st) == -1 || postmaster_read(datadir_fd, &now, &ignored))
		return false;
	is_it = atwork_find(&now, &st, &pid) != ATWORK_NOT || atwork_has_segment(&now);
	postmaster_free(&now);
	return is_it;
}

/*
 * Is ${found} outside of the snapshot?  On another file system it is nearly always the
 * original's; on the same one it is if the original's ${link} leads there too.  Somebody
 * who ${is_told} so may know better, unless a server is at work there.
 */
static bool
is_outside(
    const struct backup *b, const char *link, const struct stat *found, bool is_told)
{
	struct stat st;
	char path[64];
	int fd;
	bool is_original;

	if (!is_told && found->st_dev != b->cluster.datadir_stat.st_dev)
		return true;
	fd = open_original(b);
	if (fd == -1)
		return false;
	snprintf(path, sizeof(path), "%s/", link);
	is_original = fstatat(fd, path, &st, 0) == 0 && sys_is_same_file(&st, found) &&
	    (!is_told || is_at_work(fd));
	sys_close(fd);
	return is_original;
}

static int
check_tablespaces(const struct backup *b, struct error *err)
{
	char link[64];

	for (size_t i = 0; i < b->tablespaces.sent.count; i++) {
		const struct tablespace *t = &b->tablespaces.sent.rows[i];

		snprintf(link, sizeof(link), "pg_tblspc/%s", t->oid_text);
		if (!is_outside(b, link, &t->location, t->is_relocated))
			continue;
		leads_out(link,
		    "Say with -T OLD=NEW where the snapshot of this tablespace is.", err);
		return error_wrap(err, "tablespace \"%s\"", t->target);
	}
	return 0;
}

/* A mapping for no tablespace is a slip of the pen: the tablespace meant is not mapped. */
static int
check_relocations(const struct backup *b, struct error *err)
{
	const struct relocations *list = &b->opt->relocations;

	for (size_t i = 0; i < list->count; i++) {
		const char *old = list->rows[i].old;
		size_t k = 0;

		while (k < b->tablespaces.sent.count &&
		    relocations_find(list, b->tablespaces.sent.rows[k].target) !=
			list->rows[i].new)
			k++;
		if (k < b->tablespaces.sent.count)
			continue;
		error_set(err, ERROR_STATE, 0,
		    "no tablespace of the cluster is at \"%s\"", old);
		return error_hint(
		    err, "OLD of -T OLD=NEW is what a link in pg_tblspc says.");
	}
	return 0;
}

/* Two tablespaces in one place: the other one would be missing. */
static int
check_doubled(const struct backup *b, struct error *err)
{
	for (size_t i = 0; i < b->tablespaces.sent.count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct tablespace *t = &b->tablespaces.sent.rows[i];
			const struct tablespace *u = &b->tablespaces.sent.rows[k];

			if (!sys_is_same_file(&t->directory, &u->directory))
				continue;
			error_set(err, ERROR_STATE, 0,
			    "tablespaces %s and %s are in one and the same directory",
			    u->oid_text, t->oid_text);
			return error_hint(err,
			    "Look through what -T says of \"%s\" and \"%s\".", u->target,
			    t->target);
		}
	return 0;
}

static int
check_wal(const struct backup *b, struct error *err)
{
	struct stat link, wal;

	if (fstatat(b->cluster.datadir_fd, "pg_wal", &link, AT_SYMLINK_NOFOLLOW) == -1 ||
	    fstat(b->cluster.wal_fd, &wal) == -1) {
		error_set(err, ERROR_IO, errno, "stat");
		return error_wrap(err, "directory \"pg_wal\"");
	}
	if (!S_ISLNK(link.st_mode) && b->opt->waldir == NULL)
		return 0;
	if (!is_outside(b, "pg_wal", &wal, b->opt->waldir != NULL))
		return 0;
	return leads_out("pg_wal", "Say with --waldir where its snapshot is.", err);
}

/*
 * Where the server runs in a container, what its links say is there.  If it is seen from here it
 * must have the same directory there; else it is the word of whoever says so.
 */
static int
check_place_of_server(
    const struct backup *b, const struct tablespace *t, struct error *err)
{
	char text[PATH_MAX + 256];
	struct stat st;

	if (!t->is_relocated)
		return 0;
	if (!atwork_stat(
		&b->cluster.postmaster, &b->cluster.datadir_stat, t->target, &st)) {
		snprintf(text, sizeof(text),
		    "tablespace %s is read from where -T says: from here it cannot be seen whether "
		    "that is what the server has at \"%s\"",
		    t->oid_text, t->target);
		message_warning(text);
		return 0;
	}
	if (sys_is_same_file(&st, &t->location))
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "tablespace %s: what the server has at \"%s\" is another directory than -T says",
	    t->oid_text, t->target);
	return error_hint(err,
	    "NEW of -T OLD=NEW is the very directory, under the name that it has "
	    "here.");
}

static int
check_places_of_server(const struct backup *b, struct error *err)
{
	for (size_t i = 0; i < b->tablespaces.sent.count; i++)
		if (check_place_of_server(b, &b->tablespaces.sent.rows[i], err))
			return -1;
	return 0;
}

int
backup_links_check(const struct backup *b, struct error *err)
{
	const bool is_snapshot = b->opt->source == SOURCE_SNAPSHOT;

	if (check_relocations(b, err) || (is_snapshot && check_tablespaces(b, err)) ||
	    check_doubled(b, err) || (is_snapshot && check_wal(b, err)))
		return -1;
	return b->opt->source == SOURCE_SERVER ? check_places_of_server(b, err) : 0;
}

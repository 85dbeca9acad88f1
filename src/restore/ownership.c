/*
 * Nothing is given away that is not root's to give: each directory that was there must be root's,
 * or the owner's whom all is given to.
 */
#include "restore/ownership.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/options.h"
#include "format/layout.h"
#include "pg/access.h"
#include "restore/conflict.h"
#include "restore/directories.h"
#include "tar/header.h"

int
restore_ownership_check(const struct restore_ownership *o, struct error *err)
{
	struct owner owner;

	if (o->opt->owner == NULL)
		return 0;
	if (owner_parse(o->opt->owner, &owner, err))
		return error_wrap(err, "option \"--owner\"");
	if (geteuid() == 0 || owner.uid == geteuid())
		return 0;
	return error_set(err, ERROR_USAGE, 0,
	    "option \"--owner\": only root can give files to another user");
}

/* ---- that of the backup ---- */

/* Whom the backup may mean, the more likely first. */
struct meant {
	size_t count;
	struct owner rows[2];
};

/*
 * The group by its name, too, if that is one.  pg_basebackup calls each owner and each group
 * "postgres", whoever that is (tarCreateHeader() in tar.c): its numbers say more, on the same host.
 */
static gid_t
group_of(const struct reading_owner *o, bool is_ours, const struct owner *named)
{
	gid_t gid;

	if (is_ours && owner_group_by_name(o->gname, &gid))
		return gid;
	if (named->uid == o->uid)
		return (gid_t)o->gid;
	return owner_group_by_name(o->gname, &gid) ? gid : named->gid;
}

/* Members of root do not say whose the cluster is; nor a number that goes with an unknown name. */
static struct meant
meant_by_backup(const struct reading_owner *o, bool is_ours)
{
	struct meant m = { 0 };
	struct owner named, numbered;
	const bool has_name =
	    strcmp(o->uname, "root") != 0 && owner_by_name(o->uname, &named);
	const bool has_number = o->uid != 0 && (!is_ours || o->uname[0] == '\0') &&
	    owner_by_number(o->uid, &numbered);

	if (has_name) {
		named.gid = group_of(o, is_ours, &named);
		m.rows[m.count++] = named;
	}
	if (has_number && (!has_name || numbered.uid != named.uid)) {
		numbered.gid = (gid_t)o->gid;
		m.rows[m.count++] = numbered;
	}
	return m;
}

/* ---- that of a directory that was prepared ---- */

static int
prepared_owner(const struct restore_directories *directories, bool *has_owner,
    struct owner *out, struct error *err)
{
	struct owner own;

	*has_owner = false;
	for (size_t i = 0; i < restore_directories_count(directories); i++) {
		const struct newdir *dir = restore_directories_at(directories, i);

		if (dir->path == NULL || *has_owner)
			continue;
		if (newdir_owner(dir, has_owner, &out->uid, &out->gid, err))
			return error_wrap(err, "\"%s\"", dir->path);
	}
	/* made by root for another user, it often has root's group */
	if (*has_owner && out->gid == 0 && owner_by_number(out->uid, &own))
		out->gid = own.gid;
	return 0;
}

/* ---- the choice ---- */

static void
warn_of_number(const struct reading_owner *o, bool is_ours)
{
	char text[320], here[OWNER_TEXT];

	if (o->uid == 0)
		snprintf(text, sizeof(text),
		    "the files of the backup belong to root, but a server does not run as root (--owner names another user)");
	else if (is_ours && o->uname[0])
		snprintf(text, sizeof(text),
		    "the backup belongs to user \"%s\", who does not exist on this host: the files are given to user %s (--owner names another)",
		    o->uname, owner_print(here, (uid_t)o->uid));
	else
		snprintf(text, sizeof(text),
		    "the backup belongs to user number %" PRIu64
		    ", who has no name on this host: the files are given to that number (--owner names another user)",
		    o->uid);
	message_warning(text);
}

static void
warn_of_two(const struct meant *m)
{
	char text[320], one[OWNER_TEXT], other[OWNER_TEXT];

	snprintf(text, sizeof(text),
	    "the files are given to user %s, by the user name in the backup; by its user number they would be given to %s (--owner decides)",
	    owner_print(one, m->rows[0].uid), owner_print(other, m->rows[1].uid));
	message_warning(text);
}

static int
choose(const struct restore_ownership *o, const struct restore_directories *directories,
    bool is_ours, struct owner *out, struct error *err)
{
	const struct meant m = meant_by_backup(&o->backup, is_ours);
	struct owner prepared;
	bool has_prepared;

	if (o->opt->owner)
		return owner_parse(o->opt->owner, out, err);
	if (prepared_owner(directories, &has_prepared, &prepared, err))
		return -1;
	*out = m.rows[0];
	for (size_t i = 0; has_prepared && i < m.count; i++)
		if (m.rows[i].uid == prepared.uid) {
			*out = m.rows[i];
			return 0;
		}
	if (m.count == 2 && !has_prepared)
		warn_of_two(&m);
	if (m.count > 0)
		return 0;
	if (has_prepared) {
		*out = prepared;
		return 0;
	}
	*out = (struct owner){ (uid_t)o->backup.uid, (gid_t)o->backup.gid };
	warn_of_number(&o->backup, is_ours);
	return 0;
}

/* May all of them be given away? */
static int
check_directories(const struct restore_ownership *o,
    const struct restore_directories *directories, struct error *err)
{
	struct error all = { 0 };

	for (size_t i = 0; i < restore_directories_count(directories); i++) {
		const struct newdir *dir = restore_directories_at(directories, i);
		struct error one = { 0 };

		if (dir->path == NULL || newdir_check_owner(dir, o->all.uid, &one) == 0)
			continue;
		error_wrap(&one, "\"%s\"", dir->path);
		restore_conflict_add(&all, &one);
	}
	if (all.kind == ERROR_NONE)
		return 0;
	*err = all;
	return -1;
}

int
restore_ownership_settle(struct restore_ownership *o,
    const struct restore_directories *directories, bool is_ours, struct error *err)
{
	if (geteuid() != 0)
		return 0;
	if (o->backup.uid >= UINT32_MAX || o->backup.gid >= UINT32_MAX)
		return error_set(err, ERROR_FORMAT, 0,
		    "the number of the owner or group of the backup is too large");
	return choose(o, directories, is_ours, &o->all, err) ||
		check_directories(o, directories, err) ?
	    -1 :
	    0;
}

/* ---- of one member ---- */

/*
 * A file that root put into the data directory stays root's: a key that the server may read by its
 * group must be, or the server refuses it (check_ssl_key_file_permissions() in be-secure-common.c).
 * Not one of the WAL: pg_basebackup says 0 there for whom it does not know.  Nor one that the
 * server could not use so.
 */
static bool
is_roots(
    const struct restore_ownership *o, const struct tar_entry *entry, const char *path)
{
	return entry->type == TAR_FILE && entry->uid == 0 && o->backup.uid != 0 &&
	    strncmp(path, LAYOUT_WAL "/", sizeof(LAYOUT_WAL)) != 0 &&
	    !access_is_kept_out(path, false, entry->mode, true);
}

struct owner
restore_ownership_of(const struct restore_ownership *o, const struct tar_entry *entry,
    const char *path, bool is_ours)
{
	struct owner owner = o->all;

	if (!is_roots(o, entry, path))
		return owner;
	owner.uid = 0;
	/* that of the server, whatever number or name it has here */
	if (entry->gid == o->backup.gid)
		return owner;
	if ((!is_ours || !owner_group_by_name(entry->gname, &owner.gid)) &&
	    owner_has_group(entry->gid))
		owner.gid = (gid_t)entry->gid;
	return owner;
}

/*
 * That key again: given to the server's own user, its group may not read it.  Which file is one
 * only the configuration says, and the server reads any other as its owner.
 */
uint32_t
restore_ownership_mode(
    const struct restore_ownership *o, const struct tar_entry *entry, const char *path)
{
	return geteuid() != 0 && is_roots(o, entry, path) && (entry->mode & 0007) == 0 ?
	    entry->mode & ~0077U :
	    entry->mode;
}

/* The server sees to that: its directories are for its owner, or for his group as well. */
struct owner
restore_ownership_server(const struct restore_ownership *o)
{
	/* who is not root makes files of its own only, and nothing was settled */
	return geteuid() == 0 ? o->all : (struct owner){ geteuid(), getegid() };
}

uint32_t
restore_ownership_directory_mode(const struct restore_ownership *o)
{
	return (o->file_mode & 0040) != 0 ? 0750 : 0700;
}

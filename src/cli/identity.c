/*
 * Only the effective ids change: the real and the saved ones stay root's, and with them the right
 * to go back (credentials(7)).  The groups are changed first and the user last, since without
 * root's user id they could not be; on the way back the user comes first.
 */
/* setgroups(), initgroups() */
#define _DEFAULT_SOURCE
#include "cli/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

static int
refuse_root(const char *path, struct error *err)
{
	error_set(err, ERROR_STATE, 0, "data directory \"%s\" belongs to root", path);
	return error_hint(err,
	    "PostgreSQL does not run as root: run pg_basetar as the user of the server (in a container with docker exec -u), or give a copy that root made to that user with chown -R.");
}

int
identity_assume(
    struct identity *id, const struct stat *st, const char *path, struct error *err)
{
	struct passwd *owner;

	*id = (struct identity){ .uid = geteuid(), .gid = getegid() };
	if (id->uid != 0)
		return 0;
	if (st->st_uid == 0)
		return refuse_root(path, err);
	owner = getpwuid(st->st_uid);
	/* an owner without a name (a container's) has the one group we see */
	if ((owner ? initgroups(owner->pw_name, owner->pw_gid) :
		     setgroups(1, &st->st_gid)) == -1 ||
	    setegid(owner ? owner->pw_gid : st->st_gid) == -1 ||
	    seteuid(st->st_uid) == -1)
		return error_set(err, ERROR_STATE, errno,
		    "could not become user %lu, the owner of the data directory",
		    (unsigned long)st->st_uid);
	id->is_assumed = true;
	if (owner && setenv("HOME", owner->pw_dir, 1) == -1)
		return error_memory(err);
	return 0;
}

int
identity_regain(struct identity *id, struct error *err)
{
	if (!id->is_assumed)
		return 0;
	if (seteuid(id->uid) == -1 || setegid(id->gid) == -1 ||
	    setgroups(1, &id->gid) == -1)
		return error_set(err, ERROR_STATE, errno, "could not become root again");
	id->is_assumed = false;
	return 0;
}

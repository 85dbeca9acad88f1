#ifndef PG_BASETAR_RESTORE_OWNERSHIP_H
#define PG_BASETAR_RESTORE_OWNERSHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "reading/owner.h"
#include "restore/owner.h"

struct options;
struct restore_directories;
struct tar_entry;

/*
 * Whose the restored files are, if root restores them, and with which mode.  A server runs only on
 * files of its own, so that all get one owner: the one that the user names, the owner of a
 * directory that was prepared, or that of the backup, by its name if this host has it.
 */
struct restore_ownership {
	const struct options *opt; /* borrowed */

	/* of the backup, as it says; of its first members, until restore_ownership_settle() */
	struct reading_owner backup;
	uint32_t
	    file_mode; /* that of pg_control, once its member came: may the group read? */
	struct owner all; /* whom all is given to; once it is settled */
};

/* ERROR_USAGE: --owner names no user, or one that only root may give files to. */
MUST_CHECK int restore_ownership_check(
    const struct restore_ownership *, struct error *err);

/*
 * Once the directories are open and the owner of the backup is known: whom is all of it given to?
 * ${is_ours}: the backup was made by this program.  ERROR_STATE: a directory is not root's to give.
 */
MUST_CHECK int restore_ownership_settle(struct restore_ownership *,
    const struct restore_directories *directories, bool is_ours, struct error *err);

/* What one member gets. */
struct owner restore_ownership_of(const struct restore_ownership *,
    const struct tar_entry *entry, const char *path, bool is_ours);
uint32_t restore_ownership_mode(
    const struct restore_ownership *, const struct tar_entry *entry, const char *path);

/* As whom the server of the copy runs: the owner of its files. */
struct owner restore_ownership_server(const struct restore_ownership *);

/* 0700; or 0750, if the group may read the cluster. */
uint32_t restore_ownership_directory_mode(const struct restore_ownership *);

#endif

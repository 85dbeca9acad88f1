#ifndef PG_BASETAR_READING_OWNER_H
#define PG_BASETAR_READING_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#include "tar/header.h"

/*
 * Whose cluster a backup is of, known before its tree is unpacked: the owner of its first members,
 * which is that of global/pg_control, as both are the server's.  pg_control itself comes last.
 */
struct reading_owner {
	bool is_known;
	uint64_t uid, gid;
	char uname[TAR_OWNER_MOST + 2], gname[TAR_OWNER_MOST + 2]; /* "": not known */
};

/* One more member: it counts if it is the first, or the first one that is not root's. */
void reading_owner_note(struct reading_owner *, const struct tar_entry *entry);

#endif

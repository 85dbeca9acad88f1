#ifndef PG_BASETAR_RESTORE_OWNER_H
#define PG_BASETAR_RESTORE_OWNER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

/* Whose a file shall be, and what this host knows of users and groups. */
struct owner {
	uid_t uid;
	gid_t gid;
};

/*
 * USER[:GROUP], by name or by number, as chown(1) has it; the group is the user's own where
 * none is named.  ERROR_USAGE: no such user or group here, or a number whose group is not known.
 */
MUST_CHECK int owner_parse(const char *text, struct owner *out, struct error *err);

/* The user of that name or number, with its own group; false if absent here. */
bool owner_by_name(const char *name, struct owner *out);
bool owner_by_number(uint64_t uid, struct owner *out);

/* The group of that name; false if absent here. */
bool owner_group_by_name(const char *name, gid_t *gid);
bool owner_has_group(uint64_t gid);

/* The name of the user in ${text}, or its number where it has none here. */
#define OWNER_TEXT 64
const char *owner_print(char text[OWNER_TEXT], uid_t uid);

#endif

#ifndef PG_BASETAR_TAR_OWNERNAMES_H
#define PG_BASETAR_TAR_OWNERNAMES_H

#include <stdint.h>

#include "lib/error.h"

/*
 * The names of users and groups on this host, for the headers of members: an archive that is
 * unpacked on another host gives the files to the user of that name, whatever the number.
 *
 * Each number is looked up once (a directory service may be asked for it, over the network)
 * and remembered, as long as few others are in use.  For one thread at a time; what is asked
 * of the system is safe while other threads run.
 */
struct ownernames;

MUST_CHECK int ownernames_new(struct ownernames **, struct error *err);
void ownernames_free(struct ownernames *);

/* "" if absent, or if it cannot be found out.  Valid until the next such call. */
const char *ownernames_user(struct ownernames *, uint64_t uid);
const char *ownernames_group(struct ownernames *, uint64_t gid);

#endif

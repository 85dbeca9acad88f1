#ifndef PG_BASETAR_CLI_IDENTITY_H
#define PG_BASETAR_CLI_IDENTITY_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lib/error.h"

/*
 * Who we are.  Run as root, the program reads the data directory as its owner does, and
 * the server takes it for that user (peer authentication); nothing in a data directory
 * that its owner could put there makes it read as root.  Its own identity it has only
 * to open and to finish the output.
 *
 * Effective ids are the process's: glibc changes those of all threads.
 */
struct identity {
	bool is_assumed;
	uid_t uid;
	gid_t gid;
};

/*
 * Run as root, become the owner of the data directory ${path}, whose stat is ${st}; else do
 * nothing.  HOME becomes that user's, as libpq looks there for .pgpass.
 *
 * ERROR_STATE: it belongs to root.  No server's does, as PostgreSQL refuses to run as root;
 * and whatever is in it, like /tmp in the place of a data directory, would be read as root.
 */
MUST_CHECK int identity_assume(
    struct identity *, const struct stat *st, const char *path, struct error *err);

/* Be ourselves again; a second time does nothing. */
MUST_CHECK int identity_regain(struct identity *, struct error *err);

#endif

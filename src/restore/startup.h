#ifndef PG_BASETAR_RESTORE_STARTUP_H
#define PG_BASETAR_RESTORE_STARTUP_H

#include "lib/buf.h"
#include "lib/error.h"
#include "restore/owner.h"

struct pg_version;

/* How a server is started on a copy. */
struct restore_startup {
	const char *datadir;              /* absolute */
	struct owner owner;               /* as whom */
	const struct pg_version *version; /* NULL: not known */
	const char *port;        /* as the configuration has it; "": it says nothing */
	const char *sockets;     /* the same of unix_socket_directories */
	const char *config_file; /* below it; NULL: postgresql.conf */
};

/* What a server listens to where nothing is set (DEF_PGPORT in pg_config.h). */
#define RESTORE_STARTUP_PORT 5432

/*
 * Append the command line, for a shell.  *other_port: the one that it names, as a server on this host
 * has that of the configuration, ${*port}; 0: it names none.
 */
MUST_CHECK int restore_startup_command(const struct restore_startup *,
    struct buf *command, unsigned *port, unsigned *other_port, struct error *err);

#endif

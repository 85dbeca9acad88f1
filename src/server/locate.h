#ifndef PG_BASETAR_SERVER_LOCATE_H
#define PG_BASETAR_SERVER_LOCATE_H

#include <stdbool.h>

#include "lib/error.h"
#include "pg/postmaster.h"
#include "server/session.h"

/*
 * Where to find the server of a data directory.
 *
 * What the user does not say, neither with -h and -p nor in the connection string of -d
 * nor in PGHOST, PGHOSTADDR, PGPORT or a service, is filled in from what the server wrote
 * into its postmaster.pid: options->located_host and located_port, which locate_free()
 * releases.  The two are independent: a host alone still gets the port of that file.
 *
 * options->host_is_given says whether the host was the user's word.  If so, the pid in
 * the file may be of another name space (a container) and says nothing.
 *
 * ${postmaster} may be NULL: nothing is filled in.  ERROR_USAGE: -d cannot be read.
 * ERROR_STATE: the server listens nowhere.
 */
MUST_CHECK int locate_server(const struct postmaster *postmaster,
    struct session_options *options, struct error *err);

/*
 * ERROR_STATE: the process that postmaster.pid of ${pgdata} names is gone, and nothing else says
 * where the server is.
 */
MUST_CHECK int locate_check_alive(const struct postmaster *postmaster,
    const struct session_options *options, const char *pgdata, struct error *err);

/* Is the socket that postmaster.pid names gone, although the process lives? */
bool locate_has_lost_socket(
    const struct postmaster *postmaster, const struct session_options *options);

void locate_free(struct session_options *options);

#endif

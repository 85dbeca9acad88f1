#ifndef PG_BASETAR_DATADIR_CATALOGREAD_H
#define PG_BASETAR_DATADIR_CATALOGREAD_H

#include "lib/error.h"
#include "pg/catalogset.h"

/*
 * Read the catalogs of the cluster in the data directory ${datadir_fd}, on which no server works.
 * What cannot be read is passed over: the set knows the less then.
 */
MUST_CHECK int catalogread(int datadir_fd, struct catalogset *, struct error *err);

#endif

#ifndef PG_BASETAR_CLI_OWNFD_H
#define PG_BASETAR_CLI_OWNFD_H

#include "lib/error.h"

/*
 * Is ${path}, or a link that leads to it, one of our own descriptors, like /dev/stdout?  *fd is
 * which, or -1.  To open such a name, or to replace it, is never what is meant by it.
 */
MUST_CHECK int ownfd_find(const char *path, int *fd, struct error *err);

#endif

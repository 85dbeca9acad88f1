#ifndef PG_BASETAR_INFO_LIST_H
#define PG_BASETAR_INFO_LIST_H

#include "cli/options.h"

/*
 * The backups in the directory that the command line names, on standard output: of each cluster, the
 * oldest first; and what else is there.  An error: the directory could not be read; then nothing is printed.
 */
MUST_CHECK int info_list(const struct options *, struct error *err);

#endif

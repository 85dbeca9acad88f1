#ifndef PG_BASETAR_INFO_INFO_H
#define PG_BASETAR_INFO_INFO_H

#include "cli/options.h"

/*
 * pg_basetar info: what a backup says of itself, on standard output.  Nothing is proved.  An
 * error: it could not be read, or is no backup; then nothing is printed.
 */
MUST_CHECK int info_run(const struct options *, struct error *err);

#endif

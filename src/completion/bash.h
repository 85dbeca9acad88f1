#ifndef PG_BASETAR_COMPLETION_BASH_H
#define PG_BASETAR_COMPLETION_BASH_H

#include "lib/buf.h"
#include "lib/error.h"

/* Append the script for bash. */
MUST_CHECK int bash_print(struct buf *, struct error *err);

#endif

#ifndef PG_BASETAR_COMPLETION_FISH_H
#define PG_BASETAR_COMPLETION_FISH_H

#include "lib/buf.h"
#include "lib/error.h"

/* Append the script for fish. */
MUST_CHECK int fish_print(struct buf *, struct error *err);

#endif

#ifndef PG_BASETAR_COMPLETION_ZSH_H
#define PG_BASETAR_COMPLETION_ZSH_H

#include "lib/buf.h"
#include "lib/error.h"

/* Append the script for zsh. */
MUST_CHECK int zsh_print(struct buf *, struct error *err);

#endif

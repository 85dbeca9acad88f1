#ifndef PG_BASETAR_COMPLETION_COMPLETION_H
#define PG_BASETAR_COMPLETION_COMPLETION_H

#include "lib/buf.h"
#include "lib/error.h"

/*
 * Append the script with which ${shell}, one of bash, zsh and fish, completes our command lines.  It
 * is made of the table of options: a row that is added there is completed.  Options that only
 * pg_basebackup has are not offered.  ERROR_USAGE: it is another shell.
 */
MUST_CHECK int completion_print(struct buf *, const char *shell, struct error *err);

#endif

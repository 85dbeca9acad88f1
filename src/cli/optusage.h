#ifndef PG_BASETAR_CLI_OPTUSAGE_H
#define PG_BASETAR_CLI_OPTUSAGE_H

#include "cli/opttable.h"
#include "lib/buf.h"
#include "lib/error.h"

/* Append the commands and the options that are used most, no line longer than 80 columns. */
MUST_CHECK int optusage_overview(struct buf *text, struct error *err);

/* Append the usage of ${command} with all its options, likewise. */
MUST_CHECK int optusage_print(
    struct buf *text, enum opttable_command command, struct error *err);

/* Append what ${row} does for ${command}, a few words. */
MUST_CHECK int optusage_help(struct buf *text, const struct opttable_row *row,
    enum opttable_command command, struct error *err);

#endif

#ifndef PG_BASETAR_CLI_OPTGIVEN_H
#define PG_BASETAR_CLI_OPTGIVEN_H

#include "cli/options.h"
#include "cli/optread.h"

/*
 * An option that the command line gives: check its value, and put it into the options.  Returns
 * what options_parse() shall, OPTIONS_RUN to go on; or -1.
 */
MUST_CHECK int optgiven_take(
    struct options *, const struct optread_token *, struct error *err);

#endif

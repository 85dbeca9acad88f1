#ifndef PG_BASETAR_CLI_OPTWHOLE_H
#define PG_BASETAR_CLI_OPTWHOLE_H

#include "cli/options.h"
#include "cli/optread.h"

/*
 * All that the command line gives has been read: can it be meant all at once, and is it for this
 * command?  Then fill in what it does not say.  ERROR_USAGE.
 */
MUST_CHECK int optwhole_complete(
    struct options *, const struct optread *, struct error *err);

#endif

#ifndef PG_BASETAR_STREAM_OUTFD_H
#define PG_BASETAR_STREAM_OUTFD_H

#include <stdbool.h>

#include "lib/cancel.h"
#include "lib/stream.h"

/*
 * A sink on an open descriptor: standard output, a pipe, a device.  What was
 * written cannot be taken back, so free leaves it as it is.  finish syncs a regular file or a
 * block device (unless ${no_sync}) and closes, since a close may be the first to report an error.
 *
 * Takes ${fd}, on failure too.  ${name} is for messages and must outlive the sink;
 * ${cancel} ends a write that blocks.
 */
MUST_CHECK int outfd_open(struct sink **, int fd, const char *name, bool no_sync,
    const struct cancel *cancel, struct error *err);

#endif

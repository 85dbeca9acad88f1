#ifndef PG_BASETAR_INFO_JSON_H
#define PG_BASETAR_INFO_JSON_H

#include "format/summary.h"
#include "lib/buf.h"

/* Append what is known of a backup, for programs. */
MUST_CHECK int info_json(
    struct buf *out, const struct summary_facts *facts, struct error *err);

#endif

#ifndef PG_BASETAR_INFO_TEXT_H
#define PG_BASETAR_INFO_TEXT_H

#include "format/summary.h"
#include "lib/buf.h"

/* Append what is known of a backup, for people. */
MUST_CHECK int info_text(
    struct buf *out, const struct summary_facts *facts, struct error *err);

#endif

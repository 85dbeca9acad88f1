#ifndef PG_BASETAR_INFO_INFO_INTERNAL_H
#define PG_BASETAR_INFO_INFO_INTERNAL_H

/* What the files of the command share. */

#include "format/summary.h"
#include "info/info.h"
#include "lib/buf.h"

struct info_facts {
	struct summary_facts backup; /* first */
	bool is_whole;               /* all archives were read, so that there are sizes */
	const char *compression;
	uint64_t raw, size; /* of the archives, decoded and as they are; if is_whole */
};

/* info/text.c, info/json.c: append it, for people and for programs */
MUST_CHECK int info_text(
    struct buf *out, const struct info_facts *facts, struct error *err);
MUST_CHECK int info_json(
    struct buf *out, const struct info_facts *facts, struct error *err);

#endif

#ifndef PG_BASETAR_FORMAT_FACTS_JSON_H
#define PG_BASETAR_FORMAT_FACTS_JSON_H

#include "format/facts.h"
#include "lib/json.h"

/* Keys that mean the same in all that is written for programs: the report, and info. */
enum facts_key {
	FACTS_LABEL,
	FACTS_MODE,
	FACTS_SOURCE,
	FACTS_SERVER_VERSION,
	FACTS_SYSTEM_IDENTIFIER,
	FACTS_START_LSN,
	FACTS_START_TIMELINE,
	FACTS_STOP_LSN,
	FACTS_STOP_TIMELINE,
	FACTS_WAL_METHOD,
	FACTS_MANIFEST_CHECKSUMS,
	FACTS_COMPRESSION
};

/* Add the key, and what is known of it: null, if that is nothing. */
void facts_json(struct json *, const struct facts *, enum facts_key key);

#endif

#ifndef PG_BASETAR_SERVER_ARCHIVER_H
#define PG_BASETAR_SERVER_ARCHIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "server/session.h"

/* What the server's archiver last did, as pg_stat_archiver shows it to every role. */
struct archiver {
	bool is_failing; /* the last attempt failed: no segment was archived since */
	char failed_wal[64];
	uint64_t failures; /* since the statistics were reset */
};

/* ERROR_SERVER: the question failed. */
MUST_CHECK int archiver_read(struct session *s, struct archiver *out, struct error *err);

#endif

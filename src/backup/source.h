#ifndef PG_BASETAR_BACKUP_SOURCE_H
#define PG_BASETAR_BACKUP_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "datadir/exclude.h"
#include "pg/label.h"
#include "pg/page.h"
#include "server/online.h"

/*
 * Where the backup is made from, as far as what is sent and judged depends on it.  The source
 * fills it in, all others read it.  What is borrowed lives as long as the source.
 */
struct backup_source_facts {
	const char *mode; /* as pg_basetar.info and the report call it: "online" */
	/* no server works on the cluster: any change while it is read is an error */
	bool is_frozen;
	/* it may be of a moment when a server was at work: a directory may be half removed */
	bool is_of_a_moment;
	/* what the server says of itself, empty until it has; NULL: there is none to ask */
	const struct online_server *server;
	/* of backup_label, once the backup has started; NULL: the copy has none, and needs none */
	const struct label *label;
	enum exclude_mode exclude; /* how a copy starts */
	struct page_limits limits; /* which positions its pages can have */
	/* which database lies where, before the start and after all was read; NULL: not known */
	const char *databases_before, *databases_after;
	/* the oldest transaction that the databases of a primary had; 0: not known */
	uint32_t oldest_xid;
};

/* Is it a running server that is in recovery? */
static inline bool
backup_source_in_recovery(const struct backup_source_facts *facts)
{
	return facts->server && facts->server->in_recovery;
}

#endif

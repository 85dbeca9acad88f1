#ifndef PG_BASETAR_SUPPORT_DESCRIBED_H
#define PG_BASETAR_SUPPORT_DESCRIBED_H

#include "format/summary.h"

/*
 * All that can be known of a backup: online, of PostgreSQL 15, with three tablespaces and one that was
 * left out, and two configuration files, of which one could not be read.  It stays where it is.
 */
struct described {
	struct summary_facts facts;
	struct infofile info;
	struct infofile_pair config[2], without[1];
	struct label label;
	struct control control;
	struct summary_tablespace tablespaces[3];
};

/* ${has_all}: WAL and manifest are in the backup; else neither is. */
void described_fill(struct described *, bool has_all);

#endif

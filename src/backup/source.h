#ifndef PG_BASETAR_BACKUP_SOURCE_H
#define PG_BASETAR_BACKUP_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "datadir/exclude.h"
#include "lib/error.h"
#include "lib/oidset.h"
#include "pg/control.h"
#include "pg/label.h"
#include "pg/page.h"
#include "server/online_check.h"

struct backup_cluster;
struct backup_copies;
struct backup_source;
struct backup_tablespaces;
struct backup_tree;
struct backup_wal;
struct cancel;
struct options;

/*
 * Where the backup is made from: a running server (running.c), a cluster that was shut down
 * (stopped.c), or a snapshot of one (snapshot.c).  The main road, backup.c, is the same for all
 * three; the operations are what each of them does at a step of it, the facts what the other parts
 * have to know of it.
 */

/* What a question is to the others, and to a backup. */
enum backup_source_rank {
	SOURCE_CHECK_ALONE,
	SOURCE_CHECK_FIRST, /* those after it cannot be asked if it fails */
	SOURCE_CHECK_ADVICE /* not asked by a backup, as that does not need what it is about */
};

/* One question of many, before a backup begins. */
struct backup_source_check {
	const char *name; /* for the user, and as a value of JSON: "wal_level" */
	const char *good; /* what is so if it does not fail */
	enum backup_source_rank rank;
	int (*run)(struct backup_source *, struct error *);
};

/* The steps, in their order.  One that may be NULL says so: then there is nothing to do. */
struct backup_source_ops {
	const char *beginning; /* how progress calls the step `begin` */

	/*
	 * Is it what the options say, and can a backup of it be made?  A server: connect.  The last
	 * one has no name.
	 */
	const struct backup_source_check *checks;
	/*
	 * In a thread: where does the WAL begin that the copy needs?  A server: start the backup.
	 * Where nothing changes, find where it ends, too.
	 */
	int (*begin)(struct backup_source *, struct error *);
	/*
	 * The backup has begun, and the tablespaces, which may have changed until then, have been
	 * read again: would a copy recover with them?  And what else must be known before the
	 * first file is read.  NULL: nothing can have changed.
	 */
	int (*accept)(struct backup_source *, struct error *);
	/*
	 * Of a server in recovery: how far has it replayed?  UINT64_MAX: not known.  May be NULL.
	 */
	int (*replayed)(struct backup_source *, uint64_t *lsn, struct error *);
	/*
	 * In the planner's thread, when all else has been read: the bytes of pg_control as they
	 * are sent, and what it was before we changed anything in them.
	 */
	int (*control)(struct backup_source *, uint8_t bytes[CONTROL_SIZE],
	    struct control *, struct error *);
	/* While the tree is sent, every few seconds; and several times a second: or NULL. */
	int (*watch_tree)(struct backup_source *, struct backup_copies *, struct error *);
	int (*hurry_tree)(struct backup_source *, struct backup_copies *, struct error *);
	/* While the WAL is sent, every few seconds. */
	int (*watch_wal)(struct backup_source *, struct error *);
	/* All of the tree has been read: end the backup.  NULL: none was started. */
	int (*stop)(struct backup_source *, struct backup_copies *, struct error *);
	/* All of the WAL has been read: the server need not hold it back any more.  May be NULL. */
	void (*release_wal)(struct backup_source *);
	/* In a thread, when all has been read: has it changed?  NULL: it may. */
	int (*recheck)(struct backup_source *, struct backup_tree *, struct error *);
	/* Say what an error of these steps may mean.  Always -1. */
	int (*explain)(const struct backup_source *, struct error *);
	/* The run is over, well or not: end what still runs on the server.  May be NULL. */
	void (*end)(struct backup_source *);
	void (*free)(struct backup_source *);
};

/* What the other parts have to know of it.  The source alone writes it. */
struct backup_source_facts {
	const char *mode; /* as pg_basetar.info and the report call it: "online" */
	/* no server works on the cluster: any change while it is read is an error */
	bool is_frozen;
	/* it may be of a moment when a server was at work: a directory may be half removed */
	bool is_of_a_moment;
	/* what the server reports of itself, empty until it has; NULL: there is no server */
	const struct online_server *server;
	/* of backup_label, once the backup has started; NULL: the copy has none, and needs none */
	const struct label *label;
	enum exclude_mode exclude; /* how a copy starts */
	struct page_limits limits; /* which positions its pages can have */
	/*
	 * the tablespace of each database, before the start and after all was read; NULL: not known
	 */
	const char *databases_before, *databases_after;
	/* those that existed when the backup had started; empty: not known */
	struct oidset databases;
	/* the oldest transaction that the databases had; 0: not known, as of a standby at work */
	uint32_t oldest_xid;
};

/* What a source works with; borrowed. */
struct backup_source_parts {
	const struct options *opt;
	struct backup_cluster *cluster;
	struct backup_tablespaces *tablespaces;
	struct backup_wal *wal;
	const struct cancel *cancel;
};

struct backup_source {
	const struct backup_source_ops *ops;
	struct backup_source_parts of;
	struct backup_source_facts facts;
	bool is_complete; /* the backup is: set before the operation `end` */
};

/* All that a backup asks, up to the first that fails. */
MUST_CHECK static inline int
backup_source_check(struct backup_source *source, struct error *err)
{
	for (const struct backup_source_check *c = source->ops->checks; c->name; c++)
		if (c->rank != SOURCE_CHECK_ADVICE && c->run(source, err))
			return -1;
	return 0;
}

/* Is it a running server that is in recovery? */
static inline bool
backup_source_in_recovery(const struct backup_source_facts *facts)
{
	return facts->server && facts->server->in_recovery;
}

#endif

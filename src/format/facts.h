#ifndef PG_BASETAR_FORMAT_FACTS_H
#define PG_BASETAR_FORMAT_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "format/infofile.h"
#include "format/memberorder.h"
#include "lib/buf.h"
#include "lib/error.h"
#include "pg/cluster.h"
#include "pg/control.h"
#include "pg/label.h"

/*
 * What the few members say that are about the backup as a whole: backup_label, tablespace_map,
 * pg_basetar.info, pg_control and PG_VERSION.  All others read it; a facts_reader fills it, as
 * the members come.  A pointer is NULL as long as the member did not come, or if it cannot be
 * read.
 */
struct facts {
	const struct infofile
	    *info; /* NULL, too: the backup was not made by pg_basetar */
	const struct label *label;
	const struct buf *map; /* the text; how it is read depends on the version */
	const struct control *control;
	const struct pg_version *version;
	/* one came where ours has its own, of a backup that the cluster was restored from */
	bool has_earlier_info;
};

/* A backup of a running server: so says pg_basetar.info, or there is none. */
bool facts_are_online(const struct facts *);

/* "online", "offline", "snapshot"; and what the user called the backup, or NULL. */
const char *facts_mode(const struct facts *);
const char *facts_label(const struct facts *);

/* Owns what the facts point to; it stays where it is.  All zeros is legal. */
struct facts_reader {
	struct facts facts;
	struct infofile info;
	struct label label;
	struct buf map;
	struct control control;
};

/* Is ${path}, of that kind, one of these members, and the first that can be understood? */
bool facts_want(const struct facts *, enum memberorder_kind kind, const char *path);

/*
 * The whole text of a member that is wanted.  ERROR_FORMAT: it is damaged, and the facts are as
 * they were.  ERROR_UNSUPPORTED: its format is not known; if it is that of pg_basetar.info, or
 * the release that PG_VERSION or pg_basetar.info names, nothing else would be understood either.
 */
MUST_CHECK int facts_take(struct facts_reader *, enum memberorder_kind kind,
    const struct buf *text, struct error *err);

void facts_free(struct facts_reader *);

#endif

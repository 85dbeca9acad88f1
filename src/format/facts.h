#ifndef PG_BASETAR_FORMAT_FACTS_H
#define PG_BASETAR_FORMAT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/infofile.h"
#include "format/memberorder.h"
#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/error.h"
#include "pg/cluster.h"
#include "pg/control.h"
#include "pg/label.h"

enum facts_source { FACTS_SOURCE_UNKNOWN, FACTS_PRIMARY, FACTS_STANDBY };
enum facts_presence { FACTS_UNKNOWN, FACTS_ABSENT, FACTS_THERE };

/*
 * What is known of a backup as a whole, to the commands that make, verify, restore or look at it,
 * and what they report of it.
 *
 * First what the few members say that are about the whole: backup_label, tablespace_map,
 * pg_basetar.info, pg_control and PG_VERSION.  A facts_reader fills that in, as the members come.
 * A pointer is NULL as long as the member did not come, or if it cannot be read.
 *
 * The rest follows from these (facts_conclude()), or is known to the one that made the backup or
 * read all of it.  What is NULL, 0 or UNKNOWN is not known.
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

	const char *called; /* the label: what the user called the backup */
	const char *mode;   /* "online", "offline", "snapshot" */
	enum facts_source source;
	uint64_t system_identifier;
	struct facts_range {
		uint64_t start_lsn, stop_lsn;
		uint32_t start_timeline, stop_timeline;
	} range;                           /* of the WAL that a copy needs */
	enum facts_presence wal, manifest; /* are they in the backup? */
	enum digest_kind digest;           /* of most files in the manifest */
	struct facts_archive {
		const char *compression;
		uint64_t members, bytes; /* of the archives, and of their bodies */
		uint64_t raw,
		    written; /* bytes of the archives, decoded and as they are */
	} archive;
};

/* The members of ${said}, and what follows from them. */
struct facts facts_conclude(const struct facts *said);

/* A backup of a running server: pg_basetar.info says so, or it is absent. */
bool facts_are_online(const struct facts *);

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

#ifndef PG_BASETAR_FORMAT_ARCHIVEPART_H
#define PG_BASETAR_FORMAT_ARCHIVEPART_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/error.h"

/* What of a backup an archive holds, and what PostgreSQL calls its members. */
enum archivepart_kind {
	/* the whole backup, or the base of it when there are others */
	ARCHIVEPART_ALONE,
	ARCHIVEPART_BASE,       /* base.tar next to others */
	ARCHIVEPART_TABLESPACE, /* OID.tar: the content of one tablespace */
	ARCHIVEPART_WAL         /* pg_wal.tar of pg_basebackup: the content of pg_wal */
};

struct archivepart {
	enum archivepart_kind kind;
	char oid[16]; /* of a tablespace, else "" */
};

/*
 * The name of a member without what only pg_basebackup puts before it: it calls one directory
 * "./pg_wal/archive_status".  Ours have no such names.
 */
const char *archivepart_plain(const char *name, bool is_ours);

/*
 * Replace the content of ${path} by what PostgreSQL calls the member of that plain name.
 * With ${is_whole} tablespaces are below pg_basetar_tblspc, as layout.h says.
 */
MUST_CHECK int archivepart_path(const struct archivepart *, const char *name,
    bool is_whole, struct buf *path, struct error *err);

#endif

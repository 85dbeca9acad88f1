#ifndef PG_BASETAR_FORMAT_LAYOUT_H
#define PG_BASETAR_FORMAT_LAYOUT_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/error.h"

/*
 * The names of members (pg_basetar.5 has them all, in their order).
 *
 * A data directory's own names are kept, but for tablespaces.  What PostgreSQL calls
 * pg_tblspc/OID/... lies in pg_basetar_tblspc/OID/..., and pg_tblspc/OID is a relative
 * link to there: real directories in pg_tblspc make recovery stop, absolute links would
 * lead a restored copy into the original's tablespaces.  An archive of one tablespace
 * has its content only, to be unpacked at its location.
 */
#define LAYOUT_LABEL "backup_label"
#define LAYOUT_MAP "tablespace_map"
#define LAYOUT_INFO "pg_basetar.info"
#define LAYOUT_TABLESPACES "pg_basetar_tblspc"
#define LAYOUT_CONFIG "pg_basetar_config"
#define LAYOUT_CONTROL "global/pg_control"
#define LAYOUT_WAL "pg_wal"
#define LAYOUT_MANIFEST "backup_manifest"

/* Where a path that PostgreSQL calls ${path} lies. */
enum layout_part {
	LAYOUT_TREE,       /* in the data directory itself */
	LAYOUT_TABLESPACE, /* "pg_tblspc/OID/...", reached through the link pg_tblspc/OID */
	LAYOUT_LOCATION /* "pg_tblspc/OID/...", in an archive of that tablespace alone */
};

/* Replace the content of ${name} with the member's name. */
MUST_CHECK int layout_name(
    struct buf *name, enum layout_part part, const char *path, struct error *err);

/* The same with the target of the link pg_tblspc/${oid}. */
MUST_CHECK int layout_link_target(struct buf *target, const char *oid, struct error *err);

/* Is ${target} that? */
bool layout_is_link_target(const char *target, const char *oid);

#endif

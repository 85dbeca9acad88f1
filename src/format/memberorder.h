#ifndef PG_BASETAR_FORMAT_MEMBERORDER_H
#define PG_BASETAR_FORMAT_MEMBERORDER_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "pg/cluster.h"
#include "tar/header.h"

/*
 * What a member of an archive is, by its name, and which may follow which (pg_basetar.5,
 * "Members in order"; the server's BASE_BACKUP of 10 to 19 has the same order, but for the
 * names in a directory, and the members that are ours).
 */
enum memberorder_kind {
	MEMBERORDER_LABEL, /* in the order in which they come */
	MEMBERORDER_MAP,
	MEMBERORDER_INFO,
	MEMBERORDER_CONFIG,
	MEMBERORDER_TREE,
	MEMBERORDER_CONTROL,
	MEMBERORDER_SEGMENT, /* of WAL */
	MEMBERORDER_HISTORY,
	MEMBERORDER_MANIFEST,
	MEMBERORDER_MARK /* in archive_status: after the segment or history it is about */
};

/* ${path} as PostgreSQL names it. */
enum memberorder_kind memberorder_kind(const char *path, char type);

/* Is it the name of a WAL segment or a timeline history file in pg_wal? */
bool memberorder_is_wal(const char *path);

/*
 * Is a member of that kind the manifest of an earlier backup, which the cluster was restored from?
 * Servers of some releases send it as one of the cluster's files.  The manifest of the backup
 * itself comes after pg_control, and pg_basetar, whose archives have pg_basetar.info, sends no
 * other.  ${version}: NULL where it is not known yet, then any such member is taken for one.
 */
bool memberorder_is_old_manifest(enum memberorder_kind kind, bool has_info,
    bool has_control, const struct pg_version *version);

/*
 * Is ${path} a file at the top that need not be where the server has it, nor be as the manifest
 * lists it?  pg_basebackup -R puts standby.signal, which is empty, or up to 11 recovery.conf after
 * pg_control, and writes postgresql.auto.conf anew; the manifest knows nothing of that.  None is
 * in archives of pg_basetar (${is_ours}).
 */
#define MEMBERORDER_AUTO_CONF "postgresql.auto.conf"
bool memberorder_is_setting(const char *path, bool is_ours);

/*
 * Bytes at most of a member that is kept whole, because it describes the backup: no server, and
 * no program of ours, writes one that is longer.  0 for any other.
 */
size_t memberorder_text_most(enum memberorder_kind kind, const char *path);

/*
 * Is ${name} one that may be unpacked: relative, without empty parts, "." or ".."?  NULL
 * if it is, else what is wrong.
 */
const char *memberorder_name_fault(const char *name);

/* The members of one archive, as they come; all zeros before the first. */
struct memberorder {
	bool has_begun;
	enum memberorder_kind last;
	struct buf name; /* of the last in the tree */
};

/*
 * One more: does it come in order?  With ${is_ours} the names of the tree are in the order of
 * their bytes, a directory before what is in it.  *fault is NULL, or a static text.
 */
MUST_CHECK int memberorder_next(struct memberorder *, enum memberorder_kind kind,
    const char *name, bool is_ours, const char **fault, struct error *err);

void memberorder_free(struct memberorder *);

#endif

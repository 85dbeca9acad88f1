#ifndef PG_BASETAR_ARCHIVE_ARCHIVE_H
#define PG_BASETAR_ARCHIVE_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "archive/pagecheck.h"
#include "archive/walbody.h"
#include "format/layout.h"
#include "lib/digest.h"
#include "lib/error.h"
#include "stream/blockpipe.h"

/*
 * An archive being written, or several, one after the other, under one manifest: members
 * go into the stream, files into the manifest too.  The caller decides what comes in
 * which order.  Called by the pipeline's planner only.
 *
 * Paths are as PostgreSQL names them, relative to the data directory ("base/5/1259",
 * "pg_tblspc/16400/PG_15_202209061/5/16401"); ${part} says where they lie (layout.h).
 */
struct archive;

struct archive_options {
	struct blockpipe *pipe; /* borrowed */
	enum digest_kind digest;
	bool no_manifest;
	const struct pg_version *version; /* of the cluster */
	uint64_t system_identifier;
	/* Owner, mode and time of members that are no files of the cluster. */
	struct stat own;
	void (*warn)(const char *text);
	bool is_frozen;      /* files may not change while they are read */
	uint32_t page_bytes; /* of relations; 0: not known */
	/* borrowed; NULL: relations' pages are not checked */
	const struct pagecheck *pages;
};

MUST_CHECK int archive_open(
    struct archive **, const struct archive_options *options, struct error *err);
/* Not before the pipeline is closed or freed.  NULL is no archive. */
void archive_free(struct archive *);

/* A directory, with the owner, mode and time of ${st} (NULL: those of options.own). */
MUST_CHECK int archive_directory(struct archive *, enum layout_part part,
    const char *path, const struct stat *st, struct error *err);

/* The link pg_tblspc/${oid} to pg_basetar_tblspc/${oid} (layout.h). */
MUST_CHECK int archive_tablespace_link(
    struct archive *, const char *oid, const struct stat *st, struct error *err);

/* A file whose content the caller has in memory; as large as ${len}. */
MUST_CHECK int archive_bytes(struct archive *, enum layout_part part, const char *path,
    const struct stat *st, const void *bytes, size_t len, struct error *err);

/*
 * A file of ${st}->st_size bytes that is read from ${fd}; what it does not have when it
 * is read becomes zeros, and a warning unless ${is_relation}; of a relation the pages are
 * checked.  With options.is_frozen any change is ERROR_STATE.  Takes ${fd}, on failure too.
 */
MUST_CHECK int archive_file(struct archive *, enum layout_part part, const char *path,
    const struct stat *st, int fd, bool is_relation, struct error *err);

/* global/pg_control: its digest is SHA-256, since its CRC-32C is always the same. */
MUST_CHECK int archive_control(struct archive *, const struct stat *st, const void *bytes,
    size_t len, struct error *err);

/* A WAL segment ${name} from ${fd}, which is taken, on failure too.  Not in the manifest. */
MUST_CHECK int archive_segment(struct archive *, const char *name, const struct stat *st,
    int fd, const struct walbody_options *options, struct error *err);

/*
 * An empty file pg_wal/archive_status/${name}.${mark}, for the archiver of the copy: "done",
 * no one needs to archive that file of pg_wal again; "ready", it shall.
 */
MUST_CHECK int archive_mark(
    struct archive *, const char *name, const char *mark, struct error *err);

/* A timeline history file, whose content the caller has.  Not in the manifest. */
MUST_CHECK int archive_history(struct archive *, const char *name, const struct stat *st,
    const void *bytes, size_t len, struct error *err);

/* For the manifest: the WAL that this timeline needs; the newest timeline first. */
MUST_CHECK int archive_wal_range(
    struct archive *, uint32_t timeline, uint64_t start, uint64_t end, struct error *err);

/* The end of this archive; what follows is another one, in ${sink} (blockpipe_switch()). */
MUST_CHECK int archive_next(struct archive *, struct sink *sink, struct error *err);

/* The manifest, unless there is to be none, as the last member. */
MUST_CHECK int archive_manifest(struct archive *, struct error *err);

/* The end of the last archive. */
MUST_CHECK int archive_finish(struct archive *, struct error *err);

/*
 * The manifest as a file of its own, unless there is to be none: once the pipeline is
 * closed.
 */
MUST_CHECK int archive_manifest_beside(
    struct archive *, struct sink *sink, struct error *err);

/* Members so far, of all archives. */
uint64_t archive_members(const struct archive *);

#endif

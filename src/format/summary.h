#ifndef PG_BASETAR_FORMAT_SUMMARY_H
#define PG_BASETAR_FORMAT_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/archivepart.h"
#include "format/facts.h"
#include "format/spacelist.h"
#include "lib/error.h"
#include "tar/header.h"

struct histories;

/*
 * What a backup says of itself: in the headers of its members, and in the few that describe the
 * whole.  Nothing is proved; that is the checker's work.
 *
 *	summary_new()
 *	for each archive:
 *		summary_archive()
 *		or summary_skip()
 *		for each member: summary_member(), and of one that is wanted summary_bytes()
 *		    for its body, summary_member_end()
 *	summary_manifest(), for a manifest next to the archives
 *	summary_finish()
 *
 * ERROR_FORMAT, ERROR_UNSUPPORTED: one of them is not what its name says.
 *
 * Memory: that of those few members, a line of the manifest, 40 bytes for each tablespace, and
 * the names of the configuration files in pg_basetar_config.
 */
struct summary;

MUST_CHECK int summary_new(struct summary **, struct error *err);
void summary_free(struct summary *);

MUST_CHECK int summary_archive(
    struct summary *, const struct archivepart *part, struct error *err);

/* ${wanted}: are the bytes of its body? */
MUST_CHECK int summary_member(
    struct summary *, const struct tar_entry *entry, bool *wanted, struct error *err);
MUST_CHECK int summary_bytes(
    struct summary *, const uint8_t *bytes, size_t len, struct error *err);
MUST_CHECK int summary_member_end(struct summary *, struct error *err);

/* Is it known what tablespaces there are, and where they were? */
bool summary_knows_locations(const struct summary *);

/*
 * Is what is left of the tree known without its members?  It is an archive of pg_basetar, and
 * what is left is in the manifest, which is a member or ${is_beside} the archives.
 */
bool summary_is_in_manifest(const struct summary *, bool is_beside);

/*
 * The members of this archive that a manifest lists do not come, or not all of them: those before
 * pg_control, or of a tablespace all.  The manifest says what they are.
 */
MUST_CHECK int summary_skip(struct summary *, struct error *err);

/* Has the tree begun?  Before it comes what a brief look wants. */
bool summary_is_in_tree(const struct summary *);

/* Bytes of backup_manifest, where it is no member; ${len} 0: its end. */
MUST_CHECK int summary_manifest(
    struct summary *, const uint8_t *bytes, size_t len, struct error *err);

/* ERROR_FORMAT: what was read is no base backup. */
MUST_CHECK int summary_finish(struct summary *, struct error *err);

/* Owned by the summary; NULL and 0 where nothing is known. */
struct summary_facts {
	struct facts backup;
	bool is_whole; /* all archives were read to their end, so that there are sizes */
	bool is_counted; /* all members came: facts.archive.members is their number */
	uint64_t files;
	uint64_t wal_segments, wal_bytes;
	const struct summary_tablespace *tablespaces; /* in the order of their OIDs */
	size_t ntablespaces;
	const struct histories *histories; /* of timelines, as far as they came */
	/* of each row of info->config, whether the file is in the archive; NULL: not known */
	const bool *is_config_there;
};

/*
 * After summary_finish().  ${is_whole}: all archives were read to their end, so that what did
 * not come is not there.
 */
struct summary_facts summary_facts(const struct summary *, bool is_whole);

#endif

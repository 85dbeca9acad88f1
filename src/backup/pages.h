#ifndef PG_BASETAR_BACKUP_PAGES_H
#define PG_BASETAR_BACKUP_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

struct backup_cluster;
struct backup_source_facts;
struct pagecheck;
struct pagetally_sum;

/* Whether the pages of relations are checked while they are sent, and what came of it. */
struct backup_pages;

/* If they are ${wanted}, and can be.  The positions that they can have are known by now. */
MUST_CHECK int backup_pages_open(struct backup_pages **, bool wanted,
    const struct backup_cluster *, const struct backup_source_facts *, struct error *err);

/* For whoever sends them; NULL: nothing of them is looked at. */
const struct pagecheck *backup_pages_check(const struct backup_pages *);

/*
 * All have been read, and the WAL is known to end at ${stop_lsn}.  ERROR_FORMAT: it ended before
 * pages were written that are sent.
 */
MUST_CHECK int backup_pages_stop(
    struct backup_pages *, uint64_t stop_lsn, struct error *err);

/* Say how many pages are damaged, if any are: then false. */
bool backup_pages_report(const struct backup_pages *);

/* Were their checksums checked?  Then *sum is what was found. */
bool backup_pages_sum(const struct backup_pages *, struct pagetally_sum *sum);

/* NULL is accepted. */
void backup_pages_free(struct backup_pages *);

#endif

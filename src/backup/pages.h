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

/* Check them if that is ${wanted} and possible.  The LSNs that pages can have must be known. */
MUST_CHECK int backup_pages_open(struct backup_pages **, bool wanted,
    const struct backup_cluster *, const struct backup_source_facts *, struct error *err);

/* For sending them; NULL: they are not checked. */
const struct pagecheck *backup_pages_check(const struct backup_pages *);

/*
 * All have been read, and the WAL ends at ${stop_lsn}.  ERROR_FORMAT: pages were sent that were
 * written after that.
 */
MUST_CHECK int backup_pages_stop(
    struct backup_pages *, uint64_t stop_lsn, struct error *err);

/* False if pages are damaged; how many is said then. */
bool backup_pages_report(const struct backup_pages *);

/* Were their checksums checked?  Then *sum is what was found. */
bool backup_pages_sum(const struct backup_pages *, struct pagetally_sum *sum);

/* NULL is accepted. */
void backup_pages_free(struct backup_pages *);

#endif

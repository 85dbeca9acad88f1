/*
 * The pages of relations: whether they are checked, and what is said of them when all have been.
 */
#include "backup/pages.h"

#include <stdlib.h>

#include "archive/pagecheck.h"
#include "backup/cluster.h"
#include "backup/source.h"
#include "cli/message.h"
#include "format/pagetally.h"
#include "lib/lsn.h"

struct backup_pages {
	struct pagecheck check; /* its tally is NULL: they are not looked at */
	bool are_checked;       /* by their checksums */
};

/* Can the checksums of this cluster be checked? */
static bool
can_be_checked(const struct control *c)
{
	if (c->data_checksums == 0) {
		message_info(
		    "data pages are not checked: the cluster has no data checksums");
		return false;
	}
	if (c->data_checksums == 1 && c->block_size == PAGE_BYTES)
		return true;
	message_warning(
	    "data pages are not checked: their size or the version of their checksums is not supported");
	return false;
}

int
backup_pages_open(struct backup_pages **out, bool wanted,
    const struct backup_cluster *cluster, const struct backup_source_facts *source,
    struct error *err)
{
	struct backup_pages *p = calloc(1, sizeof(*p));

	*out = p;
	if (p == NULL)
		return error_memory(err);
	p->are_checked = wanted && can_be_checked(&cluster->control);
	if (!p->are_checked && source->limits.later_most == 0)
		return 0;
	p->check.limits = source->limits;
	p->check.limits.no_checksums = !p->are_checked;
	p->check.segment_blocks = cluster->control.segment_blocks;
	return pagetally_new(&p->check.tally, message_finding, err);
}

const struct pagecheck *
backup_pages_check(const struct backup_pages *p)
{
	return p->check.tally ? &p->check : NULL;
}

/* With WAL that ends before its data a copy would start, and be corrupt. */
static int
check_later(const struct backup_pages *p, uint64_t stop_lsn, struct error *err)
{
	char stop[LSN_TEXT], latest[LSN_TEXT];
	uint64_t block, lsn;
	const char *path = pagetally_latest(p->check.tally, &block, &lsn);

	if (path == NULL)
		return 0;
	error_set(err, ERROR_FORMAT, 0,
	    "WAL ends at %s, but %llu data pages have a later LSN, up to %s of block %llu in \"%s\"",
	    lsn_print(stop, stop_lsn),
	    (unsigned long long)pagetally_sum(p->check.tally).later_pages,
	    lsn_print(latest, lsn), (unsigned long long)block, path);
	/* pages of a new file are written ahead of their WAL (nbtsort.c, rewriteheap.c) */
	return error_hint(err,
	    "Either the end of pg_wal is lost or damaged, or pg_wal was not taken at the same moment as the data: a copy would be corrupt.  Or an index was being built or a table rewritten: take another snapshot.  Or, if it is a single page, that page is damaged.");
}

int
backup_pages_stop(struct backup_pages *p, uint64_t stop_lsn, struct error *err)
{
	if (p->check.tally == NULL)
		return 0;
	return check_later(p, stop_lsn, err) ||
		pagetally_stop(p->check.tally, stop_lsn, err) ?
	    -1 :
	    0;
}

bool
backup_pages_report(const struct backup_pages *p)
{
	struct error finding = { 0 };
	struct pagetally_sum sum;

	if (p->check.tally == NULL)
		return true;
	sum = pagetally_sum(p->check.tally);
	if (p->are_checked)
		message_info("%llu data pages in %llu files checked",
		    (unsigned long long)sum.pages, (unsigned long long)sum.files);
	if (sum.damaged_pages == 0)
		return true;
	error_set(&finding, ERROR_FORMAT, 0,
	    "the backup is complete, but the cluster is damaged: %llu of %llu data pages, in %llu of %llu files",
	    (unsigned long long)sum.damaged_pages, (unsigned long long)sum.pages,
	    (unsigned long long)sum.damaged_files, (unsigned long long)sum.files);
	error_hint(&finding,
	    "The backup holds these pages as they are.  Find out what is wrong with the storage, and keep the backups that were made before.");
	message_error(&finding);
	return false;
}

bool
backup_pages_sum(const struct backup_pages *p, struct pagetally_sum *sum)
{
	if (p == NULL || !p->are_checked || p->check.tally == NULL)
		return false;
	*sum = pagetally_sum(p->check.tally);
	return true;
}

void
backup_pages_free(struct backup_pages *p)
{
	if (p == NULL)
		return;
	pagetally_free(p->check.tally);
	free(p);
}

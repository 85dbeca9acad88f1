#include "backup/backup_internal.h"
#include "cli/message.h"
#include "lib/lsn.h"

/*
 * No backup lasts so long that so much WAL is written meanwhile: 1 PiB, four days at 3 GB/s.
 * Garbage in the place of an LSN is nearly always beyond that, and need not be remembered
 * until the stop is known.
 */
#define WAL_MOST (UINT64_C(1) << 50)

/*
 * All WAL of a snapshot is known before its first page is read.  A page of later, by no
 * more than this, tells that pg_wal is of an earlier moment, or lost its end.  (Of a cluster
 * that was shut down the copy is what the original is; and its unlogged relations, which
 * only that keeps, have positions of their own.)
 */
#define LATER_MOST (UINT64_C(1) << 40)

/* Are the checksums of this cluster to be checked, and can they be? */
static bool
are_wanted(const struct backup *b)
{
	const struct control *c = &b->cluster.control;

	if (b->opt->no_verify_checksums)
		return false;
	if (c->data_checksums == 0) {
		message_info(
		    "data pages are not checked: the cluster has no data checksums");
		return false;
	}
	if (c->data_checksums == 1 && c->block_size == PAGE_BYTES)
		return true;
	message_warning(
	    "data pages are not checked: their size or the kind of their checksums "
	    "is not known");
	return false;
}

static void
limit_online(struct backup *b)
{
	const uint64_t start = b->range.start_lsn;

	b->pages.limits.start_lsn = start;
	b->pages.limits.stop_lsn =
	    start < PAGE_NO_LSN - WAL_MOST ? start + WAL_MOST : PAGE_NO_LSN;
}

int
backup_pages_open(struct backup *b, struct error *err)
{
	const bool wants_later = b->opt->source == SOURCE_SNAPSHOT &&
	    b->cluster.control.block_size == PAGE_BYTES &&
	    backup_cluster_mode(&b->cluster) == EXCLUDE_RECOVERS;

	b->are_pages_checked = are_wanted(b);
	if (!b->are_pages_checked && !wants_later)
		return 0;
	if (b->opt->source == SOURCE_SERVER) /* else the positions are known, and set */
		limit_online(b);
	if (wants_later)
		b->pages.limits.later_most = LATER_MOST;
	b->pages.limits.no_checksums = !b->are_pages_checked;
	b->pages.segment_blocks = b->cluster.control.segment_blocks;
	return pagetally_new(&b->pages.tally, message_finding, err);
}

/* With WAL that ends before its data a copy would start, and be corrupt. */
static int
check_later(const struct backup *b, struct error *err)
{
	char stop[LSN_TEXT], latest[LSN_TEXT];
	uint64_t block, lsn;
	const char *path = pagetally_latest(b->pages.tally, &block, &lsn);

	if (path == NULL)
		return 0;
	error_set(err, ERROR_FORMAT, 0,
	    "WAL ends at %s, but %llu data pages are of later, up to %s of block %llu in \"%s\"",
	    lsn_print(stop, b->range.stop_lsn),
	    (unsigned long long)pagetally_sum(b->pages.tally).later_pages,
	    lsn_print(latest, lsn), (unsigned long long)block, path);
	/* pages of a new file are written ahead of their WAL (nbtsort.c, rewriteheap.c) */
	return error_hint(err,
	    "The end of pg_wal is lost or damaged, or pg_wal was not taken at "
	    "the same moment as the data, and a copy would be corrupt; or an "
	    "index was being built, or a table rewritten: then take another "
	    "snapshot; or, if it is one page, that is damaged.");
}

int
backup_pages_stop(struct backup *b, struct error *err)
{
	if (b->pages.tally == NULL)
		return 0;
	return check_later(b, err) ||
		pagetally_stop(b->pages.tally, b->range.stop_lsn, err) ?
	    -1 :
	    0;
}

bool
backup_pages_report(const struct backup *b)
{
	struct error finding = { 0 };
	struct pagetally_sum sum;

	if (b->pages.tally == NULL)
		return true;
	sum = pagetally_sum(b->pages.tally);
	if (b->are_pages_checked)
		message_info("%llu data pages in %llu files checked",
		    (unsigned long long)sum.pages, (unsigned long long)sum.files);
	if (sum.damaged_pages == 0)
		return true;
	error_set(&finding, ERROR_FORMAT, 0,
	    "the backup is complete, but the cluster is damaged: %llu of %llu data pages, in %llu "
	    "of %llu files",
	    (unsigned long long)sum.damaged_pages, (unsigned long long)sum.pages,
	    (unsigned long long)sum.damaged_files, (unsigned long long)sum.files);
	error_hint(&finding,
	    "The backup holds these pages as they are.  Find out what is wrong "
	    "with the storage, and keep the backups that were made before.");
	message_error(&finding);
	return false;
}

void
backup_pages_free(struct backup *b)
{
	pagetally_free(b->pages.tally);
}

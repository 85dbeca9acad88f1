#include "backup/backup_internal.h"
#include "cli/message.h"
#include "lib/lsn.h"

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

int
backup_pages_open(struct backup *b, struct error *err)
{
	b->are_pages_checked = are_wanted(b);
	if (!b->are_pages_checked && b->source.limits.later_most == 0)
		return 0;
	b->pages.limits = b->source.limits;
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
	    lsn_print(stop, b->wal.range.stop_lsn),
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
		pagetally_stop(b->pages.tally, b->wal.range.stop_lsn, err) ?
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

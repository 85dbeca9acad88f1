#include "cmd/backup_internal.h"
#include "run/message.h"

/*
 * No backup lasts so long that so much WAL is written meanwhile: 1 PiB, four days at 3 GB/s.
 * Garbage in the place of an LSN is nearly always beyond that, and need not be remembered
 * until the stop is known.
 */
#define WAL_MOST (UINT64_C(1) << 50)

/* Are the pages of this cluster to be checked, and can they be? */
static bool
is_wanted(const struct backup *b)
{
	const struct control *c = &b->control;

	if (b->opt->no_verify_checksums)
		return false;
	if (c->data_checksums == 0) {
		message_info("data pages are not checked: the cluster has no data checksums");
		return false;
	}
	if (c->data_checksums == 1 && c->block_size == PAGE_BYTES)
		return true;
	message_warning("data pages are not checked: their size or the kind of their checksums "
			"is not known");
	return false;
}

int
backup_pages_open(struct backup *b, struct error *err)
{
	if (!is_wanted(b))
		return 0;
	if (b->opt->source == SOURCE_SERVER) { /* else they are known already */
		b->pages.limits.start_lsn = b->range.start_lsn;
		b->pages.limits.stop_lsn = b->range.start_lsn < PAGE_NO_LSN - WAL_MOST ?
			  b->range.start_lsn + WAL_MOST :
			  PAGE_NO_LSN;
	}
	b->pages.segment_blocks = b->control.segment_blocks;
	return pagetally_new(&b->pages.tally, message_finding, err);
}

int
backup_pages_stop(struct backup *b, struct error *err)
{
	return b->pages.tally ? pagetally_stop(b->pages.tally, b->range.stop_lsn, err) : 0;
}

bool
backup_pages_report(const struct backup *b)
{
	struct error finding = { 0 };
	struct pagetally_sum sum;

	if (b->pages.tally == NULL)
		return true;
	sum = pagetally_sum(b->pages.tally);
	message_info("%llu data pages in %llu files checked", (unsigned long long)sum.pages,
	    (unsigned long long)sum.files);
	if (sum.damaged_pages == 0)
		return true;
	error_set(&finding, ERROR_FORMAT, 0,
	    "the backup is complete, but the cluster is damaged: %llu of %llu data pages, in %llu "
	    "of %llu files",
	    (unsigned long long)sum.damaged_pages, (unsigned long long)sum.pages,
	    (unsigned long long)sum.damaged_files, (unsigned long long)sum.files);
	error_hint(&finding, "The backup holds these pages as they are.  Find out what is wrong "
			     "with the storage, and keep the backups that were made before.");
	message_error(&finding);
	return false;
}

void
backup_pages_free(struct backup *b)
{
	pagetally_free(b->pages.tally);
}

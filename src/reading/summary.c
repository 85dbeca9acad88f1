/*
 * What a backup says of itself is in a few members at its start and its end.  So archives are read
 * sparsely, headers and those members only; and where the start is enough, an archive is over as
 * soon as what was wanted is known.  In a compressed archive headers cannot be gone to, as they
 * can in a plain one; but what is in the tree is in the manifest as well, so that the start and the end
 * are enough, if the end can be gone to.
 */
#include "reading/summary.h"

static struct summary *
summary_of(struct reading *reading)
{
	return ((struct reading_summary *)reading)->summary;
}

static int
summary_begin(struct reading *reading, int dirfd, struct error *err)
{
	(void)dirfd;
	return summary_new(&((struct reading_summary *)reading)->summary, err);
}

/* Is what was wanted of this archive known? */
static bool
is_over(struct reading *reading)
{
	switch (((struct reading_summary *)reading)->depth) {
	case READING_BRIEF:
		return summary_is_in_tree(summary_of(reading));
	case READING_LOCATIONS:
		return summary_knows_locations(summary_of(reading));
	default:
		return false;
	}
}

/* Less than all is in one archive: the one that names the others. */
static int
archive(struct reading *reading, const struct archivepart *part, struct error *err)
{
	struct reading_summary *r = (struct reading_summary *)reading;

	if (summary_archive(r->summary, part, err))
		return -1;
	r->has_asked = false;
	if (r->depth == READING_ALL && part->kind == ARCHIVEPART_TABLESPACE &&
	    reading->has_manifest)
		reading->wants = READING_WANTS_END;
	r->is_base = part->kind == ARCHIVEPART_ALONE || part->kind == ARCHIVEPART_BASE;
	reading->is_over = r->depth != READING_ALL && !r->is_base;
	return 0;
}

/* Of an archive of ours the order is known: pg_control is the first member after the tree. */
static void
ask_for_end(struct reading *reading)
{
	struct reading_summary *r = (struct reading_summary *)reading;

	if (r->depth != READING_ALL || !r->is_base || r->has_asked ||
	    !summary_is_in_manifest(r->summary, reading->has_manifest))
		return;
	r->has_asked = true;
	reading->wants = READING_WANTS_CONTROL;
}

static int
member(struct reading *reading, const struct tar_entry *entry, uint64_t offset,
    bool *is_wanted, struct error *err)
{
	(void)offset;
	if (((struct reading_summary *)reading)->is_base)
		reading_owner_note(&((struct reading_summary *)reading)->owner, entry);
	if (summary_member(summary_of(reading), entry, is_wanted, err))
		return -1;
	reading->is_over = is_over(reading) && !*is_wanted;
	ask_for_end(reading);
	return 0;
}

static int
bytes(struct reading *reading, const uint8_t *bytes, size_t len, struct error *err)
{
	return summary_bytes(summary_of(reading), bytes, len, err);
}

static int
member_end(struct reading *reading, struct error *err)
{
	return summary_member_end(summary_of(reading), err);
}

static int
skipped(struct reading *reading, struct error *err)
{
	return summary_skip(summary_of(reading), err);
}

static int
manifest(struct reading *reading, const uint8_t *bytes, size_t len, struct error *err)
{
	return summary_manifest(summary_of(reading), bytes, len, err);
}

static int
finish(struct reading *reading, struct error *err)
{
	return summary_finish(summary_of(reading), err);
}

static const struct reading_ops ops = {
	.is_sparse = true,
	.begin = summary_begin,
	.archive = archive,
	.member = member,
	.bytes = bytes,
	.member_end = member_end,
	.skipped = skipped,
	.manifest = manifest,
	.finish = finish,
};

int
reading_summary(struct reading_summary *r, const struct options *opt,
    enum reading_depth depth, const char *outcome, struct error *err)
{
	reading_init(&r->reading, opt, &ops, outcome);
	r->depth = depth;
	return reading_run(&r->reading, "reading", err);
}

void
reading_summary_free(struct reading_summary *r)
{
	summary_free(r->summary);
	reading_free(&r->reading);
}

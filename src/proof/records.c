/* The records of the WAL, and what they say of torn pages, of files and of what replay makes. */
#include "proof/records.h"

struct blocks {
	struct walrecord_sink sink; /* first */
	struct proof_records *records;
	struct pagesuspect_mention mention;
	int rc;
	struct error err;
};

static void
hear_block(struct walrecord_sink *sink, const struct walrecord_block *b)
{
	struct blocks *blocks = (struct blocks *)sink;
	const struct proof_records *r = blocks->records;

	blocks->mention.is_made_anew = b->is_made_anew;
	proof_replay_block(r->replay, b->space, b->database, blocks->mention.lsn);
	if (b->space == RELFILE_SHARED_SPACE)
		catalogset_changed(r->catalogs, b->relnode);
	if (blocks->rc == 0)
		blocks->rc = proof_inplace_block(
		    r->inplace, b->space, &blocks->mention, &blocks->err);
	if (blocks->rc == 0)
		blocks->rc = pagesuspect_mention(r->pages, b->space, b->database,
		    b->relnode, b->fork, b->block, &blocks->mention, &blocks->err);
}

/* A record of extensions, or of parts that we do not know, mends no page. */
static int
mention_pages(struct proof_records *r, unsigned lineage, const struct walrecord *rec,
    struct error *err)
{
	struct blocks blocks = { .sink = { hear_block },
		.records = r,
		.mention = { lineage, rec->lsn, rec->end_lsn, true } };
	struct walrecord_database made;
	struct error ignored;
	uint32_t space;

	if (walrecord_makes_file(rec, &space) &&
	    proof_inplace_block(r->inplace, space, &blocks.mention, err))
		return -1;
	if (walrecord_makes_database(rec, &made) && made.is_copy) {
		if (pagesuspect_database(
			r->pages, made.space, made.database, &blocks.mention, err))
			return -1;
		blocks.mention.is_made_anew = false; /* it reads those that it copies */
		return pagesuspect_database(
		    r->pages, made.from_space, made.from_database, &blocks.mention, err);
	}
	(void)!walrecord_blocks(rec, &blocks.sink, &ignored);
	if (blocks.rc == -1)
		*err = blocks.err;
	return blocks.rc;
}

int
proof_records_take(struct proof_wal_sink *sink, unsigned lineage,
    const struct walrecord *rec, bool is_begin, struct error *err)
{
	struct proof_records *r = (struct proof_records *)sink;

	if (proof_files_record(r->files, rec, is_begin, err) ||
	    proof_replay_record(r->replay, lineage, rec, err))
		return -1;
	if (pagesuspect_has_any(r->pages) || proof_replay_watches(r->replay) ||
	    proof_inplace_listens(r->inplace))
		return mention_pages(r, lineage, rec, err);
	return 0;
}

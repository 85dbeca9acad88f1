/*
 * A backup walks through the records of its WAL once, while it reads the segments, for the proof and
 * for whatever else depends on them.  It knows the timeline then; where the history comes last, as
 * in an archive, lineages.c walks.
 */
#include "wal/walproof.h"

#include <stdlib.h>
#include <string.h>

#include "lib/lsn.h"
#include "wal/walreader.h"

struct walproof {
	struct walreader_sink sink; /* first: the reader knows the proof by it */
	struct walreader *reader;   /* NULL: what came before was skipped */
	const struct walpage_expect *expect;
	uint64_t start_lsn, stop_lsn;
	bool is_primary, skips_filler;
	bool has_skipped;
	uint32_t timeline; /* of the segment that comes, if there is no reader */
	uint64_t segment_lsn;
	uint64_t records;
	size_t count;
	struct walproof_tablespace *tablespaces;
	struct waldatabases *databases;
	struct walsurvey survey;
	const struct oids *absent;
	uint32_t absent_oid; /* that replay writes to; 0: to none */
	uint64_t absent_lsn;
};

struct spaces {
	struct walrecord_sink sink; /* first */
	struct walproof *proof;
	uint64_t lsn;
};

static void
meet_space(struct walproof *p, uint32_t space, uint64_t lsn)
{
	if (p->absent_oid != 0 || !oids_has(p->absent, space))
		return;
	p->absent_oid = space;
	p->absent_lsn = lsn;
}

static void
hear_of_space(struct walrecord_sink *sink, const struct walrecord_block *block)
{
	const struct spaces *s = (const struct spaces *)sink;

	meet_space(s->proof, block->space, s->lsn);
}

/* Records of extensions, whose parts are not known, pass. */
static void
look_for_absent(struct walproof *p, const struct walrecord *rec)
{
	struct spaces spaces = { { hear_of_space }, p, rec->lsn };
	struct walrecord_database made;
	struct error ignored;
	uint32_t space;

	if (walrecord_makes_file(rec, &space))
		meet_space(p, space, rec->lsn);
	if (walrecord_makes_database(rec, &made))
		meet_space(p, made.space, rec->lsn);
	(void)!walrecord_blocks(rec, &spaces.sink, &ignored);
}

static int
add_tablespace(struct walproof *p, const struct walrecord *rec, struct error *err)
{
	struct walproof_tablespace row, *rows;
	const char *path;

	if (walrecord_tablespace(rec, &row.oid, &path, err))
		return -1;
	rows = realloc(p->tablespaces, (p->count + 1) * sizeof(*rows));
	if (rows == NULL)
		return error_memory(err);
	p->tablespaces = rows;
	row.path = strdup(path);
	if (row.path == NULL)
		return error_memory(err);
	rows[p->count++] = row;
	return 0;
}

struct blocks {
	struct walrecord_sink sink; /* first */
	struct waldatabases *databases;
	uint64_t lsn;
};

static void
hear_block(struct walrecord_sink *sink, const struct walrecord_block *b)
{
	const struct blocks *blocks = (const struct blocks *)sink;

	waldatabases_block(blocks->databases, b->space, b->database, blocks->lsn);
}

/* What is not understood of a record's parts, as of an extension's, is no page of a database. */
static int
take_databases(struct walproof *p, const struct walrecord *rec, struct error *err)
{
	struct blocks blocks = { { hear_block }, p->databases, rec->lsn };
	struct error ignored;

	if (waldatabases_record(p->databases, 0, rec, err))
		return -1;
	if (waldatabases_watches(p->databases))
		(void)!walrecord_blocks(rec, &blocks.sink, &ignored);
	return 0;
}

/* The last record: is it the end of this backup? */
static int
check_last(const struct walproof *p, const struct walrecord *rec, struct error *err)
{
	char at[LSN_TEXT], stop[LSN_TEXT], start[LSN_TEXT], found[LSN_TEXT];
	uint64_t lsn;

	lsn_print(at, rec->lsn);
	lsn_print(stop, p->stop_lsn);
	lsn_print(start, p->start_lsn);
	if (!walrecord_is_backup_end(rec, &lsn))
		return error_set(err, ERROR_FORMAT, 0,
		    "WAL record at %s: it is the last before the stop position %s, but does not end the backup that began at %s",
		    at, stop, start);
	if (lsn != p->start_lsn)
		return error_set(err, ERROR_FORMAT, 0,
		    "WAL record at %s ends the backup that began at %s, expected %s", at,
		    lsn_print(found, lsn), start);
	return 0;
}

static int
walproof_record(
    struct walreader_sink *sink, const struct walrecord *rec, struct error *err)
{
	struct walproof *p = (struct walproof *)sink;

	p->records++;
	if (walsurvey_record(&p->survey, rec, err))
		return -1;
	if (walrecord_is_tablespace(rec) && add_tablespace(p, rec, err))
		return -1;
	if (take_databases(p, rec, err))
		return -1;
	if (p->absent && p->absent_oid == 0)
		look_for_absent(p, rec);
	if (p->is_primary && rec->end_lsn >= p->stop_lsn)
		return check_last(p, rec, err);
	return 0;
}

int
walproof_new(struct walproof **out, const struct walproof_options *opt, struct error *err)
{
	struct walproof *p = calloc(1, sizeof(*p));
	struct walreader_options reader = {
		.expect = opt->expect,
		.start_lsn = opt->start_lsn,
		.stop_lsn = opt->stop_lsn,
		.skips_filler = opt->skips_filler,
	};

	*out = NULL;
	if (p == NULL)
		return error_memory(err);
	p->sink.record = walproof_record;
	p->start_lsn = opt->start_lsn;
	p->stop_lsn = opt->stop_lsn;
	p->is_primary = opt->is_primary;
	p->absent = opt->absent && opt->absent->count > 0 ? opt->absent : NULL;
	p->expect = opt->expect;
	p->skips_filler = opt->skips_filler;
	reader.sink = &p->sink;
	if (waldatabases_new(&p->databases, err) ||
	    walreader_new(&p->reader, &reader, err)) {
		walproof_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

int
walproof_segment(
    struct walproof *p, uint32_t name_timeline, uint64_t segment_lsn, struct error *err)
{
	p->timeline = name_timeline;
	p->segment_lsn = segment_lsn;
	return p->reader ? walreader_segment(p->reader, name_timeline, segment_lsn, err) :
			   0;
}

void
walproof_skip(struct walproof *p)
{
	walreader_free(p->reader);
	p->reader = NULL;
	p->segment_lsn = UINT64_MAX;
	p->has_skipped = true;
}

/*
 * The first bytes of a segment after one that was skipped.  If no record begins in it, it is
 * the middle of one, which no one can check: no reader, and the next one is the first.
 */
static int
resume(struct walproof *p, const uint8_t *bytes, size_t len, struct error *err)
{
	struct walreader_options reader = {
		.expect = p->expect,
		.stop_lsn = p->stop_lsn,
		.skips_filler = p->skips_filler,
		.sink = &p->sink,
		.is_blind = true,
	};

	if (p->segment_lsn == UINT64_MAX)
		return 0;
	if (walpage_check(p->expect, bytes, len, p->segment_lsn, p->timeline, err))
		return -1;
	reader.start_lsn = walpage_first_record(p->expect, bytes, p->segment_lsn);
	if (reader.start_lsn >= p->segment_lsn + p->expect->segment_size ||
	    reader.start_lsn >= p->stop_lsn) {
		p->segment_lsn = UINT64_MAX;
		return 0;
	}
	if (walreader_new(&p->reader, &reader, err))
		return -1;
	return walreader_segment(p->reader, p->timeline, p->segment_lsn, err);
}

int
walproof_bytes(struct walproof *p, const uint8_t *bytes, size_t len, struct error *err)
{
	if (p->reader == NULL && resume(p, bytes, len, err))
		return -1;
	return p->reader ? walreader_bytes(p->reader, bytes, len, err) : 0;
}

int
walproof_finish(const struct walproof *p, struct error *err)
{
	return p->reader ? walreader_finish(p->reader, err) : 0;
}

bool
walproof_is_whole(const struct walproof *p)
{
	return !p->has_skipped;
}

const struct walproof_tablespace *
walproof_tablespaces(const struct walproof *p, size_t *count)
{
	*count = p->count;
	return p->tablespaces;
}

const struct waldatabases *
walproof_databases(const struct walproof *p)
{
	return p->databases;
}

const struct walsurvey *
walproof_survey(const struct walproof *p)
{
	return &p->survey;
}

uint32_t
walproof_absent(const struct walproof *p, uint64_t *lsn)
{
	*lsn = p->absent_lsn;
	return p->absent_oid;
}

uint64_t
walproof_records(const struct walproof *p)
{
	return p->records;
}

void
walproof_free(struct walproof *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->count; i++)
		free(p->tablespaces[i].path);
	free(p->tablespaces);
	waldatabases_free(p->databases);
	walsurvey_free(&p->survey);
	walreader_free(p->reader);
	free(p);
}

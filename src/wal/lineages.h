#ifndef PG_BASETAR_WAL_LINEAGES_H
#define PG_BASETAR_WAL_LINEAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "wal/walhistory.h"
#include "wal/walname.h"
#include "wal/walpage.h"
#include "wal/walrecord.h"

/*
 * WAL that passes before it is known which timeline recovery will follow, and where it
 * stops: in an archive the history files and the manifest come after the segments, and of
 * one segment there may be files of several timelines.
 *
 * So each lineage that recovery could take is walked (walreader.h).  The first begins on the
 * timeline of the start.  A file of a later timeline than a lineage is on may be where that
 * lineage went on when a server was promoted: then another lineage branches off, with what the
 * first had read up to the start of this segment, as the server copies the beginning of a
 * segment into the new timeline's.  A lineage ends where its walk meets an error, or no file
 * goes on with it.  What it was worth is decided by lineages_find(), when the history is
 * known.
 *
 *	lineages_new()
 *	for each file, by segment: lineages_segment(), lineages_bytes()
 *	lineages_find()
 */
struct lineages;

/* Lineages that are followed; more of them than a cluster ever has are given up. */
#define LINEAGES_MOST 64

/*
 * Is given each record, with the number, from 0, of the lineage that read it.  Which of them
 * recovery would read is known in the end: lineages_has().  An error ends all lineages.
 */
struct lineages_sink {
	int (*record)(struct lineages_sink *, unsigned lineage, const struct walrecord *,
	    struct error *);
};

struct lineages_options {
	const struct walpage_expect *expect; /* borrowed; its history is NULL */
	uint64_t start_lsn;                  /* a redo point */
	uint32_t start_timeline;
	bool skips_filler;          /* as of walreader_options */
	struct lineages_sink *sink; /* borrowed; NULL: none */
};

/* ERROR_FORMAT: nothing can begin at that position. */
MUST_CHECK int lineages_new(
    struct lineages **, const struct lineages_options *options, struct error *err);
void lineages_free(struct lineages *);

/*
 * The bytes that follow are those of the file of ${timeline} with the segment at
 * ${segment_lsn}.  ERROR_STATE: it does not come in the order of segments; those of one may
 * come in any order, but each once.
 */
MUST_CHECK int lineages_segment(
    struct lineages *, uint32_t timeline, uint64_t segment_lsn, struct error *err);

/* The next ${len} bytes of it, whole pages.  What is wrong with them is no error here. */
MUST_CHECK int lineages_bytes(
    struct lineages *, const uint8_t *bytes, size_t len, struct error *err);

/* A lineage, as lineages_find() describes it. */
struct lineage {
	unsigned number;
	uint32_t timeline; /* of the last file it went through */
	uint64_t position; /* end of its last complete record */
	uint64_t records;
	/* end of the record that ends the backup begun at start_lsn; 0 */
	uint64_t backup_end;
	const struct error *why; /* what ended the walk; NULL: the files did */
	bool has_later;          /* later came a segment written on this timeline */
	char missing
	    [WALNAME_SIZE]; /* the segment that no file had, and would have been next; "":
				       something else ended the walk */
	uint64_t missing_lsn; /* its start */
	uint64_t
	    last_lsn; /* that of the last file that came, whichever lineage it was for */
};

/*
 * The lineage that leads to the newest timeline of ${history}, through it.  False: none does;
 * *why says what is in the way, and is ERROR_UNSUPPORTED if it may be a lineage that was given
 * up.  If a segment is missing before any of that timeline, *lineage is the one that lacks it,
 * and otherwise has no ${missing}.
 */
bool lineages_find(const struct lineages *, const struct walhistory *history,
    struct lineage *lineage, struct error *why);

/*
 * Is the record that lineage ${read_by} has read, and that ends at ${end_lsn}, one of ${lineage}?
 * So it is if that is its own, or branched off from it after the record.
 */
bool lineages_has(
    const struct lineages *, unsigned lineage, unsigned read_by, uint64_t end_lsn);

#endif

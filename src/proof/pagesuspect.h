#ifndef PG_BASETAR_PROOF_PAGESUSPECT_H
#define PG_BASETAR_PROOF_PAGESUSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/findings.h"
#include "format/memberset.h"
#include "lib/error.h"
#include "pg/control.h"
#include "pg/relfile.h"

/*
 * The data pages of a backup that is read once, from its start.  What decides whether a
 * page is damaged comes after all of them: pg_control, which says whether there are
 * checksums; the WAL, which may hold an image of the page that recovery puts in its place;
 * the stop position, which no page may be later than.  So those that are not sound by
 * themselves are kept until then.
 *
 * Memory: 56 bytes for each that is kept, PAGESUSPECT_MOST at most, and 40 for each lineage of
 * WAL that has it; of more there is the number.
 */
struct pagesuspect;

#define PAGESUSPECT_MOST 65536

MUST_CHECK int pagesuspect_new(struct pagesuspect **, struct error *err);
void pagesuspect_free(struct pagesuspect *);

/* A file of pages; ${path} and ${row} outlive the pages, ${offset} is that of its body. */
struct pagesuspect_file {
	const char *path;
	struct memberset_row *row; /* what else is known of it; NULL: nothing is */
	uint64_t offset;
	struct relfile_location at;
};

/*
 * Is ${path}, relative to the data directory, a file of pages with a header?  Else *file is
 * untouched.  Segments of relations are taken to be of 131072 pages, as nearly all are:
 * pagesuspect_control() knows.
 */
bool pagesuspect_is_relation(const char *path, struct pagesuspect_file *file);

/*
 * ${len} bytes of it, from ${at} on: both multiples of a page, but for the end of the file.
 * A piece of one there is kept too, unless it is all zeros.
 */
MUST_CHECK int pagesuspect_bytes(struct pagesuspect *,
    const struct pagesuspect_file *file, uint64_t at, const uint8_t *bytes, size_t len,
    struct error *err);

/* This is the cluster: what cannot be judged with it is forgotten. */
void pagesuspect_control(struct pagesuspect *, const struct control *);

/* Are any kept, for which the WAL must be looked through? */
bool pagesuspect_has_any(const struct pagesuspect *);

/* A record of WAL that has something to do with a page, as lineage ${lineage} has it. */
struct pagesuspect_mention {
	unsigned lineage;
	uint64_t lsn, end_lsn;
	bool is_made_anew; /* replay does not need what the page holds */
};

/*
 * It is about the page ${block} of the fork ${fork} (enum relfile_fork).  Of each lineage the
 * first mention counts: replay reads the page then, if the record does not make it anew.
 */
MUST_CHECK int pagesuspect_mention(struct pagesuspect *, uint32_t space,
    uint32_t database, uint32_t relnode, unsigned fork, uint32_t block,
    const struct pagesuspect_mention *mention, struct error *err);

/*
 * The same of all pages of the database in that tablespace.  It is kept once for the database:
 * of such records there may be millions.
 */
MUST_CHECK int pagesuspect_database(struct pagesuspect *, uint32_t space,
    uint32_t database, const struct pagesuspect_mention *mention, struct error *err);

struct pagesuspect_limits {
	/* the server was running: pages may be torn, if the WAL mends them */
	bool is_replayed;
	bool has_wal;     /* and it was looked through */
	bool has_digests; /* what the rows of the files say of their digests is right */
	uint64_t start_lsn, stop_lsn; /* 0: not known */
	/* Would recovery read the record of lineage ${lineage} that ends at ${end_lsn}? */
	bool (*is_read)(
	    const struct pagesuspect_limits *, unsigned lineage, uint64_t end_lsn);
};

struct pagesuspect_sum {
	bool are_checked; /* the cluster has checksums, of a kind that is known */
	uint64_t pages, files;
	uint64_t damaged_pages, damaged_files;
	uint64_t benign_pages; /* torn, and mended by the WAL */
	/* changed since the start; their WAL is not in the archive */
	uint64_t left_pages;
};

/*
 * All has been read: what is damaged is a finding, unless the size of its file, which was reported,
 * says as much; the row of the file has a note of it.  ${benign} is called for each page that only
 * seems so, with the reason, in a line.
 */
MUST_CHECK int pagesuspect_judge(struct pagesuspect *,
    const struct pagesuspect_limits *limits, struct findings *findings,
    void (*benign)(const char *text), struct error *err);

struct pagesuspect_sum pagesuspect_sum(const struct pagesuspect *);

#endif

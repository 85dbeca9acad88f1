#ifndef PG_BASETAR_PROOF_PAGESUSPECT_INTERNAL_H
#define PG_BASETAR_PROOF_PAGESUSPECT_INTERNAL_H

/* What the files of pagesuspect share. */

#include "proof/pagesuspect.h"

/* Pages with the greatest LSNs that are remembered until the stop position is known. */
enum { PAGESUSPECT_GREATEST = 64 };

/* A page, as the WAL names it. */
struct pagesuspect_key {
	uint32_t space, database, relnode, block;
	uint8_t fork;
};

struct pagesuspect_mentioned {
	struct pagesuspect_mentioned *next;
	struct pagesuspect_mention mention;
};

struct pagesuspect_row {
	struct pagesuspect_key key;
	uint8_t state;                          /* enum page_state */
	struct pagesuspect_mentioned *mentions; /* the first of each lineage */
	uint16_t expected, found; /* of PAGE_NEW_NOT_ZERO the second is the offset */
	uint64_t lsn;
	struct pagesuspect_path *file;
};

/*
 * A database of a tablespace that has suspects, and the first mention of all of it by each
 * lineage.
 */
struct pagesuspect_group {
	uint32_t space, database;
	struct pagesuspect_mentioned *mentions;
};

/* Of a file with a suspect, or a great LSN. */
struct pagesuspect_path {
	struct pagesuspect_path *next;
	const char *path;
	struct memberset_row *row; /* may be NULL */
	uint64_t offset;
	uint32_t first_block; /* of the segment in its fork */
	bool is_damaged;
};

struct pagesuspect_great {
	uint64_t lsn;   /* 0: none yet */
	uint32_t block; /* in the file */
	struct pagesuspect_path *file;
};

struct pagesuspect {
	struct pagesuspect_row *rows;
	size_t count, room;
	uint64_t left_out; /* suspects beyond PAGESUSPECT_MOST */
	bool is_sorted;
	/* by tablespace and database; NULL: no record was about all of one */
	struct pagesuspect_group *groups;
	size_t ngroups;
	struct pagesuspect_great greatest[PAGESUSPECT_GREATEST];
	size_t least;
	struct pagesuspect_path *paths; /* the latest first */
	struct pagesuspect_sum sum;
	bool are_unknown; /* nothing can be said of the pages: they are of another size */
	const char *last_path; /* to count files */
};

void pagesuspect_free_mentions(struct pagesuspect_mentioned *);

/* NULL: no record was about all of that database, or it has no suspects. */
const struct pagesuspect_group *pagesuspect_find_group(
    const struct pagesuspect *, uint32_t space, uint32_t database);

#endif

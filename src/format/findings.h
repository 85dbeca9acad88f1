#ifndef PG_BASETAR_FORMAT_FINDINGS_H
#define PG_BASETAR_FORMAT_FINDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/finding.h"

/*
 * What is wrong with an archive, a line each.  FINDINGS_TOLD of a kind are reported, the others
 * only counted: an archive without its manifest has as many as files.
 */
enum findings_kind {
	/* the order of archives and members, what follows the last */
	FINDINGS_STREAM,
	FINDINGS_NAME,      /* a name, a type or a mode that no backup has */
	FINDINGS_DUPLICATE, /* a name twice */
	FINDINGS_MISSING,   /* a member that must be there is not */
	FINDINGS_EXTRA,     /* a file that the backup does not list */
	FINDINGS_SIZE,
	FINDINGS_DIGEST,
	FINDINGS_CHECKSUM, /* of a data page */
	FINDINGS_NOT_ZERO, /* a data page that says it is new */
	FINDINGS_LSN,      /* a data page with a later LSN than the WAL */
	FINDINGS_STATE,    /* a file of state that no server writes so */
	FINDINGS_MANIFEST,
	FINDINGS_INFO,
	FINDINGS_LABEL,
	FINDINGS_CONTROL,
	FINDINGS_TABLESPACE,
	FINDINGS_WAL,
	FINDINGS_TARGET, /* of a recovery that cannot end there */
	FINDINGS_KINDS
};

#define FINDINGS_TOLD 50

/* The word for it, in the line and in the report; pg_basetar-verify(1) has one item for each. */
const char *findings_word(enum findings_kind);

struct findings {
	void (*tell)(const struct finding *);
	/* what is not wrong, but must be known to restore the backup: a line */
	void (*warn)(const char *text);
	uint64_t count; /* of all kinds, reported or not */
	uint64_t of_kind[FINDINGS_KINDS];
};

/* Where it is, and what is in conflict.  All zeros: nothing is known of it. */
struct findings_location {
	const char *member; /* as PostgreSQL names the file; NULL: none */
	bool has_offset;
	uint64_t offset; /* in the tar archive */
	bool has_block;
	uint64_t block;
	const char *expected, *found; /* NULL: there is no such thing */
	enum finding_digest digest; /* of the member: says when its content was damaged */
};

/*
 * One more: ${fmt} says what is wrong; the location stands before it, the words "EXPECTED expected,
 * FOUND found" after it, and then what the digest says.
 */
MUST_CHECK int findings_add(struct findings *, enum findings_kind kind,
    const struct findings_location *location, struct error *err, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

/* One more, of a size: both in bytes. */
MUST_CHECK int findings_add_size(struct findings *,
    const struct findings_location *location, uint64_t expected, uint64_t found,
    struct error *err);

/* Does the error say what is wrong, and not why it could not be looked at? */
bool findings_is_fault(const struct error *err);

/* An error that says what is wrong: one more, unless it is one of memory, which stays. */
MUST_CHECK int findings_take(struct findings *, enum findings_kind kind,
    const struct findings_location *location, struct error *err);

/* No more will come: say of each kind how many were not reported. */
void findings_end(struct findings *);

#endif

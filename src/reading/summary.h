#ifndef PG_BASETAR_READING_SUMMARY_H
#define PG_BASETAR_READING_SUMMARY_H

#include "format/summary.h"
#include "reading/owner.h"
#include "reading/reading.h"

/* How far the archives are read, for what they say of themselves. */
enum reading_depth {
	/*
	 * The headers of all members; or, of a compressed archive in a file, what is before the tree and
	 * after it, where the manifest has the rest.
	 */
	READING_ALL,
	READING_BRIEF,    /* of the base only what comes before the tree */
	READING_LOCATIONS /* of the base until it is known where the tablespaces were */
};

/* All zeros before the first call. */
struct reading_summary {
	struct reading reading; /* first */
	enum reading_depth depth;
	bool is_base;   /* the archive that is read has the tree */
	bool has_asked; /* for its end without what is before it */
	struct reading_owner owner;
	struct summary *summary; /* complete, if it was read */
};

/* ${outcome}: as of reading_init().  reading_summary_free() it, also after a failure. */
MUST_CHECK int reading_summary(struct reading_summary *, const struct options *,
    enum reading_depth depth, const char *outcome, struct error *err);
void reading_summary_free(struct reading_summary *);

#endif

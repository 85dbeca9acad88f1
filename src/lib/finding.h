#ifndef PG_BASETAR_LIB_FINDING_H
#define PG_BASETAR_LIB_FINDING_H

#include <stdbool.h>
#include <stdint.h>

/* The digest of a file, held against the one that the manifest lists. */
enum finding_digest {
	FINDING_NOT_COMPARED, /* it has none, or the manifest is damaged */
	FINDING_DIGEST_MATCHES,
	FINDING_DIGEST_DIFFERS
};

/*
 * Something wrong in a cluster, or in an archive.  It is no error: the run goes on, and
 * ends with another exit status.  Strings are borrowed, for as long as it is being reported.
 */
struct finding {
	const char *text; /* all of it, in one line for people */
	const char *kind; /* and in a word for programs; pg_basetar(1) lists them */
	const char *file; /* relative to the data directory; NULL: it is about none */
	bool has_block;
	uint64_t block; /* of this file */
	bool has_offset;
	uint64_t offset; /* in the tar archive, before compression, that has the file */
	const char *expected, *found; /* NULL: there is no such thing */
	enum finding_digest digest;   /* of the file, where its content is damaged */
};

#endif

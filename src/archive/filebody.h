#ifndef PG_BASETAR_ARCHIVE_FILEBODY_H
#define PG_BASETAR_ARCHIVE_FILEBODY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "archive/pagecheck.h"
#include "lib/digest.h"
#include "pg/manifest_write.h"
#include "stream/blockpipe.h"

/*
 * The body of a file that is listed in the manifest: takes its digest while it passes
 * and makes its entry at the end.  CRC-32C comes from the workers, piece by piece, and
 * is combined here; SHA-2, which cannot be combined, is taken of the pieces here.  If it
 * is a relation's its pages are checked by the workers, and the findings tallied here.
 */
struct filebody_options {
	struct manifest *manifest; /* borrowed; NULL if absent */
	enum digest_kind digest;
	uint64_t size;
	int64_t mtime;
	/* NULL, or the stat of a file that must stay as it is, size and time: copied */
	const struct stat *frozen;
	const struct pagecheck *pages; /* borrowed; NULL: its pages are not checked */
	/* with these: number of its first one in its fork */
	uint32_t first_block;
	/*
	 * 0, or what its pages have: when it shrinks under the reading nothing is sent of a page
	 * of which there is a part only.
	 */
	uint32_t page_bytes;
	/* NULL, or called when the file had fewer bytes than were promised for it */
	void (*warn)(const char *text);
};

/* ${path} as the manifest has it; copied.  The pipeline frees the body. */
MUST_CHECK int filebody_new(struct body **, const char *path,
    const struct filebody_options *options, struct error *err);

#endif

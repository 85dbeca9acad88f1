#ifndef PG_BASETAR_READING_ARCHIVE_H
#define PG_BASETAR_READING_ARCHIVE_H

#include "reading/reading.h"

/* Read one archive, its name for messages being ${name}; ${file} is taken. */
MUST_CHECK int reading_archive(struct reading *, struct source *file, const char *name,
    const struct archivepart *part, struct error *err);

/* The cancel is raised: wake the thread that waits for its bytes. */
void reading_cut(struct reading *);

#endif

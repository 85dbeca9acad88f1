#ifndef PG_BASETAR_READING_DIRECTORY_H
#define PG_BASETAR_READING_DIRECTORY_H

#include "reading/reading.h"

/* Read the archives in the directory ${dirfd}, and their manifest. */
MUST_CHECK int reading_directory(struct reading *, int dirfd, struct error *err);

#endif

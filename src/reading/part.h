#ifndef PG_BASETAR_READING_PART_H
#define PG_BASETAR_READING_PART_H

#include "reading/reading.h"

/*
 * ERROR_STATE: the file that was named is one archive of several that lie there, and does not hold
 * the whole backup.
 */
MUST_CHECK int reading_refuse_part(struct reading *, struct error *err);

#endif

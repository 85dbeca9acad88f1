#ifndef PG_BASETAR_SUPPORT_OPENFDS_H
#define PG_BASETAR_SUPPORT_OPENFDS_H

#include <stddef.h>

/* How many descriptors this process has open now.  Aborts where /proc does not tell. */
size_t openfds_count(void);

#endif

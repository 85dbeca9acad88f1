#ifndef PG_BASETAR_SUPPORT_WALCOPIES_H
#define PG_BASETAR_SUPPORT_WALCOPIES_H

#include <stdint.h>

#include "wal/waldatabases.h"

/*
 * What happens at LSN ${at}, in a lineage of WAL:
 *	"C 7@1663 5@1663"	7 is copied from 5
 *	"E 7@1663"	it is made empty
 *	"R 7@1663 7@16400"	its directories are removed
 *	"S 16400"	the tablespace is
 *	"B 7@1663"	a page of it changes, "H" hints of it
 * A digit before the letter is the lineage, 0 without one.
 */
void walcopies_step(struct waldatabases *, uint64_t at, const char *text);

#endif

#ifndef PG_BASETAR_INVENTORY_DISCARD_H
#define PG_BASETAR_INVENTORY_DISCARD_H

#include <stdbool.h>

#include "inventory/inventory.h"
#include "lib/error.h"

/*
 * Remove one backup that inventory_read() found: its file; or, of a directory, the archives and the
 * manifest, base.tar first, without which the rest is not taken for a backup, and then the directory.
 * Nothing is followed: what is removed is in ${inv}'s directory, whatever paths lead to by now.  It is
 * durable when this returns.
 *
 * ERROR_STATE: it is not what was read any more, and stays.  ERROR_IO: it, or a part of it, could not
 * be removed.  *is_gone: there was nothing to remove, as another program was faster.
 */
MUST_CHECK int discard_backup(const struct inventory *inv,
    const struct inventory_row *row, bool *is_gone, struct error *err);

#endif

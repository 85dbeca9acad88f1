#ifndef PG_BASETAR_SERVER_ONLINE_INTERNAL_H
#define PG_BASETAR_SERVER_ONLINE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "server/session.h"

/* What online.c and online_check.c share. */

/*
 * When the server's postmaster started, in microseconds: two servers, or two lives of
 * one, differ.  Up to 13 extract() yields a double, which still holds all the digits.
 */
#define ONLINE_INSTANCE \
	"(extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint"

/*
 * Ask for exactly one row of ${columns} values.  ERROR_SERVER also for another number of
 * them, or a NULL.  On failure *rows is empty.
 */
MUST_CHECK int online_ask(struct session *s, const char *sql, size_t nparams,
    const char *const *params, size_t columns, struct session_rows *rows,
    struct error *err);

/* The LSN in ${column} of the only row.  ERROR_SERVER: it is none. */
MUST_CHECK int online_lsn(
    const struct session_rows *rows, size_t column, uint64_t *lsn, struct error *err);

/* The number in ${column} of the only row, up to ${most}. */
MUST_CHECK int online_number(const struct session_rows *rows, size_t column,
    uint64_t most, uint64_t *number, struct error *err);

/* The boolean in ${column} of the only row. */
bool online_bool(const struct session_rows *rows, size_t column);

#endif

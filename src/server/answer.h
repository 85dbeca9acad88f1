#ifndef PG_BASETAR_SERVER_ANSWER_H
#define PG_BASETAR_SERVER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "server/session.h"

/* Questions that are answered with one row, and the values in it. */

/*
 * Ask for exactly one row of ${columns} values.  ERROR_SERVER also for another number of
 * them, or a NULL.  On failure *rows is empty.
 */
MUST_CHECK int answer_ask(struct session *s, const char *sql, size_t nparams,
    const char *const *params, size_t columns, struct session_rows *rows,
    struct error *err);

/* The LSN in ${column} of the only row.  ERROR_SERVER if it is not an LSN. */
MUST_CHECK int answer_lsn(
    const struct session_rows *rows, size_t column, uint64_t *lsn, struct error *err);

/* The number in ${column} of the only row, up to ${most}. */
MUST_CHECK int answer_number(const struct session_rows *rows, size_t column,
    uint64_t most, uint64_t *number, struct error *err);

/* The boolean in ${column} of the only row. */
bool answer_bool(const struct session_rows *rows, size_t column);

#endif

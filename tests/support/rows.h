#ifndef PG_BASETAR_SUPPORT_ROWS_H
#define PG_BASETAR_SUPPORT_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * A test of its own for each of the ${count} rows of a table, ${size} bytes each, whose first member is
 * the name: ${run} gets the row as its state.
 */
void rows_name(struct CMUnitTest *tests, const void *rows, size_t size, size_t count,
    CMUnitTestFunction run);

#endif

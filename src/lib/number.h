#ifndef PG_BASETAR_LIB_NUMBER_H
#define PG_BASETAR_LIB_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decimal numbers in text we did not write, read strictly: digits only, no sign, no
 * blank, no leading zero but in "0" itself.  A number that prints as it was read.
 */

/* In the C locale, whatever the process has. */
static inline bool
number_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* All of the ${len} bytes at ${text}.  False, *value untouched, if more than ${most}. */
bool number_parse(const char *text, size_t len, uint64_t most, uint64_t *value);

/*
 * As many digits as stand at the string *at, which is moved past them.  False when
 * there is no digit, at a leading zero or above ${most}; then nothing is changed.
 */
bool number_next(const char **at, uint64_t most, uint64_t *value);

#endif

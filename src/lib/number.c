/*
 * Digits are read here, and not by strtoull(), which takes blanks, signs and zeros in front and
 * wants a NUL at the end.  A number that is taken has one spelling, so that two names of files
 * cannot mean the same OID.
 */
#include "lib/number.h"

bool
number_parse(const char *text, size_t len, uint64_t most, uint64_t *value)
{
	uint64_t sum = 0;

	if (len == 0 || (text[0] == '0' && len > 1))
		return false;
	for (size_t i = 0; i < len; i++) {
		uint64_t digit;

		if (!number_is_digit(text[i]))
			return false;
		digit = (uint64_t)(text[i] - '0');
		if (digit > most || sum > (most - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return true;
}

bool
number_next(const char **at, uint64_t most, uint64_t *value)
{
	size_t len = 0;

	while (number_is_digit((*at)[len]))
		len++;
	if (!number_parse(*at, len, most, value))
		return false;
	*at += len;
	return true;
}

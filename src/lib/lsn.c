/*
 * Only what a server prints is read as an LSN.  The type pg_lsn itself takes more, lower case and
 * any zeros in front (pg_lsn.c); in a file of a backup such text is a sign of damage.
 */
#include "lib/lsn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One half: up to 8 digits at *at, which is moved past them; padded only to all of them. */
static bool
parse_half(const char **at, bool may_be_padded, uint32_t *half)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t len = strspn(*at, digits);

	if (len == 0 || len > 8 ||
	    ((*at)[0] == '0' && len > 1 && !(may_be_padded && len == 8)))
		return false;
	*half = 0;
	for (size_t i = 0; i < len; i++)
		*half = *half << 4 | (uint32_t)(strchr(digits, (*at)[i]) - digits);
	*at += len;
	return true;
}

bool
lsn_parse(const char *text, uint64_t *lsn)
{
	uint32_t high, low;

	if (!parse_half(&text, false, &high) || *text++ != '/')
		return false;
	if (!parse_half(&text, true, &low) || *text != '\0')
		return false;
	*lsn = (uint64_t)high << 32 | low;
	return true;
}

const char *
lsn_print(char out[LSN_TEXT], uint64_t lsn)
{
	snprintf(
	    out, LSN_TEXT, "%" PRIX32 "/%" PRIX32, (uint32_t)(lsn >> 32), (uint32_t)lsn);
	return out;
}

const char *
lsn_print_padded(char out[LSN_TEXT], uint64_t lsn)
{
	snprintf(out, LSN_TEXT, "%" PRIX32 "/%08" PRIX32, (uint32_t)(lsn >> 32),
	    (uint32_t)lsn);
	return out;
}

const char *
lsn_print_known(char out[LSN_TEXT], uint64_t lsn)
{
	return lsn == 0 ? NULL : lsn_print(out, lsn);
}

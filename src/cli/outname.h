#ifndef PG_BASETAR_CLI_OUTNAME_H
#define PG_BASETAR_CLI_OUTNAME_H

#include <stdbool.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/error.h"

/*
 * The name of an output as a pattern of strftime(3): "/backup/%Y-%m-%d.tar.zst".  Only conversions
 * that are digits of a known width in every locale are taken, so that it can be decided whether
 * the pattern makes a given name:
 *
 *	%Y %m %d  %H %M %S	year, month, day; hour, minute, second
 *	%F			the same as %Y-%m-%d
 *	%j			day of the year
 *	%G %V %u		year and week by ISO 8601, day of the week from Monday, 1
 *	%%			a percent sign
 */

/* Has ${text} a percent sign, so that it is to be expanded? */
bool outname_is_pattern(const char *text);

/* Append ${pattern} with the local time ${when}.  ERROR_USAGE: another conversion. */
MUST_CHECK int outname_expand(
    struct buf *out, const char *pattern, time_t when, struct error *err);

/*
 * Could ${pattern}, which outname_expand() takes, have made ${name} at some moment?  Each field is
 * looked at alone: 2026-02-31 could be a date.  Slashes at the end of ${pattern} do not count.
 */
bool outname_matches(const char *pattern, const char *name);

/* Has ${pattern} a year in it, so that a name never comes again? */
bool outname_has_year(const char *pattern);

#endif

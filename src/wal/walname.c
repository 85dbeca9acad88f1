/*
 * A name means another LSN for each segment size, which initdb --wal-segsize sets since 11, so none
 * is built or taken apart without it.  Digits are compared one by one, since sscanf() would also
 * take lower case and signs, which the server never writes.
 */
#include "wal/walname.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SEGMENT_DIGITS 24
#define TIMELINE_DIGITS 8
#define HISTORY_SUFFIX ".history"

static const char digits[] = "0123456789ABCDEF";

/* Segments in 4 GiB: how far the lower half of a number counts. */
static uint64_t
per_xlogid(uint32_t segsize)
{
	return (UINT64_C(1) << 32) / segsize;
}

/* Eight digits, of which the caller knows that they are digits. */
static uint32_t
word_at(const char *text)
{
	uint32_t word = 0;

	for (int i = 0; i < 8; i++)
		word = word << 4 | (uint32_t)(strchr(digits, text[i]) - digits);
	return word;
}

void
walname_build(char out[WALNAME_SIZE], uint32_t timeline, uint64_t segno, uint32_t segsize)
{
	snprintf(out, WALNAME_SIZE, "%08" PRIX32 "%08" PRIX32 "%08" PRIX32, timeline,
	    (uint32_t)(segno / per_xlogid(segsize)),
	    (uint32_t)(segno % per_xlogid(segsize)));
}

void
walname_build_history(char out[WALNAME_HISTORY_SIZE], uint32_t timeline)
{
	snprintf(out, WALNAME_HISTORY_SIZE, "%08" PRIX32 HISTORY_SUFFIX, timeline);
}

bool
walname_is_segment(const char *name)
{
	return strlen(name) == SEGMENT_DIGITS && strspn(name, digits) == SEGMENT_DIGITS;
}

bool
walname_is_history(const char *name)
{
	return strspn(name, digits) == TIMELINE_DIGITS &&
	    strcmp(name + TIMELINE_DIGITS, HISTORY_SUFFIX) == 0;
}

bool
walname_parse(const char *name, uint32_t segsize, uint32_t *timeline, uint64_t *segno)
{
	uint32_t high, low;

	if (!walname_is_segment(name) || word_at(name) == 0)
		return false;
	high = word_at(name + 8);
	low = word_at(name + 16);
	if (low >= per_xlogid(segsize))
		return false;
	*timeline = word_at(name);
	*segno = high * per_xlogid(segsize) + low;
	return true;
}

bool
walname_parse_history(const char *name, uint32_t *timeline)
{
	if (!walname_is_history(name) || word_at(name) == 0)
		return false;
	*timeline = word_at(name);
	return true;
}

uint64_t
walname_segment(uint64_t lsn, uint32_t segsize)
{
	return lsn / segsize;
}

uint64_t
walname_last_segment(uint64_t stop_lsn, uint32_t segsize)
{
	return stop_lsn == 0 ? 0 : (stop_lsn - 1) / segsize;
}

#ifndef PG_BASETAR_RECOVERY_TIMETEXT_H
#define PG_BASETAR_RECOVERY_TIMETEXT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A moment as a text, as far as it can be read without the server's time zones: that of START TIME
 * in backup_label, or of recovery_target_time.
 *
 *	2026-11-30 02:30:00.5+01	a date, perhaps a time, perhaps a zone
 *
 * The server reads much more ("Nov 30 2:30 PM PST"; "Date/Time Input" in its manual), and knows
 * what an abbreviation means: such a text may be sound as well.
 */
struct timetext {
	int64_t local; /* seconds since 1970 by the clock on the wall there */
	bool has_offset;
	int64_t offset;   /* of that clock before UTC, in seconds */
	const char *zone; /* borrowed: what comes after the time; "" if nothing does */
};

enum timetext_verdict {
	TIMETEXT_READ,
	TIMETEXT_UNKNOWN, /* the server may know it */
	TIMETEXT_WRONG    /* it is no moment: without a digit, or with a 13th month */
};

enum timetext_verdict timetext_parse(const char *text, struct timetext *out);

/*
 * Is ${a} before ${b}?  Where a zone is not known it may be any; of one name they are one.
 * TIMETEXT_PERHAPS: it is if both are in one zone.
 */
enum timetext_order { TIMETEXT_NOT_BEFORE, TIMETEXT_PERHAPS, TIMETEXT_BEFORE };
enum timetext_order timetext_before(const struct timetext *a, const struct timetext *b);

#endif

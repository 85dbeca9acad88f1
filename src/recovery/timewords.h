#ifndef PG_BASETAR_RECOVERY_TIMEWORDS_H
#define PG_BASETAR_RECOVERY_TIMEWORDS_H

#include <time.h>

/*
 * A moment as people say it, as one that a server knows, whatever its time zone and whenever it reads
 * it:
 *
 *	10 minutes ago		also seconds, hours, days, weeks, and several: 1 hour 30 minutes ago
 *	yesterday 14:00		also today; without a time midnight
 *	14:14			today
 *	2026-11-30 14:14	in the time zone of this host, where none is named
 *
 * A server from 12 on takes none of these words, one before took the day when it was started.
 */
enum timewords_verdict {
	TIMEWORDS_KEPT,     /* it names its zone, or only the server can read it */
	TIMEWORDS_RESOLVED, /* *out is the moment, with its zone */
	TIMEWORDS_WRONG,    /* it is no moment */
	TIMEWORDS_FUTURE    /* it is one of today that is still to come */
};

#define TIMEWORDS_TEXT 80

enum timewords_verdict timewords_resolve(
    const char *text, time_t now, char out[TIMEWORDS_TEXT]);

#endif

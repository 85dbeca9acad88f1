/* The waits for a file that is being written. */
#include "lib/settle.h"

#include <time.h>

/* Milliseconds before the file is looked at again. */
static const long waits[] = { 10, 90, 400 };
enum { WAITS = sizeof(waits) / sizeof(waits[0]) };

bool
settle_wait(struct settle *s, unsigned looks)
{
	const unsigned most = s->failed < SETTLE_FILES ? WAITS : 1;
	struct timespec pause = { .tv_nsec = 0 };

	if (looks > most) {
		s->failed++;
		return false;
	}
	pause.tv_nsec = waits[looks - 1] * 1000000;
	nanosleep(&pause, NULL);
	return true;
}

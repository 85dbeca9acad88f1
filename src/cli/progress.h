#ifndef PG_BASETAR_CLI_PROGRESS_H
#define PG_BASETAR_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How far a run is: percent, a bar, bytes and their total, rate, time since the start and time left,
 * phase; of these on a terminal what fits into its columns.  With -P the line is redrawn
 * on a terminal several times a second, and elsewhere printed every 30 s; SIGUSR1 prints
 * it once, with or without -P.
 *
 * With --progress-fd a program gets the same as a line of JSON at every phase and every second
 * (pg_basetar(1)), if it reads: a line for which a pipe has no room is left out, so that no reader holds
 * up a run.
 */
#define PROGRESS_PAST 24 /* more phases than a run has */

struct progress {
	bool is_wanted;
	int fd;            /* of --progress-fd; 0: none, or it has failed */
	double told;       /* when the last line went there */
	const char *phase; /* NULL: it is over */
	uint64_t total; /* bytes of the stream before encoding, estimated; 0: not known */
	uint64_t done;  /* when progress_tick() was called last */
	double started, shown;
	double moves; /* since when bytes pass: as long as no byte has passed, now */
	double rate;  /* what it was when they had passed; 0 before */

	/* The phases that are over, in their order. */
	struct progress_past {
		const char *phase;
		double seconds;
	} past[PROGRESS_PAST];
	size_t npast;
	double entered; /* the phase that is not */

	double (*clock)(void); /* sys_monotonic(), but for a test */
};

void progress_start(struct progress *, bool is_wanted, int fd);

/* ${phase} lives as long as the progress; NULL: the last one is over. */
void progress_phase(struct progress *, const char *phase);

/*
 * What ${total} estimated is ${done} bytes: all of it is on its way.  From here on percent
 * and time left are about these, and the rate is what it was.
 */
void progress_settle(struct progress *, uint64_t done);

/* ${done} bytes of the stream have passed: show it if it is time, or asked for. */
void progress_tick(struct progress *, uint64_t done);

/* The work is done, all ${done} bytes of it: no line is redrawn any more. */
void progress_end(struct progress *, uint64_t done);

/* "12.3 MB"; powers of 1000, as the makers of disks count. */
#define PROGRESS_BYTES_TEXT 24
const char *progress_bytes(char out[PROGRESS_BYTES_TEXT], uint64_t bytes);

#endif

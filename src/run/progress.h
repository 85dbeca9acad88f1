#ifndef PG_BASETAR_RUN_PROGRESS_H
#define PG_BASETAR_RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How far a run is: percent, bytes, rate, time left, phase.  With -P the line is redrawn
 * on a terminal several times a second, and elsewhere printed every 30 s; SIGUSR1 prints
 * it once, with or without -P.
 */
struct progress {
	bool is_wanted;
	const char *phase;
	uint64_t total; /* bytes of the stream before encoding, estimated; 0: not known */
	double started, shown;
	uint64_t done; /* when it was told last */
};

void progress_start(struct progress *, bool is_wanted);

/* ${phase} lives as long as the progress. */
void progress_phase(struct progress *, const char *phase);

/* ${done} bytes of the stream have passed: show it if it is time, or asked for. */
void progress_tick(struct progress *, uint64_t done);

/* The work is over: no line is redrawn any more. */
void progress_end(struct progress *);

/* "12.3 MB"; powers of 1000, as the makers of disks count. */
#define PROGRESS_BYTES_TEXT 24
const char *progress_bytes(char out[PROGRESS_BYTES_TEXT], uint64_t bytes);

#endif

#ifndef PG_BASETAR_INVENTORY_VERDICT_H
#define PG_BASETAR_INVENTORY_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * What the reports in a directory (pg_basetar-report(5)) say of the backups that lie there too: which
 * one a report is about it says by the name, the system identifier and the start position.
 */
enum verdict_result {
	VERDICT_UNKNOWN,
	VERDICT_SOUND,
	VERDICT_FINDINGS,
	VERDICT_FAILED,
	VERDICT_RUNNING /* no verdict yet: the run goes on, or was killed */
};

struct verdict {
	enum verdict_result result;
	char command[16]; /* that came to it: "backup", "verify", "restore" */
	char ended[32];   /* "2026-12-01T03:10:00Z": their order is that of time */
};

struct verdicts {
	size_t count;
	struct verdicts_row {
		struct verdict verdict;
		char *name; /* of the backup, without its directory */
		uint64_t system_identifier, start_lsn;
	} * rows;
};

/*
 * Is the file ${name} in the directory ${dirfd} a report?  *is_report, and if it says what became of a
 * backup that it names, it is one of the ${verdicts}.  What is no report is no error, nor one that
 * cannot be read or goes on.
 */
MUST_CHECK int verdicts_add(
    struct verdicts *, int dirfd, const char *name, bool *is_report, struct error *err);

/* The last one of the backup ${name} that ended at ${began} (as .ended) or later. */
struct verdict verdicts_find(const struct verdicts *, const char *name,
    uint64_t system_identifier, uint64_t start_lsn, const char *began);

/*
 * What may speak against the backup ${name}: a run that reads or writes it and has not ended, or
 * else the last verdict, for which a verify or restore that failed need not have come to know more
 * of it than its name, or may have been given another, as that of a link.  VERDICT_SOUND and
 * VERDICT_UNKNOWN: nothing does.
 */
enum verdict_result verdicts_against(const struct verdicts *, const char *name,
    uint64_t system_identifier, uint64_t start_lsn, const char *began);

/* "sound", "findings", "failed", "running"; NULL: not known. */
const char *verdict_name(enum verdict_result result);

void verdicts_free(struct verdicts *);

#endif

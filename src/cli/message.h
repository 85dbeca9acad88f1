#ifndef PG_BASETAR_CLI_MESSAGE_H
#define PG_BASETAR_CLI_MESSAGE_H

#include <stddef.h>

#include "lib/error.h"
#include "lib/finding.h"

/*
 * What the user reads, all of it on standard error: standard output may be the backup.
 * Each message is one line, written whole whatever thread it comes from; a progress
 * line that is being redrawn on a terminal makes way for it.  File names and the like come from
 * elsewhere: what in them would forge a line of ours, or steer the terminal, is made legible
 * (utf8.h).
 *
 * Standard error is the process's, so this module has state.
 */
enum message_level {
	MESSAGE_QUIET,  /* -q: errors, mishaps and findings only */
	MESSAGE_NORMAL, /* and warnings, which cron mails */
	MESSAGE_VERBOSE /* -v: and what is being done */
};

void message_set_level(enum message_level level);

/* "pg_basetar: TEXT", and "hint: HINT" where there is one. */
void message_error(const struct error *err);

/* That hint: its own, or what is known of such a cause; NULL if absent. */
const char *message_hint(const struct error *err);

/* "pg_basetar: warning: TEXT". */
void message_warning(const char *text);

/* A warning: the directory ${path} was made in one that may not be read, and so not be synced. */
void message_unsynced(const char *path);

/*
 * "pg_basetar: warning: TEXT", and "hint: HINT" if it has one of its own: something failed,
 * but not the run, which has one error of its own.  Said with -q, too, and to no listener.
 */
void message_mishap(const struct error *err);

/* The same of what the listener gets as well. */
void message_failure(const struct error *err);

/* "pg_basetar: TEXT": something is wrong in the cluster.  Said with -q, too. */
void message_finding(const struct finding *);

/* How many there were. */
size_t message_findings(void);

/*
 * What gets warnings and findings as well, and whole: with -q, and longer ones
 * than a line may be.  One thread at a time calls it.
 */
struct message_listener {
	void (*warning)(struct message_listener *, const char *text);
	void (*finding)(struct message_listener *, const struct finding *);
};

/* NULL: no one, from now on. */
void message_listen(struct message_listener *);

/* "pg_basetar: TEXT", with -v only. */
void message_info(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* "pg_basetar: TEXT", unless -q. */
void message_note(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The progress line: redrawn in place on a terminal, else a line of its own. */
void message_progress(const char *line);

/* How long a progress line may be to be redrawn; 0: as long as it likes. */
size_t message_columns(void);

/* The progress line, if any, stays as it is and is over. */
void message_progress_end(void);

#endif

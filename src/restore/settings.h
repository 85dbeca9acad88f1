#ifndef PG_BASETAR_RESTORE_SETTINGS_H
#define PG_BASETAR_RESTORE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/error.h"

struct options;
struct pg_version;
struct restore_tree;

/*
 * What the server is told: how to recover, in the place of what the backup has of that, and
 * whether it archives its WAL.
 */
struct restore_settings {
	const struct options *opt; /* borrowed */

	struct buf settings;      /* RECOVERY_SETTINGS, if it is to be extended */
	struct buf recovery_conf; /* which not every release may have: it decides */
	time_t recovery_conf_mtime;
	bool has_recovery_conf;
	/* the file in the tree that has the copy recover; NULL if absent */
	const char *recovers_by;
};

/* A member that is kept for them may have so many bytes: far more than it ever has. */
#define RESTORE_SETTINGS_MOST ((size_t)16 * 1024 * 1024)

/* Is archive_mode set to off? */
bool restore_settings_archive_off(const struct options *opt);

/*
 * Before anything is restored: say what a target is that was said in words, and warn of what will
 * hardly do.  ERROR_USAGE: libpq cannot read primary_conninfo, nor could that of the server.
 */
MUST_CHECK int restore_settings_check(const struct options *opt, struct error *err);

/* What becomes of a file of the backup. */
enum restore_settings_fate {
	RESTORE_SETTINGS_WRITTEN, /* it is written as it is */
	RESTORE_SETTINGS_LEFT,    /* it is left out: another is written in its place */
	RESTORE_SETTINGS_KEPT /* it is for restore_settings_keep(), not to be written */
};
enum restore_settings_fate restore_settings_fate(
    const struct restore_settings *, const char *path);

/* The text of one that is kept. */
MUST_CHECK int restore_settings_keep(struct restore_settings *, const char *path,
    const struct buf *text, time_t mtime, struct error *err);

/* ${path} is written as it is: does it have the copy recover? */
void restore_settings_note(struct restore_settings *, const char *path);

/* Write them; ${version} is of the backup, NULL: it is not known. */
MUST_CHECK int restore_settings_write(struct restore_settings *,
    struct restore_tree *tree, const struct pg_version *version, struct error *err);

void restore_settings_free(struct restore_settings *);

#endif

#ifndef PG_BASETAR_INVENTORY_KEEP_H
#define PG_BASETAR_INVENTORY_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inventory/inventory.h"
#include "lib/error.h"
#include "wal/walhistory.h"

/*
 * Which older backups may go when a new one is complete, and their removal.  What a backup is, it
 * says itself (inventory.h); the name, owner and time of its file count for nothing but that it is
 * one the pattern makes.  Whatever is in doubt stays, and is not counted: a backup is removed only if
 * at least as many as the rule wants are proved to be newer ones of the same cluster.
 *
 * Runs at the same time need no lock.  A backup that is being written has no name; of two that are
 * complete only the later one may remove the earlier; and what is removed has the wanted number of
 * complete newer ones, of which the newest are never removed by any run.
 */

/* A backup stays if either says so; 0: says nothing. */
struct keep_rule {
	unsigned count; /* the newest so many, of which the new one is the first */
	unsigned
	    days; /* those that began so many times 24 hours before the new one, or later */
};

/* The new backup, by what the run that made it knows. */
struct keep_new {
	const char *path;    /* its file or directory */
	const char *pattern; /* of that name, without a directory (cli/outname.h) */
	bool is_sound; /* nothing was found; else all others stay, which may be sound */
	uint64_t system_identifier, start_lsn;
	uint32_t start_timeline;
	const struct walhistory *history; /* the lineage of the timeline where it stops */
};

/* What becomes of a row, and why: a part of a sentence, as inventory_row.fault is. */
struct keep_decision {
	const struct inventory_row *row;
	bool is_removed;
	bool is_counted; /* it is the new one, or an older one that the rule is about */
	const char *why;
};

/*
 * One decision for each row of ${inv}: those that are counted first, from the newest on; the caller
 * frees *out.  ERROR_STATE: the new backup is not among them as it should be, so that nothing
 * may be removed.
 */
MUST_CHECK int keep_decide(const struct inventory *inv, const struct keep_rule *rule,
    const struct keep_new *made, struct keep_decision **out, struct error *err);

/*
 * Remove what may go from the directory of the new backup, the oldest first, or with ${is_dry} say what
 * that would be.  What stays though it has such a name is a warning.  ${is_verbose}: say also what is
 * removed, as on a terminal.
 *
 * Whatever fails is said (message_failure()), and is no error of the run: the backup is complete.  A
 * removal that fails does not keep the others from being tried; a signal does.
 */
void keep_run(const struct keep_rule *rule, const struct keep_new *made, bool is_dry,
    bool is_verbose);

#endif

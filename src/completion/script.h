#ifndef PG_BASETAR_COMPLETION_SCRIPT_H
#define PG_BASETAR_COMPLETION_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/opttable.h"
#include "lib/buf.h"
#include "lib/error.h"

/*
 * What the scripts for all shells have in common: a text in which %NAME% stands for a part that is
 * made of the tables, and what the parts are made of.  A command is an enum opttable_command.
 */
struct script_part {
	const char *name; /* NULL: the last one */
	int (*append)(struct buf *, struct error *);
};

/* Append ${text} with its parts; those that ${parts} lacks are %commands%, the names of them all. */
MUST_CHECK int script_expand(
    struct buf *, const char *text, const struct script_part *parts, struct error *err);

/* The next option of ${command}, from *i on, which is moved past it; NULL: no more. */
const struct opttable_row *script_row(unsigned command, size_t *i);

/* Its operand is a backup. */
bool script_reads_backup(unsigned command);

/* Append the names of the commands, with ${between} them; or only of those that read a backup. */
MUST_CHECK int script_commands(
    struct buf *, bool all, const char *between, struct error *err);

/* Append ${text}, each character that is one of ${special} after a backslash. */
MUST_CHECK int script_escaped(
    struct buf *, const char *text, const char *special, struct error *err);

/* Append the help of a row, as the usage has it, likewise. */
MUST_CHECK int script_help(struct buf *, const struct opttable_row *, unsigned command,
    const char *special, struct error *err);

#endif

#ifndef PG_BASETAR_CLI_OPTBASEBACKUP_H
#define PG_BASETAR_CLI_OPTBASEBACKUP_H

#include <stddef.h>

#include "cli/optread.h"
#include "lib/error.h"

struct options;

/*
 * The options that pg_basebackup has (10 to 19) and the command "backup" has not: a row each, with
 * what becomes of it.  Those that both have, in the same meaning, are in the table of opttable.h.
 * What is taken in another meaning than pg_basebackup's is a note of the options (optnote.h), so
 * that no script is misunderstood in silence.
 */
struct optbasebackup_row {
	struct opttable_row row; /* of kind OPT_BASEBACKUP, for the command "backup" */
	/* stores the value; NULL: there is nothing to store */
	int (*take)(struct options *, const char *value, struct error *);
	const char *note;  /* what is said of one that is taken; NULL: nothing */
	const char *error; /* why it is refused; NULL: it is taken */
	const char *hint;  /* what to do instead */
};

extern const struct optbasebackup_row optbasebackup[];
extern const size_t optbasebackup_rows;

/* Of a token whose row is one of these: 0, or -1 with ERROR_USAGE. */
MUST_CHECK int optbasebackup_take(
    struct options *, const struct optread_token *, struct error *);

/*
 * --target, when all of the command line was read: to a directory of the server, which is this host,
 * goes what --split writes, and to "blackhole" nothing.  ERROR_USAGE if the output is named as well.
 */
MUST_CHECK int optbasebackup_complete_target(struct options *, struct error *);

#endif

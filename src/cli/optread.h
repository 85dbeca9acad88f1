#ifndef PG_BASETAR_CLI_OPTREAD_H
#define PG_BASETAR_CLI_OPTREAD_H

#include <stdbool.h>

#include "cli/opttable.h"
#include "lib/error.h"

/*
 * The words of a command line, read as options and operands.
 *
 * The rules are those of getopt_long(): letters may stand together, a long name may be
 * cut where it stays unique, options and operands mix, "--" ends the options.  It is not
 * used because it returns the same for "-?" and an unknown option, and leaves messages to guess
 * from its global state which option they are about.
 */

/* Where the reading stands. */
struct optread {
	char *const *args;   /* the next argument first; ends with a NULL */
	const char *letters; /* what is left of a word of letters; NULL or "": nothing */
	bool only_operands;  /* "--" was read */
	enum opttable_command command; /* whose options they are */
	bool given[OPTTABLE_MOST];     /* which rows were */
};

/* What was read: an option and its value, or an operand. */
struct optread_token {
	const struct opttable_row *row; /* NULL: an operand */
	const char *value;              /* never NULL; the operand itself */
	bool has_value;
};

/*
 * The command that ${args} name, whatever stands before its name: the one under whose options that
 * is the first operand.  COMMAND_BACKUP if none is named.
 */
enum opttable_command optread_command(char *const *args);

/* Is there more? */
bool optread_has_token(struct optread *);

/* The next token; there is one.  ERROR_USAGE: no such option, or not like this. */
MUST_CHECK int optread_token(struct optread *, struct optread_token *, struct error *err);

/* Was the option ${name} given? */
bool optread_was_given(const struct optread *, const char *name);

/* The first option given that the command does not take; NULL if it takes all. */
const struct opttable_row *optread_stray(const struct optread *);

#endif

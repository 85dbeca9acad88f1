#ifndef PG_BASETAR_CLI_OPTTABLE_H
#define PG_BASETAR_CLI_OPTTABLE_H

#include <stddef.h>

#include "lib/error.h"

/*
 * The options, a row each, and the commands.  The command line is read by these tables, and
 * the usage printed from them (optusage.h).
 */

enum opttable_command {
	COMMAND_BACKUP,
	COMMAND_CHECK, /* of a backup that is not made */
	COMMAND_VERIFY,
	COMMAND_INFO,
	COMMAND_RESTORE
};
#define OPTTABLE_COMMANDS 5

extern const struct opttable_commands {
	const char *name;
	const char *usage;   /* follows "pg_basetar " */
	const char *summary; /* what it does, in a few words */
	const char *what;    /* the same, in sentences */
	const char *example; /* a whole command line */
} opttable_commands[OPTTABLE_COMMANDS];

enum opttable_rule {
	OPT_LAST, /* given twice, the last one wins */
	OPT_ONCE  /* given twice is an error; rows of one field are one option */
};

enum opttable_kind {
	OPT_HEADING, /* of the usage; no option */
	OPT_FLAG,    /* the bool ${field} becomes true */
	OPT_TEXT,    /* the string ${field} becomes the value */
	OPT_NAME,    /* the same, and it may not be empty */
	OPT_FILE,    /* the same, and it names a file or a directory */
	OPT_LABEL,   /* from here on, what optgiven.c makes of each */
	OPT_COMPRESS,
	OPT_GZIP,
	OPT_FORMAT,
	OPT_JOBS,
	OPT_COUNT, /* the unsigned ${field} becomes the value, from 1 */
	OPT_CHECKPOINT,
	OPT_WAL_METHOD,
	OPT_WAIT,
	OPT_NO_WAIT,
	OPT_RECORD,
	OPT_RATE,
	OPT_DIGEST,
	OPT_OFFLINE,
	OPT_SNAPSHOT,
	OPT_RELOCATE,
	OPT_WITHOUT,
	OPT_ARCHIVE_MODE,
	OPT_CONFIG,
	OPT_SYNC_METHOD,
	OPT_PORT,
	OPT_NO_PROMPT,
	OPT_PROMPT,
	OPT_BASEBACKUP, /* an option of pg_basebackup alone (optbasebackup.h) */
	OPT_HELP,
	OPT_VERSION
};

struct opttable_row {
	char letter;       /* 0: none */
	const char *name;  /* NULL: a heading */
	const char *value; /* as the usage calls it; in brackets: optional; NULL: none */
	unsigned commands; /* that take it, a bit 1 << enum opttable_command each */
	enum opttable_rule rule;
	enum opttable_kind kind;
	size_t field; /* offset in struct options */
	const char *help;
	const char *restore_help; /* for that command, if it is another; else NULL */
	unsigned often; /* commands whose users give it often: a bit each, as above */
};

#define OPTTABLE_MOST 128 /* room for that many rows */
extern const struct opttable_row opttable[];
extern const size_t opttable_rows;

/*
 * The row of a letter, in this table or, for a backup, in that of optbasebackup.h: that of
 * ${command}, else one of another command, so that a message can name it; NULL if absent.
 */
const struct opttable_row *opttable_letter(enum opttable_command command, char letter);

/*
 * The row whose name is the first ${len} bytes of ${name}, of ${command} or else of another one;
 * or the only one of ${command} that they begin.  Else -1 with ERROR_USAGE and the names that may
 * be meant, *row untouched.
 */
MUST_CHECK int opttable_name(enum opttable_command command, const char *name, size_t len,
    const struct opttable_row **row, struct error *err);

#endif

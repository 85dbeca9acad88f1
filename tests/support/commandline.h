#ifndef PG_BASETAR_SUPPORT_COMMANDLINE_H
#define PG_BASETAR_SUPPORT_COMMANDLINE_H

#include "cli/options.h"

/* The words of a command line, split at blanks; "''" is an empty word.  It outlives the options. */
struct commandline {
	char text[2048];
	char *words[64];
	int count;
};

/* options_parse() it, after the name of the program. */
MUST_CHECK int commandline_parse(
    struct commandline *, const char *text, struct options *o, struct error *err);

/* The same of one that must be taken. */
struct options commandline_taken(struct commandline *, const char *text);

#endif

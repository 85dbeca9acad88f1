#ifndef PG_BASETAR_CLI_OPTIONS_H
#define PG_BASETAR_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/optnote.h"
#include "cli/opttable.h"
#include "cli/optvalue.h"
#include "lib/digest.h"
#include "lib/error.h"
#include "lib/oids.h"
#include "lib/relocation.h"
#include "recovery/recovery.h"
#include "recovery/timewords.h"

/* The version of the program; the manual's only other mention is in an example. */
#define OPTIONS_PROGRAM_VERSION "1.0-rc1"

/* What is backed up. */
enum options_source {
	/* a running server's cluster: it is asked to begin and end the backup */
	SOURCE_SERVER,
	SOURCE_STOPPED, /* --offline: one that was shut down, and stays so */
	SOURCE_SNAPSHOT /* --snapshot: what a running one's disk held at one moment */
};

/*
 * What the command line asks for, complete: defaults are filled in, and what depends on
 * another option is decided.  Strings are borrowed from argv and the environment.
 */
struct options {
	enum opttable_command command;
	const char *input; /* of those that read a backup; NULL: standard input */

	const char *pgdata; /* of a backup and of a restore: never empty; else NULL */
	bool
	    dry_run; /* of a backup: all is checked, nothing is made; the command `check` */
	const char *label;
	enum options_source source;
	/* of tablespaces that are elsewhere, or restored there */
	struct relocations relocations;
	struct oids without; /* tablespaces that are left out */
	const char *waldir;  /* NULL: where pg_wal leads.  Or where it shall lead */

	struct recovery recovery; /* of a restore */
	/* its target_time as it was said; NULL: as it stands there, which is in the next otherwise */
	const char *target_said;
	char target_time[TIMEWORDS_TEXT];
	/* the directory they go to: absolute, or "inside" the data directory; NULL: as above */
	const char *tablespaces_in;
	/* they go to where they were, also if root restores them */
	bool original_tablespaces;
	/* of the restored files, as for owner_parse(); NULL: as in the backup */
	const char *owner;
	enum archive_mode archive_mode;
	enum config_method config;

	const char *target; /* of pg_basebackup; NULL: what the output is says -o alone */
	const char *output; /* NULL: standard output; never empty */
	char *output_made;  /* what a pattern became (outname.h): owned; else NULL */
	const char
	    *output_name; /* its last name, a pattern with a year, if backups are kept */
	unsigned keep,
	    keep_days; /* of older backups (inventory/keep.h); both 0: all stay */
	bool keep_dry_run;
	bool output_is_stdout; /* whether it is a terminal is for the caller to see */
	/* the output is a directory, with a tar for each tablespace */
	bool split;
	struct compression compression;
	unsigned jobs; /* at least 1 */
	bool force;    /* an output that exists may be replaced */
	bool no_sync;
	enum sync_method sync_method; /* of a restore */
	unsigned blocking_factor;     /* blocks of 512 bytes in a record; 0: no records */
	uint64_t max_rate;            /* bytes a second; 0: as fast as can be */

	bool checkpoint_fast, checkpoint_is_given;
	enum wal_method wal_method;
	bool wait_archive;           /* the stop waits until its WAL is archived */
	unsigned wait_archive_limit; /* seconds; 0: for as long as it takes */
	bool no_slot;
	bool create_slot; /* ${slot} is made, and stays; else it is ignored */
	const char *slot;

	bool no_manifest;
	enum digest_kind manifest_digest; /* DIGEST_NONE: files are listed without one */
	/* to verify: it is known, and not the default */
	bool digest_is_given;
	bool no_verify_checksums; /* of data pages */

	bool progress, verbose, quiet;
	bool no_estimate_size; /* progress without percent */
	bool need_wal;         /* of verify: a backup without its WAL will not do */
	bool list;             /* of info: the backups in a directory */
	bool brief,
	    json; /* of info: only what an archive begins with; for programs (and of a check) */
	const char *report;   /* NULL: none; never standard output */
	const char *metrics;  /* the same */
	unsigned progress_fd; /* descriptor for progress as JSON; 0: none */

	/* NULL where the environment, postmaster.pid or libpq shall decide */
	const char *host, *port, *user;
	const char *dbname;              /* a name, or a connection string */
	bool never_prompt, force_prompt; /* for a password; at most one is true */

	const char *shell; /* of OPTIONS_COMPLETION */

	struct optnotes notes;
};

enum options_verdict {
	OPTIONS_RUN,       /* carry out the command that *out describes */
	OPTIONS_OVERVIEW,  /* print optusage_overview() to standard output */
	OPTIONS_HELP,      /* print optusage_print() of the command there */
	OPTIONS_VERSION,   /* print the name and version there */
	OPTIONS_COMPLETION /* print the completion for ${shell} there */
};

/*
 * Read the command line.  Returns an options_verdict, or -1 with ERROR_USAGE and a hint;
 * *out is meaningful with OPTIONS_RUN, its command with OPTIONS_HELP, its shell with
 * OPTIONS_COMPLETION.  The first
 * --help or --version wins over whatever follows it; "help COMMAND" is "COMMAND --help", and without a
 * command either is the overview.  Uses PGDATA of the environment.  Prints nothing.
 */
MUST_CHECK int options_parse(
    int argc, char *const *argv, struct options *out, struct error *err);

/* After OPTIONS_RUN and OPTIONS_HELP. */
void options_free(struct options *);

#endif

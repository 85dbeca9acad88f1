#ifndef PG_BASETAR_RESTORE_NOTES_H
#define PG_BASETAR_RESTORE_NOTES_H

#include <stdbool.h>

#include "restore/owner.h"

struct checker;
struct options;
struct restore_config;
struct restore_directories;
struct restore_settings;

/* What the notes are about; borrowed. */
struct restore_notes {
	const struct options *opt;
	const struct checker *checker;
	const struct restore_directories *directories;
	const struct restore_settings *settings;
	const struct restore_config *config;
	struct owner owner; /* of the copy */
	bool has_origins;   /* replication origins are in the backup */
	double seconds;     /* that the restore took */
};

/*
 * It is restored: say what the user should know before a server is started on it, and then what was
 * restored and how it is started.
 */
void restore_notes_say(const struct restore_notes *);

#endif

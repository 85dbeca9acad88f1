#ifndef PG_BASETAR_RESTORE_CONFIGRULES_H
#define PG_BASETAR_RESTORE_CONFIGRULES_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "restore/configedit.h"
#include "restore/configfind.h"
#include "restore/owner.h"

/*
 * Which settings of the original a copy cannot keep: those that would have its server work on the
 * directory of the original, or write where that writes, or that name files by paths which are
 * others in the copy.
 */
struct configrules {
	const struct configfind *find; /* borrowed */
	struct owner owner;            /* of the copy: as whom its server runs */

	/* what the last line that was decided of says; empty: no line */
	struct buf port, sockets;
	/* below the new data directory, what the last line includes; empty: nothing */
	struct buf include;
	bool is_directory;
	/* for the user, a string each: 'i', 'n' or 'w', as info, note or warning, and the text */
	struct buf told;
};

/* The files of these names are installed in the new data directory, where a server looks first. */
bool configrules_is_main(const char *name);

/* What becomes of a line of ${file}?  Errors: memory. */
MUST_CHECK int configrules_setting(struct configrules *, const struct configfile *file,
    const char *name, const char *value, struct configedit_change *change,
    struct error *err);

/* And of a name in pg_hba.conf and its like? */
MUST_CHECK int configrules_name(struct configrules *, const struct configfile *file,
    enum hbatext_kind kind, const char *name, struct configedit_change *change,
    struct error *err);

/* One more text for the user.  ${kind}: as above. */
MUST_CHECK int configrules_tell(struct configrules *, char kind, struct error *err,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

void configrules_free(struct configrules *);

#endif

#ifndef PG_BASETAR_RESTORE_TARGET_H
#define PG_BASETAR_RESTORE_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

struct checker;
struct label;
struct options;

/*
 * Can recovery end where the options say?  A server that finds out that it cannot does so after all
 * of the restore, and says it at the end of its log.  What the archive says before its tree is
 * judged before a byte is written, the rest at the end.
 */
struct restore_target {
	const struct options *opt; /* borrowed */

	bool is_checked; /* against all that is known of the backup */
};

/*
 * Before the tree.  ${label} NULL if absent; ${stop_lsn} 0: not known yet.  ERROR_STATE:
 * recovery cannot end there.  With --force that is a warning.
 */
MUST_CHECK int restore_target_label(struct restore_target *, const struct label *label,
    uint64_t stop_lsn, struct error *err);

/* All is known: a target that is missed is a finding. */
MUST_CHECK int restore_target_finish(
    struct restore_target *, struct checker *checker, struct error *err);

#endif

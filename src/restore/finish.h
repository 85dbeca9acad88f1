#ifndef PG_BASETAR_RESTORE_FINISH_H
#define PG_BASETAR_RESTORE_FINISH_H

#include <stdbool.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/error.h"

struct checker;
struct options;
struct restore_config;
struct restore_links;
struct restore_ownership;
struct restore_directories;
struct restore_plan;
struct restore_settings;
struct restore_target;
struct restore_tree;

/*
 * All has come, and is on its way to the disk: may it start?  Then what makes it a cluster is
 * written, pg_control last and when all the rest is synced.
 */
struct restore_finish {
	/* borrowed */
	const struct options *opt;
	struct restore_directories *directories;
	const struct restore_ownership *ownership;
	struct restore_plan *plan;
	struct restore_tree *tree;
	struct restore_target *target;
	struct restore_settings *settings;
	const struct restore_links *links;
	struct restore_config *config;

	struct buf control; /* pg_control of the backup */
	bool has_control;
	time_t control_mtime;
};

/*
 * ERROR_STATE: no server is to start on it, as ${checker} knows, and pg_control was not written.
 */
MUST_CHECK int restore_finish_write(
    struct restore_finish *, struct checker *checker, struct error *err);

void restore_finish_free(struct restore_finish *);

#endif

#ifndef PG_BASETAR_RESTORE_RESTORE_INTERNAL_H
#define PG_BASETAR_RESTORE_RESTORE_INTERNAL_H

/* What the files of the command share. */

#include "format/oidset.h"
#include "format/report.h"
#include "format/summary.h"
#include "proof/checker.h"
#include "reading/reading.h"
#include "restore/ownership.h"
#include "restore/places.h"
#include "restore/restore.h"
#include "restore/target.h"
#include "restore/tree.h"

/* A member that comes before it is known where things go: nothing is written until then. */
struct restore_early {
	char *path;
	struct buf text;
	uint32_t mode;
	time_t mtime;
};

struct restore {
	struct reading reading; /* first */
	const struct options *opt;
	struct checker *checker;
	struct report *report;

	struct restore_places places;
	struct restore_ownership ownership;
	struct restore_tree tree;
	struct restore_target target;
	bool is_planned; /* it is known where the tablespaces go */
	/* we made the directories of those that are inside */
	bool is_inside_made;
	/* we made directories for tablespaces in place, which have an archive but no other place */
	struct oidset in_place;

	/* the member that passes */
	enum { RESTORE_PASS_OVER, RESTORE_WRITE, RESTORE_KEEP } fate; /* of its bytes */
	time_t mtime;
	struct buf kept; /* its bytes */
	size_t kept_most;
	size_t nearly;
	struct restore_early early[2]; /* backup_label, pg_basetar.info */

	/* what is written when all the rest is there */
	struct buf map;
	bool has_map;
	struct buf settings; /* RECOVERY_SETTINGS, if it is to be extended */
	struct buf conf;     /* of recovery.conf, which not every release may have */
	time_t conf_mtime;
	bool has_conf;
	struct buf control;
	bool has_control;
	time_t control_mtime;
	/* the file in the tree that says so; NULL: there is none */
	const char *recovers_by;
	bool has_origins;       /* replication origins, as subscriptions have */
	bool is_manifest_begun; /* of the one beside the archives */
};

/* restore/plan.c: where things go */
/* Once it is known what tablespaces there are; the last moment before something is written. */
MUST_CHECK int restore_plan_summary(
    struct restore *r, const struct summary_facts *facts, struct error *err);
MUST_CHECK int restore_plan_info(
    struct restore *r, const struct infofile *info, struct error *err);
/* The archive of tablespace ${oid} begins: one without a place is a directory in pg_tblspc. */
MUST_CHECK int restore_plan_archive(
    struct restore *r, const char *oid, struct error *err);
/* Owner and mode of what was made before it was known whose all is. */
MUST_CHECK int restore_plan_owners(struct restore *r, struct error *err);

/* restore/settings.c: recovery and archiving, as the options say */
/* Is archive_mode set to off? */
bool restore_settings_archive_off(const struct options *opt);
/* Does ${path} tell a server to recover, or to follow another?  Its name, static; NULL: no. */
const char *restore_settings_file(const char *path);
/* The file that the release decides about. */
#define RESTORE_RECOVERY_CONF "recovery.conf"
/* Is the member ${path} replaced by what they say?  Does that come behind what is in it? */
bool restore_settings_replace(const struct restore *r, const char *path);
bool restore_settings_extend(const struct restore *r, const char *path);
MUST_CHECK int restore_settings_write(struct restore *r, struct error *err);

/* restore/member.c: the ops of reading a backup */
extern const struct reading_ops restore_member_ops;

/* restore/finish.c: all has come */
MUST_CHECK int restore_finish(struct restore *r, struct error *err);

#endif

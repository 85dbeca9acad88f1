#ifndef PG_BASETAR_RESTORE_RESTORE_INTERNAL_H
#define PG_BASETAR_RESTORE_RESTORE_INTERNAL_H

/* What the files of the command share. */

#include "format/oidset.h"
#include "format/report.h"
#include "format/summary.h"
#include "proof/checker.h"
#include "reading/owner.h"
#include "reading/reading.h"
#include "restore/filepool.h"
#include "restore/owner.h"
#include "restore/places.h"
#include "restore/restore.h"

/* A member that comes before it is known where things go: nothing is written until then. */
struct restore_early {
	char *path;
	struct buf text;
	uint32_t mode;
	time_t mtime;
};

/* A directory that was made; ${place} is the data directory, that of the WAL or of a tablespace. */
struct restore_made {
	struct newdir *place;
	size_t path; /* in the text of all */
};

struct restore {
	struct reading reading; /* first */
	const struct options *opt;
	struct checker *checker;
	struct report *report;
	struct filepool *pool; /* NULL: it is not planned yet */

	struct restore_places places;
	bool is_planned; /* it is known where the tablespaces go */
	/* we made the directories of those that are inside */
	bool is_inside_made;
	bool has_nested;
	/* we made directories for tablespaces in place, which have an archive but no other place */
	struct oidset in_place;

	/* the member that passes */
	enum { RESTORE_PASS_OVER, RESTORE_WRITE, RESTORE_KEEP } fate; /* of its bytes */
	time_t mtime;
	struct buf shown; /* its path for messages */
	struct buf kept;  /* its bytes */
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
	uint32_t control_mode;
	struct reading_owner owner; /* of the backup, in it */
	uint64_t uid, gid;          /* whom all is given to, if root restores it */
	time_t control_mtime;
	/* the file in the tree that says so; NULL: there is none */
	const char *recovers_by;
	bool has_origins;       /* replication origins, as subscriptions have */
	bool is_target_checked; /* against all that is known of the backup */
	bool is_manifest_begun; /* of the one beside the archives */

	struct buf paths;
	size_t nmade;
	struct restore_made *made;
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

/* restore/ownership.c: whose it is, if root restores it */
/* ERROR_USAGE: --owner names no user, or one that only root may give files to. */
MUST_CHECK int restore_owner_option(const struct options *opt, struct error *err);
/* Once the places are open and the owner of the backup is known: who gets all of it. */
MUST_CHECK int restore_owner_settle(struct restore *r, bool is_ours, struct error *err);
/* What one member gets. */
struct owner restore_owner_of(
    const struct restore *r, const struct tar_entry *entry, const char *path);
uint32_t restore_owner_mode(
    const struct restore *r, const struct tar_entry *entry, const char *path);

/* What is known of the backup that a target is held against; 0 and NULL: not known. */
struct restore_bounds {
	uint64_t start_lsn, stop_lsn;
	const char *start_time;
	uint32_t timeline;
	bool is_standby, is_stopped;
};

/* restore/target.c: where recovery shall end */
/* ERROR_STATE: it cannot end there.  With --force that is a warning. */
MUST_CHECK int restore_target_check(
    struct restore *r, const struct restore_bounds *bounds, struct error *err);
/* Before the tree; ${stop_lsn} 0: not known yet. */
MUST_CHECK int restore_target_label(
    struct restore *r, const struct label *label, uint64_t stop_lsn, struct error *err);
/* All is known: a target that is missed is a finding. */
MUST_CHECK int restore_target_finish(struct restore *r, struct error *err);

/* restore/write.c: files, directories and links */
/* It is known what directories there are. */
MUST_CHECK int restore_write_begin(struct restore *r, struct error *err);
MUST_CHECK int restore_write_directory(struct restore *r, const char *path, uint32_t mode,
    uint64_t uid, uint64_t gid, struct error *err);
MUST_CHECK int restore_write_link(
    struct restore *r, const char *path, const char *target, struct error *err);
/* A file begins in the pool. */
MUST_CHECK int restore_write_file(struct restore *r, const char *path, uint32_t mode,
    uint64_t uid, uint64_t gid, struct error *err);
/* A whole one, with the mode and the owner of pg_control; ${mtime} 0: now. */
MUST_CHECK int restore_write_text(struct restore *r, const char *path,
    const struct buf *text, time_t mtime, struct error *err);
/* All that was made is on the disk; or, when the directories are, the files of since then. */
MUST_CHECK int restore_write_sync(struct restore *r, struct error *err);
MUST_CHECK int restore_write_sync_files(struct restore *r, struct error *err);

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

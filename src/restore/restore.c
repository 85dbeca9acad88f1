/*
 * A restore proves the backup while it unpacks it, since a pipe can be read only once: a member's
 * header and each piece of its bytes go to the checker first, and are written when that has seen
 * them.
 */
#include "restore/restore.h"

#include <errno.h>

#include "format/report.h"
#include "lib/sys.h"
#include "proof/checking.h"
#include "restore/config.h"
#include "restore/directories.h"
#include "restore/finish.h"
#include "restore/links.h"
#include "restore/members.h"
#include "restore/notes.h"
#include "restore/ownership.h"
#include "restore/plan.h"
#include "restore/settings.h"
#include "restore/target.h"
#include "restore/tree.h"

static const char outcome[] = "the backup was not restored";

/* The parts of a restore.  Each knows those that it was given, and nothing of this. */
struct restore {
	struct reading reading; /* first: its ops find the rest from it */
	const struct options *opt;
	struct checker *checker;
	struct report *report;
	double began; /* as of sys_monotonic() */

	struct restore_directories directories;
	struct restore_ownership ownership;
	struct restore_tree tree;
	struct restore_target target;
	struct restore_plan plan;
	struct restore_settings settings;
	struct restore_links links;
	struct restore_config config;
	struct restore_finish finish;
	struct restore_members members;
};

/* ---- the backup is read: each piece of it is proved, and then written ---- */

static struct restore *
restore_of(struct reading *reading)
{
	return (struct restore *)reading;
}

static int
begin_backup(struct reading *reading, int dirfd, struct error *err)
{
	struct restore *r = restore_of(reading);

	if (checking_open(reading, dirfd, &r->checker, err))
		return -1;
	r->members.checker = r->checker;
	return 0;
}

static int
begin_archive(struct reading *reading, const struct archivepart *part, struct error *err)
{
	struct restore *r = restore_of(reading);

	if (part->kind == ARCHIVEPART_TABLESPACE &&
	    restore_plan_archive(&r->plan, part->oid, err))
		return -1;
	return checker_archive(r->checker, part, err);
}

static int
begin_member(struct reading *reading, const struct tar_entry *entry, uint64_t offset,
    bool *is_wanted, struct error *err)
{
	struct restore *r = restore_of(reading);

	(void)is_wanted;
	return checker_member(r->checker, entry, offset, err) ||
		restore_members_begin(&r->members, entry, err) ?
	    -1 :
	    0;
}

static int
take_bytes(struct reading *reading, const uint8_t *bytes, size_t len, struct error *err)
{
	struct restore *r = restore_of(reading);

	return checker_bytes(r->checker, bytes, len, err) ||
		restore_members_bytes(&r->members, bytes, len, err) ?
	    -1 :
	    0;
}

static int
end_member(struct reading *reading, struct error *err)
{
	struct restore *r = restore_of(reading);

	return restore_members_end(&r->members, err) ||
		checker_member_end(r->checker, err) ?
	    -1 :
	    0;
}

static int
end_archive(struct reading *reading, struct error *err)
{
	return checker_archive_end(restore_of(reading)->checker, err);
}

static int
take_manifest(
    struct reading *reading, const uint8_t *bytes, size_t len, struct error *err)
{
	struct restore *r = restore_of(reading);

	return checker_manifest(r->checker, bytes, len, err) ||
		restore_members_manifest(&r->members, bytes, len, err) ?
	    -1 :
	    0;
}

static int
end_backup(struct reading *reading, struct error *err)
{
	return checker_finish(restore_of(reading)->checker, err);
}

static int
make_cluster(struct reading *reading, struct error *err)
{
	struct restore *r = restore_of(reading);

	return restore_finish_write(&r->finish, r->checker, err);
}

static const struct reading_ops ops = {
	.begin = begin_backup,
	.archive = begin_archive,
	.member = begin_member,
	.bytes = take_bytes,
	.member_end = end_member,
	.archive_end = end_archive,
	.manifest = take_manifest,
	.finish = end_backup,
	.sync = make_cluster,
};

/* ---- the steps ---- */

static int
open_report(struct restore *r, struct error *err)
{
	const struct options *opt = r->opt;

	if (opt->report == NULL)
		return 0;
	return report_open(&r->report, opt->report, opt->no_sync, err) ||
		report_refuse_output(r->report, opt->input, opt->input ? -1 : 0, err) ?
	    -1 :
	    0;
}

/* All is open that the report may not be in. */
static int
begin_report(struct restore *r, struct error *err)
{
	for (size_t i = 0; i < restore_directories_count(&r->directories); i++) {
		const struct newdir *dir = restore_directories_at(&r->directories, i);
		struct stat st;

		if (dir->path == NULL)
			continue;
		if (fstat(dir->fd, &st) == -1)
			return error_set(
			    err, ERROR_IO, errno, "\"%s\": could not stat", dir->path);
		if (report_refuse_inside(
			r->report, &st, "the directory that is restored to", err))
			return -1;
	}
	return checking_report_begin(&r->reading, r->report, "restore", err);
}

static void
say_outcome(const struct restore *r)
{
	const struct restore_notes notes = { .opt = r->opt,
		.checker = r->checker,
		.directories = &r->directories,
		.settings = &r->settings,
		.config = &r->config,
		.owner = restore_ownership_server(&r->ownership),
		.has_origins = r->members.has_origins,
		.seconds = sys_monotonic() - r->began };

	restore_notes_say(&notes);
}

/* The steps, in the order of the manual. */
static int
make_restore(struct restore *r, struct error *err)
{
	if (restore_settings_check(r->opt, err) ||
	    restore_ownership_check(&r->ownership, err) || open_report(r, err) ||
	    restore_directories_open(&r->directories, r->opt, err) ||
	    begin_report(r, err) || restore_plan_look_ahead(&r->plan, outcome, err) ||
	    reading_run(&r->reading, "restoring", err))
		return -1;
	say_outcome(r);
	return 0;
}

/* ---- the whole ---- */

/* Each part is lent those that it works with. */
static void
assemble(struct restore *r, const struct options *opt)
{
	reading_init(&r->reading, opt, &ops, outcome);
	r->opt = opt;
	r->ownership.opt = opt;
	r->target.opt = opt;
	r->settings.opt = opt;
	r->tree = (struct restore_tree){ .opt = opt,
		.directories = &r->directories,
		.ownership = &r->ownership,
		.cancel = &r->reading.cancel };
	r->config = (struct restore_config){ .opt = opt,
		.directories = &r->directories,
		.ownership = &r->ownership,
		.tree = &r->tree };
	r->plan = (struct restore_plan){ .opt = opt,
		.directories = &r->directories,
		.ownership = &r->ownership,
		.target = &r->target,
		.tree = &r->tree };
	r->finish = (struct restore_finish){ .opt = opt,
		.directories = &r->directories,
		.ownership = &r->ownership,
		.plan = &r->plan,
		.tree = &r->tree,
		.target = &r->target,
		.settings = &r->settings,
		.links = &r->links,
		.config = &r->config };
	r->members = (struct restore_members){ .directories = &r->directories,
		.plan = &r->plan,
		.ownership = &r->ownership,
		.tree = &r->tree,
		.settings = &r->settings,
		.links = &r->links,
		.finish = &r->finish };
}

/* Also after an error; ${forget}: the directories that were made and are empty go away. */
static void
forget_all(struct restore *r, bool forget)
{
	report_free(r->report);
	checker_free(r->checker);
	restore_members_free(&r->members);
	restore_finish_free(&r->finish);
	restore_links_free(&r->links);
	restore_config_free(&r->config);
	restore_settings_free(&r->settings);
	restore_plan_free(&r->plan);
	restore_directories_free(&r->directories, forget);
	reading_free(&r->reading);
}

int
restore_run(const struct options *opt, bool *is_sound, struct error *err)
{
	struct restore r = { .began = sys_monotonic() };
	int rc;

	assemble(&r, opt);
	rc = make_restore(&r, err);
	if (rc == -1 && r.checker)
		checker_break_off(r.checker, err);
	if (rc == -1 && err->sys == ENOSPC)
		error_hint(err,
		    "Remove what is in \"%s\" and in the directories of its tablespaces and WAL, and restore to where there is more room.",
		    opt->pgdata);
	/* its threads are to be gone before the directories are */
	restore_tree_free(&r.tree);
	*is_sound = rc == 0 && checker_findings(r.checker)->count == 0;
	checking_report(
	    &r.reading, r.checker, r.report, "restore", *is_sound, rc == -1 ? err : NULL);
	forget_all(&r, rc == -1);
	return rc;
}

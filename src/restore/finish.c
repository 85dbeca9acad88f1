/*
 * The last steps make a directory of files into a cluster, in an order that leaves none that starts
 * after an error or a crash: pg_control gets its name when all else is on the disk.  Without that
 * file no server starts (checkControlFile() in src/backend/postmaster/postmaster.c), so an
 * unfinished copy needs no other mark.
 */
#include "restore/finish.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/options.h"
#include "format/layout.h"
#include "lib/sys.h"
#include "pg/cluster.h"
#include "proof/checker.h"
#include "restore/config.h"
#include "restore/directories.h"
#include "restore/links.h"
#include "restore/ownership.h"
#include "restore/plan.h"
#include "restore/settings.h"
#include "restore/target.h"
#include "restore/tree.h"

/* ---- may it start? ---- */

static int
not_written(const struct restore_finish *f, struct error *err)
{
	return error_hint(err,
	    "pg_control was not written, so no server can start on \"%s\".  Remove what is in it and in the directories of its tablespaces and WAL, then restore again; use --force to restore in spite of findings.",
	    f->directories->datadir.path);
}

static int
check_findings(const struct restore_finish *f, struct checker *checker, struct error *err)
{
	const uint64_t count = checker_findings(checker)->count;

	if (count == 0 || f->opt->force)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "the backup is not restorable: %" PRIu64 " finding%s", count,
	    count == 1 ? "" : "s");
	return not_written(f, err);
}

/* The tablespace is in the backup as well: this is where it was restored to.  NULL: it is not. */
static const char *
restored_to(const struct restore_finish *f, uint32_t oid)
{
	const struct restore_tablespace *space =
	    restore_tablespaces_find(&f->directories->tablespaces, oid);

	return space ? space->location : NULL;
}

/* What cannot be looked at may be there. */
static bool
is_there(const char *location)
{
	struct stat st;

	return stat(location, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* Replay makes the link anew, to where the original has the tablespace, and writes there. */
static int
check_location(
    const struct restore_finish *f, uint32_t oid, const char *location, struct error *err)
{
	const char *ours = restored_to(f, oid);

	if (ours && strcmp(ours, location) == 0)
		return 0;
	if (ours) {
		error_set(err, ERROR_STATE, 0,
		    "the WAL of the backup creates tablespace %" PRIu32
		    " at \"%s\": it cannot be moved",
		    oid, location);
		return error_hint(err,
		    "The server would look for it and write there.  Remove what was restored; restore where that path is free, without -T or --tablespaces-in for it, or take another backup.");
	}
	if (!is_there(location))
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "the WAL of the backup creates a tablespace at \"%s\", which is in use on this host",
	    location);
	return error_hint(err,
	    "The copy would write there, perhaps into the files of a running cluster.  Remove what was restored; restore where that path is free, or take another backup.");
}

static int
check_locations(
    const struct restore_finish *f, const struct checker *checker, struct error *err)
{
	const char *location;
	uint32_t oid;
	size_t at = 0;

	while (!f->opt->force && checker_next_location(checker, &at, &oid, &location))
		if (check_location(f, oid, location, err))
			return -1;
	return 0;
}

/*
 * The server makes none of these, nor does it need them to start; an archive of pg_basebackup may
 * be of one that lacked them.
 */
static int
make_missing(struct restore_finish *f, struct error *err)
{
	const uint32_t mode = restore_ownership_directory_mode(f->ownership);

	for (unsigned n = 0; cluster_directory(n); n++) {
		if (!cluster_directory_is_optional(n) ||
		    restore_tree_directory(
			f->tree, cluster_directory(n), mode, f->ownership->all, err) == 0)
			continue;
		if (err->kind != ERROR_IO || err->sys != EEXIST)
			return -1;
		*err = (struct error){ 0 };
	}
	return 0;
}

/* ---- the directories, and pg_control ---- */

/* Those of a cluster are for its owner, or for his group as well; the server sees to that. */
static int
finish_directory(
    const struct restore_finish *f, const struct newdir *dir, struct error *err)
{
	const bool is_root = geteuid() == 0;

	if (dir->path == NULL ||
	    newdir_settle(dir, is_root ? f->ownership->all.uid : (uid_t)-1,
		is_root ? f->ownership->all.gid : (gid_t)-1,
		restore_ownership_directory_mode(f->ownership), err) == 0)
		return 0;
	return error_wrap(err, "\"%s\"", dir->path);
}

static int
finish_directories(const struct restore_finish *f, struct error *err)
{
	for (size_t i = 0; i < restore_directories_count(f->directories); i++)
		if (finish_directory(f, restore_directories_at(f->directories, i), err))
			return -1;
	return restore_plan_settle(f->plan, err);
}

/* Of its directory; whoever wants us to end has come too late for that. */
static int
sync_name(struct restore_finish *f, struct error *err)
{
	int fd, rc;

	if (f->opt->no_sync)
		return 0;
	if (beneath_file(&f->directories->datadir.beneath, "global",
		O_RDONLY | O_DIRECTORY, 0, &fd, err))
		return -1;
	rc = sys_sync_directory(fd, err);
	sys_close(fd);
	return rc;
}

/* What was to keep a server from starting could not be undone. */
static void
still_startable(const struct restore_finish *f, struct error *err)
{
	error_hint(err,
	    "pg_control could not be removed again: a server can start on \"%s\", but a crash of the system may damage it.  Remove what is in it and in the directories of its tablespaces and WAL.",
	    f->directories->datadir.path);
}

/*
 * Under another name until it is on the disk.  Once it has its own a server starts: what fails
 * from then on takes it away again.
 */
static int
write_control(struct restore_finish *f, struct error *err)
{
	static const char unfinished[] = LAYOUT_CONTROL ".unfinished";
	struct error why = { 0 };

	if (restore_tree_text(f->tree, unfinished, &f->control, f->control_mtime, err) ||
	    restore_tree_sync_files(f->tree, err))
		return -1;
	if (beneath_rename(&f->directories->datadir.beneath, unfinished,
		strrchr(LAYOUT_CONTROL, '/') + 1, err))
		return error_wrap(err, "\"%s\"", unfinished);
	if (sync_name(f, err) == 0)
		return 0;
	if (beneath_rename(&f->directories->datadir.beneath, LAYOUT_CONTROL,
		strrchr(unfinished, '/') + 1, &why))
		still_startable(f, err);
	return error_wrap(err, "\"%s\"", LAYOUT_CONTROL);
}

int
restore_finish_write(struct restore_finish *f, struct checker *checker, struct error *err)
{
	const struct pg_version *version = checker_backup(checker)->version;

	if (check_findings(f, checker, err) || check_locations(f, checker, err) ||
	    restore_target_finish(f->target, checker, err))
		return -1;
	if (!f->has_control) /* even with --force */
		return error_set(err, ERROR_FORMAT, 0,
		    "file \"%s\" is missing: no server can start", LAYOUT_CONTROL);
	return make_missing(f, err) ||
		restore_links_write(f->links, f->tree, &f->directories->tablespaces,
		    version, f->control_mtime, err) ||
		restore_settings_write(f->settings, f->tree, version, err) ||
		restore_config_install(
		    f->config, checker_backup(checker)->info, version, err) ||
		finish_directories(f, err) || restore_tree_sync(f->tree, err) ||
		write_control(f, err) ?
	    -1 :
	    0;
}

void
restore_finish_free(struct restore_finish *f)
{
	buf_free(&f->control);
}

/*
 * What is on the disk: the data directory, its version, pg_control, postmaster.pid and pg_wal; and
 * whether what must not change has changed.
 */
/* realpath() */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/cluster.h"
#include "datadir/dirlist.h"
#include "datadir/walset.h"
#include "lib/sys.h"

/* A postmaster.pid is no larger: eight short lines. */
enum { PID_MOST = 64 * 1024 };

void
backup_cluster_init(struct backup_cluster *cluster, const char *pgdata)
{
	*cluster =
	    (struct backup_cluster){ .pgdata = pgdata, .datadir_fd = -1, .wal_fd = -1 };
}

/*
 * Not what -D should name: most often somebody meant the output, as with pg_basebackup, where
 * -Ft -D OUT writes what --split -o OUT does here, and -D - to standard output.
 */
static int
no_data_directory(
    const struct backup_cluster *cluster, int sys, const char *what, struct error *err)
{
	const char *given = getenv("PGDATA");
	const bool is_named =
	    given && *given != '\0' && strcmp(given, cluster->pgdata) != 0;
	const char *data = is_named ? "\"$PGDATA\"" : "DATADIR";

	error_set(
	    err, ERROR_STATE, sys, "data directory \"%s\"%s", cluster->pgdata, what);
	if (sys == EACCES)
		return error_hint(err,
		    "Run pg_basetar as the owner of the data directory, or as root.");
	if (strcmp(cluster->pgdata, "-") == 0)
		return error_hint(err,
		    "-D names the data directory of the cluster on this host, not the output as for pg_basebackup.  Instead of pg_basebackup -Ft -D - write: pg_basetar -D %s",
		    data);
	return error_hint(err,
	    "-D names the data directory of the cluster on this host, not the output as for pg_basebackup.  Instead of pg_basebackup -Ft -D \"%.120s\" write: pg_basetar -D %s --split -o \"%.120s\"",
	    cluster->pgdata, data, cluster->pgdata);
}

/* Is there nothing, but what a file system has that was mounted there? */
static bool
is_bare(int fd, const struct dirlist *list)
{
	return list->count == 0 ||
	    (list->count == 1 && sys_is_lost_found(fd, list->names[0]));
}

/* The output is looked at before the cluster is read, and must not be what is refused first. */
static int
refuse_empty(const struct backup_cluster *cluster, struct error *err)
{
	struct error ignored = { 0 };
	struct dirlist list = { 0 };
	bool is_empty = false;

	if (faccessat(cluster->datadir_fd, "PG_VERSION", F_OK, 0) == 0)
		return 0;
	if (dirlist_read(cluster->datadir_fd, &list, &ignored) == 0)
		is_empty = is_bare(cluster->datadir_fd, &list);
	dirlist_free(&list);
	return is_empty ? no_data_directory(cluster, 0, " is empty", err) : 0;
}

int
backup_cluster_open(struct backup_cluster *cluster, struct error *err)
{
	cluster->datadir_fd = open(cluster->pgdata, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cluster->datadir_fd == -1)
		return no_data_directory(cluster, errno, "", err);
	cluster->datadir = realpath(cluster->pgdata, NULL);
	if (cluster->datadir == NULL ||
	    fstat(cluster->datadir_fd, &cluster->datadir_stat) == -1)
		return no_data_directory(cluster, errno, "", err);
	return refuse_empty(cluster, err);
}

static int
read_version(struct backup_cluster *cluster, struct error *err)
{
	struct error why = { 0 };

	if (cluster_read_version(cluster->datadir_fd, &cluster->version, &why) == 0)
		return 0;
	if (why.sys == ENOENT)
		return no_data_directory(
		    cluster, 0, " is not valid: file \"PG_VERSION\" is missing", err);
	if (why.sys == EACCES)
		return no_data_directory(cluster, why.sys, "", err);
	*err = why;
	if (why.kind != ERROR_UNSUPPORTED)
		error_hint(err, "Check that -D names the data directory of the cluster.");
	return error_wrap(err, "data directory \"%s\"", cluster->pgdata);
}

/* Is there nothing in pg_wal, as where something was mounted? */
static int
look_into_wal(const struct backup_cluster *cluster, bool *is_empty, struct error *err)
{
	struct dirlist list = { 0 };
	int fd, rc;

	if (walset_open_directory(cluster->datadir_fd, &fd, err))
		return -1;
	rc = dirlist_read(fd, &list, err);
	*is_empty = is_bare(fd, &list);
	dirlist_free(&list);
	sys_close(fd);
	return rc;
}

/* Nothing is to be read from elsewhere that is in the data directory. */
static int
check_waldir(const struct backup_cluster *cluster, struct error *err)
{
	struct stat st;
	bool is_empty;

	if (fstatat(cluster->datadir_fd, "pg_wal", &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    S_ISLNK(st.st_mode))
		return 0;
	if (look_into_wal(cluster, &is_empty, err))
		return -1;
	if (is_empty)
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "\"pg_wal\" in \"%s\" is neither a symbolic link nor an empty directory",
	    cluster->pgdata);
	return error_hint(err, "Leave out --waldir: the WAL is in the data directory.");
}

/* pg_wal, or what the user says stands for it. */
static int
open_wal(struct backup_cluster *cluster, const char *waldir, struct error *err)
{
	if (waldir == NULL) {
		if (walset_open_directory(cluster->datadir_fd, &cluster->wal_fd, err) ==
		    0)
			return 0;
		return error_hint(err,
		    "If pg_wal is a symbolic link, its target is missing: mount the volume, or name the directory with --waldir.");
	}
	if (check_waldir(cluster, err))
		return -1;
	cluster->wal_fd = open(waldir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cluster->wal_fd != -1)
		return 0;
	error_set(err, ERROR_IO, errno, "could not open");
	error_wrap(err, "directory \"%s\"", waldir);
	return error_hint(
	    err, "--waldir must name the directory that holds the WAL of the cluster.");
}

int
backup_cluster_read(struct backup_cluster *cluster, const char *waldir, struct error *err)
{
	if (read_version(cluster, err))
		return -1;
	if (control_read(
		cluster->datadir_fd, cluster->control_bytes, &cluster->control, err) ||
	    control_check_version(&cluster->control, cluster->version, err)) {
		error_hint(err,
		    "Compare it with the output of pg_controldata.  A server that stops now may not start again.");
		return error_wrap(err, "data directory \"%s\"", cluster->pgdata);
	}
	return open_wal(cluster, waldir, err);
}

int
backup_cluster_postmaster(struct backup_cluster *cluster, struct error *err)
{
	if (postmaster_read(cluster->datadir_fd, &cluster->postmaster, err) == 0)
		return 0;
	if (err->sys != ENOENT)
		return error_wrap(err, "data directory \"%s\"", cluster->pgdata);
	error_set(err, ERROR_STATE, 0, "no server is running in \"%s\"", cluster->pgdata);
	return error_hint(err,
	    "Start the server; or use --offline if it is shut down and stays so, or --snapshot if this directory is a snapshot of a running cluster.");
}

/* ---- where no server should be at work ---- */

/* What the server left of itself; nothing if there is no such file. */
static int
read_pid(const struct backup_cluster *cluster, struct buf *text, struct error *err)
{
	static const char name[] = "postmaster.pid";

	if (sys_read_file(cluster->datadir_fd, name, PID_MOST, text, err) == 0)
		return 0;
	if (err->kind == ERROR_IO && err->sys == ENOENT)
		return 0;
	return error_wrap(err, "file \"%s\"", name);
}

int
backup_cluster_read_pid(struct backup_cluster *cluster, struct error *err)
{
	return read_pid(cluster, &cluster->pid, err);
}

int
backup_cluster_parse_pid(struct backup_cluster *cluster, struct error *err)
{
	return postmaster_parse(
	    buf_text(&cluster->pid), cluster->pid.len, &cluster->postmaster, err);
}

int
backup_cluster_recheck_pid(const struct backup_cluster *cluster, struct error *err)
{
	const struct buf *before = &cluster->pid;
	struct buf now = { 0 };
	bool is_different;

	if (read_pid(cluster, &now, err))
		return -1;
	is_different = now.len != before->len ||
	    (now.len > 0 && memcmp(now.data, before->data, now.len) != 0);
	buf_free(&now);
	if (!is_different)
		return 0;
	return error_set(err, ERROR_STATE, 0, "a server was started or stopped in \"%s\"",
	    cluster->pgdata);
}

int
backup_cluster_recheck_control(
    const struct backup_cluster *cluster, uint8_t bytes[CONTROL_SIZE], struct error *err)
{
	struct control control;

	if (control_read(cluster->datadir_fd, bytes, &control, err))
		return -1;
	if (memcmp(bytes, cluster->control_bytes, CONTROL_SIZE) == 0)
		return 0;
	return error_set(err, ERROR_STATE, 0,
	    "\"global/pg_control\" changed while the cluster was read");
}

bool
backup_cluster_is_shut_down(const struct backup_cluster *cluster)
{
	return cluster->control.state == CONTROL_SHUTDOWN ||
	    cluster->control.state == CONTROL_SHUTDOWN_IN_RECOVERY;
}

enum exclude_mode
backup_cluster_mode(const struct backup_cluster *cluster)
{
	return cluster->control.state == CONTROL_SHUTDOWN ? EXCLUDE_STARTS_CLEAN :
							    EXCLUDE_RECOVERS;
}

void
backup_cluster_free(struct backup_cluster *cluster)
{
	buf_free(&cluster->pid);
	postmaster_free(&cluster->postmaster);
	sys_close(cluster->wal_fd);
	sys_close(cluster->datadir_fd);
	free(cluster->datadir);
}

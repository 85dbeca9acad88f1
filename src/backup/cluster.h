#ifndef PG_BASETAR_BACKUP_CLUSTER_H
#define PG_BASETAR_BACKUP_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "datadir/exclude.h"
#include "lib/buf.h"
#include "lib/error.h"
#include "pg/cluster.h"
#include "pg/control.h"
#include "pg/postmaster.h"

/*
 * The data directory that is backed up, and what it says of itself.  All parts of the backup
 * read these fields, in any thread: none changes once backup_cluster_read() and, of
 * postmaster.pid, the check of the source are over.  Only cluster.c writes them.
 */
struct backup_cluster {
	const char *pgdata; /* as -D names it, for messages; borrowed */
	char *datadir;      /* absolute, without links */
	int datadir_fd;     /* -1: not open yet, as */
	struct stat datadir_stat;
	int wal_fd; /* pg_wal, or the directory that stands for it */
	const struct pg_version *version;
	struct control control; /* as it was before the start; and its file */
	uint8_t control_bytes[CONTROL_SIZE];
	struct buf pid; /* the text of backup_cluster_read_pid() */
	struct postmaster postmaster;
};

/* Not opened yet; ${pgdata} is what -D names. */
void backup_cluster_init(struct backup_cluster *cluster, const char *pgdata);

/*
 * Open the directory: sets its descriptor, stat and path.  ERROR_STATE: it does not exist or is
 * empty; the hint explains what -D names, as most often the output was meant.
 */
MUST_CHECK int backup_cluster_open(struct backup_cluster *cluster, struct error *err);

/* Read version and pg_control, and open pg_wal, or ${waldir} if that is not NULL. */
MUST_CHECK int backup_cluster_read(
    struct backup_cluster *cluster, const char *waldir, struct error *err);

/* postmaster.pid of a server that runs.  ERROR_STATE if absent. */
MUST_CHECK int backup_cluster_postmaster(
    struct backup_cluster *cluster, struct error *err);

/*
 * postmaster.pid where no server should be at work.  Read: its text, empty if there is no such
 * file.  Parse: ERROR_FORMAT, no server writes such a file.  Recheck: ERROR_STATE, it has changed
 * since.
 */
MUST_CHECK int backup_cluster_read_pid(struct backup_cluster *cluster, struct error *err);
MUST_CHECK int backup_cluster_parse_pid(
    struct backup_cluster *cluster, struct error *err);
MUST_CHECK int backup_cluster_recheck_pid(
    const struct backup_cluster *cluster, struct error *err);

/*
 * Read pg_control again, into ${bytes}.  ERROR_STATE: it has changed since backup_cluster_read().
 */
MUST_CHECK int backup_cluster_recheck_control(
    const struct backup_cluster *cluster, uint8_t bytes[CONTROL_SIZE], struct error *err);

/* Does pg_control say that the cluster was shut down cleanly? */
bool backup_cluster_is_shut_down(const struct backup_cluster *cluster);

/* How a copy of this cluster, which no server works on, starts. */
enum exclude_mode backup_cluster_mode(const struct backup_cluster *cluster);

/* Close and release. */
void backup_cluster_free(struct backup_cluster *cluster);

#endif

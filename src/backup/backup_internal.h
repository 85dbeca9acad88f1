#ifndef PG_BASETAR_BACKUP_BACKUP_INTERNAL_H
#define PG_BASETAR_BACKUP_BACKUP_INTERNAL_H

/*
 * What the parts of the command `backup` share: backup.c is its main road,
 * backup/cluster.c what is on disk, backup/server.c and backup/slot.c the server's side,
 * backup/cold.c and backup/links.c what stands for that where there is no server,
 * backup/archive.c where it goes, backup/tree.c and backup/wal.c what is sent, backup/walproof.c
 * what is not sent but proved, backup/archiving.c what the server does with its WAL,
 * backup/pages.c and backup/files.c what is found, backup/report.c the report of all that.
 */

#include "backup/access.h"
#include "backup/archiving.h"
#include "backup/backup.h"
#include "backup/cluster.h"
#include "backup/config.h"
#include "backup/configsend.h"
#include "backup/copies.h"
#include "backup/files.h"
#include "backup/pages.h"
#include "backup/slot.h"
#include "backup/source.h"
#include "backup/stream.h"
#include "backup/tablespaces.h"
#include "backup/tree.h"
#include "backup/wal.h"
#include "cli/patrol.h"
#include "datadir/walend.h"
#include "datadir/walksum.h"
#include "datadir/walset.h"
#include "server/databases.h"
#include "server/slot.h"
#include "server/slotguard.h"
#include "wal/walhistory.h"
#include "wal/walpage.h"
#include "wal/walproof.h"

/* Of a cluster that no server works on. */
struct backup_cold {
	struct walend end; /* unless the cluster was shut down */
};

struct backup {
	struct patrol patrol; /* first: its ops find the rest from it */
	const struct options *opt;
	struct cancel cancel;
	struct identity identity;
	struct report *report; /* NULL: none is wanted */
	struct report_facts facts;

	struct backup_cluster cluster;
	struct backup_tablespaces tablespaces;
	struct backup_config config;

	struct backup_source_facts source;

	struct session_options connection;
	char *databases;      /* which lies where, before the start */
	char *last_databases; /* and after all has been read */
	struct session *session;
	bool is_server_silent;
	struct backup_slot slot;
	struct online_server server;
	struct online_started started;
	struct online_stopped stopped;
	struct backup_cold cold;
	struct backup_tree tree;

	struct backup_stream stream;

	struct backup_files *files;

	struct backup_pages *pages;

	struct backup_wal wal;
	struct backup_copies *copies;
};

/* backup/server.c: the right server, the start, the stop. */
MUST_CHECK int backup_server_connect(struct backup *, struct error *err);
/* Recovery of the copy would stop at a tablespace that is a directory in pg_tblspc. */
MUST_CHECK int backup_server_in_place(struct backup *, struct error *err);
MUST_CHECK int backup_server_start(struct patrol *, struct error *err);
MUST_CHECK int backup_server_stop(struct backup *, struct error *err);
MUST_CHECK int backup_server_watch(struct patrol *, struct error *err);
void backup_server_free(struct backup *);

/*
 * backup/cold.c: the cluster is shut down, or a snapshot; which WAL the copy needs; nothing
 * has changed, asked from time to time while files are sent, and in full when all have
 * been read.
 */
MUST_CHECK int backup_cold_check(struct backup *, struct error *err);
MUST_CHECK int backup_cold_find(struct patrol *, struct error *err);
MUST_CHECK int backup_cold_watch(struct patrol *, struct error *err);
MUST_CHECK int backup_cold_recheck(struct patrol *, struct error *err);
/* Say of what changed what that may mean.  Always -1. */
int backup_cold_explain(const struct backup *, struct error *err);

/*
 * backup/links.c: what is said to be elsewhere is, and that is right as far as can be seen; none of
 * a snapshot's links leads out of it.
 */
MUST_CHECK int backup_links_check(const struct backup *, struct error *err);

/* backup/report.c: the file is opened, before all else. */
MUST_CHECK int backup_report_open(struct backup *, struct error *err);
/* With the output open: refuse a report among the files of --split. */
MUST_CHECK int backup_report_check(const struct backup *, struct error *err);
/* Note what the pipeline and the archive have counted, before they are freed. */
void backup_report_count(struct backup *);
/*
 * No thread is left.  ${why}: the error that the run ended with, or NULL.  A report that
 * cannot be written is said, and no error.
 */
void backup_report_write(struct backup *, bool is_sound, const struct error *why);

#endif

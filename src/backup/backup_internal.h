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
#include "backup/source.h"
#include "backup/stream.h"
#include "backup/tablespaces.h"
#include "backup/tree.h"
#include "backup/wal.h"
#include "cli/patrol.h"
#include "datadir/walksum.h"

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

	struct backup_source *source;
	struct backup_tree tree;

	struct backup_stream stream;

	struct backup_files *files;

	struct backup_pages *pages;

	struct backup_wal wal;
	struct backup_copies *copies;
};

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

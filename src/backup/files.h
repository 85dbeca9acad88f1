#ifndef PG_BASETAR_BACKUP_FILES_H
#define PG_BASETAR_BACKUP_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/error.h"

struct backup_cluster;
struct backup_source;
struct backup_tablespaces;
struct cancel;
struct control;
struct member_judge;
struct walproof;

/*
 * What the files of the tree that are no relations' pages say of themselves: whether they are
 * whole, and whether all of them are there.
 */
struct backup_files;

/* Borrowed. */
struct backup_files_options {
	const struct backup_cluster *cluster;
	const struct backup_tablespaces *tablespaces;
	struct backup_source *source;
	const struct cancel *cancel;
};

/* Before the first is sent.  A standby is asked how far it has replayed. */
MUST_CHECK int backup_files_open(
    struct backup_files **, const struct backup_files_options *, struct error *err);

/* For reading small files that the server may be writing meanwhile. */
struct member_judge *backup_files_judge(struct backup_files *);

/* In the planner's thread: a small file, whole. */
MUST_CHECK int backup_files_bytes(struct backup_files *, const char *path,
    const uint8_t *bytes, size_t len, struct error *err);
/* A relation's file.  If its last page is awaited, ${st} is that of the file then. */
MUST_CHECK int backup_files_relation(
    struct backup_files *, const char *path, int fd, struct stat *st, struct error *err);
/* Any other. */
MUST_CHECK int backup_files_other(struct backup_files *, const char *path, int fd,
    const struct stat *st, struct error *err);

/* A timeline history file of pg_wal, ${name} there, whole. */
MUST_CHECK int backup_files_history(struct backup_files *, const char *name,
    const uint8_t *bytes, size_t len, struct error *err);

/* When the WAL up to ${stop_lsn} has been proved; ${last} is the pg_control that was sent. */
MUST_CHECK int backup_files_stop(struct backup_files *, const struct walproof *,
    uint64_t stop_lsn, const struct control *last, struct error *err);

/* False if files are damaged; how many is said then. */
bool backup_files_report(const struct backup_files *);

/* NULL is accepted. */
void backup_files_free(struct backup_files *);

#endif

#ifndef PG_BASETAR_BACKUP_COPIES_H
#define PG_BASETAR_BACKUP_COPIES_H

#include "lib/error.h"

struct backup_cluster;
struct backup_source_facts;
struct backup_tablespaces;
struct session;
struct walproof;

/* The directories of databases that are sent, and which of them were whole: copies.c. */
struct backup_copies;

/* Borrowed. */
struct backup_copies_options {
	const struct backup_cluster *cluster;
	const struct backup_tablespaces *tablespaces;
	const struct backup_source_facts *source;
};

MUST_CHECK int backup_copies_new(
    struct backup_copies **, const struct backup_copies_options *, struct error *err);

/*
 * In the planner's thread, while the main thread may call the functions below: the directory, or
 * the file, that PostgreSQL calls ${path} is sent; the tree has been sent.
 */
MUST_CHECK int backup_copies_directory(
    struct backup_copies *, const char *path, struct error *err);
void backup_copies_file(struct backup_copies *, const char *path);
void backup_copies_tree_end(struct backup_copies *);

/*
 * In the main thread: ask the server which directories are whole.  Watch and hurry, while the tree
 * is sent: hurry asks only if the walk of a directory has ended since the last question.  Settle,
 * after it.
 */
MUST_CHECK int backup_copies_watch(
    struct backup_copies *, struct session *, struct error *err);
MUST_CHECK int backup_copies_hurry(
    struct backup_copies *, struct session *, struct error *err);
MUST_CHECK int backup_copies_settle(
    struct backup_copies *, struct session *, struct error *err);

/*
 * When the WAL has been proved.  ERROR_STATE: replay copies a database from a directory that was
 * not sent whole.  A directory that was changed after it was copied is a warning.
 */
MUST_CHECK int backup_copies_check(
    struct backup_copies *, const struct walproof *, struct error *err);

/* NULL is accepted. */
void backup_copies_free(struct backup_copies *);

#endif

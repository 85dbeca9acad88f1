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
 * In the planner's thread, while the main thread may ask: a directory, or a file, of the tree is
 * sent, that PostgreSQL calls ${path}; there is no more.
 */
MUST_CHECK int backup_copies_directory(
    struct backup_copies *, const char *path, struct error *err);
void backup_copies_file(struct backup_copies *, const char *path);
void backup_copies_tree_end(struct backup_copies *);

/*
 * In the main thread, while the tree is sent, and after it: ask the server what is whole.  Hurry
 * asks only if a walk has ended since the last question.
 */
MUST_CHECK int backup_copies_watch(
    struct backup_copies *, struct session *, struct error *err);
MUST_CHECK int backup_copies_hurry(
    struct backup_copies *, struct session *, struct error *err);
MUST_CHECK int backup_copies_settle(
    struct backup_copies *, struct session *, struct error *err);

/*
 * When the WAL has been proved: ERROR_STATE, what a database is copied from was not sent whole.
 * Of one that was changed since, warn.
 */
MUST_CHECK int backup_copies_check(
    struct backup_copies *, const struct walproof *, struct error *err);

/* NULL is accepted. */
void backup_copies_free(struct backup_copies *);

#endif

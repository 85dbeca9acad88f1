#ifndef PG_BASETAR_BACKUP_CONFIGHOME_H
#define PG_BASETAR_BACKUP_CONFIGHOME_H

#include "lib/error.h"

struct backup_cluster;
struct buf;
struct configset_options;
struct postmaster_opts;

/*
 * Which cluster the configuration files on this host belong to, by the data directories that are
 * named with them.
 */
enum confighome {
	CONFIGHOME_UNKNOWN, /* nothing is named */
	CONFIGHOME_OURS,    /* one has the cluster's system identifier */
	CONFIGHOME_GONE,    /* no cluster is there */
	CONFIGHOME_OTHER    /* another cluster is there */
};

/*
 * For a backup without a server.  ${options}: how files are read; ${opts}: postmaster.opts, or
 * NULL.  The directory that decides is appended to ${directory}.
 */
MUST_CHECK int backup_confighome_find(const struct backup_cluster *,
    const struct configset_options *options, const struct postmaster_opts *opts,
    enum confighome *home, struct buf *directory, struct error *err);

/* Append what the file ${path}, with what it includes, sets data_directory to; or nothing. */
MUST_CHECK int backup_confighome_claim(const struct configset_options *options,
    const char *path, struct buf *datadir, struct error *err);

#endif

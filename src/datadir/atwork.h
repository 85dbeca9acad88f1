#ifndef PG_BASETAR_DATADIR_ATWORK_H
#define PG_BASETAR_DATADIR_ATWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "pg/postmaster.h"

/*
 * Is a server at work on a data directory that has a postmaster.pid?  A process of that number
 * proves nothing: in a container servers are number 1 as a rule, and elsewhere that is init.
 * What it may also be is a server that has another number here.  Asked is what a server cannot
 * be without:
 *
 *  - It runs as the owner of the directory (checkDataDir(), src/backend/utils/init/miscinit.c),
 *    and works in it, never elsewhere (ChangeToDataDir()), with all its processes.
 *  - It is attached to the System V segment of postmaster.pid (src/backend/port/sysv_shmem.c).
 *
 * One in a container whose processes are not seen from here only shows by what it changes.
 */
enum atwork {
	ATWORK_NOT,
	ATWORK_UNKNOWN, /* the process is there, and this user cannot see what it is */
	ATWORK_IS
};

/*
 * ${datadir} is the stat of the directory, ${p} its postmaster.pid.  *pid becomes the number
 * that the process has here.
 */
enum atwork atwork_find(
    const struct postmaster *p, const struct stat *datadir, int64_t *pid);

/*
 * Of a server that is seen to be at work: *st of what ${path}, absolute, is to it, which in a
 * container may be another directory than here.  False: it cannot be seen.
 */
bool atwork_stat(const struct postmaster *p, const struct stat *datadir, const char *path,
    struct stat *st);

/*
 * Is a process attached to the shared memory that postmaster.pid names?  Of a snapshot that may
 * be the original's.
 */
bool atwork_has_segment(const struct postmaster *p);

#endif

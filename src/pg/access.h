#ifndef PG_BASETAR_PG_ACCESS_H
#define PG_BASETAR_PG_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What a server must be allowed to do with the files of its data directory.  It runs as the
 * owner of that directory, and never as root, so that it is the modes that decide.
 */
#define ACCESS_READ 4U
#define ACCESS_WRITE 2U
#define ACCESS_ENTER 1U

/*
 * The bits it needs for ${path}, relative to the data directory and as PostgreSQL names it.
 * 0: a directory that is not its own, and may be as its user likes.
 */
unsigned access_needed(const char *path, bool is_directory);

/*
 * Does ${mode} keep out a server that owns the file; and, with ${is_foreign}, one that does
 * not?  That one may be of the file's group, which no one here can know.
 */
bool access_is_kept_out(
    const char *path, bool is_directory, uint32_t mode, bool is_foreign);

#endif

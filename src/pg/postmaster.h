#ifndef PG_BASETAR_PG_POSTMASTER_H
#define PG_BASETAR_PG_POSTMASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * The two files a server leaves in its data directory about itself.
 *
 * postmaster.pid has one fact a line, in this order in every release from 10 to 19:
 * pid (negative: a standalone backend), data directory, start time, port, first socket
 * directory, first listen address, shared memory key and id, status.  The server writes
 * the first five at once and appends the others as it learns them; a crash leaves the
 * file.
 */
struct postmaster {
	int64_t pid;        /* positive, of a standalone backend too */
	bool is_standalone; /* a single-user backend: no one can connect */
	int64_t start_time; /* since 1970; within 1 s of pg_postmaster_start_time() */
	unsigned port;
	char *datadir;     /* as it was given: absolute, links not resolved */
	char *socket_dir;  /* "" if it listens on none */
	char *listen_addr; /* "" if on none, or not written yet; "*" is any */
	/* of System V shared memory: its key and its number are there */
	bool has_segment;
	uint32_t segment_key;
	uint64_t segment_id;
	char status[16]; /* starting, ready, standby, stopping; "" if not written yet */
};

/*
 * ERROR_FORMAT: not what a server writes.  On failure *out is untouched, else to be
 * released by postmaster_free().
 */
MUST_CHECK int postmaster_parse(
    const char *text, size_t len, struct postmaster *out, struct error *err);

/*
 * The same from the file below ${datadir_fd}.  ERROR_STATE, .sys ENOENT if absent,
 * so no server runs there.
 */
MUST_CHECK int postmaster_read(int datadir_fd, struct postmaster *out, struct error *err);

/*
 * Is there a process of that number?  It may be another program that got the number of
 * a server long dead; in a container it may be one of another name space.
 */
bool postmaster_is_alive(const struct postmaster *p);

void postmaster_free(struct postmaster *p);

/*
 * postmaster.opts: how the server was started, on one line: its program, and after it
 * each argument between double quotes.  Nothing is escaped, so that an argument that
 * itself holds `" "` reads as two; no path of a sane installation does.
 */
struct postmaster_opts {
	size_t count; /* at least 1: the program */
	char **args;
};

/* As postmaster_parse() and postmaster_read(). */
MUST_CHECK int postmaster_opts_parse(
    const char *text, size_t len, struct postmaster_opts *out, struct error *err);
MUST_CHECK int postmaster_opts_read(
    int datadir_fd, struct postmaster_opts *out, struct error *err);

/*
 * What the setting ${name} ("config_file") was given as: -c NAME=VALUE or --NAME=VALUE,
 * where a dash in NAME stands for an underscore; the last one counts.  NULL: not given.
 * Borrowed from ${opts}.
 */
const char *postmaster_opts_setting(const struct postmaster_opts *opts, const char *name);

/* What -D was given as: where its configuration is.  NULL: not given. */
const char *postmaster_opts_datadir(const struct postmaster_opts *opts);

void postmaster_opts_free(struct postmaster_opts *opts);

#endif

#ifndef PG_BASETAR_FORMAT_INFOFILE_H
#define PG_BASETAR_FORMAT_INFOFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/error.h"
#include "lib/oidset.h"
#include "pg/label.h"

/*
 * pg_basetar.info, the member for what PostgreSQL records nowhere: one line
 * "KEY: VALUE" each, in the order of pg_basetar.5.  In values a backslash, a line feed
 * and a carriage return are \\, \n and \r.
 */

/* Append one line.  ${key} may come again: tablespaces, configuration files. */
MUST_CHECK int infofile_add(
    struct buf *text, const char *key, const char *value, struct error *err);

enum infofile_mode { INFOFILE_ONLINE, INFOFILE_OFFLINE, INFOFILE_SNAPSHOT };

/* "tablespace: OID PATH", or "config: NAME PATH", where a blank and a slash end NAME. */
struct infofile_pair {
	char *name, *path;
};

struct infofile_pairs {
	size_t count;
	struct infofile_pair *rows;
};

struct infofile {
	char *version; /* of the program that wrote it */
	char *label;
	enum infofile_mode mode;
	uint64_t start_lsn; /* 0: not known, as in the first archives */
	char *start_time;   /* as in backup_label; NULL if absent */
	uint64_t unix_time; /* when it began, by the clock of its host; 0: not said */
	unsigned server_version; /* major */
	uint32_t oldest_xid;     /* no row has an older one; 0: not said */
	struct oidset databases; /* that there were when it began; empty: not said */
	bool has_manifest;
	enum digest_kind digest;           /* of its files, if there is a manifest */
	bool has_wal;                      /* the archive holds it */
	bool is_split;                     /* each tablespace has an archive of its own */
	struct infofile_pairs tablespaces; /* by OID, each once */
	struct infofile_pairs config;
	struct infofile_pairs without; /* tablespaces that were left out */
	/* the member that is the server's postgresql.conf; NULL: not said */
	char *config_file;
	/* the paths in the data directory of those that lie in it */
	struct infofile_pairs inside;
	/* of the data directory: its paths on its host, absolute, as names; none: not said */
	struct infofile_pairs datadirs;
};

/* The file is no longer than this. */
#define INFOFILE_MOST ((size_t)16 * 1024 * 1024)

#endif

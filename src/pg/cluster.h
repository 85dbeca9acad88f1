#ifndef PG_BASETAR_PG_CLUSTER_H
#define PG_BASETAR_PG_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/lsn.h"

/*
 * The releases of PostgreSQL we know, one row each.  What differs from one to the next
 * is a field here (or a row of layouts[] in control.c); nothing else asks for a number.
 */
struct pg_version {
	unsigned major;
	uint32_t control_version;   /* of pg_control; 13 to 16 share one */
	uint32_t catalog_version;   /* of the system catalogs; each release has its own */
	unsigned manifest_version;  /* of backup_manifest; 10 to 12 know none: 1 */
	const char *tablespace_dir; /* below a tablespace's location: "PG_15_202209061" */

	/* $1 the label, $2 boolean: a fast checkpoint?  One row, one column: lsn. */
	const char *start_sql;
	/* $1 boolean: wait for archiving?  One row: lsn, labelfile, spcmapfile. */
	const char *stop_sql;
	/* What those two call, as GRANT EXECUTE ON FUNCTION wants it. */
	const char *functions;

	/*
	 * Limits that end a session and that not all releases have, as options of its start:
	 * "-c NAME=0 ..."; NULL: none.
	 */
	const char *session_settings;

	const char *primary_word; /* in the label's line BACKUP FROM */
	bool label_has_timeline;  /* the label has a line START TIMELINE */
	bool pads_lsn;            /* its files have 8 digits after the slash of an LSN */
	bool map_escapes_backslash; /* so does tablespace_map, besides line ends */
	bool has_recovery_conf;     /* settings of recovery are in a file of their own */
	bool has_auth_includes;     /* pg_hba.conf may include other files */
	bool has_hosts_file;        /* there are pg_hosts.conf and its hosts_file */
	bool summarizes_wal;        /* there is a directory pg_wal/summaries */
	/* backup_manifest of an earlier restore is a file like others */
	bool sends_old_manifest;
	/*
	 * BASE_BACKUP sends a tablespace in place as an archive of its own, which tablespace_map
	 * does not name; others leave it out
	 */
	bool sends_in_place;

	/* The WAL: its pages (wal/walpage.h), */
	uint16_t wal_magic;
	uint16_t wal_page_flags; /* all that a page may have */
	/* this one says that the record which should go on in the page was abandoned */
	uint16_t wal_overwrite_flag;

	/* and records (wal/walrecord.h). */
	/* the highest number of the server's own resource managers */
	uint8_t wal_last_manager;
	/* of an image: any of these flags says that it is compressed, by whatever method, */
	uint8_t wal_image_compressed;
	/* and this one that replay puts it in the page's place */
	uint8_t wal_image_apply;
	/* kinds of records: DROP DATABASE, which may count the tablespaces it has, */
	uint8_t wal_database_drop;
	bool wal_drops_count;
	uint8_t wal_database_empty; /* and a database made empty; 0 if absent */

	/* Files of state (pg/statefile.h) and SLRU segments (pg/slru.h). */
	uint16_t relmap_size;    /* bytes of pg_filenode.map */
	uint32_t twophase_magic; /* of a prepared transaction */
	uint8_t offset_bytes;    /* of where the members of a multixact begin */
	uint8_t member_digits;   /* at least, in the name of a segment of members */
};

/* The row of that release; NULL: we do not know it.  Static. */
const struct pg_version *cluster_version(unsigned major);

/* The rows one by one, the oldest first; NULL after the last.  Static. */
const struct pg_version *cluster_release(unsigned n);

/* An LSN as the files of that release have it; returns ${out}. */
const char *cluster_lsn(
    const struct pg_version *version, char out[LSN_TEXT], uint64_t lsn);

/* "10 to 19". */
const char *cluster_versions_text(void);

/* ERROR_UNSUPPORTED: the release that ${len} bytes of ${name} name is not one of these. */
MUST_CHECK int cluster_unsupported(int len, const char *name, struct error *err);

/*
 * What release the text of a file PG_VERSION names: the major number and a newline ("9.6"
 * before 10).  ERROR_UNSUPPORTED: a release without a row.  ERROR_FORMAT: not a version.
 */
MUST_CHECK int cluster_parse_version(
    const char *text, const struct pg_version **version, struct error *err);

/*
 * The same of the data directory ${datadir_fd}.  ERROR_STATE, .sys ENOENT: there is no such
 * file, this is no data directory.
 */
MUST_CHECK int cluster_read_version(
    int datadir_fd, const struct pg_version **version, struct error *err);

/*
 * The directories, relative to the data directory, that every cluster has.  A server makes none
 * of them.  NULL after the last.
 */
const char *cluster_directory(unsigned n);

/*
 * The others, without which a server starts, and works (seen on 10, 12, 14, 15, 17, 19): a sound
 * cluster may lack them, and only what is done with them later fails (pg_export_snapshot(), CREATE
 * TABLESPACE).
 */
bool cluster_directory_is_optional(unsigned n);

#endif

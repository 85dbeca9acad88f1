#ifndef PG_BASETAR_CLI_OPTVALUE_H
#define PG_BASETAR_CLI_OPTVALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/codec.h"
#include "lib/digest.h"
#include "lib/error.h"

/*
 * The values of options: text in, value out.  Each returns -1 with ERROR_USAGE and
 * leaves *out as it was when the text is not one; the caller says which option it was.
 * Names are those of pg_basebackup, so that its command lines carry over.
 */

enum wal_method {
	WAL_FETCH, /* the archive holds the WAL from start to stop */
	WAL_NONE   /* it does not; the WAL archive has it */
};

/* Does a restored copy archive its WAL as the original does? */
enum archive_mode {
	ARCHIVE_MODE_DEFAULT, /* not one that would do so on the original's timeline */
	ARCHIVE_MODE_KEEP,    /* as its configuration says */
	ARCHIVE_MODE_OFF
};

/* What pg_basebackup takes, and has no meaning here: a note says so. */
enum compression_ignored {
	COMPRESSION_SERVER = 1,  /* "server-" */
	COMPRESSION_WORKERS = 2, /* "workers=N" */
	COMPRESSION_LONG = 4     /* "long" */
};

/* What becomes of the configuration in a restored copy? */
enum config_method {
	CONFIG_METHOD_INSTALL, /* it is made that of the copy */
	CONFIG_METHOD_KEEP     /* it is as the backup has it */
};

/* How is a restored copy brought to the disk? */
enum sync_method {
	SYNC_METHOD_DEFAULT, /* by the number of its files */
	SYNC_METHOD_FSYNC,   /* file by file */
	SYNC_METHOD_SYNCFS   /* whole file systems */
};

struct compression {
	const struct codec *codec; /* NULL: not chosen yet */
	int level;                 /* within the codec's limits; 0 if it has no levels */
	unsigned ignored;          /* of enum compression_ignored */
};

/* A decimal number from ${min} to ${max}: digits only. */
MUST_CHECK int optvalue_number(
    const char *text, unsigned min, unsigned max, unsigned *out, struct error *err);

/*
 * Bytes a second: a number of kB (of 1024 bytes), or one followed by its unit, k, M or G;
 * from 32 kB, as for pg_basebackup, to 1024 GB.
 */
MUST_CHECK int optvalue_rate(const char *text, uint64_t *out, struct error *err);

/*
 * [client-|server-]METHOD[:LEVEL|:DETAIL[,DETAIL]...], or a bare level: 0 is no compression, 1
 * to 9 is gzip.  A detail is level=LEVEL, and of zstd workers=N and long as well.  Methods that
 * this build lacks are refused by name.
 */
MUST_CHECK int optvalue_compression(
    const char *text, struct compression *out, struct error *err);

/*
 * What the suffix of the output's name asks for; "none" when we do not know it.  The
 * suffix of a method that this build lacks is an error: the file would not be what its
 * name says.
 */
MUST_CHECK int optvalue_suffix(
    const char *path, struct compression *out, struct error *err);

/* "fast" (true) or "spread". */
MUST_CHECK int optvalue_checkpoint(const char *text, bool *fast, struct error *err);

/* "fetch" or "none", or the first letter. */
MUST_CHECK int optvalue_wal_method(
    const char *text, enum wal_method *out, struct error *err);

/* "keep" or "off". */
MUST_CHECK int optvalue_archive_mode(
    const char *text, enum archive_mode *out, struct error *err);

/* "install" or "keep". */
MUST_CHECK int optvalue_config(
    const char *text, enum config_method *out, struct error *err);

/* "fsync" or "syncfs". */
MUST_CHECK int optvalue_sync_method(
    const char *text, enum sync_method *out, struct error *err);

/* The name of a digest, in upper or lower case; "NONE" is one. */
MUST_CHECK int optvalue_digest(
    const char *text, enum digest_kind *out, struct error *err);

/* "tar" or "t": the only format. */
MUST_CHECK int optvalue_format(const char *text, struct error *err);

#endif

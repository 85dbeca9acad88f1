#ifndef PG_BASETAR_WAL_WALRECORD_H
#define PG_BASETAR_WAL_WALRECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "pg/cluster.h"

/*
 * One WAL record, as it is when walreader.h has put it together: page headers are not
 * part of it any more.  XLogRecord in src/include/access/xlogrecord.h of PostgreSQL 10
 * to 19:
 *
 *	 0  4	length of the whole, this header included
 *	 4  4	transaction
 *	 8  8	LSN of the record before it
 *	16  1	info: the upper four bits are the resource manager's
 *	17  1	resource manager
 *	20  4	CRC-32C: of all after the header first, then of the header up to here
 *
 * Records begin at multiples of 8.  What follows the header is opaque here but for
 * the few kinds below.
 */
#define WALRECORD_HEADER ((size_t)24)
#define WALRECORD_ALIGN 8

/*
 * No server can read back a record longer than this (XLogRecordMaxSize, which 16 and
 * later refuse to exceed; those before could not allocate one).
 */
#define WALRECORD_MAX ((uint32_t)1020 * 1024 * 1024)

struct walrecord {
	uint64_t lsn;     /* of its first byte */
	uint64_t end_lsn; /* a multiple of 8; of a switch record the segment's end */
	uint64_t prev;
	uint32_t total_len; /* as its header says: WALRECORD_HEADER + len */
	uint32_t xid;       /* 0: of no transaction */
	uint8_t rmid;
	uint8_t info;
	const struct pg_version *version; /* that wrote it, by its pages; static */
	const uint8_t *data; /* follows the header; valid during the call only */
	size_t len;
};

/*
 * The fields of a header, and in *crc the checksum it bears.  Sets neither lsn, end_lsn
 * and version, which are not in the header, nor data and len.
 */
void walrecord_decode(
    const uint8_t header[WALRECORD_HEADER], struct walrecord *rec, uint32_t *crc);

/* The checksum that a record of this header and the ${len} bytes after it should bear. */
uint32_t walrecord_crc(
    const uint8_t header[WALRECORD_HEADER], const uint8_t *data, size_t len);

/*
 * Can a record of that release be of this resource manager?  From 15 on extensions may bring
 * others, numbered from 128.
 */
bool walrecord_knows(const struct pg_version *version, uint8_t rmid);

/*
 * The main data of a record, *data among its bytes, *len 0 when it has none.  Before it
 * stand the headers of its parts and the parts about single blocks:
 *
 *	0..32	a block: flags (the lower four bits are its fork), length of its data (2),
 *		and if the flags say so: its full-page image's length (2), hole (2), flags
 *		(1), and for a compressed one with a hole the hole's length (2); the
 *		relation (12), unless it is that of the block before; the block (4)
 *	252	top-level transaction (4), from 14 on
 *	253	replication origin (2)
 *	254	the main data, its length (4)
 *	255	the main data, its length (1)
 *
 * Then images and data of the blocks in their order, and the main data to the end.
 * (src/backend/access/transam/xlogreader.c, DecodeXLogRecord; which numbers mark a
 * compressed image the release says.)  ERROR_FORMAT when the parts are not the whole.
 */
MUST_CHECK int walrecord_main_data(
    const struct walrecord *rec, const uint8_t **data, size_t *len, struct error *err);

/* A block that a record is about. */
struct walrecord_block {
	/* OIDs of tablespace and database, and the file */
	uint32_t space, database, relnode;
	unsigned fork; /* 0 main, 1 free space map, 2 visibility map, 3 init */
	uint32_t block;
	/* replay does not need what the page held: it has an image of it, or makes it from nothing */
	bool is_made_anew;
};

struct walrecord_sink {
	void (*block)(struct walrecord_sink *, const struct walrecord_block *);
};

/* Call ${sink} for each block of a record.  ERROR_FORMAT as above, perhaps after some calls. */
MUST_CHECK int walrecord_blocks(
    const struct walrecord *rec, struct walrecord_sink *sink, struct error *err);

/* Does the server go on in the next segment after it, as pg_switch_wal() has it do? */
bool walrecord_is_switch(const struct walrecord *rec);

/*
 * Is it the image of a page in which hints were set (XLOG_FPI_FOR_HINT), by reading it?  What the
 * page says is what it said before.
 */
bool walrecord_is_hint(const struct walrecord *rec);

/*
 * Does it end an online backup?  Then *start_lsn is where that began.  Its end is the
 * stop position that the server returned on a primary.
 */
bool walrecord_is_backup_end(const struct walrecord *rec, uint64_t *start_lsn);

/*
 * Is it a checkpoint, online or at a shutdown?  Then *redo_lsn is where recovery from it
 * begins: the first field of its main data (CheckPoint in src/include/catalog/pg_control.h).
 */
bool walrecord_is_checkpoint(const struct walrecord *rec, uint64_t *redo_lsn);

/* A database that replay makes, by OIDs: its tablespace and its own. */
struct walrecord_database {
	uint32_t space, database;
	/*
	 * File by file from another: CREATE DATABASE up to 14, and with STRATEGY = FILE_COPY
	 * since; ALTER DATABASE ... SET TABLESPACE.  Else empty, to be filled by other records.
	 */
	bool is_copy;
	uint32_t from_space, from_database;
};

/* Does it make one?  Else *out is untouched. */
bool walrecord_makes_database(
    const struct walrecord *rec, struct walrecord_database *out);

/* Directories of a database that were removed before the record was written. */
struct walrecord_dropped {
	uint32_t database;
	size_t count;          /* tablespaces, at least 1 */
	const uint8_t *spaces; /* their OIDs, among the record's bytes */
};

/*
 * Does it follow the removal of a database: DROP DATABASE, or the old place of ALTER DATABASE
 * ... SET TABLESPACE?  Else *out is untouched.
 */
bool walrecord_drops_database(const struct walrecord *rec, struct walrecord_dropped *out);

/* The OID of the ${n}th tablespace. */
uint32_t walrecord_dropped_space(const struct walrecord_dropped *dropped, size_t n);

/* Does it make or drop a database, in whatever way?  Then *database is its OID. */
bool walrecord_of_database(const struct walrecord *rec, uint32_t *database);

/*
 * Old segments of pg_xact, pg_multixact or pg_commit_ts go away: up to the one that has this
 * number, which is the oldest from then on.
 */
struct walrecord_truncation {
	enum walrecord_truncated {
		WALRECORD_XACT,
		WALRECORD_MULTIXACT,
		WALRECORD_COMMIT_TS
	} kind;
	uint32_t oldest;
	uint64_t member; /* of multixacts: the oldest of the members */
};

/* Does it remove such?  Else *out is untouched. */
bool walrecord_truncates(const struct walrecord *rec, struct walrecord_truncation *out);

/* Does it say that the record at *lsn was left incomplete, for good? */
bool walrecord_is_overwrite(const struct walrecord *rec, uint64_t *lsn);

/*
 * Does its replay make the file of a relation, or make sure that it is there, without being
 * about a block?  Then *space is its tablespace.
 */
bool walrecord_makes_file(const struct walrecord *rec, uint32_t *space);

/* Does it create a tablespace? */
bool walrecord_is_tablespace(const struct walrecord *rec);

/* Does it drop one?  Then *oid is which. */
bool walrecord_drops_tablespace(const struct walrecord *rec, uint32_t *oid);

/*
 * Of one that creates one, which: its OID, and the location as it was given, "" for a tablespace
 * in place.  ${path} lies among the record's bytes.  For walrecord_is_tablespace() only;
 * ERROR_FORMAT when that is not what the record has.
 */
MUST_CHECK int walrecord_tablespace(
    const struct walrecord *rec, uint32_t *oid, const char **path, struct error *err);

#endif

#ifndef PG_BASETAR_TAR_HEADER_H
#define PG_BASETAR_TAR_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/error.h"

/*
 * The header of a tar member, in blocks of 512 bytes: POSIX ustar (IEEE Std 1003.1,
 * utility pax, "ustar Interchange Format"), with two extensions:
 *
 *  - A number that its octal field cannot hold is base-256: the first byte is 0x80
 *    (0xff: negative) and the others are the value, big-endian.  POSIX has a pax record
 *    for that, but GNU tar, bsdtar, busybox tar and PostgreSQL write and read base-256.
 *  - A name or link target of more than 100 bytes is sent in a pax extended header (see
 *    tar/pax.h).  The ustar prefix field, which could hold some of those names, is read
 *    but never written: PostgreSQL does not know it, and one way is enough.
 *
 * Headers of GNU tar's own format, which is its default, are read too: the magic is "ustar",
 * two spaces and a NUL, and there is no prefix field: what stands there is handed on, not interpreted
 * (struct tar_raw).  The magic says which program packed an
 * archive, not which one made the backup: that is in pg_basetar.info and in pg_control.
 *
 * A name of exactly 100 bytes fills its field without a NUL.  The name of an owner or a
 * group that is longer than TAR_OWNER_MOST is left out: the number is there in any case.
 */
#define TAR_BLOCK ((size_t)512)
#define TAR_OWNER_MOST ((size_t)31)

enum tar_type {
	TAR_FILE = '0',
	TAR_SYMLINK = '2',
	TAR_DIRECTORY = '5',
	/* these say more of the next member, and are never in a tar_entry: */
	TAR_PAX = 'x',        /* extended header */
	TAR_LONG_NAME = 'L',  /* GNU tar's; see tar/longname.h */
	TAR_LONG_TARGET = 'K' /* the same, of a link's target */
};

struct tar_entry {
	const char *name; /* any bytes; of a directory with or without the slash */
	const char *link; /* target of a symbolic link; of others not looked at */
	char type;        /* TAR_FILE, TAR_SYMLINK or TAR_DIRECTORY */
	uint32_t mode;    /* permissions; file type bits are not looked at */
	uint64_t uid;
	uint64_t gid;
	uint64_t size;     /* of a file's body, in bytes; of others not looked at */
	int64_t mtime;     /* seconds since 1970 */
	const char *uname; /* the owner's name, and the group's; "" or NULL: not known. */
	const char *gname; /* As read they are never NULL. */
};

/*
 * Append all that precedes the body of the member to ${out}: a whole number of blocks.
 * On failure ${out} is what it was: ERROR_MEMORY, or ERROR_UNSUPPORTED for what tar has
 * no place for (an owner from 2^56, a name that fills more than TAR_PAX_MAX bytes).
 */
MUST_CHECK int tar_header_encode(
    struct buf *out, const struct tar_entry *entry, struct error *err);

/* The same, with a pax extended header in any case, however short the name. */
MUST_CHECK int tar_header_encode_with_pax(
    struct buf *out, const struct tar_entry *entry, struct error *err);

/* How many zero bytes follow a body of ${size} bytes, to the end of its last block. */
static inline size_t
tar_header_padding(uint64_t size)
{
	return (size_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

/* One header block as it stands; what comes before it may say otherwise. */
struct tar_raw {
	char name[155 + 1 + 100 + 1]; /* prefix, slash, name; GNU's has no prefix */
	char link[100 + 1];
	char type; /* any byte */
	/* of GNU's: bytes after the last field, which tar programs take for different things */
	bool has_more;
	uint32_t mode;
	uint64_t uid;
	uint64_t gid;
	uint64_t size; /* at most INT64_MAX - TAR_BLOCK, so that adding padding is safe */
	int64_t mtime;
	char uname[TAR_OWNER_MOST + 2]; /* a reader takes 32 bytes, too */
	char gname[TAR_OWNER_MOST + 2];
};

/*
 * Decode a block.  On failure ${out} is untouched: ERROR_FORMAT for a wrong checksum (a
 * block of zeros too) or a field that is no number of its range, ERROR_UNSUPPORTED for a
 * sound header that is neither ustar nor GNU tar's.
 */
MUST_CHECK int tar_header_decode(
    const uint8_t block[TAR_BLOCK], struct tar_raw *out, struct error *err);

#endif

#ifndef PG_BASETAR_TAR_READER_H
#define PG_BASETAR_TAR_READER_H

#include <stdbool.h>

#include "lib/stream.h"
#include "tar/header.h"

/*
 * Members, one after the other, out of a source of tar bytes.
 *
 * Read is what this program and pg_basebackup write, ustar with base-256 numbers and the pax
 * records of tar/pax.h, and what becomes of it when it is unpacked and packed anew: GNU tar's
 * own format with its long names (tar/longname.h), too.  Before a member stands one pax header,
 * or one long name and, of a symbolic link, one long target.  Nothing else is guessed at:
 * another type of member (hard link, device, sparse file, label, a global pax header; see
 * tar/membertype.h) is ERROR_UNSUPPORTED by name.
 *
 * An archive ends with two blocks of zeros and has nothing but zeros after them, 64 MiB at
 * most, which is more than any record of a tape.  One that ends earlier is cut: ERROR_FORMAT,
 * and the text says at which offset.  Memory is
 * bounded whatever the source holds.  After a failure only free is legal.
 */
struct tar_reader;

/* Borrows ${source}, which outlives the reader. */
MUST_CHECK int tar_reader_open(
    struct tar_reader **reader, struct source *source, struct error *err);

/*
 * Go on to the next member, past what is left of the body of the current one, and tell
 * it in ${entry}.  Its strings are valid until the next call; a name has no slash at
 * its end, but may be absolute or hold "..": that is for the caller to judge.
 *
 * At the end of the archive *end is true and ${entry} untouched; the source has then
 * been read to its own end, so that the trailer of a compressed one has been checked.
 */
MUST_CHECK int tar_reader_next(
    struct tar_reader *reader, struct tar_entry *entry, bool *end, struct error *err);

/*
 * Up to ${len} bytes of the current member's body to ${into}, counted in ${got}; 0 is
 * the end of the body.
 */
MUST_CHECK int tar_reader_read(
    struct tar_reader *reader, void *into, size_t len, size_t *got, struct error *err);

/*
 * Where in the archive the current member begins: its header, or what stands before it.
 * Past the end of the archive: what was read of it.
 */
uint64_t tar_reader_offset(const struct tar_reader *reader);

/* NULL is no reader. */
void tar_reader_free(struct tar_reader *reader);

#endif

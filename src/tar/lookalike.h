#ifndef PG_BASETAR_TAR_LOOKALIKE_H
#define PG_BASETAR_TAR_LOOKALIKE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What ${len} bytes are the beginning of that are not a tar archive: most often one that was
 * encrypted, or another kind of backup.  For a message: "data encrypted by gpg"; NULL: not known.
 */
const char *lookalike_name(const uint8_t *bytes, size_t len);

/* The command that makes the archive of it, a filter from standard input; NULL if absent. */
const char *lookalike_filter(const uint8_t *bytes, size_t len);

#endif

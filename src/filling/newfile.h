#ifndef PG_BASETAR_FILLING_NEWFILE_H
#define PG_BASETAR_FILLING_NEWFILE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/error.h"

/* A file that is new, and is written, perhaps by several threads at once; errors name it. */
struct newfile {
	int fd;
	char *name; /* for messages */
};

/* Take ${fd}, in any case, and copy ${name}.  ERROR_MEMORY. */
MUST_CHECK int newfile_take(
    struct newfile *, int fd, const char *name, struct error *err);

/* All ${len} bytes, at the offset ${at}.  Any thread. */
MUST_CHECK int newfile_write(const struct newfile *, const uint8_t *bytes, size_t len,
    uint64_t at, struct error *err);

/* It is whole, and was changed at ${mtime}: the system begins to bring it to the disk. */
MUST_CHECK int newfile_complete(const struct newfile *, time_t mtime, struct error *err);

/* It is on the disk: every write of this descriptor that failed is an error here, however late. */
MUST_CHECK int newfile_sync(const struct newfile *, struct error *err);

/* Also one that is not whole. */
MUST_CHECK int newfile_close(struct newfile *, struct error *err);

#endif

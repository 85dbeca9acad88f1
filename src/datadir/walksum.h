#ifndef PG_BASETAR_DATADIR_WALKSUM_H
#define PG_BASETAR_DATADIR_WALKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* What a walk that opens no file learns of the whole tree; all zeros before the first. */
struct walksum {
	/* about how many bytes of tar stream it would make now: members with their headers */
	uint64_t size;
	/*
	 * Of two walks of the same tree: another one if a name, or the size, time or
	 * identity of a file is.  (CRC-32C of them all in their order.)
	 */
	uint32_t trace;
};

/* A member of that name, ${len} bytes long. */
void walksum_member(struct walksum *sum, const char *path, size_t len);

/* The file ${st}, body of the member that was added last. */
void walksum_file(struct walksum *sum, const struct stat *st);

#endif

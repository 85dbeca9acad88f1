/*
 * Each member is folded into a size and a CRC as it is met.  So two walks over millions of files
 * are compared by one number, and neither keeps a list.
 */
#include "datadir/walksum.h"

#include "lib/crc32c.h"

/* A tar header is one block, and a body is padded to blocks; a long name takes two more. */
enum { TAR_BLOCK_SIZE = 512, TAR_NAME_SIZE = 100, TAR_LONG_NAME = 2 * TAR_BLOCK_SIZE };

void
walksum_member(struct walksum *sum, const char *path, size_t len)
{
	/* and the NUL, which no name has */
	sum->trace = crc32c(sum->trace, path, len + 1);
	sum->size += TAR_BLOCK_SIZE;
	if (len > TAR_NAME_SIZE)
		sum->size += TAR_LONG_NAME;
}

void
walksum_file(struct walksum *sum, const struct stat *st)
{
	const uint64_t body = (uint64_t)st->st_size;
	const uint64_t facts[] = { body, st->st_ino, (uint64_t)st->st_mtim.tv_sec,
		(uint64_t)st->st_mtim.tv_nsec };

	sum->trace = crc32c(sum->trace, facts, sizeof(facts));
	sum->size += (body + TAR_BLOCK_SIZE - 1) / TAR_BLOCK_SIZE * TAR_BLOCK_SIZE;
}

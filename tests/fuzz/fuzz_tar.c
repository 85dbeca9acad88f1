/*
 * Any bytes, taken for a tar archive: the reader neither crashes nor runs on for ever,
 * and what it accepts is encoded and read again as the same member.
 *
 * The first byte of the input is how much the source hands out at once; the others are
 * the archive.  With that byte a zero, an archive of tests/corpus/make-tar is an input:
 * see tests/corpus/README.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The fuzz targets are linked with the library alone. */
#include "support/memstream.c"
#include "tar/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t most, unsigned seed);

static void
require(int truth)
{
	if (!truth)
		abort();
}

static void
require_same(const struct tar_entry *a, const struct tar_entry *b)
{
	require(strcmp(a->name, b->name) == 0);
	require((a->link == NULL) == (b->link == NULL));
	require(a->link == NULL || strcmp(a->link, b->link) == 0);
	require(a->type == b->type && a->mode == b->mode);
	require(a->uid == b->uid && a->gid == b->gid);
	require(a->size == b->size && a->mtime == b->mtime);
}

/* Names that fill a pax header to the last byte may not fit again: the charset is new. */
static void
encode_again(const struct tar_entry *entry)
{
	struct error err = { 0 };
	struct buf out = { 0 };
	struct tar_reader *reader = NULL;
	struct tar_entry again;
	struct memsource m;
	bool end;

	if (tar_header_encode(&out, entry, &err)) {
		require(err.kind == ERROR_UNSUPPORTED);
		return;
	}
	m = memstream_source(out.data, out.len, 0);
	require(tar_reader_open(&reader, &m.source, &err) == 0);
	require(tar_reader_next(reader, &again, &end, &err) == 0 && !end);
	require_same(entry, &again);
	tar_reader_free(reader);
	buf_free(&out);
}

/* A body is never longer than its header says. */
static int
read_body(struct tar_reader *reader, uint64_t size, struct error *err)
{
	uint8_t piece[700];
	uint64_t at = 0;
	size_t got;

	do {
		if (tar_reader_read(reader, piece, sizeof(piece), &got, err))
			return -1;
		at += got;
	} while (got > 0);
	require(at == size);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct error err = { 0 };
	struct tar_reader *reader = NULL;
	struct tar_entry entry;
	struct memsource m;
	bool end = false;

	if (len == 0)
		return 0;
	m = memstream_source(bytes + 1, len - 1, bytes[0]);
	require(tar_reader_open(&reader, &m.source, &err) == 0);
	while (!end && tar_reader_next(reader, &entry, &end, &err) == 0) {
		if (end)
			break;
		encode_again(&entry);
		/* half of the bodies are passed over instead */
		if (entry.size % 2 == 0 && read_body(reader, entry.size, &err))
			break;
	}
	require(end ? m.at == m.len : err.kind != ERROR_NONE && err.text[0] != '\0');
	tar_reader_free(reader);
	return 0;
}

/* A changed header with its old checksum is refused at once: put most of them right. */
size_t
LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t most, unsigned seed)
{
	len = LLVMFuzzerMutate(bytes, len, most);
	for (size_t at = 1; at + TAR_BLOCK <= len && seed % 8 != 0; at += TAR_BLOCK) {
		uint8_t *block = bytes + at;
		unsigned sum = 0;

		if (memcmp(block + 257, "ustar", 5) != 0)
			continue;
		memset(block + 148, ' ', 8);
		for (size_t i = 0; i < TAR_BLOCK; i++)
			sum += block[i];
		for (size_t i = 6; i-- > 0; sum /= 8)
			block[148 + i] = (uint8_t)('0' + sum % 8);
	}
	return len;
}

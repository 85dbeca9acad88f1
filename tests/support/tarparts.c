/* Tar members that no writer of ours makes. */
#include "support/tarparts.h"

#include <stdio.h>
#include <string.h>

#include "tar/header.h"
#include "tar/reader.h"

void
tarparts_seal(uint8_t *block)
{
	unsigned sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
}

int
tarparts_header(
    struct buf *out, char type, const char *name, size_t size, struct error *err)
{
	struct tar_entry entry = { .name = name, .type = TAR_FILE, .size = size };
	size_t body = size + tar_header_padding(size);
	uint8_t *block;

	if (tar_header_encode(out, &entry, err) || buf_reserve(out, body, err))
		return -1;
	block = out->data + out->len - TAR_BLOCK;
	block[156] = (uint8_t)type;
	tarparts_seal(block);
	memset(out->data + out->len, 0, body);
	out->len += body;
	return 0;
}

int
tarparts_member(
    struct buf *out, char type, const void *body, size_t len, struct error *err)
{
	size_t at = out->len + TAR_BLOCK;

	if (tarparts_header(out, type, "odd", len, err))
		return -1;
	if (len > 0)
		memcpy(out->data + at, body, len);
	return 0;
}

int
tarparts_read(struct source *source, size_t *count, struct error *err)
{
	struct tar_reader *reader = NULL;
	struct tar_entry entry;
	uint8_t bytes[300];
	size_t got;
	bool end = false;
	int rc = -1;

	*count = 0;
	if (tar_reader_open(&reader, source, err))
		return -1;
	while (!end) {
		if (tar_reader_next(reader, &entry, &end, err))
			goto out;
		*count += !end;
		for (got = 1; got > 0 && !end;)
			if (tar_reader_read(reader, bytes, sizeof(bytes), &got, err))
				goto out;
	}
	rc = 0;
out:
	tar_reader_free(reader);
	return rc;
}

/*
 * How far before the end of an archive its pg_control is depends on how much WAL and how large a
 * manifest follow it.  So a part of the end is decoded, then one of twice the length, and so on, until
 * one begins before pg_control.  One that begins in the WAL is known by the next header in it, after a
 * segment at most; one in the manifest, by its end.  No part is longer than half of the
 * file: reading all of it is not much more then.
 *
 *	|  tree ...                   |pg_control| WAL            | manifest |
 *	                                                 |-- no header of pg_control
 *	                                      |-- a WAL segment comes first
 *	                    |-- found
 *
 * A header is a block of 512 bytes with the checksum and the name of one.  A file of the cluster may
 * hold such bytes as well: what was found counts only if a tar reader goes from there to the end of
 * the archive, over nothing but the members that belong there.  That is seen before any of them is
 * handed on, as what has been handed on cannot be taken back.
 */
#include "reading/shortcut.h"

#include <stdlib.h>
#include <string.h>

#include "format/layout.h"
#include "format/memberorder.h"
#include "lib/bytes.h"
#include "tar/reader.h"

/* The first part to be decoded, compressed. */
#define CONTROL_FIRST ((uint64_t)2 * 1024 * 1024)
#define END_FIRST ((uint64_t)256 * 1024)

/* ---- a decoded part, in blocks of tar, of which one may be given back ---- */

struct blocks {
	struct source source;
	struct source *below; /* owned */
	uint64_t at;          /* where the block begins */
	bool is_back;         /* the block is to be read again: */
	size_t given;         /* so much of it was */
	uint8_t block[TAR_BLOCK];
};

static int
blocks_read(struct source *s, void *into, size_t len, size_t *got, struct error *err)
{
	struct blocks *b = (struct blocks *)s;

	if (!b->is_back)
		return source_read(b->below, into, len, got, err);
	*got = len < TAR_BLOCK - b->given ? len : TAR_BLOCK - b->given;
	memcpy(into, b->block + b->given, *got);
	b->given += *got;
	b->is_back = b->given < TAR_BLOCK;
	return 0;
}

static void
blocks_free(struct source *s)
{
	struct blocks *b = (struct blocks *)s;

	source_free(b->below);
	free(b);
}

static const struct source_ops blocks_ops = { blocks_read, blocks_free, NULL };

/*
 * Archives are so many bytes long, and what a table says of the length of all frames is believed as far
 * as it fits that.
 */
enum { ARCHIVE_UNIT = 20 * 512 };

/* The last ${len} bytes of the file, decoded. */
static int
blocks_open(struct shortcut *s, uint64_t len, struct blocks **out, struct error *err)
{
	struct blocks *b = calloc(1, sizeof(*b));

	*out = NULL;
	if (b == NULL)
		return error_memory(err);
	b->source.ops = &blocks_ops;
	if (s->codec->methods->decode_late(s->store, len, &b->below, &s->raw, err)) {
		free(b);
		return -1;
	}
	if (s->raw != UINT64_MAX && s->raw % ARCHIVE_UNIT != 0) {
		blocks_free(&b->source);
		return error_set(err, ERROR_FORMAT, 0,
		    "its frames do not have the length of an archive together");
	}
	*out = b;
	return 0;
}

/* *is_end: there is no whole block any more. */
static int
blocks_next(struct blocks *b, bool *is_end, struct error *err)
{
	size_t n = 0, got = 1;

	while (n < TAR_BLOCK && got > 0) {
		if (source_read(b->below, b->block + n, TAR_BLOCK - n, &got, err))
			return -1;
		n += got;
	}
	*is_end = n < TAR_BLOCK;
	return 0;
}

/* ---- what comes first in a part ---- */

enum found { FOUND_NOTHING, FOUND_CONTROL, FOUND_LATER };

static enum found
look_at_block(const uint8_t block[TAR_BLOCK])
{
	struct error ignored = { 0 };
	struct tar_raw raw;

	/* the magic of a header: most blocks are not worth a checksum */
	if (memcmp(block + 257, "ustar", 5) != 0 ||
	    tar_header_decode(block, &raw, &ignored) || raw.type != TAR_FILE)
		return FOUND_NOTHING;
	switch (memberorder_kind(raw.name, raw.type)) {
	case MEMBERORDER_CONTROL:
		return FOUND_CONTROL;
	case MEMBERORDER_SEGMENT:
	case MEMBERORDER_HISTORY:
	case MEMBERORDER_MARK:
	case MEMBERORDER_MANIFEST:
		return FOUND_LATER;
	default:
		return FOUND_NOTHING;
	}
}

/* The block that decides is given back. */
static int
look(struct blocks *b, enum found *found, struct error *err)
{
	bool is_end = false;

	*found = FOUND_NOTHING;
	for (;; b->at += TAR_BLOCK) {
		if (blocks_next(b, &is_end, err))
			return -1;
		if (is_end)
			return 0;
		*found = look_at_block(b->block);
		if (*found != FOUND_NOTHING)
			break;
	}
	b->is_back = true;
	b->given = 0;
	return 0;
}

/* ---- from pg_control to the end ---- */

static int
check_members(struct tar_reader *reader, bool has_manifest, struct error *err)
{
	enum memberorder_kind kind = MEMBERORDER_LABEL;
	struct tar_entry entry;
	bool is_end = false, is_first = true;

	for (;; is_first = false) {
		if (tar_reader_next(reader, &entry, &is_end, err))
			return -1;
		if (is_end)
			break;
		kind = memberorder_kind(entry.name, entry.type);
		if (entry.type != TAR_FILE ||
		    (is_first ? kind != MEMBERORDER_CONTROL :
				kind <= MEMBERORDER_CONTROL) ||
		    (kind == MEMBERORDER_MANIFEST && !has_manifest))
			return error_set(err, ERROR_FORMAT, 0,
			    "member \"%s\" is not in its place", entry.name);
	}
	return !has_manifest || kind == MEMBERORDER_MANIFEST ?
	    0 :
	    error_set(err, ERROR_FORMAT, 0, "it has no manifest at its end");
}

static int
check_end(struct blocks *b, bool has_manifest, struct error *err)
{
	struct tar_reader *reader;
	int rc;

	if (tar_reader_open(&reader, &b->source, err))
		return -1;
	rc = check_members(reader, has_manifest, err);
	tar_reader_free(reader);
	return rc;
}

/* In the last ${len} bytes: *found, and where. */
static int
find_control(struct shortcut *s, uint64_t len, bool has_manifest, enum found *found,
    uint64_t *at, struct error *err)
{
	struct blocks *b;
	int rc;

	if (blocks_open(s, len, &b, err))
		return -1;
	rc = look(b, found, err);
	if (rc == 0 && *found == FOUND_CONTROL)
		rc = check_end(b, has_manifest, err);
	*at = b->at;
	source_free(&b->source);
	return rc;
}

/* Once more, and to what was found. */
static int
go_to(
    struct shortcut *s, uint64_t len, uint64_t at, struct source **out, struct error *err)
{
	struct blocks *b;
	bool is_end = false;

	if (blocks_open(s, len, &b, err))
		return -1;
	while (b->at < at && !is_end) {
		if (blocks_next(b, &is_end, err)) {
			source_free(&b->source);
			return -1;
		}
		b->at += TAR_BLOCK;
	}
	*out = &b->source;
	return 0;
}

/* Whatever else went wrong there, reading all of it goes on, or meets it as well. */
static int
no_way(struct error *why, struct error *err)
{
	if (why->kind != ERROR_CANCELLED)
		return 0;
	*err = *why;
	return -1;
}

int
shortcut_to_control(struct shortcut *s, bool has_manifest, struct source **out,
    struct error *why, struct error *err)
{
	*out = NULL;
	for (uint64_t len = CONTROL_FIRST; len <= s->store->size / 2; len *= 2) {
		enum found found;
		uint64_t at;

		if (find_control(s, len, has_manifest, &found, &at, why)) {
			if (why->kind == ERROR_UNSUPPORTED)
				continue; /* no block ends in so short a part */
			return no_way(why, err);
		}
		if (found == FOUND_CONTROL)
			return go_to(s, len, at, out, why) ? no_way(why, err) : 0;
	}
	if (why->kind == ERROR_NONE)
		error_set(why, ERROR_UNSUPPORTED, 0,
		    "pg_control was not found in the second half of the file");
	return 0;
}

/* ---- the end alone ---- */

/* ERROR_UNSUPPORTED: the part begins too late for that. */
static int
check_zeros(struct blocks *b, struct error *err)
{
	size_t zeros = 0, count = 0;
	bool is_end = false;

	for (;; count++) {
		if (blocks_next(b, &is_end, err))
			return -1;
		if (is_end)
			break;
		zeros = bytes_are_zero(b->block, TAR_BLOCK) ? zeros + 1 : 0;
	}
	if (zeros >= 2)
		return 0;
	return zeros == count ?
	    error_set(err, ERROR_UNSUPPORTED, 0, "its last block is short") :
	    error_set(err, ERROR_FORMAT, 0, "it does not end as an archive does");
}

/* Do the last ${len} bytes decode, from the first block that begins there, to an archive's end? */
static int
ends_well(struct shortcut *s, uint64_t len, struct error *err)
{
	struct blocks *b;
	int rc;

	if (blocks_open(s, len, &b, err))
		return -1;
	rc = check_zeros(b, err);
	source_free(&b->source);
	return rc;
}

int
shortcut_to_end(struct shortcut *s, bool *is_found, struct error *why, struct error *err)
{
	*is_found = false;
	error_set(why, ERROR_UNSUPPORTED, 0, "it is small");
	for (uint64_t len = END_FIRST; len <= s->store->size / 2; len *= 2) {
		*is_found = ends_well(s, len, why) == 0;
		if (*is_found)
			return 0;
		if (why->kind != ERROR_UNSUPPORTED)
			return no_way(why, err);
	}
	return 0;
}

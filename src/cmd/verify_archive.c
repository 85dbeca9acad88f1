/* One archive: its members, read in the working thread, decoded in another. */
#include <stdlib.h>

#include "cmd/verify_internal.h"
#include "source/decoded.h"
#include "source/infile.h"
#include "source/readahead.h"
#include "tar/reader.h"
#include "util/sys.h"

/* Bytes of a body that are checked at once: a multiple of a page. */
enum { PIECE = 512 * 1024 };

/* From now on the archive can be cut, and its progress be seen. */
static void
set_source(struct verify *v, struct source *source, struct source *file)
{
	pthread_mutex_lock(&v->lock);
	if (v->file)
		v->past += infile_done(v->file);
	v->source = source;
	v->file = file;
	pthread_mutex_unlock(&v->lock);
}

void
verify_cut(struct verify *v)
{
	pthread_mutex_lock(&v->lock);
	if (v->source)
		readahead_cut(v->source);
	pthread_mutex_unlock(&v->lock);
}

uint64_t
verify_done(struct verify *v)
{
	uint64_t done;

	pthread_mutex_lock(&v->lock);
	done = v->past + (v->file ? infile_done(v->file) : 0);
	pthread_mutex_unlock(&v->lock);
	return done;
}

/* As much as there is, up to a piece. */
static int
fill(struct tar_reader *reader, uint8_t *piece, size_t *len, struct error *err)
{
	size_t got;

	for (*len = 0; *len < PIECE; *len += got) {
		if (tar_reader_read(reader, piece + *len, PIECE - *len, &got, err))
			return -1;
		if (got == 0)
			return 0;
	}
	return 0;
}

static int
check_body(struct verify *v, struct tar_reader *reader, uint8_t *piece, struct error *err)
{
	size_t len;

	do {
		if (cancel_is_raised(&v->cancel))
			return error_set(err, ERROR_CANCELLED, 0, "cancelled");
		if (fill(reader, piece, &len, err) ||
		    (len > 0 && checker_bytes(v->checker, piece, len, err)))
			return -1;
	} while (len == PIECE);
	return 0;
}

static int
check_members(struct verify *v, struct tar_reader *reader, uint8_t *piece, struct error *err)
{
	struct tar_entry entry;
	bool is_end;

	for (;;) {
		if (tar_reader_next(reader, &entry, &is_end, err))
			return -1;
		if (is_end)
			return 0;
		if (checker_member(v->checker, &entry, tar_reader_offset(reader), err) ||
		    check_body(v, reader, piece, err) || checker_member_end(v->checker, err))
			return -1;
	}
}

static int
check_archive(struct verify *v, struct source *source, enum checker_part part, const char *oid,
    struct error *err)
{
	struct tar_reader *reader = NULL;
	uint8_t *piece = malloc(PIECE);
	int rc = -1;

	if (piece == NULL)
		error_memory(err);
	else if (tar_reader_open(&reader, source, err) == 0 &&
	    checker_archive(v->checker, part, oid, err) == 0 &&
	    check_members(v, reader, piece, err) == 0)
		rc = checker_archive_end(v->checker, err);
	tar_reader_free(reader);
	free(piece);
	return rc;
}

int
verify_archive(struct verify *v, struct source *file, const char *name, enum checker_part part,
    const char *oid, struct error *err)
{
	struct source *source = file;
	int rc = -1;

	if (decoded_push(&source, &v->compression, err) == 0 &&
	    readahead_push(&source, &v->cancel, err) == 0) {
		set_source(v, source, file);
		rc = check_archive(v, source, part, oid, err);
		set_source(v, NULL, NULL);
	}
	if (rc == -1)
		cancel_raise(&v->cancel); /* it is all over: nobody is to wait for more */
	source_free(source);
	return rc == 0 ? 0 : error_wrap(err, "%s", name);
}

/* One archive: its members, read in the working thread, decoded in others. */
#include "reading/archive.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "codec/codec.h"
#include "codec/decoded.h"
#include "lib/sys.h"
#include "reading/shortcut.h"
#include "stream/decodepool.h"
#include "stream/infile.h"
#include "tar/reader.h"

/* Bytes of a body that are passed on at once: a multiple of a page. */
enum { PIECE = 512 * 1024 };

/* From now on the archive can be cut, and its progress be seen. */
static void
set_source(struct reading *r, struct source *source, struct source *file)
{
	pthread_mutex_lock(&r->lock);
	if (r->file)
		r->past += infile_done(r->file);
	r->source = source;
	r->file = file;
	pthread_mutex_unlock(&r->lock);
}

void
reading_cut(struct reading *r)
{
	pthread_mutex_lock(&r->lock);
	if (r->source && !r->ops->is_sparse)
		decodepool_cut(r->source);
	pthread_mutex_unlock(&r->lock);
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
pass_body(struct reading *r, struct tar_reader *reader, uint8_t *piece, struct error *err)
{
	size_t len;

	do {
		if (cancel_is_raised(&r->cancel))
			return error_set(err, ERROR_CANCELLED, 0, "cancelled");
		if (fill(reader, piece, &len, err) ||
		    (len > 0 && r->ops->bytes(r, piece, len, err)))
			return -1;
	} while (len == PIECE);
	return r->ops->member_end(r, err);
}

/*
 * "tar -C DIR -cf FILE ." puts "./" before all names, and the files in the order in which the
 * file system lists them, which is not the one that members of a backup have: all of them would
 * be findings.  No archive of ours or of pg_basebackup begins so.
 */
static int
refuse_dot(const char *name, struct error *err)
{
	if (strcmp(name, ".") != 0 && strncmp(name, "./", 2) != 0)
		return 0;
	error_set(err, ERROR_UNSUPPORTED, 0,
	    "the names of its members begin with \"./\": it was packed with \"tar -C DIR .\"");
	return error_hint(err,
	    "Pack the files again in the order and with the names of the backup: pg_basetar-verify(1) says how.");
}

static void
add_raw(struct reading *r, uint64_t raw)
{
	r->raw = raw == UINT64_MAX || r->raw == UINT64_MAX ? UINT64_MAX : r->raw + raw;
}

/*
 * One file of a set, whose others nothing shows: that of a tablespace begins with its directory
 * PG_MAJOR_CATALOG, that of the WAL with a segment.
 */
static int
refuse_one_of_a_set(const char *name, struct error *err)
{
	const char *what;

	if (strncmp(name, "PG_", 3) == 0 && name[3] >= '0' && name[3] <= '9')
		what = "one tablespace";
	else if (strlen(name) == 24 && strspn(name, "0123456789ABCDEF") == 24)
		what = "the WAL";
	else
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "it holds only %s of a backup that has other archives", what);
	return error_hint(err, "Name the directory that has all of them, base.tar too.");
}

static int
check_first(const struct reading *r, const char *name, struct error *err)
{
	if (refuse_dot(name, err))
		return -1;
	return r->is_alone ? refuse_one_of_a_set(name, err) : 0;
}

static int
pass_members(
    struct reading *r, struct tar_reader *reader, uint8_t *piece, struct error *err)
{
	struct tar_entry entry;
	bool is_first = true, is_end = false, is_wanted;

	while (!r->is_over && r->wants == READING_WANTS_ALL) {
		if (tar_reader_next(reader, &entry, &is_end, err))
			return -1;
		if (is_first && !is_end && check_first(r, entry.name, err))
			return -1;
		is_first = false;
		if (is_end) {
			add_raw(r, tar_reader_offset(reader));
			return r->ops->archive_end ? r->ops->archive_end(r, err) : 0;
		}
		is_wanted = true;
		if (r->ops->member(
			r, &entry, tar_reader_offset(reader), &is_wanted, err) ||
		    (is_wanted && !r->is_over && pass_body(r, reader, piece, err)))
			return -1;
	}
	return 0;
}

/* What was wanted, by a source of its own; NULL: the end of the archive. */
static int
pass_wanted(struct reading *r, struct source *source, uint64_t raw, uint8_t *piece,
    struct error *err)
{
	const uint64_t before = r->raw;
	struct tar_reader *reader = NULL;
	uint64_t rest;
	int rc = -1;

	r->wants = READING_WANTS_ALL;
	if (r->ops->skipped(r, err) == 0)
		rc = source == NULL ? 0 :
		    tar_reader_open(&reader, source, err) == 0 ?
				      pass_members(r, reader, piece, err) :
				      -1;
	tar_reader_free(reader);
	if (rc == -1)
		return -1;
	r->raw = before;
	add_raw(r, raw);
	return source_skip(r->file, UINT64_MAX, &rest, err);
}

/* *is_done: what was wanted was found, and has passed. */
static int
take_shortcut(struct reading *r, uint8_t *piece, bool *is_done, struct error *err)
{
	struct shortcut way = { infile_store(r->file), codec_by_name(r->compression),
		UINT64_MAX };
	struct source *source = NULL;
	struct error why = { 0 };
	int rc;

	*is_done = false;
	if (way.store == NULL || way.codec->methods->decode_late == NULL)
		return 0;
	rc = r->wants == READING_WANTS_END ?
	    shortcut_to_end(&way, is_done, &why, err) :
	    shortcut_to_control(&way, !r->has_manifest, &source, &why, err);
	*is_done = *is_done || source != NULL;
	if (rc == 0 && *is_done)
		rc = pass_wanted(r, source, way.raw, piece, err);
	else if (rc == 0)
		message_info("the archive is read as a whole: %s", why.text);
	source_free(source);
	return rc;
}

/* Up to what is wanted after it, if it is not all. */
static int
pass_all(struct reading *r, struct tar_reader *reader, uint8_t *piece, struct error *err)
{
	bool is_done = false;

	if (pass_members(r, reader, piece, err))
		return -1;
	if (r->wants == READING_WANTS_ALL)
		return 0;
	if (take_shortcut(r, piece, &is_done, err))
		return -1;
	r->wants = READING_WANTS_ALL;
	return is_done ? 0 : pass_members(r, reader, piece, err);
}

static int
pass_archive(struct reading *r, struct source *source, const struct archivepart *part,
    struct error *err)
{
	struct tar_reader *reader = NULL;
	uint8_t *piece = malloc(PIECE);
	int rc = -1;

	r->is_alone = part->kind == ARCHIVEPART_ALONE;
	if (piece == NULL)
		error_memory(err);
	else if (tar_reader_open(&reader, source, err) == 0 &&
	    r->ops->archive(r, part, err) == 0)
		rc = pass_all(r, reader, piece, err);
	tar_reader_free(reader);
	free(piece);
	return rc;
}

int
reading_archive(struct reading *r, struct source *file, const char *name,
    const struct archivepart *part, struct error *err)
{
	struct source *source = file;
	int rc = -1;

	if ((r->ops->is_sparse ? decoded_push(&source, &r->compression, err) :
				 decodepool_push(&source, r->opt->jobs, &r->cancel,
				     &r->compression, err)) == 0) {
		r->is_over = false;
		r->wants = READING_WANTS_ALL;
		set_source(r, source, file);
		rc = pass_archive(r, source, part, err);
		set_source(r, NULL, NULL);
	}
	if (rc == -1)
		cancel_raise(&r->cancel); /* it is all over: no one is to wait for more */
	source_free(source);
	return rc == 0 ? 0 : error_wrap(err, "%s", name);
}

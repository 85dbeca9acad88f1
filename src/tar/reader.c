/*
 * Members are read in one pass, as the source may be a pipe, and with one scratch buffer, whatever
 * sizes the headers claim.  Where tar programs differ in what bytes mean, the reader refuses them:
 * what one of them unpacks must be what was verified here.
 */
#include "tar/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "tar/longname.h"
#include "tar/lookalike.h"
#include "tar/membertype.h"
#include "tar/pax.h"

/* The scratch holds the body of either. */
_Static_assert(
    TAR_LONGNAME_MAX <= TAR_PAX_MAX, "a long name fits where a pax header does");

struct tar_reader {
	struct source *source; /* borrowed */
	uint64_t offset;       /* bytes taken from it */
	uint64_t member;       /* where the current one begins */
	uint64_t body;         /* bytes of the current body still to come, */
	size_t padding;        /* and of the zeros after it */
	bool has_ended;
	struct tar_raw raw; /* the current member: its header block, */
	/* what is said before it, in a pax header or GNU's members, */
	struct tar_pax pax;
	char before[3]; /* and their types, each once, with a NUL */
	uint8_t scratch[TAR_PAX_MAX];
};

int
tar_reader_open(struct tar_reader **reader, struct source *source, struct error *err)
{
	struct tar_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return error_memory(err);
	r->source = source;
	*reader = r;
	return 0;
}

void
tar_reader_free(struct tar_reader *r)
{
	if (r == NULL)
		return;
	tar_pax_free(&r->pax);
	free(r);
}

/* All of ${len} bytes, or as many as the source still has. */
static int
reader_take(
    struct tar_reader *r, uint8_t *into, size_t len, size_t *got, struct error *err)
{
	size_t n;

	for (*got = 0; *got < len; *got += n) {
		if (source_read(r->source, into + *got, len - *got, &n, err))
			return -1;
		if (n == 0)
			return 0;
		r->offset += n;
	}
	return 0;
}

static int
cut(const struct tar_reader *r, const char *where, struct error *err)
{
	return error_set(err, ERROR_FORMAT, 0,
	    "archive is cut short at offset %" PRIu64 ", %s", r->offset, where);
}

static int
cut_in_body(const struct tar_reader *r, struct error *err)
{
	cut(r, "within the content of a member", err);
	return error_wrap(err, "\"%s\"", r->pax.path ? r->pax.path : r->raw.name);
}

/* A body longer than this is gone past with a call of its own, where the source can. */
#define WORTH_SKIPPING ((uint64_t)4 * 1024)

/* Past the body and its padding, a scratchful at a time where it must be read. */
static int
skip_body(struct tar_reader *r, struct error *err)
{
	uint64_t left = r->body + r->padding, skipped = 0;
	size_t want, got;

	if (left > WORTH_SKIPPING && source_skip(r->source, left, &skipped, err))
		return -1;
	r->offset += skipped;
	for (left -= skipped; left > 0; left -= got) {
		want = left < sizeof(r->scratch) ? (size_t)left : sizeof(r->scratch);
		if (reader_take(r, r->scratch, want, &got, err))
			return -1;
		if (got < want)
			return cut_in_body(r, err);
	}
	r->body = r->padding = 0;
	return 0;
}

/* The first block of all is no header: what was meant to be an archive is something else. */
static int
not_a_tar(const uint8_t *block, struct error *err)
{
	const char *name = lookalike_name(block, TAR_BLOCK);
	const char *filter = lookalike_filter(block, TAR_BLOCK);

	if (name == NULL) {
		error_wrap(err, "offset 0");
		/* POSIX's magic number, which GNU tar has as well: a header that is damaged */
		return memcmp(block + 257, "ustar", 5) == 0 ?
		    -1 :
		    error_wrap(err, "not a tar archive");
	}
	error_set(err, ERROR_UNSUPPORTED, 0, "not a tar archive: it looks like %s", name);
	return filter ?
	    error_hint(
		err, "Decrypt it on the way: %s <FILE | pg_basetar ... -", filter) :
	    error_hint(err, "Name the archive that pg_basetar or pg_basebackup wrote.");
}

/* A block where a header has to be: of zeros, it is half the end of the archive. */
static int
read_header(struct tar_reader *r, bool *is_end, struct error *err)
{
	uint64_t offset = r->offset;
	uint8_t block[TAR_BLOCK];
	size_t got;

	if (reader_take(r, block, sizeof(block), &got, err))
		return -1;
	if (got < sizeof(block))
		return cut(
		    r, got ? "within a header" : "before the end of the archive", err);
	*is_end = bytes_are_zero(block, sizeof(block));
	if (*is_end)
		return 0;
	if (tar_header_decode(block, &r->raw, err))
		return offset == 0 ? not_a_tar(block, err) :
				     error_wrap(err, "offset %" PRIu64, offset);
	r->body = r->raw.size;
	r->padding = tar_header_padding(r->raw.size);
	return 0;
}

/* Zeros after the end: no record that a tape drive can write is longer by far. */
#define PADDING_MOST ((uint64_t)64 * 1024 * 1024)

/* One block of zeros has been read: another one, and zeros to the end of the source. */
static int
read_end(struct tar_reader *r, struct error *err)
{
	const uint64_t most = r->offset + TAR_BLOCK + PADDING_MOST;
	uint64_t offset = r->offset;
	size_t got;

	if (reader_take(r, r->scratch, TAR_BLOCK, &got, err))
		return -1;
	if (got < TAR_BLOCK)
		return cut(r, "within the end of the archive", err);
	/* on a block device what follows was there before the archive */
	r->has_ended = r->source->goes_on && bytes_are_zero(r->scratch, got);
	while (got > 0 && !r->has_ended) {
		if (!bytes_are_zero(r->scratch, got))
			return error_set(err, ERROR_FORMAT, 0,
			    "archive continues after its end, at offset %" PRIu64,
			    offset);
		if (r->offset > most)
			return error_set(err, ERROR_FORMAT, 0,
			    "archive has more than %" PRIu64
			    " MiB of zeros after its end, at offset %" PRIu64,
			    PADDING_MOST >> 20, most - PADDING_MOST);
		offset = r->offset;
		if (reader_take(r, r->scratch, sizeof(r->scratch), &got, err))
			return -1;
	}
	r->has_ended = true;
	return 0;
}

/* What stands before a member, and says more of it; NULL: the type is of no such thing. */
static const char *
before_name(char type)
{
	switch (type) {
	case TAR_PAX:
		return "pax header";
	case TAR_LONG_NAME:
		return "long name";
	case TAR_LONG_TARGET:
		return "long link target";
	default:
		return NULL;
	}
}

/*
 * One pax header, or one long name and one long target.  Tar programs differ in which of two
 * names counts; a member that is verified under one name and unpacked under another is worse
 * than a refused one.
 */
static int
note_before(struct tar_reader *r, struct error *err)
{
	const size_t count = strlen(r->before);
	const char type = r->raw.type;

	if (count > 0 &&
	    (type == TAR_PAX || r->before[0] == TAR_PAX || strchr(r->before, type)))
		return error_set(err, ERROR_UNSUPPORTED, 0, "%s after a %s",
		    before_name(type), before_name(r->before[count - 1]));
	r->before[count] = type;
	return 0;
}

static int
parse_before(struct tar_reader *r, size_t len, struct error *err)
{
	if (r->raw.type == TAR_PAX)
		return tar_pax_parse(r->scratch, len, &r->pax, err);
	return tar_longname_parse(r->scratch, len, before_name(r->raw.type),
	    r->raw.type == TAR_LONG_NAME ? &r->pax.path : &r->pax.link, err);
}

/* The body of what stands before a member; read_header() has seen its header. */
static int
read_before(struct tar_reader *r, struct error *err)
{
	const char *what = before_name(r->raw.type);
	uint64_t offset = r->offset;
	size_t len = (size_t)r->raw.size, got;
	char where[32];

	if (note_before(r, err))
		return error_wrap(err, "offset %" PRIu64, offset - TAR_BLOCK);
	if (r->raw.size > sizeof(r->scratch))
		return error_set(err, ERROR_UNSUPPORTED, 0,
		    "%s of %" PRIu64 " bytes at offset %" PRIu64 " is too long", what,
		    r->raw.size, offset);
	if (reader_take(r, r->scratch, len, &got, err))
		return -1;
	snprintf(where, sizeof(where), "in a %s", what);
	if (got < len)
		return cut(r, where, err);
	r->body = 0;
	if (parse_before(r, len, err))
		return error_wrap(err, "offset %" PRIu64, offset);
	return skip_body(r, err);
}

/* The numbers that the records before a member give instead of its own header. */
static int
apply_pax(struct tar_reader *r, struct error *err)
{
	if (r->pax.has_uid)
		r->raw.uid = r->pax.uid;
	if (r->pax.has_gid)
		r->raw.gid = r->pax.gid;
	if (!r->pax.has_size)
		return 0;
	if (r->pax.size > INT64_MAX - TAR_BLOCK)
		return error_set(
		    err, ERROR_FORMAT, 0, "pax header: value of size is not valid");
	r->raw.size = r->body = r->pax.size;
	r->padding = tar_header_padding(r->pax.size);
	return 0;
}

/* A slash ends the name of a directory, and what pg_basebackup calls a link. */
static void
strip_slash(char *name, char type)
{
	size_t len = strlen(name);

	if (type != TAR_FILE && len > 1 && name[len - 1] == '/')
		name[len - 1] = '\0';
}

/*
 * What GNU tar has put after the last field of a header.  busybox tar 1.35 takes it for the prefix
 * of the name; bsdtar 3.6 takes it for the map of a sparse file, of whatever type the member is,
 * and unpacks other bytes.  Both exit 0.
 */
static int
refuse_more(const char *name, struct error *err)
{
	error_set(err, ERROR_UNSUPPORTED, 0,
	    "member \"%s\" has times or parts of a sparse file in its header", name);
	return error_hint(err,
	    "Pack the files again without --listed-incremental (-g), --incremental (-G) and --sparse (-S).");
}

static int
check_member(
    const struct tar_raw *raw, const char *name, const char *link, struct error *err)
{
	size_t len = strlen(name);
	char type = raw->type;

	if (type != TAR_FILE && type != TAR_SYMLINK && type != TAR_DIRECTORY)
		return tar_membertype_refuse(type, name, err);
	if (raw->has_more)
		return refuse_more(name, err);
	if (len == 0 || name[len - 1] == '/')
		return error_set(
		    err, ERROR_FORMAT, 0, "name of member \"%s\" is not valid", name);
	if (type != TAR_FILE && raw->size != 0)
		return error_set(err, ERROR_FORMAT, 0,
		    "member \"%s\" is not a file, but has content", name);
	if (type == TAR_SYMLINK && link[0] == '\0')
		return error_set(err, ERROR_FORMAT, 0, "link \"%s\" has no target", name);
	return 0;
}

/* Put together the header block and what stands before it. */
static int
tell_member(struct tar_reader *r, struct tar_entry *entry, struct error *err)
{
	char *name = r->pax.path ? r->pax.path : r->raw.name;
	char *link = r->pax.link ? r->pax.link : r->raw.link;

	strip_slash(name, r->raw.type);
	if (check_member(&r->raw, name, link, err))
		return -1;
	if (r->raw.type != TAR_SYMLINK && strchr(r->before, TAR_LONG_TARGET))
		return error_set(err, ERROR_FORMAT, 0,
		    "member \"%s\" is not a link, but has a long link target", name);
	*entry = (struct tar_entry){
		.name = name,
		.link = r->raw.type == TAR_SYMLINK ? link : NULL,
		.type = r->raw.type,
		.mode = r->raw.mode,
		.uid = r->raw.uid,
		.gid = r->raw.gid,
		.size = r->raw.size,
		.mtime = r->raw.mtime,
		.uname = r->pax.uname ? r->pax.uname : r->raw.uname,
		.gname = r->pax.gname ? r->pax.gname : r->raw.gname,
	};
	return 0;
}

/* From what stands before a member, if anything does, to the member's own header. */
static int
go_to_member(struct tar_reader *r, struct error *err)
{
	const char *what;
	bool is_end = false;

	while ((what = before_name(r->raw.type)) != NULL) {
		if (read_before(r, err) || read_header(r, &is_end, err))
			return -1;
		if (is_end)
			return error_set(err, ERROR_FORMAT, 0,
			    "offset %" PRIu64 ": a member must follow a %s",
			    r->offset - TAR_BLOCK, what);
	}
	return 0;
}

int
tar_reader_next(
    struct tar_reader *r, struct tar_entry *entry, bool *end, struct error *err)
{
	bool is_end = false;

	*end = r->has_ended;
	if (*end)
		return 0;
	if (skip_body(r, err))
		return -1;
	tar_pax_free(&r->pax);
	memset(r->before, 0, sizeof(r->before));
	r->member = r->offset;
	if (read_header(r, &is_end, err) || (is_end && read_end(r, err)))
		return -1;
	*end = is_end;
	if (*end)
		return 0;
	if (go_to_member(r, err))
		return -1;
	if (apply_pax(r, err) || tell_member(r, entry, err))
		return error_wrap(err, "offset %" PRIu64, r->offset - TAR_BLOCK);
	return 0;
}

uint64_t
tar_reader_offset(const struct tar_reader *r)
{
	return r->has_ended ? r->offset : r->member;
}

int
tar_reader_read(
    struct tar_reader *r, void *into, size_t len, size_t *got, struct error *err)
{
	if (len > r->body)
		len = (size_t)r->body;
	*got = 0;
	if (len == 0)
		return 0;
	if (source_read(r->source, into, len, got, err))
		return -1;
	if (*got == 0)
		return cut_in_body(r, err);
	r->offset += *got;
	r->body -= *got;
	return 0;
}

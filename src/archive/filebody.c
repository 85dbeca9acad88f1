/*
 * A file as it is sent, while a server may be writing it.
 *
 * Its header comes first and has promised a size.  What the file has lost when its turn comes, the
 * pipeline sends as zeros (stream/block.c), and what it has gained is not sent.  Of a relation neither
 * is harm: DROP, TRUNCATE and VACUUM write WAL when they make a file shorter, and so does whatever
 * makes it longer; that WAL was written after the backup began, so recovery of the copy does the same
 * again.  Of any other file that is not known, and there is a warning.  Where no server is at work
 * (frozen) either is an error: something changed that must not.
 */
#include "archive/filebody.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/crc32c.h"
#include "lib/sys.h"

struct filebody {
	struct body body;
	struct filebody_options opt;
	struct stat frozen;
	struct digest *digest;
	uint32_t crc;     /* of the pieces so far */
	uint64_t missing; /* bytes that the file did not have */
	struct pagetally_file pages;
	char path[];
};

/* Every piece was read from a file of that size and time; so no read met two states. */
static int
check_frozen(const struct filebody *f, const struct piece *piece,
    const struct piece_source *from, struct error *err)
{
	struct stat now;

	if (fstat(from->fd, &now) == -1) {
		error_set(err, ERROR_IO, errno, "could not stat");
		return error_wrap(err, "file \"%s\"", f->path);
	}
	if (piece->missing == 0 && now.st_size == f->frozen.st_size &&
	    sys_is_same_time(&now.st_mtim, &f->frozen.st_mtim))
		return 0;
	return error_set(
	    err, ERROR_STATE, 0, "\"%s\" changed while it was read", f->path);
}

/*
 * The file was truncated under the reading, by DROP, TRUNCATE or VACUUM: a read may end in the
 * middle of a page that is no more (seen on tmpfs: one of 70, each at 4096 bytes).  Replay
 * truncates the copy again, and until then half of a page is one with a wrong checksum, that no
 * record mends: zeros are a new one.
 */
static void
drop_part(const struct filebody *f, struct piece *piece, const struct piece_source *from)
{
	const size_t len = piece->len - piece->missing;
	const size_t part =
	    f->opt.page_bytes ? (piece->offset + len) % f->opt.page_bytes : 0;

	if (piece->missing == 0 || part == 0 || part > len)
		return;
	memset(from->bytes + len - part, 0, part);
	piece->missing += part;
}

/* On the workers, several at once: only what is the same from the beginning is touched. */
static int
filebody_check(const struct body *body, struct piece *piece,
    const struct piece_source *from, struct error *err)
{
	const struct filebody *f = (const struct filebody *)body;

	if (f->opt.frozen && check_frozen(f, piece, from, err))
		return -1;
	drop_part(f, piece, from);
	if (f->opt.pages == NULL)
		return 0;
	return pagecheck_piece(f->opt.pages, f->opt.first_block, piece, from, err);
}

static int
filebody_piece(struct body *body, const struct piece *piece, struct error *err)
{
	struct filebody *f = (struct filebody *)body;

	f->missing += piece->missing;
	if (f->opt.pages &&
	    pagetally_piece(f->opt.pages->tally, f->path, &f->pages, piece, err))
		return -1;
	if (body->wants_crc32c)
		f->crc = piece->offset == 0 ?
		    piece->crc32c :
		    crc32c_combine(f->crc, piece->crc32c, piece->len);
	else if (f->digest)
		return digest_update(f->digest, piece->bytes, piece->len, err);
	return 0;
}

/* Something that is no relation was cut off while it was sent: say how much is gone. */
static void
warn_of_missing(const struct filebody *f)
{
	struct error err = { 0 };
	struct buf text = { 0 };

	if (f->opt.warn && f->missing > 0 &&
	    buf_printf(&text, &err,
		"file \"%s\" shrank while it was sent: its last %llu bytes are zeros",
		f->path, (unsigned long long)f->missing) == 0)
		f->opt.warn(buf_text(&text));
	buf_free(&text);
}

static int
filebody_end(struct body *body, struct error *err)
{
	struct filebody *f = (struct filebody *)body;
	uint8_t value[DIGEST_MAX];
	size_t len = 0;

	warn_of_missing(f);
	if (f->opt.pages && pagetally_end(f->opt.pages->tally, f->path, &f->pages, err))
		return -1;
	if (f->opt.manifest == NULL)
		return 0;
	if (body->wants_crc32c)
		digest_set_crc32c(f->digest, f->crc);
	if (digest_final(f->digest, value, &len, err))
		return error_wrap(err, "\"%s\"", f->path);
	return manifest_add_file(f->opt.manifest, f->path, f->opt.size, f->opt.mtime,
	    f->opt.digest, value, len, err);
}

static void
filebody_free(struct body *body)
{
	struct filebody *f = (struct filebody *)body;

	digest_free(f->digest);
	free(f);
}

static const struct body_ops filebody_ops = { filebody_piece, filebody_end, filebody_free,
	filebody_check };

int
filebody_new(struct body **out, const char *path, const struct filebody_options *opt,
    struct error *err)
{
	size_t len = strlen(path) + 1;
	struct filebody *f = calloc(1, sizeof(*f) + len);

	if (f == NULL)
		return error_memory(err);
	memcpy(f->path, path, len);
	f->body.ops = &filebody_ops;
	f->body.name = f->path;
	f->opt = *opt;
	if (opt->frozen) {
		f->frozen = *opt->frozen;
		f->opt.frozen = &f->frozen;
	}
	if (opt->manifest) {
		f->body.wants_crc32c = opt->digest == DIGEST_CRC32C;
		if (digest_new(&f->digest, opt->digest, err)) {
			free(f);
			return -1;
		}
	}
	*out = &f->body;
	return 0;
}

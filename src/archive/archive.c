/*
 * Each call here makes one member: it names it (format/layout.h), takes the facts of its header
 * from a stat, and hands the content to the pipeline as a body (filebody.c, walbody.c).  The body
 * sees the bytes on their way, so that the manifest lists what was sent, whatever the file holds by
 * then.
 */
#include "archive/archive.h"

#include <stdlib.h>
#include <string.h>

#include "archive/filebody.h"
#include "lib/sys.h"
#include "pg/manifest_write.h"
#include "tar/ownernames.h"
#include "tar/writer.h"

struct archive {
	struct archive_options opt;
	struct tar_writer *tar;
	struct ownernames *owners;
	struct manifest *manifest; /* NULL: none */
	struct buf name, target;   /* kept for their memory */
};

int
archive_open(struct archive **out, const struct archive_options *opt, struct error *err)
{
	struct archive *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return error_memory(err);
	a->opt = *opt;
	if (tar_writer_open(&a->tar, opt->pipe, err) || ownernames_new(&a->owners, err) ||
	    (!opt->no_manifest &&
		manifest_new(&a->manifest, opt->version, opt->system_identifier, err))) {
		archive_free(a);
		return -1;
	}
	*out = a;
	return 0;
}

void
archive_free(struct archive *a)
{
	if (a == NULL)
		return;
	tar_writer_free(a->tar);
	ownernames_free(a->owners);
	manifest_free(a->manifest);
	buf_free(&a->name);
	buf_free(&a->target);
	free(a);
}

/*
 * Set user, set group and sticky bits, as of a directory that shares its group, mean nothing to
 * a server, and are not to be given to files of whoever unpacks it.
 */
#define MODE 0777

/* The header's facts, but for name and size, which are not always the file's. */
static struct tar_entry
entry_of(const struct archive *a, char type, const struct stat *st)
{
	const struct stat *from = st ? st : &a->opt.own;

	return (struct tar_entry){
		.type = type,
		.mode = (uint32_t)(from->st_mode & MODE),
		.uid = from->st_uid,
		.gid = from->st_gid,
		.mtime = from->st_mtime,
		.uname = ownernames_user(a->owners, from->st_uid),
		.gname = ownernames_group(a->owners, from->st_gid),
		.name = buf_text(&a->name),
	};
}

int
archive_directory(struct archive *a, enum layout_part part, const char *path,
    const struct stat *st, struct error *err)
{
	struct tar_entry entry;

	if (layout_name(&a->name, part, path, err) || buf_append(&a->name, "/", 1, err))
		return -1;
	entry = entry_of(a, '5', st);
	if (st == NULL) /* who may read its files may enter it */
		entry.mode |= (entry.mode & 0444) >> 2;
	return tar_writer_bodiless(a->tar, &entry, err);
}

int
archive_tablespace_link(
    struct archive *a, const char *oid, const struct stat *st, struct error *err)
{
	struct tar_entry entry;

	buf_clear(&a->name);
	if (buf_printf(&a->name, err, "pg_tblspc/%s", oid) ||
	    layout_link_target(&a->target, oid, err))
		return -1;
	entry = entry_of(a, '2', st);
	entry.link = buf_text(&a->target);
	return tar_writer_bodiless(a->tar, &entry, err);
}

/* Header of a file of ${size} bytes whose name is in a->name; takes ${body}. */
static int
begin_file(struct archive *a, const struct stat *st, uint64_t size, struct body *body,
    struct error *err)
{
	struct tar_entry entry = entry_of(a, '0', st);

	entry.size = size;
	return tar_writer_begin(a->tar, &entry, body, err);
}

static int
whole_file(struct archive *a, const struct stat *st, const void *bytes, size_t len,
    struct body *body, struct error *err)
{
	if (begin_file(a, st, len, body, err) ||
	    blockpipe_body_bytes(a->opt.pipe, bytes, len, err))
		return -1;
	return tar_writer_end(a->tar, err);
}

/* The same from a descriptor, which is taken. */
static int
file_from(struct archive *a, const struct stat *st, int fd, struct body *body,
    struct error *err)
{
	uint64_t size = (uint64_t)st->st_size;
	struct blockfile *file = NULL;
	int rc = -1;

	if (blockpipe_file(a->opt.pipe, fd, &file, err))
		body->ops->free(body);
	else if (begin_file(a, st, size, body, err) == 0 &&
	    blockpipe_body_range(a->opt.pipe, file, 0, size, err) == 0)
		rc = tar_writer_end(a->tar, err);
	blockfile_release(file);
	return rc;
}

/* What the manifest is to know of a file. */
static struct filebody_options
listed(const struct archive *a, const struct stat *st, uint64_t size)
{
	return (struct filebody_options){
		.manifest = a->manifest,
		.digest = a->opt.digest,
		.size = size,
		.mtime = st ? st->st_mtime : a->opt.own.st_mtime,
	};
}

/* A body that no one wants to hear of. */
static int
unlisted_body(struct body **body, const char *path, struct error *err)
{
	const struct filebody_options opt = { .manifest = NULL };

	return filebody_new(body, path, &opt, err);
}

int
archive_bytes(struct archive *a, enum layout_part part, const char *path,
    const struct stat *st, const void *bytes, size_t len, struct error *err)
{
	const struct filebody_options opt = listed(a, st, len);
	struct body *body;

	if (layout_name(&a->name, part, path, err) ||
	    filebody_new(&body, path, &opt, err))
		return -1;
	return whole_file(a, st, bytes, len, body, err);
}

int
archive_file(struct archive *a, enum layout_part part, const char *path,
    const struct stat *st, int fd, bool is_relation, struct error *err)
{
	struct filebody_options opt = listed(a, st, (uint64_t)st->st_size);
	struct body *body;

	opt.frozen = a->opt.is_frozen ? st : NULL;
	opt.page_bytes = is_relation ? a->opt.page_bytes : 0;
	if (!is_relation)
		opt.warn = a->opt.warn;
	else if (a->opt.pages &&
	    pagecheck_is_relation(a->opt.pages, path, &opt.first_block))
		opt.pages = a->opt.pages;
	if (layout_name(&a->name, part, path, err) ||
	    filebody_new(&body, path, &opt, err)) {
		sys_close(fd);
		return -1;
	}
	return file_from(a, st, fd, body, err);
}

int
archive_control(struct archive *a, const struct stat *st, const void *bytes, size_t len,
    struct error *err)
{
	struct filebody_options opt = listed(a, st, len);
	struct body *body;

	if (opt.digest != DIGEST_NONE)
		opt.digest = DIGEST_SHA256;
	if (layout_name(&a->name, LAYOUT_TREE, LAYOUT_CONTROL, err) ||
	    filebody_new(&body, LAYOUT_CONTROL, &opt, err))
		return -1;
	return whole_file(a, st, bytes, len, body, err);
}

int
archive_segment(struct archive *a, const char *name, const struct stat *st, int fd,
    const struct walbody_options *opt, struct error *err)
{
	struct body *body;

	buf_clear(&a->name);
	if (buf_printf(&a->name, err, "%s/%s", LAYOUT_WAL, name) ||
	    walbody_new(&body, name, opt, err)) {
		sys_close(fd);
		return -1;
	}
	return file_from(a, st, fd, body, err);
}

int
archive_mark(struct archive *a, const char *name, const char *mark, struct error *err)
{
	struct body *body;

	buf_clear(&a->name);
	if (buf_printf(
		&a->name, err, "%s/archive_status/%s.%s", LAYOUT_WAL, name, mark) ||
	    unlisted_body(&body, name, err))
		return -1;
	return whole_file(a, NULL, NULL, 0, body, err);
}

int
archive_history(struct archive *a, const char *name, const struct stat *st,
    const void *bytes, size_t len, struct error *err)
{
	struct body *body;

	buf_clear(&a->name);
	if (buf_printf(&a->name, err, "%s/%s", LAYOUT_WAL, name) ||
	    unlisted_body(&body, name, err))
		return -1;
	return whole_file(a, st, bytes, len, body, err);
}

int
archive_wal_range(
    struct archive *a, uint32_t timeline, uint64_t start, uint64_t end, struct error *err)
{
	/* every file must be listed before the first range */
	if (a->manifest == NULL)
		return 0;
	if (blockpipe_settle(a->opt.pipe, err))
		return -1;
	return manifest_add_wal(a->manifest, timeline, start, end, err);
}

int
archive_next(struct archive *a, struct sink *sink, struct error *err)
{
	return tar_writer_finish(a->tar, err) ||
		blockpipe_switch(a->opt.pipe, sink, err) ?
	    -1 :
	    0;
}

/* The manifest's text, inflated piece by piece, ${apart} from the stream or (NULL) into it. */
static int
send_manifest_text(struct archive *a, struct sink *apart, struct error *err)
{
	uint8_t text[64 * 1024];
	size_t got;

	do {
		if (manifest_read(a->manifest, text, sizeof(text), &got, err) ||
		    (apart ? sink_write(apart, text, got, err) :
			     blockpipe_body_bytes(a->opt.pipe, text, got, err)))
			return -1;
	} while (got == sizeof(text));
	return 0;
}

int
archive_manifest(struct archive *a, struct error *err)
{
	struct body *body;

	if (a->manifest == NULL)
		return 0;
	if (blockpipe_settle(a->opt.pipe, err) || manifest_finish(a->manifest, err) ||
	    layout_name(&a->name, LAYOUT_TREE, LAYOUT_MANIFEST, err) ||
	    unlisted_body(&body, LAYOUT_MANIFEST, err) ||
	    begin_file(a, NULL, manifest_size(a->manifest), body, err) ||
	    send_manifest_text(a, NULL, err))
		return -1;
	return tar_writer_end(a->tar, err);
}

int
archive_finish(struct archive *a, struct error *err)
{
	return tar_writer_finish(a->tar, err);
}

int
archive_manifest_beside(struct archive *a, struct sink *sink, struct error *err)
{
	if (a->manifest == NULL)
		return 0;
	return manifest_finish(a->manifest, err) || send_manifest_text(a, sink, err) ?
	    -1 :
	    0;
}

uint64_t
archive_members(const struct archive *a)
{
	return tar_writer_members(a->tar);
}

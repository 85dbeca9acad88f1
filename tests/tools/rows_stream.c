/* The archive as a whole: its end, cuts, what is no archive. */
#include <stdlib.h>
#include <string.h>

#include "mutilate.h"

/* After the last member so many bytes are left. */
static void
cut_end(struct image *image, const struct mutilation *row)
{
	image->end.len = (size_t)row->number;
}

/* After all comes the text ${to}, or ${number} zeros. */
static void
add_end(struct image *image, const struct mutilation *row)
{
	const size_t len = row->to ? strlen(row->to) : (size_t)row->number;
	struct error err = { 0 };

	must(buf_reserve(&image->end, len, &err), &err);
	memset(image->end.data + image->end.len, 0, len);
	if (row->to)
		memcpy(image->end.data + image->end.len, row->to, len);
	image->end.len += len;
}

/* A bit ${number} bytes after the last member. */
static void
flip_end(struct image *image, const struct mutilation *row)
{
	image->end.data[row->number] ^= 4;
}

/* The whole archive comes twice. */
static void
add_itself(struct image *image, const struct mutilation *row)
{
	struct buf twice = { 0 };
	struct error err = { 0 };

	(void)row;
	image_flatten(image);
	for (int i = 0; i < 2; i++)
		must(buf_append(&twice, image->flat.data, image->flat.len, &err), &err);
	buf_free(&image->flat);
	image->flat = twice;
}

/* It ends ${number} bytes after the header of ${member}. */
static void
cut_at(struct image *image, const struct mutilation *row)
{
	const struct member *m = image_need(image, row->member);

	image_flatten(image);
	image->flat.len = image_offset(image, m) + m->head.len + (size_t)row->number;
}

/* A bit of what pads the body of ${member}: nobody's. */
static void
fill_padding(struct image *image, const struct mutilation *row)
{
	const struct member *m = image_need(image, row->member);

	image_flatten(image);
	image->flat.data[image_offset(image, m + 1) - 1] ^= 4;
}

/* No member; of its end ${number} bytes. */
static void
only_end(struct image *image, const struct mutilation *row)
{
	while (image->count > 0)
		image_remove(image, &image->rows[image->count - 1]);
	image->end.len = (size_t)row->number;
}

/* The text ${to}, and ${number} bytes of noise; nothing else. */
static void
only_noise(struct image *image, const struct mutilation *row)
{
	struct error err = { 0 };
	uint32_t noise = 1;

	only_end(image, &(struct mutilation){ .number = 0 });
	if (row->to)
		must(buf_append(&image->end, row->to, strlen(row->to), &err), &err);
	for (int64_t i = 0; i < row->number; i++) {
		const uint8_t byte = (uint8_t)(noise >> 16);

		noise = noise * 1103515245 + 12345;
		must(buf_append(&image->end, &byte, 1, &err), &err);
	}
}

#define CUT "archive is cut short at offset [0-9]+"
#define AFTER_END "continues after its end, at offset [0-9]+"

const struct mutilation stream_rows[] = {
	{ "end: both blocks missing", "online offline", cut_end, NULL, NULL, NULL, 0,
	    AS_IS, 1, { CUT ", before the end" } },
	{ "end: one block missing", "online", cut_end, NULL, NULL, NULL, 512, AS_IS, 1,
	    { CUT ", within the end" } },
	{ "end: a byte of it missing", "online", cut_end, NULL, NULL, NULL, 1023, AS_IS,
	    1, { CUT ", within the end" } },
	{ "end: nothing but the two blocks", "online", cut_end, NULL, NULL, NULL, 1024,
	    AS_IS, 0, { NULL } },
	{ "end: a bit of its first block", "online", flip_end, NULL, NULL, NULL, 100,
	    AS_IS, 1, { "offset [0-9]+: .*tar header" } },
	{ "end: a bit of its second block", "online", flip_end, NULL, NULL, NULL, 512,
	    AS_IS, 1, { AFTER_END } },
	{ "end: a bit of what pads the record", "online", flip_end, NULL, NULL, NULL,
	    1030, AS_IS, 1, { AFTER_END } },
	{ "end: a byte after it", "online", add_end, NULL, NULL, "x", 0, AS_IS, 1,
	    { AFTER_END } },
	{ "end: a line after it", "online", add_end, NULL, NULL, "pg_basetar: done\n", 0,
	    AS_IS, 1, { AFTER_END } },
	{ "end: a record of zeros more", "online", add_end, NULL, NULL, NULL, 10240,
	    AS_IS, 0, { NULL } },
	{ "end: a byte of zeros more", "online", add_end, NULL, NULL, NULL, 1, AS_IS, 0,
	    { NULL } },
	{ "end: the archive once more after it", "online", add_itself, NULL, NULL, NULL,
	    0, AS_IS, 1, { AFTER_END } },
	{ "end: a bit of what pads a member", "online", fill_padding, "PG_VERSION", NULL,
	    NULL, 0, AS_IS, 0, { NULL } },

	{ "cut: in the first header", "online", cut_at, "backup_label", NULL, NULL, -100,
	    AS_IS, 1, { "archive is cut short at offset 412, within a header" } },
	{ "cut: after the first header", "online", cut_at, "backup_label", NULL, NULL, 0,
	    AS_IS, 1, { "archive is cut short at offset 512, within the content" } },
	{ "cut: in a relation", "online", cut_at, "base/1/1259", NULL, NULL, 8192, AS_IS,
	    1, { "\"base/1/1259\": " CUT ", within the content" } },
	{ "cut: between members", "online", cut_at, "pg_notify", NULL, NULL, 0, AS_IS, 1,
	    { CUT ", before the end" } },
	{ "cut: in pg_control", "online offline", cut_at, "global/pg_control", NULL, NULL,
	    8191, AS_IS, 1, { "\"global/pg_control\": " CUT } },
	{ "cut: after pg_control", "online offline", cut_at, "global/pg_control", NULL,
	    NULL, 8192, AS_IS, 1, { CUT ", before the end" } },
	{ "cut: in a segment", "online snapshot", cut_at, "last segment", NULL, NULL,
	    524288, AS_IS, 1, { "\"pg_wal/[0-9A-F]{24}\": " CUT } },
	{ "cut: in the manifest", "online", cut_at, "backup_manifest", NULL, NULL, 1000,
	    AS_IS, 1, { "\"backup_manifest\": " CUT } },
	{ "cut: before the manifest", "online", cut_at, "backup_manifest", NULL, NULL,
	    -512, AS_IS, 1, { CUT ", before the end" } },
	{ "cut: in a pax header", "online", cut_at, "long*", NULL, NULL, -1100, AS_IS, 1,
	    { CUT ", within a header" } },
	{ "cut: in what a pax header says", "online", cut_at, "long*", NULL, NULL, -1000,
	    AS_IS, 1, { CUT ", in a pax header" } },

	{ "nothing: empty", "online", only_end, NULL, NULL, NULL, 0, AS_IS, 1,
	    { "archive is cut short at offset 0|empty" } },
	{ "nothing: a byte", "online", only_noise, NULL, NULL, "x", 0, AS_IS, 1,
	    { "archive is cut short at offset 1" } },
	{ "nothing: noise", "online", only_noise, NULL, NULL, NULL, 100000, AS_IS, 1,
	    { "offset 0: " } },
	{ "nothing: noise, less than a block", "online", only_noise, NULL, NULL, NULL,
	    300, AS_IS, 1, { "offset [0-9]+" } },
	{ "nothing: text", "online", only_noise, NULL, NULL,
	    "<!DOCTYPE html>\n<html>\n<head>\n<title>404</title>\n", 600, AS_IS, 1,
	    { "offset 0: " } },
	{ "nothing: an archive without members", "online", only_end, NULL, NULL, NULL,
	    1024, AS_IS, 3,
	    { "missing: \"global/pg_control\"", "missing: \"PG_VERSION\"" } },
	{ 0 },
};

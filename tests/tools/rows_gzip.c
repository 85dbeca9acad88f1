/* Bytes of gzip (RFC 1952): IN is compressed, and not taken apart. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/bytes.h"
#include "mutilate.h"

/* ---- a gzip stream that is made anew ---- */

struct gzip {
	struct buf out;
	uLong crc;
	uint64_t len;
};

static void
put(struct buf *b, const void *bytes, size_t len)
{
	struct error err = { 0 };

	if (len > 0)
		must(buf_append(b, bytes, len, &err), &err);
}

static void
gzip_begin(struct gzip *g)
{
	put(&g->out, "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
	g->crc = crc32_z(0, NULL, 0);
	g->len = 0;
}

/* ${bytes}, ${times} times: compressed once, without reference to what is before. */
static void
gzip_add(struct gzip *g, const uint8_t *bytes, size_t len, size_t times)
{
	const uLong crc = crc32_z(crc32_z(0, NULL, 0), bytes, len);
	const size_t room = len + len / 8 + 1024;
	uint8_t *packed = malloc(room);
	z_stream z = { 0 };

	if (packed == NULL ||
	    deflateInit2(&z, 1, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		die("out of memory");
	z.next_in = (uint8_t *)(uintptr_t)bytes;
	z.avail_in = (uInt)len;
	z.next_out = packed;
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FULL_FLUSH) != Z_OK || z.avail_in > 0)
		die("deflate failed");
	for (size_t i = 0; i < times; i++) {
		put(&g->out, packed, room - z.avail_out);
		g->crc = crc32_combine(g->crc, crc, (z_off_t)len);
	}
	g->len += len * times;
	deflateEnd(&z);
	free(packed);
}

static void
gzip_end(struct gzip *g)
{
	uint8_t trailer[8];

	put_u32le(trailer, (uint32_t)g->crc);
	put_u32le(trailer + 4, (uint32_t)g->len);
	put(&g->out, "\x03\0", 2);
	put(&g->out, trailer, sizeof(trailer));
}

/* The tar archive that is in IN. */
static struct buf
inflated(const struct image *image)
{
	struct buf tar = { 0 };
	struct error err = { 0 };
	z_stream z = { 0 };
	int rc;

	if (inflateInit2(&z, 31) != Z_OK)
		die("out of memory");
	z.next_in = image->flat.data;
	z.avail_in = (uInt)image->flat.len;
	do {
		must(buf_reserve(&tar, 1 << 20, &err), &err);
		z.next_out = tar.data + tar.len;
		z.avail_out = 1 << 20;
		rc = inflate(&z, Z_NO_FLUSH);
		tar.len += (1 << 20) - z.avail_out;
	} while (rc == Z_OK);
	if (rc != Z_STREAM_END)
		die("IN is not of gzip");
	inflateEnd(&z);
	return tar;
}

static void
replace(struct image *image, const struct gzip *g)
{
	buf_free(&image->flat);
	image->flat = g->out;
}

/* ---- changes ---- */

/* It ends after ${number} bytes, or so many before its end; 0: in the middle. */
static size_t
place(const struct image *image, int64_t number)
{
	if (number == 0)
		return image->flat.len / 2;
	return (number < 0 ? image->flat.len : 0) + (size_t)number;
}

static void
cut_gzip(struct image *image, const struct mutilation *row)
{
	image->flat.len = place(image, row->number);
}

static void
flip_gzip(struct image *image, const struct mutilation *row)
{
	image->flat.data[place(image, row->number)] ^= 4;
}

/* After it comes the text ${to}, or ${number} zeros. */
static void
add_gzip(struct image *image, const struct mutilation *row)
{
	for (int64_t i = 0; i < row->number; i++)
		put(&image->flat, "", 1);
	if (row->to)
		put(&image->flat, row->to, strlen(row->to));
}

/* Flags ${number}, and the field ${from} that they tell of. */
static void
set_flags(struct image *image, const struct mutilation *row)
{
	const uint8_t flags = (uint8_t)row->number;
	struct buf out = { 0 };

	put(&out, image->flat.data, 3);
	put(&out, &flags, 1);
	put(&out, image->flat.data + 4, 6);
	if (row->from)
		put(&out, row->from, strlen(row->from) + 1);
	put(&out, image->flat.data + 10, image->flat.len - 10);
	buf_free(&image->flat);
	image->flat = out;
}

/* In two members, the first of ${number} bytes of the archive. */
static void
two_members(struct image *image, const struct mutilation *row)
{
	struct buf tar = inflated(image);
	struct gzip g = { 0 };

	gzip_begin(&g);
	gzip_add(&g, tar.data, (size_t)row->number, 1);
	gzip_end(&g);
	gzip_begin(&g);
	gzip_add(&g, tar.data + row->number, tar.len - (size_t)row->number, 1);
	gzip_end(&g);
	buf_free(&tar);
	replace(image, &g);
}

/* After it comes a member of nothing. */
static void
empty_member(struct image *image, const struct mutilation *row)
{
	struct gzip g = { .out = image->flat };

	(void)row;
	gzip_begin(&g);
	gzip_end(&g);
	image->flat = g.out;
}

static const uint8_t megabyte[1 << 20];

/* ${number} MiB of zeros after the end of the archive. */
static void
bomb_end(struct image *image, const struct mutilation *row)
{
	struct buf tar = inflated(image);
	struct gzip g = { 0 };

	gzip_begin(&g);
	gzip_add(&g, tar.data, tar.len, 1);
	gzip_add(&g, megabyte, sizeof(megabyte), (size_t)row->number);
	gzip_end(&g);
	buf_free(&tar);
	replace(image, &g);
}

/* A member ${to} of ${number} MiB of zeros in front of ${member}. */
static void
bomb_member(struct image *image, const struct mutilation *row)
{
	struct image parts = { .flat = inflated(image) };
	struct member bomb;
	struct gzip g = { 0 };
	size_t at, len;
	uint8_t *size;

	image_parse(&parts);
	at = image_offset(&parts, image_need(&parts, row->member));
	image_flatten(&parts);
	member_make(&bomb,
	    &(struct tar_entry){ .name = row->to, .type = TAR_FILE, .mode = 0600 }, NULL);
	size = header_field(member_header(&bomb), "size", &len);
	snprintf((char *)size, len, "%011zo", (size_t)row->number << 20);
	member_seal(&bomb);
	gzip_begin(&g);
	gzip_add(&g, parts.flat.data, at, 1);
	gzip_add(&g, bomb.head.data, bomb.head.len, 1);
	gzip_add(&g, megabyte, sizeof(megabyte), (size_t)row->number);
	gzip_add(&g, parts.flat.data + at, parts.flat.len - at, 1);
	gzip_end(&g);
	member_free(&bomb);
	image_free(&parts);
	replace(image, &g);
}

#define CUT "gzip.*(cut|end)"
#define AFTER_END "gzip.*after"

const struct mutilation gzip_rows[] = {
	{ "gzip: a byte of it", "gzip", cut_gzip, NULL, NULL, NULL, 1, AS_IS, 1,
	    { "cut short at offset 1" } },
	{ "gzip: its header, cut", "gzip", cut_gzip, NULL, NULL, NULL, 9, AS_IS, 1,
	    { CUT } },
	{ "gzip: its header, and nothing else", "gzip", cut_gzip, NULL, NULL, NULL, 10,
	    AS_IS, 1, { CUT } },
	{ "gzip: 100 bytes of it", "gzip", cut_gzip, NULL, NULL, NULL, 100, AS_IS, 1,
	    { CUT } },
	{ "gzip: half of it", "gzip", cut_gzip, NULL, NULL, NULL, 0, AS_IS, 1, { CUT } },
	{ "gzip: no trailer", "gzip", cut_gzip, NULL, NULL, NULL, -8, AS_IS, 1, { CUT } },
	{ "gzip: half a trailer", "gzip", cut_gzip, NULL, NULL, NULL, -4, AS_IS, 1,
	    { CUT } },
	{ "gzip: a byte less", "gzip", cut_gzip, NULL, NULL, NULL, -1, AS_IS, 1,
	    { CUT } },
	{ "gzip: a bit of its CRC", "gzip", flip_gzip, NULL, NULL, NULL, -8, AS_IS, 1,
	    { "gzip.*(CRC|checksum|data check)" } },
	{ "gzip: a bit of its length", "gzip", flip_gzip, NULL, NULL, NULL, -4, AS_IS, 1,
	    { "gzip.*(length|bytes)" } },
	{ "gzip: a bit in the middle", "gzip", flip_gzip, NULL, NULL, NULL, 0, AS_IS, 1,
	    { "gzip|tar header" } },
	{ "gzip: a method that is none", "gzip", flip_gzip, NULL, NULL, NULL, 2, AS_IS, 1,
	    { "gzip.*method|offset 0: " } },
	{ "gzip: flags that are none", "gzip", set_flags, NULL, NULL, NULL, 0xe0, AS_IS,
	    1, { "gzip.*flag" } },
	{ "gzip: a time", "gzip", flip_gzip, NULL, NULL, NULL, 4, AS_IS, 0, { NULL } },
	{ "gzip: a name", "gzip", set_flags, NULL, "base.tar", NULL, 8, AS_IS, 0,
	    { NULL } },
	{ "gzip: a comment", "gzip", set_flags, NULL, "of a backup", NULL, 16, AS_IS, 0,
	    { NULL } },
	{ "gzip: a byte after it", "gzip", add_gzip, NULL, NULL, "x", 0, AS_IS, 1,
	    { AFTER_END } },
	{ "gzip: text after it", "gzip", add_gzip, NULL, NULL, "This is no archive.\n", 0,
	    AS_IS, 1, { AFTER_END } },
	{ "gzip: zeros and text after it", "gzip", add_gzip, NULL, NULL, "x", 512, AS_IS,
	    1, { AFTER_END } },
	{ "gzip: half a member after it", "gzip", add_gzip, NULL, NULL, "\x1f\x8b\x08", 0,
	    AS_IS, 1, { CUT } },
	{ "gzip: zeros after it", "gzip", add_gzip, NULL, NULL, NULL, 10240, AS_IS, 0,
	    { NULL } },
	{ "gzip: a zero after it", "gzip", add_gzip, NULL, NULL, NULL, 1, AS_IS, 0,
	    { NULL } },
	{ "gzip: an empty member after it", "gzip", empty_member, NULL, NULL, NULL, 0,
	    AS_IS, 0, { NULL } },
	{ "gzip: two members", "gzip", two_members, NULL, NULL, NULL, 5000000, AS_IS, 0,
	    { NULL } },
	{ "gzip: two members, the first of a byte", "gzip", two_members, NULL, NULL, NULL,
	    1, AS_IS, 0, { NULL } },

	{ "huge: 8 GiB of zeros after the end", "gzip", bomb_end, NULL, NULL, NULL, 8192,
	    AS_IS, 1, { "MiB of zeros after its end" } },
	{ "huge: a file of 4 GiB of zeros", "gzip", bomb_member, "global", NULL, "file",
	    4096, AS_IS, 3, { "extra: \"file\", at offset [0-9]+" } },
	{ "huge: a relation of 4 GiB of zeros", "gzip", bomb_member, "base/1/PG_VERSION",
	    NULL, "base/1/99999", 4095, AS_IS, 3,
	    { "extra: \"base/1/99999\", at offset [0-9]+" } },
	{ "huge: a segment of 1 GiB of zeros", "gzip", bomb_member, "backup_manifest",
	    NULL, "pg_wal/0000000100000000000000FF", 1024, AS_IS, 3,
	    { "size: \"pg_wal/0000000100000000000000FF\", at offset [0-9]+" } },
	{ "huge: a history of 1 GiB of zeros", "gzip", bomb_member, "backup_manifest",
	    NULL, "pg_wal/000000FF.history", 1024, AS_IS, 3,
	    { "(size|wal): \"pg_wal/000000FF.history\"" } },
	{ "huge: a label of 1 GiB of zeros", "gzip", bomb_member, "backup_label", NULL,
	    "backup_label", 1024, AS_IS, 3,
	    { "(size|label): \"backup_label\"", "duplicate: \"backup_label\"" } },
	{ "huge: a manifest of 1 GiB of zeros", "gzip", bomb_member, "backup_manifest",
	    NULL, "backup_manifest", 1024, AS_IS, 3,
	    { "manifest: \"backup_manifest\"", "duplicate: \"backup_manifest\"" } },
	{ 0 },
};

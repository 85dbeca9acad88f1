/* Fields of a header: wrong with the header's checksum, and with the right one. */
#include <string.h>

#include "mutilate.h"

#define RELATION "base/1/1259"
#define BAD_SUM \
	"offset [0-9]+: (tar header has checksum|checksum in a tar header is not valid)"

/* ${to} is put into the field ${from}; ${number} 1: and the checksum made right. */
static void
set_field(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);
	size_t len;
	uint8_t *at = header_field(member_header(m), row->from, &len);

	memset(at, 0, len);
	memcpy(at, row->to, strnlen(row->to, len));
	if (row->number)
		member_seal(m);
}

/* One bit of the field ${from}. */
static void
flip_field(struct image *image, const struct mutilation *row)
{
	size_t len;

	*header_field(member_header(image_need(image, row->member)), row->from, &len) ^=
	    1;
}

/* The size in its header is ${number} more than its body is long. */
static void
add_to_size(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);
	size_t len;
	uint8_t *at = header_field(member_header(m), "size", &len);

	snprintf((char *)at, len, "%011zo", m->body.len + (size_t)row->number);
	member_seal(m);
}

/* The size is in base-256: ${number}, or 0 for the right one. */
static void
binary_size(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);
	uint64_t size = row->number ? (uint64_t)row->number : m->body.len;
	size_t len;
	uint8_t *at = header_field(member_header(m), "size", &len);

	memset(at, row->number < 0 ? 0xff : 0, len);
	at[0] = row->number < 0 ? 0xff : 0x80;
	for (size_t i = 0; i < 8; i++)
		at[len - 1 - i] = (uint8_t)(size >> 8 * i);
	member_seal(m);
}

/*
 * It has a pax header before it, of type ${from}, whose records are ${to}; ${number} 1: and
 * no header of its own.
 */
static void
set_pax(struct image *image, const struct mutilation *row)
{
	static const uint8_t zeros[TAR_BLOCK];
	struct member *m = image_need(image, row->member), pax;
	const size_t size = strlen(row->to);
	struct error err = { 0 };
	size_t len;

	member_make(&pax,
	    &(struct tar_entry){
		.name = "././@PaxHeader", .type = TAR_FILE, .mode = 0600, .size = size },
	    row->to);
	*header_field(member_header(&pax), "typeflag", &len) = (uint8_t)row->from[0];
	member_seal(&pax);
	must(buf_append(&pax.head, row->to, size, &err), &err);
	must(buf_append(&pax.head, zeros, tar_header_padding(size), &err), &err);
	if (row->number == 0)
		must(buf_append(&pax.head, member_header(m), TAR_BLOCK, &err), &err);
	else
		m->body.len = 0;
	buf_free(&m->head);
	m->head = pax.head;
}

const struct mutilation header_rows[] = {
	{ "header: name, a bit", "online", flip_field, RELATION, "name", NULL, 0, AS_IS,
	    1, { BAD_SUM } },
	{ "header: mode, a bit", "online", flip_field, RELATION, "mode", NULL, 0, AS_IS,
	    1, { BAD_SUM } },
	{ "header: uid, a bit", "online", flip_field, RELATION, "uid", NULL, 0, AS_IS, 1,
	    { BAD_SUM } },
	{ "header: gid, a bit", "online", flip_field, RELATION, "gid", NULL, 0, AS_IS, 1,
	    { BAD_SUM } },
	{ "header: size, a bit", "online", flip_field, RELATION, "size", NULL, 0, AS_IS,
	    1, { BAD_SUM } },
	{ "header: mtime, a bit", "online", flip_field, RELATION, "mtime", NULL, 0, AS_IS,
	    1, { BAD_SUM } },
	{ "header: checksum, a bit", "online", flip_field, RELATION, "checksum", NULL, 0,
	    AS_IS, 1, { BAD_SUM } },
	{ "header: typeflag, a bit", "online", flip_field, RELATION, "typeflag", NULL, 0,
	    AS_IS, 1, { BAD_SUM } },
	{ "header: linkname, a bit", "online", flip_field, RELATION, "linkname", NULL, 0,
	    AS_IS, 1, { BAD_SUM } },
	{ "header: magic, a bit", "online", flip_field, RELATION, "magic", NULL, 0, AS_IS,
	    1, { BAD_SUM } },
	{ "header: version, a bit", "online", flip_field, RELATION, "version", NULL, 0,
	    AS_IS, 1, { BAD_SUM } },
	{ "header: uname, a bit", "online", flip_field, RELATION, "uname", NULL, 0, AS_IS,
	    1, { BAD_SUM } },
	{ "header: gname, a bit", "online", flip_field, RELATION, "gname", NULL, 0, AS_IS,
	    1, { BAD_SUM } },
	{ "header: devmajor, a bit", "online", flip_field, RELATION, "devmajor", NULL, 0,
	    AS_IS, 1, { BAD_SUM } },
	{ "header: devminor, a bit", "online", flip_field, RELATION, "devminor", NULL, 0,
	    AS_IS, 1, { BAD_SUM } },
	{ "header: prefix, a bit", "online", flip_field, RELATION, "prefix", NULL, 0,
	    AS_IS, 1, { BAD_SUM } },
	{ "header: padding, a bit", "online", flip_field, RELATION, "padding", NULL, 0,
	    AS_IS, 1, { BAD_SUM } },
	{ "header: a bit, of a directory", "online", flip_field, "pg_notify", "mode",
	    NULL, 0, AS_IS, 1, { BAD_SUM } },
	{ "header: a bit, of a link", "online", flip_field, "pg_tblspc/*", "linkname",
	    NULL, 0, AS_IS, 1, { BAD_SUM } },
	{ "header: a bit, of the first member", "online", flip_field, "backup_label",
	    "name", NULL, 0, AS_IS, 1, { BAD_SUM } },
	{ "header: a bit, of the last member", "online", flip_field, "backup_manifest",
	    "size", NULL, 0, AS_IS, 1, { BAD_SUM } },
	{ "header: a bit, of a segment", "online", flip_field, "middle segment", "mtime",
	    NULL, 0, AS_IS, 1, { BAD_SUM } },

	{ "header: another name", "online", set_field, RELATION, "name", "base/1/1258", 1,
	    AS_IS, 3,
	    { "missing: \"base/1/1259\"", "extra: \"base/1/1258\", at offset [0-9]+" } },
	{ "header: set-user-ID", "online", set_field, RELATION, "mode", "0004600", 1,
	    AS_IS, 0, { "warning: \"base/1/1259\" or other members have set-user-ID" } },
	{ "header: set-group-ID", "online", set_field, RELATION, "mode", "0002600", 1,
	    AS_IS, 0, { "warning: \"base/1/1259\" or other members have set-user-ID" } },
	{ "header: a relation that its owner may not read", "online", set_field, RELATION,
	    "mode", "0000000", 1, AS_IS, 3,
	    { "name: \"base/1/1259\", at offset [0-9]+: .*mode" } },
	{ "header: a relation that its owner may not write", "online", set_field,
	    RELATION, "mode", "0000400", 1, AS_IS, 3,
	    { "name: \"base/1/1259\", at offset [0-9]+: .*mode" } },
	{ "header: a directory that its owner may not enter", "online", set_field,
	    "base/1", "mode", "0000600", 1, AS_IS, 3,
	    { "name: \"base/1\", at offset [0-9]+: .*mode" } },
	{ "header: mode is no number", "online", set_field, RELATION, "mode", "rw-rw--",
	    1, AS_IS, 1, { "mode in a tar header is not valid" } },
	{ "header: uid is no number", "online", set_field, RELATION, "uid", "nobody", 1,
	    AS_IS, 1, { "uid in a tar header is not valid" } },
	{ "header: gid is no number", "online", set_field, RELATION, "gid", "nobody", 1,
	    AS_IS, 1, { "gid in a tar header is not valid" } },
	{ "header: size is no number", "online", set_field, RELATION, "size", "8k", 1,
	    AS_IS, 1, { "size in a tar header is not valid" } },
	{ "header: mtime is no number", "online", set_field, RELATION, "mtime",
	    "yesterday", 1, AS_IS, 1, { "mtime in a tar header is not valid" } },
	{ "header: no checksum", "online", set_field, RELATION, "checksum", "", 0, AS_IS,
	    1, { BAD_SUM } },
	{ "header: size of a byte less", "online", add_to_size, RELATION, NULL, NULL, -1,
	    AS_IS, ONE_FINDING,
	    { "size: \"base/1/1259\", at offset [0-9]+: .*[0-9]+ bytes "
	      "expected, [0-9]+ found" } },
	{ "header: size of a block less", "online", add_to_size, RELATION, NULL, NULL,
	    -512, AS_IS, 1, { "offset [0-9]+: .*tar header" } },
	{ "header: size of a block more", "online", add_to_size, RELATION, NULL, NULL,
	    512, AS_IS, 1, { "offset [0-9]+: .*tar header" } },
	{ "header: size of 2^60", "online", binary_size, RELATION, NULL, NULL,
	    INT64_C(1) << 60, AS_IS, 1,
	    { "\"base/1/1259\": archive is cut short at offset [0-9]+" } },
	{ "header: size of 2^60, of a segment", "online", binary_size, "middle segment",
	    NULL, NULL, INT64_C(1) << 60, AS_IS, 1,
	    { "\"pg_wal/[0-9A-F]{24}\": archive is cut short at offset [0-9]+" } },
	{ "header: size of 2^60, of the manifest", "online", binary_size,
	    "backup_manifest", NULL, NULL, INT64_C(1) << 60, AS_IS, 1,
	    { "\"backup_manifest\": archive is cut short at offset [0-9]+" } },
	{ "header: size of 2^60, of the label", "online", binary_size, "backup_label",
	    NULL, NULL, INT64_C(1) << 60, AS_IS, 1,
	    { "\"backup_label\": archive is cut short at offset [0-9]+" } },
	{ "header: size of 2^63 - 1", "online", binary_size, RELATION, NULL, NULL,
	    INT64_MAX, AS_IS, 1, { "size in a tar header is not valid" } },
	{ "header: a negative size", "online", binary_size, RELATION, NULL, NULL, -512,
	    AS_IS, 1, { "size in a tar header is not valid" } },
	{ "header: the size in base-256", "online", binary_size, RELATION, NULL, NULL, 0,
	    AS_IS, 0, { NULL } },
	{ "header: a file is a directory", "online", set_field, RELATION, "typeflag", "5",
	    1, AS_IS, 1, { "member \"base/1/1259\" is not a file, but has content" } },
	{ "header: an empty file is a directory", "online", set_field, "long*",
	    "typeflag", "5", 1, AS_IS, 3, { "missing: \"long[0-9]+\"" } },
	{ "header: a directory is a file", "online", set_field, "pg_notify", "typeflag",
	    "0", 1, AS_IS, 1, { "name of member \"pg_notify/\" is not valid" } },
	{ "header: a link is a directory", "online", set_field, "pg_tblspc/*", "typeflag",
	    "5", 1, AS_IS, 3, { "missing: \"pg_tblspc/[0-9]+\": .*link" } },
	{ "header: a hard link", "online", set_field, RELATION, "typeflag", "1", 1, AS_IS,
	    1, { "member \"base/1/1259\" is a hard link" } },
	{ "header: a symbolic link", "online", set_field, RELATION, "typeflag", "2", 1,
	    AS_IS, 1, { "member \"base/1/1259\" is not a file, but has content" } },
	{ "header: a character device", "online", set_field, RELATION, "typeflag", "3", 1,
	    AS_IS, 1, { "unknown type 0x33 of member \"base/1/1259\"" } },
	{ "header: a block device", "online", set_field, RELATION, "typeflag", "4", 1,
	    AS_IS, 1, { "unknown type 0x34 of member \"base/1/1259\"" } },
	{ "header: a fifo", "online", set_field, "long*", "typeflag", "6", 1, AS_IS, 1,
	    { "unknown type 0x36 of member \"long[0-9]+\"" } },
	{ "header: a contiguous file", "online", set_field, RELATION, "typeflag", "7", 1,
	    AS_IS, 1, { "unknown type 0x37" } },
	{ "header: a file of before POSIX", "online", set_field, RELATION, "typeflag", "",
	    1, AS_IS, 1, { "unknown type 0x00" } },
	{ "header: a long name", "online", set_field, RELATION, "typeflag", "L", 1, AS_IS,
	    1, { "long name of [0-9]+ bytes at offset [0-9]+ is too long" } },
	{ "header: a sparse file", "online", set_field, RELATION, "typeflag", "S", 1,
	    AS_IS, 1, { "member \"base/1/1259\" is a sparse file" } },
	{ "header: a directory of an incremental archive", "online", set_field, RELATION,
	    "typeflag", "D", 1, AS_IS, 1,
	    { "member \"base/1/1259\" is a directory of an incremental" } },
	{ "header: the rest of a file", "online", set_field, RELATION, "typeflag", "M", 1,
	    AS_IS, 1, { "member \"base/1/1259\" is the rest of a file" } },
	{ "header: a label", "online", set_field, RELATION, "typeflag", "V", 1, AS_IS, 1,
	    { "member \"base/1/1259\" is the label of a volume" } },
	{ "header: a pax header for all", "online", set_field, RELATION, "typeflag", "g",
	    1, AS_IS, 1, { "member \"base/1/1259\" is a pax header for all" } },
	{ "header: a link to nowhere", "online", set_field, "pg_tblspc/*", "linkname", "",
	    1, AS_IS, 1, { "has no target" } },
	{ "header: another magic", "online", set_field, RELATION, "magic", "posix", 1,
	    AS_IS, 1, { "is neither of the ustar nor of the GNU format" } },
	{ "header: another version", "online", set_field, RELATION, "version", "01", 1,
	    AS_IS, 1, { "is neither of the ustar nor of the GNU format" } },
	{ "header: a prefix", "online", set_field, RELATION, "prefix", "elsewhere", 1,
	    AS_IS, 3,
	    { "missing: \"base/1/1259\"",
		"extra: \"elsewhere/base/1/1259\", at offset [0-9]+" } },

	{ "pax: a name that needs none", "online", set_pax, RELATION, "x",
	    "20 path=base/1/1259\n", 0, AS_IS, 0, { NULL } },
	{ "pax: nothing in it", "online", set_pax, RELATION, "x", "", 0, AS_IS, 0,
	    { NULL } },
	{ "pax: another name", "online", set_pax, RELATION, "x", "20 path=base/1/1258\n",
	    0, AS_IS, 3,
	    { "missing: \"base/1/1259\"", "extra: \"base/1/1258\", at offset [0-9]+" } },
	{ "pax: a name with ..", "online", set_pax, RELATION, "x",
	    "23 path=../base/1/1259\n", 0, AS_IS, 3,
	    { "name: \"../base/1/1259\", at offset [0-9]+: .*\"\\.\\.\"" } },
	{ "pax: a length too short", "online", set_pax, RELATION, "x",
	    "19 path=base/1/1259\n", 0, AS_IS, 1, { "offset [0-9]+: .*pax" } },
	{ "pax: a length too long", "online", set_pax, RELATION, "x",
	    "21 path=base/1/1259\n", 0, AS_IS, 1, { "offset [0-9]+: .*pax" } },
	{ "pax: a length of 2^70", "online", set_pax, RELATION, "x",
	    "1180591620717411303424 path=x\n", 0, AS_IS, 1, { "offset [0-9]+: .*pax" } },
	{ "pax: no length", "online", set_pax, RELATION, "x", "path=base/1/1259\n", 0,
	    AS_IS, 1, { "offset [0-9]+: .*pax" } },
	{ "pax: no line end", "online", set_pax, RELATION, "x", "19 path=base/1/1259", 0,
	    AS_IS, 1, { "offset [0-9]+: .*pax" } },
	{ "pax: no value", "online", set_pax, RELATION, "x", "8 path=\n", 0, AS_IS, 1,
	    { "offset [0-9]+: .*pax" } },
	{ "pax: a key twice", "online", set_pax, RELATION, "x",
	    "20 path=base/1/1259\n20 path=base/1/1259\n", 0, AS_IS, 1,
	    { "offset [0-9]+: .*pax" } },
	{ "pax: another size", "online", set_pax, RELATION, "x", "13 size=8192\n", 0,
	    AS_IS, 1, { "offset [0-9]+: " } },
	{ "pax: GNU's sparse file", "online", set_pax, RELATION, "x",
	    "22 GNU.sparse.major=1\n", 0, AS_IS, 1, { "offset [0-9]+: .*pax" } },
	{ "pax: of all members", "online", set_pax, RELATION, "g",
	    "20 path=base/1/1259\n", 0, AS_IS, 1, { "is a pax header for all members" } },
	{ "pax: not the next member's", "online", set_pax, RELATION, "x",
	    "20 path=base/1/1259\n", 1, AS_IS, 3,
	    { "digest: \"base/1/1259\"|size: \"base/1/1259\"",
		"missing: \"base/1/[^\"]+\"" } },
	{ "pax: without a member", "online", set_pax, "backup_manifest", "x",
	    "24 path=backup_manifest\n", 1, AS_IS, 1,
	    { "a member must follow a pax header" } },
	{ 0 },
};

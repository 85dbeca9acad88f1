/* GNU tar's own format: what becomes of an archive that is packed anew, and what does harm. */
#include <stdlib.h>
#include <string.h>

#include "mutilate.h"
#include "tar/longname.h"

#define RELATION "base/1/1259"
#define LINK "pg_tblspc/*"
#define ALL NULL

/* GNU's magic; ${times} are where ustar has the prefix of a name. */
static void
make_gnu(struct member *m, const char *times)
{
	uint8_t *header = member_header(m);
	size_t len;

	memcpy(header_field(header, "magic", &len), "ustar  ", 8);
	memset(header_field(header, "devmajor", &len), 0, 8);
	memset(header_field(header, "devminor", &len), 0, 8);
	memset(header_field(header, "prefix", &len), 0, 155);
	memcpy(header_field(header, "prefix", &len), times, strlen(times));
	member_seal(m);
}

/* The member, or all that have no pax header. */
static void
set_gnu(struct image *image, const struct mutilation *row)
{
	if (row->member)
		make_gnu(image_need(image, row->member), row->to);
	for (size_t i = 0; i < image->count && !row->member; i++)
		if (image->rows[i].head.len == TAR_BLOCK)
			make_gnu(&image->rows[i], row->to);
}

/* One more before the header, of that type; the NUL is in ${body}. */
static void
put_before(struct member *m, char type, const void *body, size_t size)
{
	struct member before;
	struct error err = { 0 };
	size_t len;

	member_make(&before,
	    &(struct tar_entry){
		.name = "././@LongLink", .type = TAR_FILE, .size = size },
	    body);
	*header_field(member_header(&before), "typeflag", &len) = (uint8_t)type;
	make_gnu(&before, "");
	must(buf_append(&before.head, before.body.data, size, &err), &err);
	while (before.head.len % TAR_BLOCK != 0)
		must(buf_append(&before.head, "", 1, &err), &err);
	must(buf_append(&before.head, m->head.data, m->head.len, &err), &err);
	free(before.name);
	buf_free(&before.body);
	buf_free(&m->head);
	m->head = before.head;
}

/*
 * It has members of the types ${from} before it, the last one first, whose body is ${to}; a
 * "|" in it is a NUL.  ${number} 1: and no header of its own.
 */
static void
set_long(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);
	const size_t size = strlen(row->to);
	char *body = strdup(row->to);

	for (char *bar = body; (bar = strchr(bar, '|')) != NULL;)
		*bar = '\0';
	make_gnu(m, "");
	for (const char *type = row->from; *type; type++)
		put_before(m, *type, body, size);
	free(body);
	if (row->number == 0)
		return;
	m->head.len -= TAR_BLOCK;
	m->body.len = 0;
}

/* A name of ${number} bytes, and its NUL. */
static void
set_long_of(struct image *image, const struct mutilation *row)
{
	const size_t size = (size_t)row->number + 1;
	char *body = calloc(1, size);

	memset(body, 'n', size - 1);
	put_before(image_need(image, row->member), TAR_LONG_NAME, body, size);
	free(body);
}

/* All names and targets are long ones, as GNU tar has them; in the headers is something else. */
static void
set_all_long(struct image *image, const struct mutilation *row)
{
	for (size_t i = 0; i < image->count; i++) {
		struct member *m = &image->rows[i];
		char target[101] = "";
		size_t len;

		memcpy(target, header_field(member_header(m), "linkname", &len), 100);
		memset(header_field(member_header(m), "linkname", &len), 'x', 100);
		memset(header_field(member_header(m), "name", &len), 'x', 100);
		make_gnu(m, row->to);
		memmove(m->head.data, member_header(m), TAR_BLOCK);
		m->head.len = TAR_BLOCK;
		put_before(m, TAR_LONG_NAME, m->name, strlen(m->name) + 1);
		if (m->type == TAR_SYMLINK)
			put_before(m, TAR_LONG_TARGET, target, strlen(target) + 1);
	}
}

const struct mutilation gnu_rows[] = {
	{ "gnu: the magic of a member", "online", set_gnu, RELATION, NULL, "", 0, AS_IS,
	    0, { NULL } },
	{ "gnu: the magic of all members", "online offline", set_gnu, ALL, NULL, "", 0,
	    AS_IS, 0, { NULL } },
	{ "gnu: times where the prefix was", "online", set_gnu, ALL, NULL,
	    "15303367077\t15303367077", 0, AS_IS, 1,
	    { "member \"backup_label\" has times or parts of a sparse file" } },
	{ "gnu: a path where the prefix was", "online", set_gnu, RELATION, NULL,
	    "../evil", 0, AS_IS, 1,
	    { "member \"base/1/1259\" has times or parts of a sparse file" } },
	{ "gnu: all names are long ones", "online offline", set_all_long, ALL, NULL, "",
	    0, AS_IS, 0, { NULL } },

	{ "long: a name that needs none", "online", set_long, RELATION, "L",
	    "base/1/1259|", 0, AS_IS, 0, { NULL } },
	{ "long: another name", "online", set_long, RELATION, "L", "base/1/1258|", 0,
	    AS_IS, 3,
	    { "missing: \"base/1/1259\"", "extra: \"base/1/1258\", at offset [0-9]+" } },
	{ "long: a name with ..", "online", set_long, RELATION, "L", "../base/1/1259|", 0,
	    AS_IS, 3, { "name: \"../base/1/1259\", at offset [0-9]+: .*\"\\.\\.\"" } },
	{ "long: its name is absolute", "online", set_long, RELATION, "L",
	    "/base/1/1259|", 0, AS_IS, 3,
	    { "name: \"/base/1/1259\", at offset [0-9]+: " } },
	{ "long: a target out of the backup", "online", set_long, LINK, "K", "/etc|", 0,
	    AS_IS, 3, { "name: \"pg_tblspc/[0-9]+\", at offset [0-9]+: .*leads" } },
	{ "long: a target of a file", "online", set_long, RELATION, "K", "/etc/passwd|",
	    0, AS_IS, 1,
	    { "\"base/1/1259\" is not a link, but has a long link target" } },
	{ "long: no NUL", "online", set_long, RELATION, "L", "base/1/1259", 0, AS_IS, 1,
	    { "offset [0-9]+: long name does not end in a NUL" } },
	{ "long: a NUL before the end", "online", set_long, RELATION, "L",
	    "base/1/1259|8|", 0, AS_IS, 1,
	    { "offset [0-9]+: long name has a NUL in it" } },
	{ "long: NULs at the end", "online", set_long, RELATION, "L", "base/1/1259||||",
	    0, AS_IS, 1, { "offset [0-9]+: long name has a NUL in it" } },
	{ "long: no name", "online", set_long, RELATION, "L", "", 0, AS_IS, 1,
	    { "offset [0-9]+: long name is empty" } },
	{ "long: a NUL and no name", "online", set_long, RELATION, "L", "|", 0, AS_IS, 1,
	    { "offset [0-9]+: long name is empty" } },
	{ "long: no target", "online", set_long, LINK, "K", "|", 0, AS_IS, 1,
	    { "offset [0-9]+: long link target is empty" } },
	{ "long: the longest that is read", "online", set_long_of, RELATION, NULL, NULL,
	    (int64_t)TAR_LONGNAME_MAX - 1, AS_IS, 3, { "missing: \"base/1/1259\"" } },
	{ "long: a byte longer than that", "online", set_long_of, RELATION, NULL, NULL,
	    (int64_t)TAR_LONGNAME_MAX, AS_IS, 1,
	    { "long name of 65537 bytes at offset [0-9]+ is too long" } },
	{ "long: two names", "online", set_long, RELATION, "LL", "base/1/1259|", 0, AS_IS,
	    1, { "offset [0-9]+: long name after a long name" } },
	{ "long: two targets", "online", set_long, LINK, "KK", "/etc|", 0, AS_IS, 1,
	    { "offset [0-9]+: long link target after a long link target" } },
	{ "long: a name, then a pax header", "online", set_long, RELATION, "xL",
	    "base/1/1259|", 0, AS_IS, 1,
	    { "offset [0-9]+: pax header after a long name" } },
	{ "long: a name after a pax header", "online", set_long, RELATION, "Lx",
	    "20 path=base/1/1259\n", 0, AS_IS, 1,
	    { "offset [0-9]+: long name after a pax header" } },
	{ "long: not the next member's", "online", set_long, RELATION, "L",
	    "base/1/1259|", 1, AS_IS, 3,
	    { "digest: \"base/1/1259\"|size: \"base/1/1259\"",
		"missing: \"base/1/[^\"]+\"" } },
	{ "long: without a member", "online", set_long, "backup_manifest", "L",
	    "backup_manifest|", 1, AS_IS, 1, { "a member must follow a long name" } },
	{ 0 },
};

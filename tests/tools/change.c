/* What rows of the table have in common. */
#include <string.h>

#include "mutilate.h"

void
change_remove(struct image *image, const struct mutilation *row)
{
	image_remove(image, image_need(image, row->member));
}

void
change_move(struct image *image, const struct mutilation *row)
{
	struct member moved, *m = image_need(image, row->member);

	member_copy(&moved, m);
	image_remove(image, m);
	*image_insert(image,
	    row->to ? image_index(image, image_need(image, row->to)) : image->count) =
	    moved;
}

void
change_double(struct image *image, const struct mutilation *row)
{
	size_t at = image_index(image, image_need(image, row->member));
	struct member *m = image_insert(image, at + 1);

	member_copy(m, &image->rows[at]);
	if (row->to)
		member_set_body(m, row->to, strlen(row->to));
}

void
change_shorten(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);
	size_t len = row->from ? (size_t)row->number : m->body.len - (size_t)row->number;

	if (len > m->body.len)
		die("\"%s\" is too short for this", m->name);
	m->body.len = len;
	if (m->body.data)
		m->body.data[len] = '\0';
	member_set_size(m);
}

void
change_lengthen(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);
	const size_t more = (size_t)row->number;
	struct error err = { 0 };

	must(buf_reserve(&m->body, more, &err), &err);
	memset(m->body.data + m->body.len, 'X', more);
	m->body.len += more;
	m->body.data[m->body.len] = '\0';
	member_set_size(m);
}

void
change_flip(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);
	size_t at = (row->number < 0 ? m->body.len : 0) + (size_t)row->number;

	if (at >= m->body.len)
		die("\"%s\" is too short for this", m->name);
	m->body.data[at] ^= 4;
}

void
change_text(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);
	const char *found;

	if (row->from == NULL) {
		member_set_body(m, row->to, strlen(row->to));
		return;
	}
	found = strstr(buf_text(&m->body), row->from);
	if (found == NULL)
		die("\"%s\" does not say \"%s\"", m->name, row->from);
	member_splice(
	    m, (size_t)(found - buf_text(&m->body)), strlen(row->from), row->to);
}

void
change_other(struct image *image, const struct mutilation *row)
{
	struct image other = { 0 };
	const struct member *m;

	if (image->other == NULL)
		die("an archive of another cluster is wanted");
	image_read(&other, image->other);
	image_parse(&other);
	m = image_need(&other, row->member);
	member_set_body(image_need(image, row->member), m->body.data, m->body.len);
	image_free(&other);
}

void
change_add(struct image *image, const struct mutilation *row)
{
	size_t at = image_index(image, image_need(image, row->member));
	const char *body = row->from ? row->from : "";

	member_make(image_insert(image, at),
	    &(struct tar_entry){
		.name = row->to, .type = TAR_FILE, .mode = 0600, .size = strlen(body) },
	    body);
}

void
change_name(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member), old = *m;
	struct error err = { 0 };
	struct tar_raw raw;

	must(tar_header_decode(member_header(&old), &raw, &err), &err);
	member_make(m,
	    &(struct tar_entry){ .name = row->to,
		.link = raw.link,
		.type = old.type,
		.mode = raw.mode,
		.uid = raw.uid,
		.gid = raw.gid,
		.size = old.body.len,
		.mtime = raw.mtime },
	    old.body.data);
}

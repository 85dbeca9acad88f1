/* A tar archive as a list of members that can be changed one by one. */
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mutilate.h"
#include "tar/pax.h"
#include "wal/walname.h"

void
die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("mutilate: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(2);
}

void
must(int rc, const struct error *err)
{
	if (rc)
		die("%s", err->text);
}

static void
put(struct buf *b, const void *bytes, size_t len)
{
	struct error err = { 0 };

	if (len > 0)
		must(buf_append(b, bytes, len, &err), &err);
}

/* ---- fields of a header ---- */

uint8_t *
header_field(uint8_t *header, const char *field, size_t *len)
{
	static const struct {
		const char *name;
		size_t at, len;
	} fields[] = {
		{ "name", 0, 100 },
		{ "mode", 100, 8 },
		{ "uid", 108, 8 },
		{ "gid", 116, 8 },
		{ "size", 124, 12 },
		{ "mtime", 136, 12 },
		{ "checksum", 148, 8 },
		{ "typeflag", 156, 1 },
		{ "linkname", 157, 100 },
		{ "magic", 257, 6 },
		{ "version", 263, 2 },
		{ "uname", 265, 32 },
		{ "gname", 297, 32 },
		{ "devmajor", 329, 8 },
		{ "devminor", 337, 8 },
		{ "prefix", 345, 155 },
		{ "padding", 500, 12 },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(fields[i].name, field) == 0) {
			*len = fields[i].len;
			return header + fields[i].at;
		}
	die("a tar header has no field \"%s\"", field);
}

uint8_t *
member_header(struct member *m)
{
	return m->head.data + m->head.len - TAR_BLOCK;
}

void
member_seal(struct member *m)
{
	uint8_t *header = member_header(m), *at;
	unsigned sum = 0;
	size_t len;

	at = header_field(header, "checksum", &len);
	memset(at, ' ', len);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += header[i];
	snprintf((char *)at, len, "%06o", sum);
}

void
member_set_size(struct member *m)
{
	size_t len;
	uint8_t *at = header_field(member_header(m), "size", &len);

	snprintf((char *)at, len, "%011zo", m->body.len);
	member_seal(m);
}

void
member_splice(struct member *m, size_t at, size_t len, const char *text)
{
	struct buf body = { 0 };

	put(&body, m->body.data, at);
	put(&body, text, strlen(text));
	put(&body, m->body.data + at + len, m->body.len - at - len);
	buf_free(&m->body);
	m->body = body;
	member_set_size(m);
}

void
member_set_body(struct member *m, const void *bytes, size_t len)
{
	struct buf body = { 0 };

	put(&body, bytes, len);
	buf_free(&m->body);
	m->body = body;
	member_set_size(m);
}

void
member_make(struct member *m, const struct tar_entry *entry, const void *body)
{
	struct error err = { 0 };

	*m = (struct member){ .name = strdup(entry->name), .type = entry->type };
	must(tar_header_encode(&m->head, entry, &err), &err);
	if (entry->type == TAR_FILE)
		put(&m->body, body, (size_t)entry->size);
}

void
member_copy(struct member *to, const struct member *from)
{
	*to = (struct member){ .name = strdup(from->name), .type = from->type };
	put(&to->head, from->head.data, from->head.len);
	put(&to->body, from->body.data, from->body.len);
}

void
member_free(struct member *m)
{
	free(m->name);
	buf_free(&m->head);
	buf_free(&m->body);
}

/* ---- the list ---- */

struct member *
image_insert(struct image *image, size_t at)
{
	struct member *rows = realloc(image->rows, (image->count + 1) * sizeof(*rows));

	if (rows == NULL)
		die("out of memory");
	image->rows = rows;
	memmove(&rows[at + 1], &rows[at], (image->count - at) * sizeof(*rows));
	image->count++;
	rows[at] = (struct member){ 0 };
	return &rows[at];
}

size_t
image_index(const struct image *image, const struct member *m)
{
	return (size_t)(m - image->rows);
}

size_t
image_offset(const struct image *image, const struct member *m)
{
	size_t at = 0;

	for (const struct member *row = image->rows; row < m; row++)
		at += row->head.len + row->body.len + tar_header_padding(row->body.len);
	return at;
}

void
image_remove(struct image *image, struct member *m)
{
	const size_t at = image_index(image, m);

	member_free(m);
	memmove(m, m + 1, (image->count - at - 1) * sizeof(*m));
	image->count--;
}

void
image_free(struct image *image)
{
	for (size_t i = 0; i < image->count; i++)
		member_free(&image->rows[i]);
	free(image->rows);
	buf_free(&image->end);
	buf_free(&image->flat);
}

static bool
is_segment(const struct member *m)
{
	return strncmp(m->name, "pg_wal/", 7) == 0 && walname_is_segment(m->name + 7);
}

static struct member *
segment(const struct image *image, const char *pattern)
{
	size_t count = 0, which = 0;

	for (size_t i = 0; i < image->count; i++)
		count += is_segment(&image->rows[i]);
	if (strcmp(pattern, "middle segment") == 0)
		which = count / 2;
	else if (strcmp(pattern, "last segment") == 0)
		which = count - 1;
	for (size_t i = 0; i < image->count; i++)
		if (is_segment(&image->rows[i]) && which-- == 0)
			return &image->rows[i];
	return NULL;
}

struct member *
image_find(const struct image *image, const char *pattern)
{
	if (strstr(pattern, " segment"))
		return segment(image, pattern);
	for (size_t i = 0; i < image->count; i++)
		if (fnmatch(pattern, image->rows[i].name, FNM_PATHNAME) == 0)
			return &image->rows[i];
	return NULL;
}

struct member *
image_need(const struct image *image, const char *pattern)
{
	struct member *m = image_find(image, pattern);

	if (m == NULL)
		die("the archive has no member \"%s\"", pattern);
	return m;
}

/* ---- bytes ---- */

static const uint8_t zeros[TAR_BLOCK];

/* ${len} bytes at *at, which is moved past them and what pads them. */
static const uint8_t *
take(const struct buf *bytes, size_t *at, size_t len)
{
	const uint8_t *found = bytes->data + *at;

	*at += len + tar_header_padding(len);
	if (*at > bytes->len)
		die("the archive is cut");
	return found;
}

static void
parse_member(struct image *image, const struct buf *bytes, size_t *at)
{
	struct member *m = image_insert(image, image->count);
	struct tar_pax pax = { 0 };
	struct error err = { 0 };
	struct tar_raw raw;
	const size_t start = *at;
	size_t len;

	must(tar_header_decode(take(bytes, at, TAR_BLOCK), &raw, &err), &err);
	if (raw.type == TAR_PAX) {
		len = (size_t)raw.size;
		must(tar_pax_parse(take(bytes, at, len), len, &pax, &err), &err);
		must(tar_header_decode(take(bytes, at, TAR_BLOCK), &raw, &err), &err);
	}
	put(&m->head, bytes->data + start, *at - start);
	m->type = raw.type;
	m->name = strdup(pax.path ? pax.path : raw.name);
	len = strlen(m->name);
	if (len > 1 && m->name[len - 1] == '/')
		m->name[len - 1] = '\0';
	put(&m->body, take(bytes, at, (size_t)raw.size), (size_t)raw.size);
	tar_pax_free(&pax);
}

void
image_parse(struct image *image)
{
	struct buf bytes = image->flat;
	size_t at = 0;

	image->flat = (struct buf){ 0 };
	while (
	    bytes.len - at >= TAR_BLOCK && memcmp(bytes.data + at, zeros, TAR_BLOCK) != 0)
		parse_member(image, &bytes, &at);
	put(&image->end, bytes.data + at, bytes.len - at);
	buf_free(&bytes);
}

void
image_read(struct image *image, const char *path)
{
	FILE *in = fopen(path, "rb");
	struct error err = { 0 };
	struct stat st;

	if (in == NULL || fstat(fileno(in), &st) == -1)
		die("%s: %s", path, strerror(errno));
	must(buf_reserve(&image->flat, (size_t)st.st_size, &err), &err);
	image->flat.len = fread(image->flat.data, 1, (size_t)st.st_size, in);
	if (image->flat.len < (size_t)st.st_size)
		die("%s: cannot be read", path);
	fclose(in);
}

void
image_flatten(struct image *image)
{
	buf_clear(&image->flat);
	for (size_t i = 0; i < image->count; i++) {
		const struct member *m = &image->rows[i];

		put(&image->flat, m->head.data, m->head.len);
		put(&image->flat, m->body.data, m->body.len);
		put(&image->flat, zeros, tar_header_padding(m->body.len));
	}
	put(&image->flat, image->end.data, image->end.len);
}

static void
write_burst(size_t count, FILE *out)
{
	struct error err = { 0 };
	struct buf header = { 0 };
	char name[64];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "base/1/this_is_no_file_%07zu", i);
		buf_clear(&header);
		must(tar_header_encode(&header,
			 &(struct tar_entry){
			     .name = name, .type = TAR_FILE, .mode = 0600 },
			 &err),
		    &err);
		fwrite(header.data, 1, header.len, out);
	}
	buf_free(&header);
}

void
image_write(const struct image *image, FILE *out)
{
	if (image->flat.len > 0)
		fwrite(image->flat.data, 1, image->flat.len, out);
	for (size_t i = 0; i < image->count && image->flat.len == 0; i++) {
		const struct member *m = &image->rows[i];

		if (i == image->burst_at)
			write_burst(image->burst, out);
		fwrite(m->head.data, 1, m->head.len, out);
		if (m->body.len > 0)
			fwrite(m->body.data, 1, m->body.len, out);
		fwrite(zeros, 1, tar_header_padding(m->body.len), out);
	}
	if (image->flat.len == 0 && image->end.len > 0)
		fwrite(image->end.data, 1, image->end.len, out);
	if (fflush(out) == EOF)
		die("%s", strerror(errno));
}

/*
 * The map is read byte by byte, as the server does it: a line end may be part of a location, if a
 * backslash is in front of it, so that it cannot be split into lines first.  Rows are then sorted,
 * which shows an OID that is there twice and serves the searches.
 */
#include "pg/tablespace_map.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/number.h"

/* A link's text is no longer on any system we run on (PATH_MAX of Linux). */
#define TARGET_MOST 4095

int
tablespace_map_add(
    struct tablespace_map *map, uint32_t oid, const char *target, struct error *err)
{
	struct tablespace_row *more;

	/* a count of 2^n is full: the rows double */
	if ((map->count & (map->count - 1)) == 0) {
		size_t count = map->count ? map->count * 2 : 1;

		more = realloc(map->rows, count * sizeof(*more));
		if (more == NULL)
			return error_memory(err);
		map->rows = more;
	}
	map->rows[map->count].oid = oid;
	map->rows[map->count].target = strdup(target);
	if (map->rows[map->count].target == NULL)
		return error_memory(err);
	map->count++;
	map->is_sorted = false;
	return 0;
}

static bool
is_escaped(char c, const struct pg_version *version)
{
	return c == '\n' || c == '\r' || (c == '\\' && version->map_escapes_backslash);
}

/* A text being read. */
struct reader {
	const char *text, *at, *end;
	const struct pg_version *version;
	struct buf target;
};

static int
bad_map(const struct reader *r, const char *what, struct error *err)
{
	return error_set(
	    err, ERROR_FORMAT, 0, "%s before byte %zu", what, (size_t)(r->at - r->text));
}

/* The text of a link, up to its newline, into r->target. */
static int
read_target(struct reader *r, struct error *err)
{
	buf_clear(&r->target);
	while (r->at < r->end) {
		char c = *r->at++;

		if (c == '\n')
			return r->target.len ? 0 :
					       bad_map(r, "a location is missing", err);
		if (c == '\\' && r->at < r->end && is_escaped(*r->at, r->version))
			c = *r->at++;
		else if (c == '\r' || c == '\0')
			return bad_map(r, "a location has a control character", err);
		if (r->target.len == TARGET_MOST)
			return bad_map(r, "a location is too long", err);
		if (buf_append(&r->target, &c, 1, err))
			return -1;
	}
	return bad_map(r, "the last line is not complete", err);
}

static int
tablespace_map_read_row(struct reader *r, struct tablespace_map *map, struct error *err)
{
	const char *blank = memchr(r->at, ' ', (size_t)(r->end - r->at));
	uint64_t oid;

	if (blank == NULL ||
	    !number_parse(r->at, (size_t)(blank - r->at), UINT32_MAX, &oid) || oid == 0)
		return error_set(err, ERROR_FORMAT, 0, "expected an OID at byte %zu",
		    (size_t)(r->at - r->text));
	r->at = blank + 1;
	if (read_target(r, err))
		return -1;
	return tablespace_map_add(map, (uint32_t)oid, buf_text(&r->target), err);
}

static int
by_oid(const void *a, const void *b)
{
	const struct tablespace_row *x = a, *y = b;

	return (x->oid > y->oid) - (x->oid < y->oid);
}

static int
sort_rows(struct tablespace_map *map, struct error *err)
{
	map->is_sorted = true;
	if (map->count < 2)
		return 0;
	qsort(map->rows, map->count, sizeof(*map->rows), by_oid);
	for (size_t i = 1; i < map->count; i++)
		if (map->rows[i].oid == map->rows[i - 1].oid)
			return error_set(err, ERROR_FORMAT, 0,
			    "tablespace %" PRIu32 " twice", map->rows[i].oid);
	return 0;
}

int
tablespace_map_parse(const char *text, size_t len, const struct pg_version *version,
    struct tablespace_map *out, struct error *err)
{
	struct reader r = { text, text, text + len, version, { 0 } };
	struct tablespace_map map = { 0 };
	int rc = 0;

	while (rc == 0 && r.at < r.end)
		rc = tablespace_map_read_row(&r, &map, err);
	if (rc == 0)
		rc = sort_rows(&map, err);
	if (rc == 0)
		*out = map;
	else
		tablespace_map_free(&map);
	buf_free(&r.target);
	return rc;
}

/* The text of a link, with its escapes. */
static int
append_target(struct buf *b, const char *target, const struct pg_version *version,
    struct error *err)
{
	for (; *target; target++)
		if ((is_escaped(*target, version) && buf_append(b, "\\", 1, err)) ||
		    buf_append(b, target, 1, err))
			return -1;
	return 0;
}

int
tablespace_map_build(struct buf *b, const struct tablespace_map *map,
    const struct pg_version *version, struct error *err)
{
	struct buf text = { 0 };
	int rc = 0;

	for (size_t i = 0; i < map->count && rc == 0; i++)
		if (buf_printf(&text, err, "%" PRIu32 " ", map->rows[i].oid) ||
		    append_target(&text, map->rows[i].target, version, err) ||
		    buf_append(&text, "\n", 1, err))
			rc = -1;
	if (rc == 0)
		rc = buf_append(b, buf_text(&text), text.len, err);
	buf_free(&text);
	return rc;
}

const char *
tablespace_map_find(const struct tablespace_map *map, uint32_t oid)
{
	const struct tablespace_row wanted = { .oid = oid }, *row;

	if (map->is_sorted && map->count > 0) {
		row = bsearch(&wanted, map->rows, map->count, sizeof(wanted), by_oid);
		return row ? row->target : NULL;
	}
	for (size_t i = 0; i < map->count; i++)
		if (map->rows[i].oid == oid)
			return map->rows[i].target;
	return NULL;
}

void
tablespace_map_free(struct tablespace_map *map)
{
	if (map == NULL)
		return;
	for (size_t i = 0; i < map->count; i++)
		free(map->rows[i].target);
	free(map->rows);
	*map = (struct tablespace_map){ 0 };
}

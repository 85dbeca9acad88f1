/*
 * The places that a restored backup fills, and which of them a path is for: what PostgreSQL calls
 * "pg_tblspc/OID/..." goes to that tablespace, "pg_wal/..." to the directory of --waldir, all else to
 * the data directory.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format/layout.h"
#include "lib/number.h"
#include "restore/restore_internal.h"

const struct newdir *
restore_places_at(const struct restore *r, size_t number)
{
	if (number == 0)
		return &r->datadir;
	return number == 1 ? &r->wal : &r->spaces[number - 2].place;
}

size_t
restore_places_count(const struct restore *r)
{
	return r->nspaces + 2;
}

static int
compare_spaces(const void *a, const void *b)
{
	const struct restore_space *one = a, *other = b;

	return (one->oid > other->oid) - (one->oid < other->oid);
}

void
restore_places_sort(struct restore *r)
{
	if (r->nspaces > 0)
		qsort(r->spaces, r->nspaces, sizeof(*r->spaces), compare_spaces);
}

const struct restore_space *
restore_places_find(const struct restore *r, uint32_t oid)
{
	const struct restore_space wanted = { .oid = oid };

	return r->nspaces == 0 ?
	    NULL :
	    bsearch(&wanted, r->spaces, r->nspaces, sizeof(*r->spaces), compare_spaces);
}

const struct restore_space *
restore_places_space(const struct restore *r, const char *path)
{
	static const char below[] = "pg_tblspc/";
	const char *oid = path + sizeof(below) - 1;
	uint64_t number;

	if (strncmp(path, below, sizeof(below) - 1) != 0 ||
	    !number_parse(oid, strcspn(oid, "/"), UINT32_MAX, &number))
		return NULL;
	return restore_places_find(r, (uint32_t)number);
}

int
restore_places_of(struct restore *r, const char *path, struct newdir **place,
    const char **below, struct error *err)
{
	const struct restore_space *space = restore_places_space(r, path);
	const char *slash = space ? strchr(path + sizeof("pg_tblspc/") - 1, '/') : NULL;

	*place = &r->datadir;
	*below = path;
	if (slash && space->is_inside) {
		buf_clear(&r->inside);
		if (buf_printf(&r->inside, err, "%s/%" PRIu32 "%s", LAYOUT_TABLESPACES,
			space->oid, slash))
			return -1;
		*below = buf_text(&r->inside);
	} else if (slash && space->nested) {
		buf_clear(&r->inside);
		if (buf_printf(&r->inside, err, "%s%s", space->nested, slash))
			return -1;
		*below = buf_text(&r->inside);
	} else if (slash) {
		*place = &r->spaces[space - r->spaces].place;
		*below = slash + 1;
	} else if (r->wal.path &&
	    strncmp(path, LAYOUT_WAL "/", sizeof(LAYOUT_WAL)) == 0) {
		*place = &r->wal;
		*below = path + sizeof(LAYOUT_WAL);
	}
	return 0;
}

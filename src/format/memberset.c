/*
 * Rows are kept in blocks, and texts in chunks, of which none is moved or freed alone: a pointer to
 * a row stays valid, and millions of members do not cost a malloc() each.
 *
 * The manifest lists files in the order in which they were sent.  So a name is looked for next to
 * the one that was found last, and only if it is not there all rows are sorted and searched.
 */
#include "format/memberset.h"

#include <stdlib.h>
#include <string.h>

/* Rows and texts are kept in chunks, so that they stay where they are. */
enum { CHUNK = 1 << 18, CHUNK_ROWS = 1 << 12 };

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(16) uint8_t bytes[];
};

struct memberset {
	struct chunk *texts;
	struct memberset_row **blocks; /* of CHUNK_ROWS rows each */
	size_t nblocks, count;
	struct memberset_row **sorted; /* the first nsorted rows, by name */
	size_t nsorted;
	size_t next; /* where the next name that is looked for is expected */
};

int
memberset_new(struct memberset **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : error_memory(err);
}

void
memberset_free(struct memberset *s)
{
	struct chunk *next;

	if (s == NULL)
		return;
	for (struct chunk *c = s->texts; c; c = next) {
		next = c->next;
		free(c);
	}
	for (size_t i = 0; i < s->nblocks; i++)
		free(s->blocks[i]);
	free(s->blocks);
	free(s->sorted);
	free(s);
}

/* ${len} bytes that live as long as the set; NULL: no memory. */
static void *
memberset_take(struct memberset *s, size_t len, size_t align)
{
	struct chunk *c = s->texts;
	size_t size = len > CHUNK ? len : CHUNK, at;

	if (c)
		c->used = (c->used + align - 1) / align * align;
	if (c == NULL || c->used + len > c->size) {
		c = malloc(sizeof(*c) + size);
		if (c == NULL)
			return NULL;
		*c = (struct chunk){ s->texts, 0, size };
		s->texts = c;
	}
	at = c->used;
	c->used += len;
	return c->bytes + at;
}

static struct memberset_row *
row_at(const struct memberset *s, size_t n)
{
	return &s->blocks[n / CHUNK_ROWS][n % CHUNK_ROWS];
}

static int
add_block(struct memberset *s, struct error *err)
{
	struct memberset_row **blocks =
	    realloc(s->blocks, (s->nblocks + 1) * sizeof(struct memberset_row *));

	if (blocks == NULL)
		return error_memory(err);
	s->blocks = blocks;
	blocks[s->nblocks] = calloc(CHUNK_ROWS, sizeof(**blocks));
	if (blocks[s->nblocks] == NULL)
		return error_memory(err);
	s->nblocks++;
	return 0;
}

int
memberset_add(
    struct memberset *s, const char *path, struct memberset_row **row, struct error *err)
{
	size_t len = strlen(path) + 1;
	char *copy = memberset_take(s, len, 1);

	if (copy == NULL)
		return error_memory(err);
	if (s->count == UINT32_MAX) /* they would take 300 GB */
		return error_memory(err);
	if (s->count == s->nblocks * CHUNK_ROWS && add_block(s, err))
		return -1;
	memcpy(copy, path, len);
	*row = row_at(s, s->count);
	(*row)->path = copy;
	(*row)->number = (uint32_t)s->count++;
	return 0;
}

int
memberset_add_digest(struct memberset *s, struct memberset_row *row,
    enum digest_kind kind, const uint8_t *digest, size_t len, struct error *err)
{
	struct memberset_digest *d;

	if (kind == DIGEST_NONE)
		return 0;
	if (kind == DIGEST_CRC32C) {
		/* as a manifest prints it, the least significant byte first */
		row->crc32c = (uint32_t)digest[0] | (uint32_t)digest[1] << 8 |
		    (uint32_t)digest[2] << 16 | (uint32_t)digest[3] << 24;
		row->has_crc32c = true;
		return 0;
	}
	d = memberset_take(s, sizeof(*d) + len, _Alignof(struct memberset_digest));
	if (d == NULL)
		return error_memory(err);
	d->next = row->digests;
	d->kind = kind;
	d->len = (uint8_t)len;
	memcpy(d->bytes, digest, len);
	row->digests = d;
	return 0;
}

size_t
memberset_count(const struct memberset *s)
{
	return s->count;
}

/* By name; of one name the one that came first. */
static int
memberset_compare(const void *a, const void *b)
{
	const struct memberset_row *const *one = a, *const *other = b;

	int order = strcmp((*one)->path, (*other)->path);

	return order ?
	    order :
	    ((*one)->number > (*other)->number) - ((*one)->number < (*other)->number);
}

static int
memberset_sort(struct memberset *s, struct error *err)
{
	struct memberset_row **sorted;

	if (s->nsorted == s->count)
		return 0;
	sorted = realloc(s->sorted, s->count * sizeof(struct memberset_row *));
	if (sorted == NULL)
		return error_memory(err);
	s->sorted = sorted;
	for (size_t i = 0; i < s->count; i++)
		sorted[i] = row_at(s, i);
	qsort(sorted, s->count, sizeof(struct memberset_row *), memberset_compare);
	s->nsorted = s->count;
	return 0;
}

static struct memberset_row *
search(const struct memberset *s, const char *path)
{
	size_t low = 0, high = s->nsorted;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(s->sorted[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->nsorted && strcmp(s->sorted[low]->path, path) == 0 ?
	    s->sorted[low] :
	    NULL;
}

/* Directories have no entries in a manifest: as many may stand between. */
enum { AHEAD = 8 };

int
memberset_find(
    struct memberset *s, const char *path, struct memberset_row **row, struct error *err)
{
	for (size_t i = s->next; i < s->count && i < s->next + AHEAD; i++) {
		*row = row_at(s, i);
		if (strcmp((*row)->path, path) == 0) {
			s->next = i + 1;
			return 0;
		}
	}
	if (memberset_sort(s, err))
		return -1;
	*row = search(s, path);
	return 0;
}

int
memberset_sorted(
    struct memberset *s, struct memberset_row *const **rows, struct error *err)
{
	if (memberset_sort(s, err))
		return -1;
	*rows = s->sorted;
	return 0;
}

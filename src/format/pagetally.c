/*
 * The least of the remembered LSNs is the horizon: workers need no note of a page below it.  They
 * read it without a lock.  It only grows, so one that is out of date is too low, and costs a note
 * which remember() then drops.
 */
#include "format/pagetally.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/lsn.h"
#include "pg/page.h"

/* A page with a great LSN. */
struct row {
	uint64_t lsn;   /* 0: none yet */
	uint64_t block; /* in the file */
	char *path;
	bool is_damaged; /* the file was counted as such for another page */
};

struct pagetally {
	void (*finding)(const struct finding *);
	struct pagetally_sum sum;
	struct row rows[PAGETALLY_GREATEST];
	/* of the pages that are later than the WAL, the latest */
	struct row later;
	size_t least;             /* row with the least LSN */
	_Atomic uint64_t horizon; /* that LSN */
};

int
pagetally_new(
    struct pagetally **out, void (*finding)(const struct finding *), struct error *err)
{
	struct pagetally *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return error_memory(err);
	t->finding = finding;
	*out = t;
	return 0;
}

void
pagetally_free(struct pagetally *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < PAGETALLY_GREATEST; i++)
		free(t->rows[i].path);
	free(t->later.path);
	free(t);
}

uint64_t
pagetally_horizon(const struct pagetally *t)
{
	return atomic_load_explicit(&t->horizon, memory_order_relaxed);
}

/* Of neighbours the path is most often the same. */
static int
set_path(struct row *row, const char *path, struct error *err)
{
	char *copy;

	if (row->path && strcmp(row->path, path) == 0)
		return 0;
	copy = strdup(path);
	if (copy == NULL)
		return error_memory(err);
	free(row->path);
	row->path = copy;
	return 0;
}

/* Replaces the least of them. */
static int
remember(struct pagetally *t, const char *path, const struct piece_note *note,
    struct error *err)
{
	struct row *row = &t->rows[t->least];

	if (note->found <= row->lsn)
		return 0;
	if (set_path(row, path, err))
		return -1;
	row->lsn = note->found;
	row->block = note->offset / PAGE_BYTES;
	row->is_damaged = false;
	for (size_t i = 0; i < PAGETALLY_GREATEST; i++)
		if (t->rows[i].lsn < t->rows[t->least].lsn)
			t->least = i;
	atomic_store_explicit(&t->horizon, t->rows[t->least].lsn, memory_order_relaxed);
	return 0;
}

enum { WORDS = 48 }; /* room for what is expected, or found */

/* `file "base/5/1259", block 3: ...`, and the parts of it for ${f}. */
static int
describe(struct buf *text, struct finding *f, char expected[WORDS], char found[WORDS],
    const struct piece_note *n, struct error *err)
{
	if (buf_printf(text, err, "file \"%s\", block %llu: ", f->file,
		(unsigned long long)f->block))
		return -1;
	switch (n->kind) {
	case PAGE_BAD_CHECKSUM:
		f->kind = "checksum";
		snprintf(expected, WORDS, "%llX", (unsigned long long)n->expected);
		snprintf(found, WORDS, "%llX", (unsigned long long)n->found);
		return buf_printf(
		    text, err, "checksum %s expected, %s found", expected, found);
	case PAGE_NEW_NOT_ZERO:
		f->kind = "not_zero";
		snprintf(expected, WORDS, "zeros");
		snprintf(found, WORDS, "other bytes from offset %llu on",
		    (unsigned long long)n->found);
		return buf_printf(text, err,
		    "zeros expected in a page that says it is new, other bytes found from offset %llu on",
		    (unsigned long long)n->found);
	default:
		f->kind = "lsn";
		lsn_print(expected, n->expected);
		lsn_print(found, n->found);
		return buf_printf(
		    text, err, "LSN up to %s expected, %s found", expected, found);
	}
}

static int
say_finding(struct pagetally *t, const char *path, uint64_t block,
    const struct piece_note *note, struct error *err)
{
	char expected[WORDS], found[WORDS];
	struct finding f = { .file = path,
		.has_block = true,
		.block = block,
		.expected = expected,
		.found = found };
	struct buf text = { 0 };
	int rc = describe(&text, &f, expected, found, note, err);

	f.text = buf_text(&text);
	if (rc == 0)
		t->finding(&f);
	buf_free(&text);
	return rc;
}

/* Where there is one there are thousands: the latest is remembered. */
static int
count_later(struct pagetally *t, const char *path, const struct piece_note *note,
    struct error *err)
{
	t->sum.later_pages++;
	if (note->found <= t->later.lsn)
		return 0;
	t->later.lsn = note->found;
	t->later.block = note->offset / PAGE_BYTES;
	return set_path(&t->later, path, err);
}

int
pagetally_piece(struct pagetally *t, const char *path, struct pagetally_file *file,
    const struct piece *piece, struct error *err)
{
	file->pages += (piece->len - piece->missing) / PAGE_BYTES;
	for (size_t i = 0; i < piece->nnotes; i++) {
		const struct piece_note *n = &piece->notes[i];

		if (n->kind == PAGE_LATER) {
			if (count_later(t, path, n, err))
				return -1;
			continue;
		}
		if (!page_is_bad((enum page_state)n->kind)) {
			if (remember(t, path, n, err))
				return -1;
			continue;
		}
		if (file->damaged++ < PAGETALLY_NAMED &&
		    say_finding(t, path, n->offset / PAGE_BYTES, n, err))
			return -1;
	}
	return 0;
}

static int
say_how_many_more(struct pagetally *t, const char *path, uint64_t more, struct error *err)
{
	struct buf text = { 0 };
	int rc = buf_printf(&text, err, "file \"%s\": %llu more damaged blocks", path,
	    (unsigned long long)more);

	if (rc == 0)
		t->finding(&(struct finding){
		    .text = buf_text(&text), .kind = "more", .file = path });
	buf_free(&text);
	return rc;
}

/* The file ${path} has been counted as damaged. */
static void
mark_damaged(struct pagetally *t, const char *path)
{
	for (size_t i = 0; i < PAGETALLY_GREATEST; i++)
		if (t->rows[i].path && strcmp(t->rows[i].path, path) == 0)
			t->rows[i].is_damaged = true;
}

int
pagetally_end(struct pagetally *t, const char *path, const struct pagetally_file *file,
    struct error *err)
{
	t->sum.files++;
	t->sum.pages += file->pages;
	if (file->damaged == 0)
		return 0;
	t->sum.damaged_files++;
	t->sum.damaged_pages += file->damaged;
	mark_damaged(t, path);
	if (file->damaged > PAGETALLY_NAMED)
		return say_how_many_more(t, path, file->damaged - PAGETALLY_NAMED, err);
	return 0;
}

int
pagetally_stop(struct pagetally *t, uint64_t stop_lsn, struct error *err)
{
	for (size_t i = 0; i < PAGETALLY_GREATEST; i++) {
		const struct row *row = &t->rows[i];
		const struct piece_note note = {
			.kind = PAGE_BEYOND_STOP, .expected = stop_lsn, .found = row->lsn
		};

		if (row->path == NULL || row->lsn <= stop_lsn)
			continue;
		t->sum.damaged_pages++;
		t->sum.damaged_files += row->is_damaged ? 0 : 1;
		mark_damaged(t, row->path);
		if (say_finding(t, row->path, row->block, &note, err))
			return -1;
	}
	if (t->rows[t->least].lsn > stop_lsn)
		t->finding(&(struct finding){ .kind = "more",
		    .text =
			"more blocks may have a later LSN: only the 64 with the latest "
			"are remembered" });
	return 0;
}

const char *
pagetally_latest(const struct pagetally *t, uint64_t *block, uint64_t *lsn)
{
	*block = t->later.block;
	*lsn = t->later.lsn;
	return t->later.path;
}

struct pagetally_sum
pagetally_sum(const struct pagetally *t)
{
	return t->sum;
}

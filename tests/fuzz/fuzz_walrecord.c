#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wal/waldatabases.h"
#include "wal/walreader.h"

/* A fuzz target is linked with the library only. */
#include "support/walimage.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Bytes chosen by chance never have a right checksum.  So the first half of the input
 * says what records an image has (they must be read as they were written, however the
 * bytes come in pieces), and the rest changes bytes of it; records are sealed again,
 * so that what follows the checksum is reached too.  Then only memory and time are
 * at stake, and that it does not matter how the bytes come.
 */
struct input {
	const uint8_t *at;
	size_t left;
};

static unsigned
next(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static struct walimage image;
static bool skips_filler; /* the reader that is run */

static bool
has_room(void)
{
	return image.lsn + 4 * WALIMAGE_SEGMENT < WALIMAGE_START + WALIMAGE_SIZE &&
	    image.count + 2 * WALIMAGE_PAGE < WALIMAGE_RECORDS;
}

/* One step: a record, or what else a server writes. */
static void
write_step(struct input *in)
{
	unsigned what = next(in), len = next(in);
	uint8_t bytes[255];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i < 16 ? next(in) : i);
	switch (what % 8) {
	case 0:
		walimage_switch(&image, len % 2 == 0);
		break;
	case 1: /* it spans two pages at least: the first page, and a part */
		walimage_abandon(&image, 3 * WALIMAGE_PAGE + len, 1 + len % 2);
		break;
	case 2:
		if (image.timeline == 1)
			walimage_promote(&image);
		break;
	case 3:
		walimage_heap(&image, 24 + 8 * len);
		break;
	case 4:
		walimage_until(&image, len % 9 * 8);
		break;
	case 5: /* the path's end is where the input has it; or databases made and dropped */
		if (len % 2)
			walimage_main(&image, WALIMAGE_TABLESPACE,
			    (uint8_t)(bytes[15] % 2 << 4), bytes, len % 20);
		else
			walimage_main(
			    &image, 4, (uint8_t)(bytes[15] % 3 << 4), bytes, len % 20);
		break;
	case 6: /* parts of all kinds; an overwrite without reason is an error */
		walimage_record(
		    &image, (uint8_t)(len % 2 ? 5 : 10), 0, bytes, next(in) % 64);
		break;
	default:
		walimage_backup_end(&image, image.records[0].lsn);
	}
}

struct counter {
	struct walreader_sink sink; /* first */
	size_t count;
	bool differs;
	struct waldatabases *databases;
};

/* Every decoder sees every record. */
static int
count(struct walreader_sink *sink, const struct walrecord *rec, struct error *err)
{
	struct counter *c = (struct counter *)sink;
	const struct walrecord *want = &image.records[c->count];
	struct error unheard;
	const uint8_t *data;
	const char *path;
	uint32_t oid;
	size_t len;

	(void)err;
	if (waldatabases_record(c->databases, 0, rec, &unheard))
		abort();
	if (c->count++ >= image.count || want->lsn != rec->lsn ||
	    want->end_lsn != rec->end_lsn || want->len != rec->len)
		c->differs = true;
	if (walrecord_main_data(rec, &data, &len, &unheard) == 0 &&
	    (len > rec->len || data + len != rec->data + rec->len))
		abort();
	if (walrecord_is_tablespace(rec) &&
	    walrecord_tablespace(rec, &oid, &path, &unheard) == 0 &&
	    strlen(path) > rec->len)
		abort();
	return 0;
}

/* What is found of databases is among what was told. */
static void
find_databases(struct waldatabases *w)
{
	const struct waldatabases_backup backup = { .nhave = 0 };
	struct waldatabases_copy *copies;
	char text[WALDATABASES_TEXT];
	struct error err;
	size_t n;

	if (waldatabases_find(w, &backup, &copies, &n, &err))
		abort();
	for (size_t i = 0; i < n; i++) {
		if (copies[i].fault == WALDATABASES_SOUND ||
		    copies[i].lsn < WALIMAGE_START)
			abort();
		waldatabases_describe(&copies[i], text);
	}
	free(copies);
	waldatabases_free(w);
}

/* All of it in pieces; each piece in memory of its own size. */
static int
walk(size_t piece, uint64_t stop, struct counter *c, struct error *err)
{
	const struct walpage_expect expect = walimage_expect(&image);
	const struct walreader_options opt = { &expect, WALIMAGE_START, stop,
		skips_filler, &c->sink, false };
	struct walreader *r;
	int rc;

	*c = (struct counter){ .sink = { count } };
	if (walreader_new(&r, &opt, err) || waldatabases_new(&c->databases, err))
		abort();
	rc = 0;
	for (size_t at = 0; rc == 0 && at < WALIMAGE_SIZE; at += piece) {
		uint64_t lsn = WALIMAGE_START + at;
		uint8_t *copy = malloc(piece);

		if (copy == NULL)
			abort();
		memcpy(copy, image.bytes + at, piece);
		if (lsn % WALIMAGE_SEGMENT == 0)
			rc = walreader_segment(r,
			    walhistory_at(&image.history, lsn + WALIMAGE_SEGMENT - 1),
			    lsn, err);
		if (rc == 0)
			rc = walreader_bytes(r, copy, piece, err);
		free(copy);
	}
	if (rc == 0)
		rc = walreader_finish(r, err);
	walreader_free(r);
	find_databases(c->databases);
	return rc;
}

/* Does it end alike however the bytes come? */
static int
walk_all(uint64_t stop, struct counter *c)
{
	struct error whole = { 0 }, parts = { 0 };
	struct counter again;
	int rc = walk(WALIMAGE_SEGMENT, stop, c, &whole);

	if (walk(WALIMAGE_PAGE, stop, &again, &parts) != rc || again.count != c->count ||
	    strcmp(whole.text, parts.text) != 0)
		abort();
	if ((rc == 0) != (whole.kind == ERROR_NONE))
		abort();
	return rc;
}

/* A reader that does not look at filler goes at least as far as one that does. */
static void
compare_readers(uint64_t stop)
{
	struct counter strict, lenient;
	int rc = walk_all(stop, &strict);

	skips_filler = true;
	if ((walk_all(stop, &lenient) != 0 && rc == 0) || lenient.count < strict.count)
		abort();
	skips_filler = false;
}

/* Change a byte somewhere, and now and then make a record's checksum right again. */
static void
damage(struct input *in)
{
	uint64_t at = next(in) * 256U + next(in);
	unsigned how = next(in);

	image.bytes[at % WALIMAGE_SIZE] = (uint8_t)next(in);
	if (how % 2) {
		uint64_t lsn = image.records[how % image.count].lsn;
		uint32_t len;

		memcpy(&len, walimage_at(&image, lsn), sizeof(len));
		if (len >= WALRECORD_HEADER && len <= WALIMAGE_PAGE - lsn % WALIMAGE_PAGE)
			walimage_seal(&image, lsn);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size / 2 };
	struct counter c;
	uint64_t stop;

	if (!walimage_start(&image))
		abort();
	walimage_heap(&image, 24);
	while (in.left > 0 && has_room())
		write_step(&in);
	stop = image.records[image.count - 1].end_lsn;
	if (walk_all(stop, &c) != 0 || c.count != image.count || c.differs)
		abort();
	in = (struct input){ data + size / 2, size - size / 2 };
	while (in.left > 0)
		damage(&in);
	compare_readers(stop);
	compare_readers(UINT64_MAX);
	walimage_free(&image);
	return 0;
}

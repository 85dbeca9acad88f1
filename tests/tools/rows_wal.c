/* The WAL: segments, and what is in them. */
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "mutilate.h"
#include "pg/cluster.h"
#include "pg/control.h"
#include "wal/walname.h"
#include "wal/walreader.h"

#define PAGE 8192

/* ---- where things lie ---- */

/* The WAL of the backup. */
struct wal {
	const struct image *image;
	struct control control;
	uint32_t timeline;
	uint64_t start, end;
};

static void
read_wal(const struct image *image, struct wal *wal)
{
	const struct member *m = image_need(image, "global/pg_control");
	struct error err = { 0 };

	wal->image = image;
	must(control_decode(m->body.data, m->body.len, &wal->control, &err), &err);
	manifest_wal(image, &wal->timeline, &wal->start, &wal->end);
}

/* The segment of that position. */
static struct member *
segment_at(const struct wal *wal, uint64_t lsn)
{
	const uint32_t size = wal->control.wal_segment_size;
	char name[64] = "pg_wal/";

	walname_build(name + 7, wal->timeline, walname_segment(lsn, size), size);
	return image_need(wal->image, name);
}

static uint8_t *
byte_at(const struct wal *wal, uint64_t lsn)
{
	return segment_at(wal, lsn)->body.data + lsn % wal->control.wal_segment_size;
}

/* The first record of a kind that begins 800 bytes before the end of its page, or earlier. */
struct wanted {
	struct walreader_sink sink; /* first */
	size_t least, most;         /* bytes of it */
	uint64_t from;              /* it begins there or later */
	uint64_t found;
};

static int
hear_record(struct walreader_sink *sink, const struct walrecord *rec, struct error *err)
{
	struct wanted *w = (struct wanted *)sink;

	(void)err;
	if (w->found == 0 && rec->lsn >= w->from && rec->total_len >= w->least &&
	    rec->total_len <= w->most && rec->lsn % PAGE + 800 < PAGE)
		w->found = rec->lsn;
	return 0;
}

static void
walk(const struct wal *wal, struct walreader_sink *sink)
{
	const uint32_t size = wal->control.wal_segment_size;
	struct walpage_expect expect = { .version = cluster_version(15),
		.system_identifier = wal->control.system_identifier,
		.segment_size = size,
		.block_size = wal->control.wal_block_size };
	struct walhistory history = { 0 };
	struct walreader *reader;
	struct error err = { 0 };

	must(walhistory_single(&history, wal->timeline, &err), &err);
	expect.history = &history;
	must(walreader_new(&reader,
		 &(struct walreader_options){ .expect = &expect,
		     .start_lsn = wal->start,
		     .stop_lsn = wal->end,
		     .skips_filler = true,
		     .sink = sink },
		 &err),
	    &err);
	for (uint64_t lsn = wal->start - wal->start % size; lsn < wal->end; lsn += size) {
		const struct member *m = segment_at(wal, lsn);

		must(walreader_segment(reader, wal->timeline, lsn, &err), &err);
		must(walreader_bytes(reader, m->body.data, m->body.len, &err), &err);
	}
	walreader_free(reader);
	walhistory_free(&history);
}

/* Byte ${number} of such a record, in the segment ${member} or later. */
static uint8_t *
byte_of_record(
    struct image *image, const struct mutilation *row, size_t least, size_t most)
{
	/* the address of a segment is in the header of its first page */
	const uint64_t from =
	    get_u64native(image_need(image, row->member)->body.data + 8);
	struct wanted w = { { hear_record }, least, most, from, 0 };
	struct wal wal;

	read_wal(image, &wal);
	walk(&wal, &w.sink);
	if (w.found == 0)
		die("the WAL has no record of %zu to %zu bytes", least, most);
	return byte_at(&wal, w.found + (uint64_t)row->number);
}

/* ---- changes ---- */

/* A bit of byte ${number} of a short record. */
static void
flip_record(struct image *image, const struct mutilation *row)
{
	*byte_of_record(image, row, 62, 400) ^= 4;
}

/* The same of one that has the image of a page. */
static void
flip_image(struct image *image, const struct mutilation *row)
{
	*byte_of_record(image, row, 2000, 9000) ^= 4;
}

/* A bit of the last record, ${number} bytes before its end. */
static void
flip_last(struct image *image, const struct mutilation *row)
{
	struct wal wal;

	read_wal(image, &wal);
	*byte_at(&wal, wal.end - (uint64_t)row->number) ^= 4;
}

/* Zeros, from ${number} pages before the one with the stop position, to its segment's end. */
static void
zero_end(struct image *image, const struct mutilation *row)
{
	struct wal wal;
	struct member *m;
	size_t at;

	read_wal(image, &wal);
	m = segment_at(&wal, wal.end - 1);
	at = (size_t)((wal.end - 1) % wal.control.wal_segment_size / PAGE) * PAGE;
	at -= (size_t)(row->number * PAGE);
	if (at > m->body.len)
		die("the stop position is not far enough in its segment");
	memset(m->body.data + at, 0, m->body.len - at);
}

/* ${number} pages from page ${to} of the segment on are those from page ${from} on. */
static void
copy_pages(struct image *image, const struct mutilation *row)
{
	uint8_t *body = image_need(image, row->member)->body.data;

	memmove(body + strtoul(row->to, NULL, 10) * PAGE,
	    body + strtoul(row->from, NULL, 10) * PAGE, (size_t)row->number * PAGE);
}

/* Page ${number} is of zeros; -1: all pages. */
static void
zero_page(struct image *image, const struct mutilation *row)
{
	struct member *m = image_need(image, row->member);

	if (row->number == -1)
		memset(m->body.data, 0, m->body.len);
	else
		memset(m->body.data + row->number * PAGE, 0, PAGE);
}

/* It has the content of the segment ${from}. */
static void
recycle(struct image *image, const struct mutilation *row)
{
	const struct member *from = image_need(image, row->from);

	memcpy(
	    image_need(image, row->member)->body.data, from->body.data, from->body.len);
}

/* Its name begins with ${to}. */
static void
rename_segment(struct image *image, const struct mutilation *row)
{
	const struct member *m = image_need(image, row->member);
	struct mutilation change = *row;
	char name[64];

	snprintf(
	    name, sizeof(name), "pg_wal/%s%s", row->to, m->name + 7 + strlen(row->to));
	change.to = name;
	change_name(image, &change);
}

#define AT_PAGE "wal: .*WAL page at 0/[0-9A-F]+: "
#define AT_RECORD "wal: .*WAL record at 0/[0-9A-F]+"
#define HISTORY "pg_wal/00000002.history"
#define LSN "[0-9A-F]+/[0-9A-F]+"
#define IS_MISSING \
	"missing: \"pg_wal/[0-9A-F]{24}\": WAL segment \"[0-9A-F]{24}\" is missing: "
#define UP_TO "the WAL is complete up to " LSN ", but the backup needs it up to " LSN

/* And the manifest, which says how far it goes. */
static void
lose_last(struct image *image, const struct mutilation *row)
{
	struct mutilation change = *row;

	change.member = "last segment";
	change_remove(image, &change);
	change.member = "backup_manifest";
	change_remove(image, &change);
}

const struct mutilation wal_rows[] = {
	{ "wal: the first segment missing", "online offline snapshot standby two v17 v18",
	    change_remove, "first segment", NULL, NULL, 0, AS_IS, ONE_FINDING,
	    { IS_MISSING "(it is the first, the backup needs the WAL up to " LSN
			 "|the backup has no WAL, but needs it from " LSN " on)$" } },
	{ "wal: a segment in the middle missing", "online snapshot", change_remove,
	    "middle segment", NULL, NULL, 0, AS_IS, ONE_FINDING,
	    { IS_MISSING UP_TO "$" } },
	{ "wal: the last segment missing", "online snapshot standby two", change_remove,
	    "last segment", NULL, NULL, 0, AS_IS, ONE_FINDING, { IS_MISSING UP_TO "$" } },
	{ "wal: the last segment missing, no manifest", "online standby two", lose_last,
	    NULL, NULL, NULL, 0, AS_IS, 3,
	    { IS_MISSING, "missing: \"backup_manifest\"" } },
	{ "wal: the old timeline's segments missing", "two", change_remove,
	    "pg_wal/00000001[0-9A-F]*", NULL, NULL, 0, AS_IS, ONE_FINDING,
	    { IS_MISSING } },
	{ "wal: of another cluster", "online", change_flip, "middle segment", NULL, NULL,
	    24, AS_IS, 3,
	    { "wal: .*of another cluster: system identifier [0-9]+, expected [0-9]+" } },
	{ "wal: of another cluster, the first segment", "online offline snapshot standby",
	    change_flip, "first segment", NULL, NULL, 24, AS_IS, 3,
	    { "wal: .*of another cluster: system identifier [0-9]+, expected [0-9]+" } },
	{ "wal: of another cluster, the last segment", "online offline snapshot standby",
	    change_flip, "last segment", NULL, NULL, 24, AS_IS, 3,
	    { "wal: .*of another cluster: system identifier [0-9]+, expected [0-9]+" } },
	{ "wal: recycled", "online", recycle, "middle segment", "first segment", NULL, 0,
	    AS_IS, 3, { "wal: .*the segment was recycled" } },
	{ "wal: recycled, the last", "online", recycle, "last segment", "first segment",
	    NULL, 0, AS_IS, 3, { "wal: .*the segment was recycled" } },
	{ "wal: the first page of a recycled segment", "online", change_flip,
	    "middle segment", NULL, NULL, 10, AS_IS, 3,
	    { "wal: .*the segment was recycled" } },
	{ "wal: recycled from page 3 on", "online", copy_pages, "middle segment", "1",
	    "3", 2, AS_IS, 3, { AT_PAGE "unexpected page address 0/[0-9A-F]+" } },
	{ "wal: a segment of zeros", "online", zero_page, "middle segment", NULL, NULL,
	    -1, AS_IS, 3, { AT_PAGE "page is empty" } },
	{ "wal: a page of zeros", "online", zero_page, "middle segment", NULL, NULL, 1,
	    AS_IS, 3, { AT_PAGE "page is empty" } },
	{ "wal: of a timeline that is not known", "online", rename_segment,
	    "middle segment", NULL, "00000007", 0, AS_IS, ONE_FINDING,
	    { IS_MISSING UP_TO } },
	{ "wal: of another 4 GiB", "online", rename_segment, "middle segment", NULL,
	    "0000000100000001", 0, AS_IS, 3, { IS_MISSING UP_TO } },
	{ "wal: of timeline 0", "online", rename_segment, "middle segment", NULL,
	    "00000000", 0, AS_IS, 3, { "name: \"pg_wal/[0-9A-F]{24}\"" } },

	{ "wal: a bit of a page's magic", "online", change_flip, "middle segment", NULL,
	    NULL, PAGE, AS_IS, 3, { AT_PAGE "magic" } },
	{ "wal: a bit of a page's flags", "online", change_flip, "middle segment", NULL,
	    NULL, PAGE + 3, AS_IS, 3, { AT_PAGE "invalid flags" } },
	{ "wal: a bit of a page's timeline", "online", change_flip, "middle segment",
	    NULL, NULL, PAGE + 4, AS_IS, 3, { AT_PAGE "timeline" } },
	{ "wal: a bit of a page's address", "online", change_flip, "middle segment", NULL,
	    NULL, PAGE + 9, AS_IS, 3, { AT_PAGE "unexpected page address" } },
	{ "wal: a bit of what is left of a record", "online", change_flip,
	    "middle segment", NULL, NULL, PAGE + 16, AS_IS, 3,
	    { AT_PAGE ".*left of a record" } },
	{ "wal: a bit of the segment size", "online", change_flip, "middle segment", NULL,
	    NULL, 34, AS_IS, 3, { "wal: .*segment size" } },
	{ "wal: a bit of the page size", "online", change_flip, "middle segment", NULL,
	    NULL, 37, AS_IS, 3, { "wal: .*page size" } },
	{ "wal: a bit of a record's length", "online", flip_record, "middle segment",
	    NULL, NULL, 0, AS_IS, 3, { "wal: .*WAL (record|page) at 0/[0-9A-F]+" } },
	{ "wal: a bit of a record's transaction", "online offline snapshot standby",
	    flip_record, "first segment", NULL, NULL, 5, AS_IS, 3,
	    { AT_RECORD ".*checksum" } },
	{ "wal: a bit of a record's link", "online", flip_record, "middle segment", NULL,
	    NULL, 9, AS_IS, 3, { AT_RECORD ".*its link to the previous record" } },
	{ "wal: a bit of a record's kind", "online", flip_record, "middle segment", NULL,
	    NULL, 16, AS_IS, 3, { AT_RECORD ".*checksum" } },
	{ "wal: a bit of a record's resource manager", "online", flip_record,
	    "middle segment", NULL, NULL, 17, AS_IS, 3, { AT_RECORD } },
	{ "wal: a bit of a record's checksum", "online", flip_record, "middle segment",
	    NULL, NULL, 21, AS_IS, 3, { AT_RECORD ".*checksum" } },
	{ "wal: a bit of a record's data", "online offline snapshot standby", flip_record,
	    "first segment", NULL, NULL, 60, AS_IS, 3, { AT_RECORD ".*checksum" } },
	{ "wal: a bit of a page's image", "online snapshot standby", flip_image,
	    "first segment", NULL, NULL, 700, AS_IS, 3, { AT_RECORD ".*checksum" } },
	{ "wal: a bit of the last record", "online offline", flip_last, NULL, NULL, NULL,
	    10, AS_IS, 3, { AT_RECORD ".*checksum" } },
	{ "wal: zeros from the page of the stop on", "online offline standby", zero_end,
	    NULL, NULL, NULL, 0, AS_IS, 3, { "wal: .*0/[0-9A-F]+" } },
	{ "wal: zeros from a page before on", "online standby", zero_end, NULL, NULL,
	    NULL, 1, AS_IS, 3, { "wal: .*0/[0-9A-F]+" } },
	{ "wal: zeros after the page of the stop", "online offline standby", zero_end,
	    NULL, NULL, NULL, -1, AS_IS, 0, { NULL } },

	{ "wal: the history missing", "two", change_remove, HISTORY, NULL, NULL, 0, AS_IS,
	    ONE_FINDING,
	    { "missing: \"" HISTORY
	      "\": is missing: the WAL goes from timeline 1 to 2$" } },
	{ "wal: the history empty", "two", change_text, HISTORY, NULL, "", 0, AS_IS, 3,
	    { "wal: " } },
	{ "wal: the history of another promotion", "two", change_text, HISTORY, "\t0/",
	    "\t0/1", 0, AS_IS, 3, { "wal: " } },
	{ "wal: the history without its parent", "two", change_text, HISTORY, "1\t0/",
	    "#\t0/", 0, AS_IS, 3, { "wal: " } },
	{ "wal: the history is junk", "two", change_text, HISTORY, NULL, "nonsense\n", 0,
	    AS_IS, ONE_FINDING, { "wal: \"" HISTORY "\": " } },
	{ "wal: the history of timeline 0", "two", change_name, HISTORY, NULL,
	    "pg_wal/00000000.history", 0, AS_IS, 3,
	    { "name: \"pg_wal/00000000.history\"", "missing: \"" HISTORY "\"" } },
	{ "wal: the history of timeline 3", "two", change_name, HISTORY, NULL,
	    "pg_wal/00000003.history", 0, AS_IS, 3, { "missing: \"" HISTORY "\"" } },
	{ "wal: the new timeline's segments missing", "two", change_remove,
	    "pg_wal/00000002[0-9A-F]*", NULL, NULL, 0, AS_IS, ONE_FINDING,
	    { IS_MISSING } },
	{ 0 },
};

/*
 * Pages under suspicion: data pages that look damaged are kept while the backup passes, and
 * judged at its end.
 *
 * Why a torn page is benign.  A running server may write a page while it is copied, and the copy
 * then has half of the old page and half of the new: it is torn, and its checksum is wrong.  But
 * the change that the server wrote is in the WAL, which is always written before the page.  It
 * was made after the redo location where replay starts, since that checkpoint wrote all earlier
 * changes before the copy began.  And the first record about a page after a redo location has an
 * image of all of it while full_page_writes is on, which a backup on a primary enforces
 * (doPageWrites in xlog.c) and one on a standby requires.  Replay puts the image in the page's
 * place, and never reads what was torn.
 *
 * What the WAL must hold.  The LSN is a field of the page, and in a damaged one it may be any
 * number, so it excuses nothing; the record itself does.  Of all records that recovery reads and
 * that have to do with the page, the first must make it anew (an image to be applied, a page that
 * is initialized, a database that is created as a copy), and must end at the stop position or
 * before, since recovery may end there:
 *
 *	start of replay                                 stop
 *	      |-----[image]------[change]-----------------|              benign
 *	      |-----[change]-----[image]------------------|              damaged: the change reads it
 *	      |-------------------------------------------|---[image]    damaged: may not be replayed
 *	      |-------------------------------------------|              damaged: stays as it is
 *
 * Without WAL in the archive the LSN is all there is: an unsound page that says it was changed
 * after the start is counted, and reported as one that cannot be checked.  Where nothing is
 * replayed, as in the copy of a cluster that was shut down, every unsound page is damaged.
 *
 * The order of things.  A backup is read once, and what decides comes after the pages:
 *
 *	tree               pg_control        WAL                       manifest, end
 *	 |                  |                 |                         |
 *	 pages that are     are there         records that have to      which records does recovery
 *	 not sound: rows    checksums?        do with a row: mentions   read, where is the stop?
 *	 _bytes()           _control()        _mention(), _database()   _judge()
 *
 * So pages are first looked at as if there were checksums.  If there are not, the rows are
 * forgotten, but for those of files that end in the middle of a page.  Which timeline recovery
 * follows is known last of all, so a row has a mention by each lineage of WAL (wal/lineages.h);
 * one is enough, since only the first record of a lineage decides.
 *
 * The opposite case is kept too, the greatest LSNs of pages that look sound: a page with a later
 * LSN than the stop is of a later moment, and the WAL of this backup does not lead to it.
 *
 * Memory.  A row is 56 bytes, and there are PAGESUSPECT_MOST at most, and CUT_MOST for files that
 * end within a page: 4 MB.  A mention is 40 bytes, one for each row and lineage; so is a file
 * that has a row.  Suspects beyond that are only counted, as damaged, without a look at the WAL:
 * the server writes a page in microseconds, so a copy that has so many torn ones is not expected.
 */
#include "proof/pagesuspect_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lsn.h"
#include "pg/page.h"

/* Pages in a full segment of a relation, unless the server was built otherwise. */
enum { SEGMENT_BLOCKS = 131072 };

/* Files that end in the middle of a page, and are remembered in any case. */
enum { CUT_MOST = 1024 };

/*
 * An LSN farther beyond the stop than this is garbage in a page without a checksum, and
 * not that of a page with a later LSN: 1 PiB of WAL.
 */
#define LATER_MOST (UINT64_C(1) << 50)

int
pagesuspect_new(struct pagesuspect **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : error_memory(err);
}

/* All rows; or ${but_cut} those only that a checksum is the matter of. */
static void
forget_rows(struct pagesuspect *p, bool but_cut)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++)
		if (but_cut && p->rows[i].state == PAGE_CUT)
			p->rows[kept++] = p->rows[i];
		else
			pagesuspect_free_mentions(p->rows[i].mentions);
	p->count = kept;
	for (size_t i = 0; i < p->ngroups; i++)
		pagesuspect_free_mentions(p->groups[i].mentions);
	free(p->groups);
	p->groups = NULL;
	p->ngroups = 0;
}

void
pagesuspect_free(struct pagesuspect *p)
{
	struct pagesuspect_path *next;

	if (p == NULL)
		return;
	for (struct pagesuspect_path *path = p->paths; path; path = next) {
		next = path->next;
		free(path);
	}
	forget_rows(p, false);
	free(p->rows);
	free(p);
}

/* ---- which files ---- */

bool
pagesuspect_is_relation(const char *path, struct pagesuspect_file *out)
{
	struct pagesuspect_file file = { .path = path };

	if (!relfile_locate(path, &file.at) || file.at.file.is_temporary ||
	    file.at.file.segment > UINT32_MAX / SEGMENT_BLOCKS)
		return false;
	*out = file;
	return true;
}

/* ---- pages that pass ---- */

/* The file's row, made when its first page is to be kept. */
static struct pagesuspect_path *
pagesuspect_path_of(struct pagesuspect *p, const struct pagesuspect_file *file)
{
	struct pagesuspect_path *path = p->paths;

	if (path && path->path == file->path)
		return path;
	path = calloc(1, sizeof(*path));
	if (path == NULL)
		return NULL;
	*path = (struct pagesuspect_path){ .next = p->paths,
		.path = file->path,
		.row = file->row,
		.offset = file->offset,
		.first_block = file->at.file.segment * SEGMENT_BLOCKS };
	p->paths = path;
	return path;
}

static int
pagesuspect_make_room(struct pagesuspect *p, struct error *err)
{
	size_t room = p->room ? p->room * 2 : 64;
	struct pagesuspect_row *rows;

	if (p->count < p->room)
		return 0;
	rows = realloc(p->rows, room * sizeof(*rows));
	if (rows == NULL)
		return error_memory(err);
	p->rows = rows;
	p->room = room;
	return 0;
}

static int
suspect(struct pagesuspect *p, const struct pagesuspect_file *file, uint32_t block,
    const struct page_verdict *v, uint64_t lsn, struct error *err)
{
	/* without checksums every page looks damaged until pg_control tells: leave room */
	const size_t most = PAGESUSPECT_MOST + (v->state == PAGE_CUT ? CUT_MOST : 0);
	struct pagesuspect_path *path;

	if (p->count >= most) {
		p->left_out++;
		return 0;
	}
	path = pagesuspect_path_of(p, file);
	if (path == NULL)
		return error_memory(err);
	if (pagesuspect_make_room(p, err))
		return -1;
	p->rows[p->count++] = (struct pagesuspect_row){
		.key = { file->at.space, file->at.database, file->at.file.relnode, block,
		    (uint8_t)file->at.file.fork },
		.state = (uint8_t)v->state,
		.expected = (uint16_t)v->expected,
		.found = (uint16_t)v->found,
		.lsn = lsn,
		.file = path,
	};
	return 0;
}

static int
remember(struct pagesuspect *p, const struct pagesuspect_file *file, uint32_t block,
    uint64_t lsn, struct error *err)
{
	struct pagesuspect_great *row = &p->greatest[p->least];

	if (lsn <= row->lsn)
		return 0;
	row->file = pagesuspect_path_of(p, file);
	if (row->file == NULL)
		return error_memory(err);
	row->lsn = lsn;
	row->block = block - file->at.file.segment * SEGMENT_BLOCKS;
	for (size_t i = 0; i < PAGESUSPECT_GREATEST; i++)
		if (p->greatest[i].lsn < p->greatest[p->least].lsn)
			p->least = i;
	return 0;
}

/* Does the header say what one of a page without a checksum should? */
static bool
is_sane(const struct page_header *h)
{
	return h->layout == 4 && h->size == PAGE_BYTES && h->lower <= h->upper &&
	    h->upper <= h->special && h->special <= PAGE_BYTES;
}

/* A page with the checksum 0 has none, if the cluster has none: that is known later. */
static int
pagesuspect_look_at(struct pagesuspect *p, const struct pagesuspect_file *file,
    uint32_t block, const uint8_t *page, struct error *err)
{
	static const struct page_limits all = { PAGE_NO_LSN, PAGE_NO_LSN, 0, false };
	struct page_verdict v = { PAGE_BAD_CHECKSUM, 0, 0 };
	struct page_header h;

	page_decode(page, &h);
	if (h.checksum != 0 || h.upper == 0 || p->count < PAGESUSPECT_MOST)
		v = page_judge(page, block, &all);
	if (page_is_bad(v.state) && suspect(p, file, block, &v, h.lsn, err))
		return -1;
	if (v.state == PAGE_SOUND || (h.checksum == 0 && is_sane(&h)))
		return remember(p, file, block, h.lsn, err);
	return 0;
}

/*
 * The file ends in the middle of a page.  What is left of a page of which nothing was written
 * is zeros: the server leaves such when the disk is full, and takes no notice of it.
 */
static int
look_at_rest(struct pagesuspect *p, const struct pagesuspect_file *file, uint32_t block,
    const uint8_t *bytes, size_t len, struct error *err)
{
	uint8_t page[PAGE_BYTES] = { 0 };
	struct page_verdict v = { PAGE_CUT, PAGE_BYTES, len };
	struct page_header h;

	if (memcmp(page, bytes, len) == 0)
		return 0;
	memcpy(page, bytes, len);
	page_decode(page, &h);
	return suspect(p, file, block, &v, h.lsn, err);
}

int
pagesuspect_bytes(struct pagesuspect *p, const struct pagesuspect_file *file, uint64_t at,
    const uint8_t *bytes, size_t len, struct error *err)
{
	uint64_t block =
	    at / PAGE_BYTES + (uint64_t)file->at.file.segment * SEGMENT_BLOCKS;

	if (p->last_path != file->path)
		p->sum.files++;
	p->last_path = file->path;
	for (; len >= PAGE_BYTES && block <= UINT32_MAX;
	     len -= PAGE_BYTES, bytes += PAGE_BYTES) {
		p->sum.pages++;
		if (pagesuspect_look_at(p, file, (uint32_t)block++, bytes, err))
			return -1;
	}
	return len > 0 && len < PAGE_BYTES && block <= UINT32_MAX ?
	    look_at_rest(p, file, (uint32_t)block, bytes, len, err) :
	    0;
}

/* ---- what is known later ---- */

void
pagesuspect_control(struct pagesuspect *p, const struct control *c)
{
	p->sum.are_checked = c->data_checksums == 1 && c->block_size == PAGE_BYTES &&
	    c->segment_blocks == SEGMENT_BLOCKS;
	p->are_unknown = c->block_size != PAGE_BYTES;
	if (p->sum.are_checked)
		return;
	forget_rows(p, !p->are_unknown && c->segment_blocks == SEGMENT_BLOCKS);
	p->left_out = 0;
	if (p->are_unknown)
		memset(p->greatest, 0, sizeof(p->greatest));
}

bool
pagesuspect_has_any(const struct pagesuspect *p)
{
	return p->count > 0;
}

/* ---- the verdict ---- */

static struct findings_location
place_of_block(const struct pagesuspect_path *file, uint32_t block)
{
	return (struct findings_location){ .member = file->path,
		.has_offset = true,
		.offset = file->offset + (uint64_t)block * PAGE_BYTES,
		.has_block = true,
		.block = block };
}

static enum finding_digest
digest_of(const struct pagesuspect_path *file, const struct pagesuspect_limits *limits)
{
	return limits->has_digests && file->row ? (enum finding_digest)file->row->digest :
						  FINDING_NOT_COMPARED;
}

/* A file that was cut, or to which something was added: that was told as a wrong size. */
static bool
is_told_by_size(const struct pagesuspect_row *s)
{
	const struct memberset_row *file = s->file->row;
	const uint64_t at = (uint64_t)(s->key.block - s->file->first_block) * PAGE_BYTES;

	return file && file->is_size_told &&
	    (s->state == PAGE_CUT || (file->is_listed && at >= file->listed_size));
}

static int
say_damaged(const struct pagesuspect_row *s, const struct pagesuspect_limits *limits,
    struct findings *findings, struct error *err)
{
	struct findings_location location =
	    place_of_block(s->file, s->key.block - s->file->first_block);
	char expected[32], found[48];

	if (is_told_by_size(s))
		return 0;
	if (s->file->row)
		s->file->row->is_damage_told = true;
	location.digest = digest_of(s->file, limits);
	location.expected = expected;
	location.found = found;
	if (s->state == PAGE_NEW_NOT_ZERO) {
		snprintf(expected, sizeof(expected), "zeros");
		snprintf(found, sizeof(found), "other bytes from byte %u on", s->found);
		return findings_add(findings, FINDINGS_NOT_ZERO, &location, err,
		    "the page says that it is new");
	}
	if (s->state == PAGE_CUT) {
		snprintf(expected, sizeof(expected), "%u bytes", s->expected);
		snprintf(found, sizeof(found), "%u", s->found);
		return findings_add(findings, FINDINGS_SIZE, &location, err,
		    "ends in the middle of a page");
	}
	snprintf(expected, sizeof(expected), "%X", s->expected);
	snprintf(found, sizeof(found), "%X", s->found);
	return findings_add(findings, FINDINGS_CHECKSUM, &location, err, "page checksum");
}

static void
say_benign(const struct pagesuspect_row *s, void (*benign)(const char *text))
{
	char text[256], lsn[LSN_TEXT];

	snprintf(text, sizeof(text),
	    "\"%s\", block %" PRIu32
	    ", LSN %s: the page was torn when it was copied, and the WAL restores it",
	    s->file->path, s->key.block - s->file->first_block, lsn_print(lsn, s->lsn));
	benign(text);
}

static void
count_damaged(struct pagesuspect *p, struct pagesuspect_path *file)
{
	p->sum.damaged_pages++;
	p->sum.damaged_files += file->is_damaged ? 0 : 1;
	file->is_damaged = true;
}

/* The first of ${list} that recovery reads, if that is before ${first}; else ${first}. */
static const struct pagesuspect_mention *
first_read(const struct pagesuspect_mentioned *list,
    const struct pagesuspect_mention *first, const struct pagesuspect_limits *limits)
{
	for (const struct pagesuspect_mentioned *m = list; m; m = m->next)
		if ((first == NULL || m->mention.lsn < first->lsn) &&
		    limits->is_read(limits, m->mention.lineage, m->mention.end_lsn))
			first = &m->mention;
	return first;
}

/* Of what recovery reads up to the stop, does the first that is about the page mend it? */
static bool
is_mended(const struct pagesuspect *p, const struct pagesuspect_row *s,
    const struct pagesuspect_limits *limits)
{
	const struct pagesuspect_group *group =
	    pagesuspect_find_group(p, s->key.space, s->key.database);
	const struct pagesuspect_mention *first = first_read(s->mentions, NULL, limits);

	if (group)
		first = first_read(group->mentions, first, limits);
	return first && first->is_made_anew && first->end_lsn <= limits->stop_lsn;
}

static int
judge_one(struct pagesuspect *p, const struct pagesuspect_row *s,
    const struct pagesuspect_limits *limits, struct findings *findings,
    void (*benign)(const char *text), struct error *err)
{
	if (limits->is_replayed && limits->has_wal && is_mended(p, s, limits)) {
		p->sum.benign_pages++;
		say_benign(s, benign);
		return 0;
	}
	if (limits->is_replayed && !limits->has_wal && s->lsn > limits->start_lsn) {
		p->sum.left_pages++;
		return 0;
	}
	count_damaged(p, s->file);
	return say_damaged(s, limits, findings, err);
}

static int
judge_great(struct pagesuspect *p, const struct pagesuspect_great *row,
    const struct pagesuspect_limits *limits, struct findings *findings, struct error *err)
{
	const uint64_t stop_lsn = limits->stop_lsn;
	struct findings_location location;
	char stop[LSN_TEXT + 8], found[LSN_TEXT];

	if (row->lsn <= stop_lsn)
		return 0;
	/* where pages have checksums the LSN is what somebody wrote */
	if (row->lsn - stop_lsn > LATER_MOST && !p->sum.are_checked)
		return 0;
	count_damaged(p, row->file);
	location = place_of_block(row->file, row->block);
	location.digest = digest_of(row->file, limits);
	/*
	 * a page whose checksum is right is as it was written: another digest has another cause
	 */
	if (row->file->row && !p->sum.are_checked)
		row->file->row->is_damage_told = true;
	snprintf(stop, sizeof(stop), "up to ");
	lsn_print(stop + strlen(stop), stop_lsn);
	location.expected = stop;
	location.found = lsn_print(found, row->lsn);
	return findings_add(findings, FINDINGS_LSN, &location, err,
	    "the page has a later LSN than the end of the WAL");
}

int
pagesuspect_judge(struct pagesuspect *p, const struct pagesuspect_limits *limits,
    struct findings *findings, void (*benign)(const char *text), struct error *err)
{
	for (size_t i = 0; i < p->count; i++)
		if (judge_one(p, &p->rows[i], limits, findings, benign, err))
			return -1;
	for (size_t i = 0; i < PAGESUSPECT_GREATEST && limits->stop_lsn > 0; i++)
		if (p->greatest[i].file &&
		    judge_great(p, &p->greatest[i], limits, findings, err))
			return -1;
	p->sum.damaged_pages += p->left_out;
	if (p->left_out > 0)
		return findings_add(findings, FINDINGS_CHECKSUM, NULL, err,
		    "%" PRIu64 " more pages are damaged", p->left_out);
	return 0;
}

struct pagesuspect_sum
pagesuspect_sum(const struct pagesuspect *p)
{
	return p->sum;
}

/*
 * Segments are chosen by the list of names in pg_wal, sorted by number and timeline, which is then
 * walked along the numbers that recovery will ask for.  So a segment that is missing is known
 * before any is opened.
 */
#include "datadir/walset.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "datadir/dirlist.h"
#include "lib/sys.h"

/* The same for a segment that is missing and for one that went away. */
static int
hint_to_keep(bool is_frozen, struct error *err)
{
	if (is_frozen)
		return error_hint(err,
		    "The cluster needs all WAL since its last checkpoint: something removed or changed it.");
	return error_hint(err,
	    "The server keeps the WAL of a backup only for a replication slot, or if wal_keep_size (wal_keep_segments up to 12) is large enough.");
}

int
walset_open_directory(int datadir_fd, int *wal_fd, struct error *err)
{
	int fd = openat(datadir_fd, "pg_wal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1) {
		error_set(err, ERROR_IO, errno, "could not open");
		return error_wrap(err, "directory \"pg_wal\"");
	}
	*wal_fd = fd;
	return 0;
}

/* Look at one segment of the range.  One that vanished meanwhile is not counted. */
static int
add_segment(
    struct walset *set, const struct walset_segment *named, int wal_fd, struct error *err)
{
	struct walset_segment *segment = &set->segments[set->count];

	*segment = *named;
	if (fstatat(wal_fd, segment->name, &segment->st, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno == ENOENT)
			return 0;
		error_set(err, ERROR_IO, errno, "could not stat");
		return error_wrap(err, "WAL file \"%s\"", segment->name);
	}
	if (!S_ISREG(segment->st.st_mode))
		return error_set(err, ERROR_FORMAT, 0, "WAL file \"%s\" is a %s",
		    segment->name,
		    dirlist_kind_name(dirlist_kind_of(segment->st.st_mode)));
	set->count++;
	return 0;
}

/* Sort out the names in pg_wal; there is room for all of them. */
static int
choose(struct walset *set, const struct dirlist *list, int wal_fd,
    const struct walset_range *range, struct error *err)
{
	uint64_t first = walname_segment(range->start_lsn, range->segment_size);
	uint64_t last = walname_last_segment(range->stop_lsn, range->segment_size);

	for (size_t i = 0; i < list->count; i++) {
		struct walset_segment named = { .segno = 0 };
		const char *name = list->names[i];

		if (walname_is_history(name)) {
			memcpy(set->histories[set->history_count++], name,
			    WALNAME_HISTORY_SIZE);
			continue;
		}
		if (!walname_parse(
			name, range->segment_size, &named.timeline, &named.segno) ||
		    named.segno < first || named.segno > last)
			continue;
		memcpy(named.name, name, WALNAME_SIZE);
		if (add_segment(set, &named, wal_fd, err))
			return -1;
	}
	return 0;
}

static int
compare_segments(const void *left, const void *right)
{
	const struct walset_segment *a = left, *b = right;

	if (a->segno != b->segno)
		return a->segno < b->segno ? -1 : 1;
	return a->timeline < b->timeline ? -1 : a->timeline > b->timeline;
}

/*
 * Which timeline recovery reads segment ${segno} from: a segment in which the line
 * branches off begins the new timeline with a copy of what the old one had there.
 */
static uint32_t
owner(const struct walset_range *range, uint64_t segno)
{
	uint64_t end = (segno + 1) * range->segment_size;

	return walhistory_at(range->history, end - 1);
}

/* The segments are sorted: walk the numbers and the rows side by side. */
static int
check_sequence(struct walset *set, const struct walset_range *range, struct error *err)
{
	uint64_t segno = walname_segment(range->start_lsn, range->segment_size);
	uint64_t last = walname_last_segment(range->stop_lsn, range->segment_size);
	char name[WALNAME_SIZE];

	for (size_t i = 0; segno <= last; segno++) {
		uint32_t timeline = owner(range, segno);
		bool is_found = false;

		for (; i < set->count && set->segments[i].segno == segno; i++) {
			set->segments[i].is_needed =
			    set->segments[i].timeline == timeline;
			is_found = is_found || set->segments[i].is_needed;
		}
		if (is_found || range->may_lack)
			continue;
		walname_build(name, timeline, segno, range->segment_size);
		error_set(err, ERROR_STATE, 0, "could not find WAL file \"%s\"", name);
		return hint_to_keep(range->is_frozen, err);
	}
	return 0;
}

static int
check_size(const struct walset_segment *segment, uint32_t segment_size, struct error *err)
{
	if ((uint64_t)segment->st.st_size == segment_size)
		return 0;
	return error_set(err, ERROR_FORMAT, 0,
	    "unexpected WAL file size \"%s\": %" PRIu64 " bytes instead of %" PRIu32,
	    segment->name, (uint64_t)segment->st.st_size, segment_size);
}

static int
check_sizes(const struct walset *set, const struct walset_range *range, struct error *err)
{
	for (size_t i = 0; i < set->count; i++)
		if ((set->segments[i].is_needed || !range->may_lack) &&
		    check_size(&set->segments[i], set->segment_size, err))
			return -1;
	return 0;
}

int
walset_read(
    int wal_fd, const struct walset_range *range, struct walset *out, struct error *err)
{
	struct dirlist list = { 0 };
	struct walset set = { .is_frozen = range->is_frozen,
		.segment_size = range->segment_size };
	int rc = -1;

	*out = (struct walset){ 0 };
	if (range->stop_lsn <= range->start_lsn)
		return error_set(err, ERROR_STATE, 0,
		    "the stop position of the backup is not after its start");
	if (dirlist_read(wal_fd, &list, err)) {
		error_wrap(err, "directory \"pg_wal\"");
		goto out;
	}
	set.segments = malloc((list.count + 1) * sizeof(*set.segments));
	set.histories = malloc((list.count + 1) * sizeof(*set.histories));
	if (set.segments == NULL || set.histories == NULL) {
		error_memory(err);
		goto out;
	}
	if (choose(&set, &list, wal_fd, range, err))
		goto out;
	qsort(set.segments, set.count, sizeof(*set.segments), compare_segments);
	if (check_sequence(&set, range, err) || check_sizes(&set, range, err))
		goto out;
	*out = set;
	set = (struct walset){ 0 };
	rc = 0;
out:
	dirlist_free(&list);
	walset_free(&set);
	return rc;
}

/* Must a name stay that of the file that was found? */
static bool
is_bound(const struct walset *set, const struct walset_segment *segment)
{
	return set->is_frozen || !segment->is_needed;
}

/* ${st} is what the name leads to now. */
static bool
is_same_file(
    const struct walset *set, const struct walset_segment *segment, const struct stat *st)
{
	const struct stat *was = &segment->st;

	if (set->is_frozen && !sys_is_same_time(&st->st_mtim, &was->st_mtim))
		return false;
	return sys_is_same_file(st, was) && st->st_size == was->st_size;
}

static int
gone(const struct walset *set, const struct walset_segment *segment, struct error *err)
{
	error_set(err, ERROR_STATE, 0, "WAL file \"%s\" was %s while the backup ran",
	    segment->name, set->is_frozen ? "removed" : "removed or recycled");
	err->sys = ENOENT;
	return hint_to_keep(set->is_frozen, err);
}

/* There is a file of that name, and it is not as it was. */
static int
changed(const struct walset *set, const struct walset_segment *segment,
    const struct stat *st, struct error *err)
{
	const char *how = !S_ISREG(st->st_mode) || !sys_is_same_file(st, &segment->st) ?
	    "replaced by another file" :
	    st->st_size != segment->st.st_size ? "truncated or extended" :
						 "written to";

	error_set(err, ERROR_STATE, 0, "WAL file \"%s\" was %s while the backup ran",
	    segment->name, how);
	return hint_to_keep(set->is_frozen, err);
}

static int
call_failed(const struct walset *set, const struct walset_segment *segment,
    const char *call, struct error *err)
{
	if (errno == ENOENT)
		return gone(set, segment, err);
	error_set(err, ERROR_IO, errno, "%s", call);
	return error_wrap(err, "WAL file \"%s\"", segment->name);
}

/* The file that has the name now takes the place of the one that was found. */
static int
take_file(struct walset *set, struct walset_segment *segment, const struct stat *st,
    struct error *err)
{
	if (is_bound(set, segment) && !is_same_file(set, segment, st))
		return changed(set, segment, st, err);
	segment->st = *st;
	if (!S_ISREG(st->st_mode))
		return error_set(err, ERROR_FORMAT, 0, "WAL file \"%s\" is a %s",
		    segment->name, dirlist_kind_name(dirlist_kind_of(st->st_mode)));
	return check_size(segment, set->segment_size, err);
}

int
walset_open_segment(struct walset *set, size_t n, int wal_fd, int *fd, struct error *err)
{
	struct walset_segment *segment = &set->segments[n];
	struct stat st;
	int opened, rc = -1;

	opened =
	    openat(wal_fd, segment->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (opened == -1 && errno == ELOOP)
		return error_set(err, ERROR_FORMAT, 0,
		    "WAL file \"%s\" is a symbolic link", segment->name);
	if (opened == -1)
		return call_failed(set, segment, "could not open", err);
	if (fstat(opened, &st) == -1)
		call_failed(set, segment, "could not stat", err);
	else
		rc = take_file(set, segment, &st, err);
	if (rc == 0)
		*fd = opened;
	else
		sys_close(opened);
	return rc;
}

int
walset_recheck(const struct walset *set, int wal_fd, struct error *err)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct walset_segment *segment = &set->segments[i];
		struct stat st;

		if (!is_bound(set, segment))
			continue;
		if (fstatat(wal_fd, segment->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			return call_failed(set, segment, "could not stat", err);
		if (!is_same_file(set, segment, &st))
			return changed(set, segment, &st, err);
	}
	return 0;
}

bool
walset_has_gone(const struct walset *set, size_t n, int wal_fd)
{
	const struct walset_segment *segment = &set->segments[n];
	struct stat st;

	if (fstatat(wal_fd, segment->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT;
	return !sys_is_same_file(&st, &segment->st);
}

int
walset_explain(const struct walset *set, int wal_fd, struct error *err)
{
	const struct error found = *err;

	for (size_t i = 0; i < set->count && found.kind == ERROR_FORMAT; i++)
		if (strstr(found.text, set->segments[i].name) &&
		    walset_has_gone(set, i, wal_fd)) {
			gone(set, &set->segments[i], err);
			break;
		}
	return -1;
}

void
walset_free(struct walset *set)
{
	free(set->segments);
	free(set->histories);
	*set = (struct walset){ 0 };
}

/*
 * The files of a cluster that are no relations, and that say by themselves whether they are
 * whole: they are looked at as pages are.  What is found is in the archive as it is in the
 * cluster; the run goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "backup/backup_internal.h"
#include "cli/message.h"
#include "datadir/dirlist.h"
#include "lib/bytes.h"
#include "lib/sys.h"
#include "pg/slru.h"
#include "pg/statefile.h"
#include "server/databases.h"

/* Pages of relations have no more (pg_control is refused that says so). */
enum { BLOCK_MOST = 32768 };

/* What was wrong with the file ${path}: a line, and one more to count. */
static int
say(struct backup *b, const char *kind, const char *path, const char *what,
    struct error *err)
{
	struct buf text = { 0 };
	int rc = buf_printf(&text, err, "file \"%s\": %s", path, what);

	if (rc == 0) {
		b->files.damaged++;
		message_finding(&(struct finding){
		    .text = buf_text(&text), .kind = kind, .file = path });
	}
	buf_free(&text);
	return rc;
}

/* ---- one by one, while they are sent ---- */

static int
judge_state(const struct backup *b, enum statefile_kind kind, const uint8_t *bytes,
    size_t len, struct error *err)
{
	struct statefile s = { .kind = kind };

	statefile_bytes(&s, bytes, len);
	return statefile_end(&s, b->cluster.version, err);
}

/* Else it may be being written right now. */
static bool
is_whole(struct member_judge *judge, const char *path, const uint8_t *bytes, size_t len)
{
	const struct backup *b =
	    (struct backup *)((char *)judge - offsetof(struct backup, files.judge));
	const enum statefile_kind kind = statefile_kind(path);
	enum slru_kind slru;
	uint64_t segment;
	struct error ignored;

	if (kind != STATEFILE_NONE)
		return judge_state(b, kind, bytes, len, &ignored) == 0;
	return !slru_locate(path, &slru, &segment) ||
	    len % b->cluster.control.block_size == 0;
}

/*
 * The first member of the oldest multixact, if it is in this segment: those before it are
 * not needed.
 */
static void
find_member(struct backup *b, const char *path, const uint8_t *bytes, size_t len)
{
	const uint64_t oldest = b->begin.oldest_multi;
	const uint64_t per_page = slru_page_numbers(
	    SLRU_OFFSETS, b->cluster.control.block_size, b->cluster.version);
	const size_t width = b->cluster.control.block_size / per_page;
	char wanted[SLRU_PATH];
	uint64_t at;

	slru_path(
	    wanted, SLRU_OFFSETS, oldest / per_page / SLRU_PAGES, b->cluster.version);
	at = oldest / per_page % SLRU_PAGES * b->cluster.control.block_size +
	    oldest % per_page * width;
	if (b->begin.oldest_multi_database == 0 || oldest == b->begin.next_multi ||
	    strcmp(path, wanted) != 0 || at + width > len)
		return;
	b->files.member = width == sizeof(uint64_t) ? get_u64native(bytes + at) :
						      get_u32native(bytes + at);
	b->files.has_member = b->files.member != 0;
}

int
backup_files_bytes(struct backup *b, const char *path, const uint8_t *bytes, size_t len,
    struct error *err)
{
	const enum statefile_kind kind = statefile_kind(path);
	struct error why = { 0 };

	if (kind != STATEFILE_NONE && judge_state(b, kind, bytes, len, &why) &&
	    say(b, "state", path, why.text, err))
		return -1;
	find_member(b, path, bytes, len);
	if (databaseset_add(b->files.databases, path, 0, err))
		return -1;
	return slruset_add(b->files.slru, path, len, bytes_are_zero(bytes, len), err);
}

/*
 * The server extends a relation by whole pages, but a moment may show half of one.  What comes
 * behind the last whole page when the disk was full is zeros, of which the server takes no
 * notice (mdnblocks() and mdextend() in src/backend/storage/smgr/md.c).
 */
static int
await_whole_page(struct backup *b, int fd, struct stat *st, struct error *err)
{
	unsigned looks = 1;

	if (b->source.is_frozen) /* nothing changes */
		return 0;
	while (st->st_size % b->cluster.control.block_size != 0 &&
	    settle_wait(&b->files.cut, looks)) {
		if (fstat(fd, st) == -1)
			return error_set(err, ERROR_IO, errno, "fstat");
		looks++;
	}
	return 0;
}

/* What there is of a last page that is not whole. */
static int
judge_rest(
    struct backup *b, const char *path, int fd, const struct stat *st, struct error *err)
{
	uint8_t rest[BLOCK_MOST];
	const size_t len =
	    (size_t)((uint64_t)st->st_size % b->cluster.control.block_size);
	char text[128];
	size_t got;

	if (len == 0)
		return 0;
	if (sys_pread(fd, rest, len, (uint64_t)st->st_size - len, &got, &b->cancel, err))
		return -1;
	if (bytes_are_zero(rest, got))
		return 0;
	snprintf(text, sizeof(text),
	    "ends in the middle of a page: it has %" PRIu64
	    " bytes, and pages have %" PRIu32,
	    (uint64_t)st->st_size, b->cluster.control.block_size);
	return say(b, "size", path, text, err);
}

int
backup_files_relation(
    struct backup *b, const char *path, int fd, struct stat *st, struct error *err)
{
	if (databaseset_add(b->files.databases, path, 0, err))
		return -1;
	if (await_whole_page(b, fd, st, err) || judge_rest(b, path, fd, st, err))
		return error_wrap(err, "file \"%s\"", path);
	return 0;
}

/* One that is too large to be held; a transaction may have locked very much. */
static int
read_state(const struct backup *b, int fd, struct statefile *s, struct error *err)
{
	uint8_t bytes[16 * 1024];
	uint64_t at = 0;
	size_t got;

	do {
		if (sys_pread(fd, bytes, sizeof(bytes), at, &got, &b->cancel, err))
			return -1;
		statefile_bytes(s, bytes, got);
		at += got;
	} while (got == sizeof(bytes));
	return 0;
}

static int
judge_large(struct backup *b, const char *path, int fd, struct error *err)
{
	const enum statefile_kind kind = statefile_kind(path);
	struct error why;

	for (unsigned looks = 1; kind != STATEFILE_NONE; looks++) {
		struct statefile s = { .kind = kind };

		if (read_state(b, fd, &s, err))
			return error_wrap(err, "file \"%s\"", path);
		if (statefile_end(&s, b->cluster.version, &why) == 0)
			break;
		if (b->source.is_frozen || !settle_wait(&b->files.judge.settle, looks))
			return say(b, "state", path, why.text, err);
	}
	return 0;
}

int
backup_files_other(
    struct backup *b, const char *path, int fd, const struct stat *st, struct error *err)
{
	if (judge_large(b, path, fd, err))
		return -1;
	return slruset_add(b->files.slru, path, (uint64_t)st->st_size, false, err);
}

/* ---- all of them, when the WAL is known ---- */

static int
warn_of_file(const char *path, const char *what, struct error *err)
{
	struct buf text = { 0 };
	int rc = buf_printf(&text, err, "file \"%s\" %s", path, what);

	if (rc == 0)
		message_warning(buf_text(&text));
	buf_free(&text);
	return rc;
}

struct slru_faults {
	struct slruset_sink sink; /* first */
	struct backup *b;
};

static int
slru_fault(struct slruset_sink *sink, enum slruset_fault fault, const char *path,
    const char *text, struct error *err)
{
	static const char *const kinds[] = {
		[SLRUSET_MISSING] = "missing",
		[SLRUSET_SIZE] = "size",
		[SLRUSET_ZEROS] = "state",
	};

	if (fault == SLRUSET_DOUBT || fault == SLRUSET_ADVICE)
		return warn_of_file(path, text, err);
	return say(((struct slru_faults *)sink)->b, kinds[fault], path, text, err);
}

/* What is gone when its turn comes, replay has removed. */
static int
list_segments(struct backup *b, const char *directory, struct error *err)
{
	struct dirlist list = { 0 };
	struct buf path = { 0 };
	int fd =
	    openat(b->cluster.datadir_fd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd == -1) /* the walk will tell */
		return 0;
	rc = dirlist_read(fd, &list, err);
	for (size_t i = 0; rc == 0 && i < list.count; i++) {
		buf_clear(&path);
		rc = buf_printf(&path, err, "%s/%s", directory, list.rows[i].name);
		if (rc == 0)
			rc = slruset_add(
			    b->files.slru_before, buf_text(&path), 0, false, err);
	}
	buf_free(&path);
	dirlist_free(&list);
	sys_close(fd);
	return rc;
}

/* A standby's replay may be ahead of the stop, which is the least that recovery must reach. */
static int
list_all_segments(struct backup *b, struct error *err)
{
	static const char *const directories[] = { "pg_xact", "pg_multixact/offsets",
		"pg_multixact/members", "pg_commit_ts" };
	struct databases_mark mark = { 0 };
	struct error ignored = { 0 };

	if (!backup_source_in_recovery(&b->source))
		return 0;
	if (slruset_new(&b->files.slru_before, err))
		return -1;
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		if (list_segments(b, directories[i], err))
			return error_wrap(err, "directory \"%s\"", directories[i]);
	b->files.listed_lsn = UINT64_MAX;
	if (databases_mark_read(b->session, 0, &mark, &ignored) == 0)
		b->files.listed_lsn = mark.lsn;
	databases_mark_free(&mark);
	return session_check(b->session, err);
}

/* On a standby that is as of what was replayed, which recovery of the copy need not reach. */
static int
ask_oldest(struct backup *b, struct error *err)
{
	return b->source.server && !backup_source_in_recovery(&b->source) ?
	    databases_oldest_xid(b->session, &b->files.oldest_xid, err) :
	    0;
}

int
backup_files_open(struct backup *b, struct error *err)
{
	uint8_t bytes[CONTROL_SIZE];
	struct control now = b->cluster.control;

	/* a later checkpoint than that of the start is complete as well */
	if (!b->source.is_frozen && control_read(b->cluster.datadir_fd, bytes, &now, err))
		return -1;
	b->begin = now.checkpoint;
	b->files.judge.is_whole = is_whole;
	return slruset_new(&b->files.slru, err) ||
		databaseset_new(&b->files.databases, err) || list_all_segments(b, err) ||
		ask_oldest(b, err) ?
	    -1 :
	    0;
}

struct databases {
	struct databaseset_judge judge; /* first */
	struct backup *b;
};

static int
database_fault(struct databaseset_judge *judge, const char *path, const char *text,
    struct error *err)
{
	return say(((struct databases *)judge)->b, "missing", path, text, err);
}

static void
database_doubt(struct databaseset_judge *judge, const char *text)
{
	(void)judge;
	message_warning(text);
}

/* Does replay make or drop it? */
static bool
is_database_exempt(struct databaseset_judge *judge, uint32_t database)
{
	const struct backup *b = ((struct databases *)judge)->b;

	return b->wal.proof &&
	    walsurvey_has_database(walproof_survey(b->wal.proof), database);
}

static bool
is_left_out(const struct backup *b, uint32_t space)
{
	char oid[12];

	snprintf(oid, sizeof(oid), "%" PRIu32, space);
	return tablespaces_is_absent(&b->tablespaces.sent, oid);
}

/* --without-tablespace leaves it out with its tablespace: no file of the cluster is missing. */
static void
say_left_out(struct backup *b, uint32_t space, uint32_t database)
{
	char text[128];

	snprintf(text, sizeof(text),
	    "database %" PRIu32 " lies in tablespace %" PRIu32
	    ", which is left out: it will be lost "
	    "in the copy",
	    database, space);
	b->files.left_out++;
	message_finding(&(struct finding){ .text = text, .kind = "missing" });
}

/* A server tells which databases there are; one that came or went meanwhile is replayed. */
static int
judge_databases(struct backup *b, struct error *err)
{
	struct databases databases = {
		.judge = { database_fault, database_doubt, is_database_exempt }, .b = b
	};
	const char *at = b->source.databases_before;
	uint32_t database, space;

	if (databaseset_judge_shared(b->files.databases, &databases.judge, err))
		return -1;
	if (at == NULL)
		return databaseset_judge(
		    b->files.databases, b->cluster.version, &databases.judge, err);
	while (databases_next(&at, b->source.databases_after, &database, &space)) {
		if (is_left_out(b, space))
			say_left_out(b, space, database);
		else if (!is_database_exempt(&databases.judge, database) &&
		    databaseset_judge_one(b->files.databases, b->cluster.version, space,
			database, &databases.judge, err))
			return -1;
	}
	return 0;
}

/* The oldest numbers that the WAL of the backup leaves. */
static void
find_oldest(const struct walsurvey *wal, struct slruset_oldest *oldest)
{
	oldest->xid = wal->oldest_xid;
	oldest->multi = wal->oldest_multi;
	oldest->commit_ts = wal->oldest_commit_ts;
	if (wal->oldest_multi != 0) {
		oldest->has_member = true;
		oldest->member = wal->oldest_member;
	}
}

int
backup_files_stop(struct backup *b, struct error *err)
{
	struct slru_faults faults = { .sink = { slru_fault }, .b = b };
	struct slruset_cluster cluster = {
		.block_size = b->cluster.control.block_size,
		.version = b->cluster.version,
		.tracks_commit_time = b->last_control.tracks_commit_time,
		.begin = &b->begin,
		.end = &b->last_control.checkpoint,
		.oldest = { .has_member = b->files.has_member,
		    .member = b->files.member },
		.oldest_frozen = b->files.oldest_xid,
		/* what had been replayed by then is in the WAL up to the stop, or is not */
		.is_removal_unknown = b->source.is_frozen ?
		    b->cluster.control.state == CONTROL_IN_ARCHIVE_RECOVERY :
		    backup_source_in_recovery(&b->source) &&
			b->wal.range.stop_lsn < b->files.listed_lsn,
		.before = b->files.slru_before,
	};

	if (b->wal.proof && walproof_is_whole(b->wal.proof))
		find_oldest(walproof_survey(b->wal.proof), &cluster.oldest);
	else if (!b->source.is_frozen)
		cluster.begin = NULL; /* what was removed meanwhile is not known */
	return slruset_judge(b->files.slru, &cluster, &faults.sink, err) ||
		judge_databases(b, err) ?
	    -1 :
	    0;
}

static void
report_left_out(const struct backup *b)
{
	struct error finding = { 0 };

	if (b->files.left_out == 0)
		return;
	error_set(&finding, ERROR_STATE, 0,
	    "the backup is complete, but for %" PRIu64
	    " %s in a tablespace that is left out",
	    b->files.left_out, b->files.left_out == 1 ? "database" : "databases");
	error_hint(&finding,
	    "Leave out --without-tablespace; or drop what is not needed there, or "
	    "move it with ALTER DATABASE ... SET TABLESPACE.");
	message_error(&finding);
}

bool
backup_files_report(const struct backup *b)
{
	struct error finding = { 0 };

	report_left_out(b);
	if (b->files.damaged == 0)
		return b->files.left_out == 0;
	error_set(&finding, ERROR_FORMAT, 0,
	    "the backup is complete, but the cluster is damaged: %" PRIu64
	    " %s missing, or not as "
	    "the server writes %s",
	    b->files.damaged, b->files.damaged == 1 ? "file is" : "files are",
	    b->files.damaged == 1 ? "it" : "them");
	error_hint(&finding,
	    "A copy may not start, or may have lost committed rows.  Find out "
	    "what is wrong with the storage, and keep the backups that were "
	    "made before.");
	message_error(&finding);
	return false;
}

void
backup_files_free(struct backup *b)
{
	slruset_free(b->files.slru);
	slruset_free(b->files.slru_before);
	databaseset_free(b->files.databases);
}

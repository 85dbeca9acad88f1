/*
 * The files of a cluster that are no relations' pages: each of them is judged by statecheck.h, and
 * here all of them, when the WAL is known: are the segments of pg_xact and the like there, and what
 * each database has?
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/statecheck.h"
#include "backup/cluster.h"
#include "backup/files.h"
#include "backup/source.h"
#include "backup/tablespaces.h"
#include "cli/message.h"
#include "datadir/dirlist.h"
#include "format/databaseset.h"
#include "format/slruset.h"
#include "lib/bytes.h"
#include "lib/sys.h"
#include "pg/slru.h"
#include "server/databases.h"
#include "wal/walhistory.h"
#include "wal/walname.h"
#include "wal/walproof.h"

struct backup_files {
	struct backup_files_options of;
	struct statecheck state; /* of each alone, and all findings */
	/* that was complete before the first file was read */
	struct checkpoint begin;
	uint64_t left_out; /* databases, with their tablespace */
	struct slruset *slru;
	/* of a standby: before the first was sent, */
	struct slruset *slru_before;
	uint64_t listed_lsn; /* when it had replayed so far */
	struct databaseset *databases;
	uint64_t member;              /* the first of the oldest multixact */
	const struct walproof *proof; /* borrowed, once there is one */
};

/* ---- one by one, while they are sent ---- */

/*
 * The first member of the oldest multixact, if it is in this segment: those before it are
 * not needed.
 */
static void
find_member(struct backup_files *f, const char *path, const uint8_t *bytes, size_t len)
{
	const struct backup_cluster *cluster = f->of.cluster;
	const struct checkpoint *begin = &f->begin;

	if (f->member == 0 && begin->oldest_multi_database != 0 &&
	    begin->oldest_multi != begin->next_multi)
		f->member = slru_first_member(path, bytes, len, begin->oldest_multi,
		    cluster->control.block_size, cluster->version);
}

int
backup_files_bytes(struct backup_files *f, const char *path, const uint8_t *bytes,
    size_t len, struct error *err)
{
	if (statecheck_bytes(&f->state, path, bytes, len, err))
		return -1;
	find_member(f, path, bytes, len);
	if (databaseset_add(f->databases, path, 0, err))
		return -1;
	return slruset_add(f->slru, path, len, bytes_are_zero(bytes, len), err);
}

int
backup_files_relation(
    struct backup_files *f, const char *path, int fd, struct stat *st, struct error *err)
{
	return databaseset_add(f->databases, path, 0, err) ||
		statecheck_relation(&f->state, path, fd, st, err) ?
	    -1 :
	    0;
}

int
backup_files_other(struct backup_files *f, const char *path, int fd,
    const struct stat *st, struct error *err)
{
	if (statecheck_large(&f->state, path, fd, err))
		return -1;
	return slruset_add(f->slru, path, (uint64_t)st->st_size, false, err);
}

/* A standby of the copy that reads one that is damaged does not start. */
int
backup_files_history(struct backup_files *f, const char *name, const uint8_t *bytes,
    size_t len, struct error *err)
{
	struct walhistory history = { 0 };
	struct error why = { 0 };
	char path[64];
	uint32_t timeline;
	int rc;

	if (!walname_parse_history(name, &timeline))
		return 0;
	rc = walhistory_parse((const char *)bytes, len, timeline, &history, &why);
	walhistory_free(&history);
	if (rc == 0)
		return 0;
	if (why.kind != ERROR_FORMAT) {
		*err = why;
		return -1;
	}
	snprintf(path, sizeof(path), "pg_wal/%s", name);
	return statecheck_finding(&f->state, "wal", path, why.text, err);
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
	struct backup_files *f;
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
	return statecheck_finding(
	    &((struct slru_faults *)sink)->f->state, kinds[fault], path, text, err);
}

/* What is gone when its turn comes, replay has removed. */
static int
list_segments(struct backup_files *f, const char *directory, struct error *err)
{
	struct dirlist list = { 0 };
	struct buf path = { 0 };
	int fd = openat(
	    f->of.cluster->datadir_fd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd == -1) /* the walk will tell */
		return 0;
	rc = dirlist_read(fd, &list, err);
	for (size_t i = 0; rc == 0 && i < list.count; i++) {
		buf_clear(&path);
		rc = buf_printf(&path, err, "%s/%s", directory, list.names[i]);
		if (rc == 0)
			rc = slruset_add(f->slru_before, buf_text(&path), 0, false, err);
	}
	buf_free(&path);
	dirlist_free(&list);
	sys_close(fd);
	return rc;
}

/* A standby's replay may be ahead of the stop, which is the least that recovery must reach. */
static int
list_all_segments(struct backup_files *f, struct error *err)
{
	static const char *const directories[] = { "pg_xact", "pg_multixact/offsets",
		"pg_multixact/members", "pg_commit_ts" };

	if (!backup_source_in_recovery(&f->of.source->facts))
		return 0;
	if (slruset_new(&f->slru_before, err))
		return -1;
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		if (list_segments(f, directories[i], err))
			return error_wrap(err, "directory \"%s\"", directories[i]);
	return f->of.source->ops->replayed(f->of.source, &f->listed_lsn, err);
}

int
backup_files_open(struct backup_files **out, const struct backup_files_options *options,
    struct error *err)
{
	struct backup_files *f = calloc(1, sizeof(*f));
	uint8_t bytes[CONTROL_SIZE];
	struct control now = options->cluster->control;

	*out = f;
	if (f == NULL)
		return error_memory(err);
	f->of = *options;
	statecheck_open(&f->state, options->cluster->version,
	    options->cluster->control.block_size, options->source->facts.is_frozen,
	    options->cancel);
	/* a later checkpoint than that of the start is complete as well */
	if (!f->of.source->facts.is_frozen &&
	    control_read(f->of.cluster->datadir_fd, bytes, &now, err))
		return -1;
	f->begin = now.checkpoint;
	return slruset_new(&f->slru, err) || databaseset_new(&f->databases, err) ||
		list_all_segments(f, err) ?
	    -1 :
	    0;
}

struct member_judge *
backup_files_judge(struct backup_files *f)
{
	return &f->state.judge;
}

struct databases {
	struct databaseset_judge judge; /* first */
	struct backup_files *f;
};

static int
database_fault(struct databaseset_judge *judge, const char *path, const char *text,
    struct error *err)
{
	return statecheck_finding(
	    &((struct databases *)judge)->f->state, "missing", path, text, err);
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
	const struct backup_files *f = ((struct databases *)judge)->f;

	return f->proof && walsurvey_has_database(walproof_survey(f->proof), database);
}

static bool
is_no_database(struct databaseset_judge *judge, uint32_t database)
{
	struct oidset *known =
	    &((struct databases *)judge)->f->of.source->facts.databases;

	return known->count > 0 && !oidset_has(known, database);
}

/* --without-tablespace leaves it out with its tablespace: no file of the cluster is missing. */
static void
say_left_out(struct backup_files *f, uint32_t space, uint32_t database)
{
	char text[128];

	snprintf(text, sizeof(text),
	    "database %" PRIu32 " is in tablespace %" PRIu32
	    ", which is left out: the copy will not have the database",
	    database, space);
	f->left_out++;
	message_finding(&(struct finding){ .text = text, .kind = "missing" });
}

/* A server tells which databases there are; one that came or went meanwhile is replayed. */
static int
judge_databases(struct backup_files *f, struct error *err)
{
	struct databases databases = { .judge = { database_fault, database_doubt,
					   is_database_exempt, is_no_database },
		.f = f };
	const char *at = f->of.source->facts.databases_before;
	uint32_t database, space;

	if (databaseset_judge_shared(f->databases, &databases.judge, err))
		return -1;
	if (at == NULL)
		return databaseset_judge(
		    f->databases, f->of.cluster->version, &databases.judge, err);
	while (
	    databases_next(&at, f->of.source->facts.databases_after, &database, &space)) {
		if (backup_tablespaces_is_absent(f->of.tablespaces, space))
			say_left_out(f, space, database);
		else if (!is_database_exempt(&databases.judge, database) &&
		    databaseset_judge_one(f->databases, f->of.cluster->version, space,
			database, &databases.judge, err))
			return -1;
	}
	return databaseset_judge_none(
	    f->databases, f->of.cluster->version, &databases.judge, err);
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
backup_files_stop(struct backup_files *f, const struct walproof *proof, uint64_t stop_lsn,
    const struct control *last, struct error *err)
{
	struct slru_faults faults = { .sink = { slru_fault }, .f = f };
	struct slruset_cluster cluster = {
		.block_size = f->of.cluster->control.block_size,
		.version = f->of.cluster->version,
		.tracks_commit_time = last->tracks_commit_time,
		.begin = &f->begin,
		.end = &last->checkpoint,
		.oldest = { .has_member = f->member != 0, .member = f->member },
		.oldest_frozen = f->of.source->facts.oldest_xid,
		/* what had been replayed by then is in the WAL up to the stop, or is not */
		.is_removal_unknown = f->of.source->facts.is_frozen ?
		    f->of.cluster->control.state == CONTROL_IN_ARCHIVE_RECOVERY :
		    backup_source_in_recovery(&f->of.source->facts) &&
			stop_lsn < f->listed_lsn,
		.before = f->slru_before,
	};

	f->proof = proof;
	if (f->proof && walproof_is_whole(f->proof))
		find_oldest(walproof_survey(f->proof), &cluster.oldest);
	else if (!f->of.source->facts.is_frozen)
		cluster.begin = NULL; /* what was removed meanwhile is not known */
	return slruset_judge(f->slru, &cluster, &faults.sink, err) ||
		judge_databases(f, err) ?
	    -1 :
	    0;
}

static void
report_left_out(const struct backup_files *f)
{
	struct error finding = { 0 };

	if (f->left_out == 0)
		return;
	error_set(&finding, ERROR_STATE, 0,
	    "the backup is complete, except for %" PRIu64
	    " %s in a tablespace that is left out",
	    f->left_out, f->left_out == 1 ? "database" : "databases");
	error_hint(&finding,
	    "Leave out --without-tablespace; or drop what is not needed there, or move it with ALTER DATABASE ... SET TABLESPACE.");
	message_error(&finding);
}

bool
backup_files_report(const struct backup_files *f)
{
	struct error finding = { 0 };

	report_left_out(f);
	if (f->state.damaged == 0)
		return f->left_out == 0;
	error_set(&finding, ERROR_FORMAT, 0,
	    "the backup is complete, but the cluster is damaged: %" PRIu64
	    " %s missing or damaged",
	    f->state.damaged, f->state.damaged == 1 ? "file is" : "files are");
	error_hint(&finding,
	    "A copy may not start, or may have lost committed rows.  Find out what is wrong with the storage, and keep the backups that were made before.");
	message_error(&finding);
	return false;
}

void
backup_files_free(struct backup_files *f)
{
	if (f == NULL)
		return;
	slruset_free(f->slru);
	slruset_free(f->slru_before);
	databaseset_free(f->databases);
	free(f);
}

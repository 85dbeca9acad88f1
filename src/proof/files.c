/*
 * Files that say by themselves whether they are whole, the segments of pg_xact and the like, and
 * what each database must have.
 */
#include <stdio.h>
#include <string.h>

#include "proof/checker_internal.h"

int
checker_files_new(struct checker *c, struct error *err)
{
	return slruset_new(&c->slru, err) || databaseset_new(&c->databaseset, err) ||
		memberset_new(&c->missing, err) ?
	    -1 :
	    0;
}

void
checker_files_free(struct checker *c)
{
	slruset_free(c->slru);
	databaseset_free(c->databaseset);
	walsurvey_free(&c->survey);
}

/* ---- while they pass ---- */

void
checker_files_begin(struct checker *c)
{
	struct checker_current *now = &c->now;
	enum slru_kind kind;
	uint64_t segment;

	now->state = (struct statefile){ .kind = statefile_kind(now->row->path) };
	now->is_slru = slru_locate(now->row->path, &kind, &segment);
	now->is_all_zero = now->is_slru;
}

void
checker_files_bytes(struct checker *c, const uint8_t *bytes, size_t len)
{
	struct checker_current *now = &c->now;

	if (now->state.kind != STATEFILE_NONE)
		statefile_bytes(&now->state, bytes, len);
	/* each byte is the one before it, and the first is 0 */
	if (now->is_all_zero && len > 0)
		now->is_all_zero =
		    bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

/* The release that the file must be of; NULL: the cluster's is told by a member that comes later. */
static const struct pg_version *
version_of(const struct checker *c)
{
	if (c->version)
		return c->version;
	return c->has_info ? cluster_version(c->info.server_version) : NULL;
}

int
checker_files_end(struct checker *c, struct error *err)
{
	const struct checker_current *now = &c->now;

	if (now->state.kind != STATEFILE_NONE &&
	    statefile_end(&now->state, version_of(c), err) &&
	    checker_content(c, now->row, FINDINGS_STATE, err))
		return -1;
	if (now->is_slru)
		return slruset_add(
		    c->slru, now->row->path, now->row->size, now->is_all_zero, err);
	/* what the version was compared with needs no other comparison */
	return databaseset_add(c->databaseset, now->row->path,
	    now->state.kind == STATEFILE_VERSION && version_of(c) == NULL ?
		statefile_major(&now->state) :
		0,
	    err);
}

int
checker_files_record(struct checker *c, const struct walrecord *rec, struct error *err)
{
	struct error ignored;
	const uint8_t *data;
	uint64_t redo;
	size_t len;

	if (rec->lsn == c->checkpoint_lsn && walrecord_is_checkpoint(rec, &redo) &&
	    redo == c->start_lsn &&
	    walrecord_main_data(rec, &data, &len, &ignored) == 0 &&
	    checkpoint_decode(
		data, len, c->control.control_version, &c->begin, &ignored) == 0)
		c->has_begin = true;
	return walsurvey_record(&c->survey, rec, err);
}

/* ---- when all have come ---- */

/* One cause is one finding: the manifest may have told the same. */
static int
fault_found(struct checker *c, enum findings_kind kind, const char *path,
    const char *text, struct error *err)
{
	struct findings_place place = { .member = path };
	struct memberset_row *row;
	bool is_told;

	if (checker_missing_is_told(c, path, &is_told, err) ||
	    memberset_find(c->set, path, &row, err))
		return -1;
	if ((kind == FINDINGS_MISSING && is_told) ||
	    (kind == FINDINGS_SIZE && row && row->is_size_told))
		return 0;
	if (kind != FINDINGS_MISSING && row) {
		row->is_damage_told = true;
		place.digest = checker_content_verdict(c, row);
	}
	return findings_add(&c->findings, kind, &place, err, "%s", text);
}

struct faults {
	struct slruset_sink sink; /* first */
	struct checker *c;
};

static int
slru_fault(struct slruset_sink *sink, enum slruset_fault fault, const char *path,
    const char *text, struct error *err)
{
	static const enum findings_kind kinds[] = {
		[SLRUSET_MISSING] = FINDINGS_MISSING,
		[SLRUSET_SIZE] = FINDINGS_SIZE,
		[SLRUSET_ZEROS] = FINDINGS_STATE,
	};
	struct checker *c = ((struct faults *)sink)->c;
	char line[256];

	if (fault == SLRUSET_DOUBT || fault == SLRUSET_ADVICE) {
		snprintf(line, sizeof(line), "file \"%s\" %s", path, text);
		c->opt.warning(line);
		return 0;
	}
	return fault_found(c, kinds[fault], path, text, err);
}

struct databases {
	struct databaseset_judge judge; /* first */
	struct checker *c;
};

static int
database_fault(struct databaseset_judge *judge, const char *path, const char *text,
    struct error *err)
{
	return fault_found(
	    ((struct databases *)judge)->c, FINDINGS_MISSING, path, text, err);
}

static void
database_doubt(struct databaseset_judge *judge, const char *text)
{
	((struct databases *)judge)->c->opt.warning(text);
}

/* Of a running server that made or dropped it; where that is not told, it may have. */
static bool
is_database_exempt(struct databaseset_judge *judge, uint32_t database)
{
	const struct checker *c = ((struct databases *)judge)->c;

	if (c->lines == NULL)
		return checker_is_online(c);
	return walsurvey_has_database(&c->survey, database);
}

/*
 * Recovery begins from the checkpoint that the label names, whose record is in the WAL, or
 * where there is no label from that of pg_control.
 */
int
checker_files_judge(struct checker *c, struct error *err)
{
	struct faults faults = { .sink = { slru_fault }, .c = c };
	struct databases databases = {
		.judge = { database_fault, database_doubt, is_database_exempt }, .c = c
	};
	struct slruset_cluster cluster = {
		.block_size = c->control.block_size,
		.tracks_commit_time = c->control.tracks_commit_time,
		.begin = c->has_begin ? &c->begin : NULL,
		.end = &c->control.checkpoint,
		.oldest = { .xid = c->survey.oldest_xid,
		    .multi = c->survey.oldest_multi,
		    .commit_ts = c->survey.oldest_commit_ts,
		    .has_member = c->survey.oldest_multi != 0,
		    .member = c->survey.oldest_member },
		.oldest_frozen = c->has_info ? c->info.oldest_xid : 0,
	};

	if (!c->has_control || c->version == NULL)
		return 0;
	cluster.version = c->version;
	if (!c->has_begin && !checker_is_online(c))
		cluster.begin = &c->control.checkpoint;
	cluster.is_removal_unknown = c->has_label ?
	    c->label.from_standby :
	    c->control.state == CONTROL_IN_ARCHIVE_RECOVERY;
	return slruset_judge(c->slru, &cluster, &faults.sink, err) ||
		databaseset_judge_shared(c->databaseset, &databases.judge, err) ||
		databaseset_judge(c->databaseset, c->version, &databases.judge, err) ?
	    -1 :
	    0;
}

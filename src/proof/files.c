/*
 * Files that show on their own whether they are whole, the segments of pg_xact and the like, and
 * what each database must have.
 */
#include "proof/files.h"

#include <stdio.h>
#include <string.h>

int
proof_files_open(struct proof_files *f, struct error *err)
{
	return slruset_new(&f->slru, err) || databaseset_new(&f->databases, err) ? -1 : 0;
}

void
proof_files_free(struct proof_files *f)
{
	slruset_free(f->slru);
	databaseset_free(f->databases);
	walsurvey_free(&f->survey);
}

/* ---- while they pass ---- */

void
proof_files_begin(struct proof_files *f, struct memberset_row *row)
{
	enum slru_kind kind;
	uint64_t segment;

	f->row = row;
	f->state = (struct statefile){ .kind = statefile_kind(row->path) };
	f->is_slru = slru_locate(row->path, &kind, &segment);
	f->is_all_zero = f->is_slru;
}

void
proof_files_bytes(struct proof_files *f, const uint8_t *bytes, size_t len)
{
	if (f->state.kind != STATEFILE_NONE)
		statefile_bytes(&f->state, bytes, len);
	/* each byte is the one before it, and the first is 0 */
	if (f->is_all_zero && len > 0)
		f->is_all_zero = bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

/*
 * The release that the file must be of; NULL: the cluster's is told by a member that comes later.
 */
static const struct pg_version *
version_of(const struct proof_files *f)
{
	if (f->facts->version)
		return f->facts->version;
	return f->facts->info ? cluster_version(f->facts->info->server_version) : NULL;
}

int
proof_files_end(struct proof_files *f, struct error *err)
{
	if (f->state.kind != STATEFILE_NONE &&
	    statefile_end(&f->state, version_of(f), err) &&
	    proof_content_fault(f->content, f->row, FINDINGS_STATE, err))
		return -1;
	if (f->is_slru)
		return slruset_add(
		    f->slru, f->row->path, f->row->size, f->is_all_zero, err);
	/* what the version was compared with needs no other comparison */
	return databaseset_add(f->databases, f->row->path,
	    f->state.kind == STATEFILE_VERSION && version_of(f) == NULL ?
		statefile_major(&f->state) :
		0,
	    err);
}

int
proof_files_record(
    struct proof_files *f, const struct walrecord *rec, bool is_begin, struct error *err)
{
	struct error ignored;
	const uint8_t *data;
	size_t len;

	if (is_begin && walrecord_main_data(rec, &data, &len, &ignored) == 0 &&
	    checkpoint_decode(
		data, len, f->facts->control->control_version, &f->begin, &ignored) == 0)
		f->has_begin = true;
	return walsurvey_record(&f->survey, rec, err);
}

/* ---- when all have come ---- */

/* One cause is one finding: the manifest may have told the same. */
static int
fault_found(struct proof_files *f, enum findings_kind kind, const char *path,
    const char *text, struct error *err)
{
	struct findings_location location = { .member = path };
	struct memberset_row *row;
	bool is_told;

	if (proof_missing_is_told(f->missing, path, &is_told, err) ||
	    memberset_find(f->members, path, &row, err))
		return -1;
	if ((kind == FINDINGS_MISSING && is_told) ||
	    (kind == FINDINGS_SIZE && row && row->is_size_told))
		return 0;
	if (kind != FINDINGS_MISSING && row) {
		row->is_damage_told = true;
		location.digest = proof_content_digest(f->content, row);
	}
	return findings_add(f->findings, kind, &location, err, "%s", text);
}

struct faults {
	struct slruset_sink sink; /* first */
	struct proof_files *files;
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
	struct proof_files *f = ((struct faults *)sink)->files;
	char line[256];

	if (fault == SLRUSET_DOUBT || fault == SLRUSET_ADVICE) {
		snprintf(line, sizeof(line), "file \"%s\" %s", path, text);
		f->findings->warn(line);
		return 0;
	}
	return fault_found(f, kinds[fault], path, text, err);
}

struct databases {
	struct databaseset_judge judge; /* first */
	struct proof_files *files;
	bool has_wal;
	struct oidset known; /* those that there were; empty: not known */
};

static int
database_fault(struct databaseset_judge *judge, const char *path, const char *text,
    struct error *err)
{
	return fault_found(
	    ((struct databases *)judge)->files, FINDINGS_MISSING, path, text, err);
}

static void
database_doubt(struct databaseset_judge *judge, const char *text)
{
	((struct databases *)judge)->files->findings->warn(text);
}

/* Of a running server that made or dropped it; where that is not told, it may have. */
static bool
is_database_exempt(struct databaseset_judge *judge, uint32_t database)
{
	const struct databases *d = (struct databases *)judge;

	if (!d->has_wal)
		return facts_are_online(d->files->facts);
	return walsurvey_has_database(&d->files->survey, database);
}

static bool
is_no_database(struct databaseset_judge *judge, uint32_t database)
{
	struct oidset *known = &((struct databases *)judge)->known;

	return known->count > 0 && !oidset_has(known, database);
}

/*
 * Recovery begins from the checkpoint that the label names, whose record is in the WAL, or
 * where there is no label from that of pg_control.
 */
static int
judge_slru(struct proof_files *f, struct error *err)
{
	const struct control *control = f->facts->control;
	struct faults faults = { .sink = { slru_fault }, .files = f };
	struct slruset_cluster cluster = {
		.block_size = control->block_size,
		.version = f->facts->version,
		.tracks_commit_time = control->tracks_commit_time,
		.begin = f->has_begin          ? &f->begin :
		    facts_are_online(f->facts) ? NULL :
						 &control->checkpoint,
		.end = &control->checkpoint,
		.oldest = { .xid = f->survey.oldest_xid,
		    .multi = f->survey.oldest_multi,
		    .commit_ts = f->survey.oldest_commit_ts,
		    .has_member = f->survey.oldest_multi != 0,
		    .member = f->survey.oldest_member },
		.is_removal_unknown = f->facts->label ?
		    f->facts->label->from_standby :
		    control->state == CONTROL_IN_ARCHIVE_RECOVERY,
	};

	if (f->facts->info)
		cluster.oldest_frozen = f->facts->info->oldest_xid;
	else if (catalogset_oldest_xid(f->catalogs, &cluster.oldest_frozen, err))
		return -1;
	return slruset_judge(f->slru, &cluster, &faults.sink, err);
}

/* Those that came later are in the WAL. */
static int
list_known(struct proof_files *f, struct oidset *known, struct error *err)
{
	const struct infofile *info = f->facts->info;

	if (info == NULL)
		return catalogset_databases(f->catalogs, known, err);
	for (size_t i = 0; i < info->databases.count; i++)
		if (oidset_add(known, info->databases.rows[i], err))
			return -1;
	return 0;
}

static int
judge_databases(struct proof_files *f, bool has_wal, struct error *err)
{
	struct databases databases = {
		.judge = { database_fault, database_doubt, is_database_exempt,
		    is_no_database },
		.files = f,
		.has_wal = has_wal,
	};
	int rc;

	rc = list_known(f, &databases.known, err) ||
		databaseset_judge_shared(f->databases, &databases.judge, err) ||
		databaseset_judge(
		    f->databases, f->facts->version, &databases.judge, err) ?
	    -1 :
	    0;
	oidset_free(&databases.known);
	return rc;
}

int
proof_files_judge(struct proof_files *f, bool has_wal, struct error *err)
{
	if (f->facts->control == NULL || f->facts->version == NULL)
		return 0;
	return judge_slru(f, err) || judge_databases(f, has_wal, err) ? -1 : 0;
}

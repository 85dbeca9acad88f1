/*
 * The backup as it passes, member by member: each is given to the judges that have to do with it.
 * What is wrong with the name or the order of members is told here, all else by them.
 */
#include "proof/checker.h"

#include <stdlib.h>
#include <string.h>

#include "proof/judges.h"

/* The member that is passing. */
struct passing {
	struct memberset_row *row; /* NULL if absent */
	struct buf path;           /* as PostgreSQL names it */
	enum memberorder_kind kind;
	const char *fault; /* that keeps it from being unpacked; NULL: none */
	uint64_t done;     /* bytes of the body */
	struct digest *digests[PROOF_MANIFEST_DIGESTS]; /* NULL: not wanted */
	struct buf text; /* the body, of a member that is kept whole */
	bool is_kept;
	bool is_relation;
	struct pagesuspect_file relation;
	bool is_segment; /* of WAL, and read */
	bool is_catalog; /* or describes one */
};

struct checker {
	struct judges judges;
	struct archivepart part; /* the archive that is read */
	struct memberorder order;
	struct passing now;
	uint64_t count, bytes; /* of members, and of their bodies */
};

int
checker_new(struct checker **out, const struct checker_options *opt, struct error *err)
{
	struct checker *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL)
		return error_memory(err);
	if (judges_open(&c->judges, opt, err)) {
		checker_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

static void
forget_member(struct passing *now)
{
	for (size_t k = 0; k < PROOF_MANIFEST_DIGESTS; k++) {
		digest_free(now->digests[k]);
		now->digests[k] = NULL;
	}
	now->row = NULL;
}

void
checker_free(struct checker *c)
{
	if (c == NULL)
		return;
	forget_member(&c->now);
	buf_free(&c->now.path);
	buf_free(&c->now.text);
	memberorder_free(&c->order);
	judges_free(&c->judges);
	free(c);
}

struct findings *
checker_findings(struct checker *c)
{
	return &c->judges.findings;
}

int
checker_archive(struct checker *c, const struct archivepart *part, struct error *err)
{
	c->part = *part;
	memberorder_free(&c->order);
	if (part->kind == ARCHIVEPART_WAL)
		c->judges.wal.has_wal_archive = true;
	return proof_tablespaces_archive(&c->judges.tablespaces, part, err);
}

int
checker_archive_end(struct checker *c, struct error *err)
{
	if (c->part.kind == ARCHIVEPART_WAL && !c->judges.wal.has_wal)
		return findings_add(&c->judges.findings, FINDINGS_MISSING, NULL, err,
		    "the archive \"pg_wal.tar\" has no WAL segment");
	if (c->part.kind != ARCHIVEPART_ALONE && c->part.kind != ARCHIVEPART_BASE)
		return 0;
	return proof_text_judge_label(&c->judges.text, err);
}

/* ---- a member begins ---- */

/*
 * Are tablespaces in pg_basetar_tblspc?  A cluster that was restored has such a directory too,
 * which pg_basebackup sends with the tree, and the tablespaces in archives of their own.
 */
static bool
is_one_archive(const struct checker *c)
{
	return c->judges.facts->info ?
	    !c->judges.facts->info->is_split :
	    c->judges.facts->map == NULL && c->judges.tablespaces.narchives == 0;
}

static int
check_entry(struct checker *c, const struct tar_entry *entry, struct error *err)
{
	const struct findings_location location = {
		.member = entry->name, .has_offset = true, .offset = c->now.row->offset
	};
	const char *fault =
	    memberorder_name_fault(archivepart_plain(entry->name, c->judges.facts->info));

	if (fault == NULL && entry->type == TAR_SYMLINK)
		fault = proof_tablespaces_link_fault(
		    &c->judges.tablespaces, entry->name, entry->link);
	c->now.fault = fault;
	if (fault == NULL)
		fault = proof_access_look(&c->judges.access, c->part.kind, c->now.kind,
		    c->now.row->path, entry);
	if (fault &&
	    findings_add(&c->judges.findings, FINDINGS_NAME, &location, err, "%s", fault))
		return -1;
	if (c->part.kind == ARCHIVEPART_WAL || c->part.kind == ARCHIVEPART_TABLESPACE ||
	    memberorder_is_setting(entry->name, c->judges.facts->info))
		return 0;
	if (memberorder_next(
		&c->order, c->now.kind, entry->name, c->judges.facts->info, &fault, err))
		return -1;
	return fault ? findings_add(&c->judges.findings, FINDINGS_STREAM, &location, err,
			   "%s", fault) :
		       0;
}

static int
begin_digests(struct checker *c, struct error *err)
{
	const unsigned wanted =
	    proof_manifest_digests(&c->judges.manifest, c->now.kind, c->now.is_kept) &
	    ~(1U << DIGEST_NONE);

	for (unsigned k = 0; k < PROOF_MANIFEST_DIGESTS; k++)
		if ((wanted & 1U << k) != 0 &&
		    digest_new(&c->now.digests[k], (enum digest_kind)k, err))
			return -1;
	return 0;
}

/* What its bytes are for. */
static int
begin_body(struct checker *c, const struct tar_entry *entry, struct error *err)
{
	struct passing *now = &c->now;
	const char *path = now->row->path;

	now->is_kept =
	    proof_inplace_wants(&c->judges.inplace, now->kind, path, entry->size) ||
	    (proof_text_wants(&c->judges.text, now->kind, path) &&
		entry->size <= memberorder_text_most(now->kind, path));
	now->is_relation = pagesuspect_is_relation(path, &now->relation);
	now->relation.offset = now->row->offset + TAR_BLOCK;
	now->relation.row = now->row;
	proof_files_begin(&c->judges.files, now->row);
	now->is_catalog =
	    c->judges.facts->info == NULL && catalogset_begin(c->judges.catalogs, path);
	if (begin_digests(c, err))
		return -1;
	if (now->kind == MEMBERORDER_MANIFEST)
		return proof_manifest_begin(&c->judges.manifest, err);
	return now->kind == MEMBERORDER_SEGMENT ?
	    proof_wal_begin(&c->judges.wal, now->row, &now->is_segment, err) :
	    0;
}

/*
 * A cluster that was restored has the pg_basetar.info of that backup; pg_basebackup sends it
 * with the tree.  The first of them may stand where ours has its own: proof/text.c tells.
 */
static enum memberorder_kind
kind_of(struct checker *c, const char *path, char type)
{
	const enum memberorder_kind kind = memberorder_kind(path, type);

	if (memberorder_is_old_manifest(kind, c->judges.facts->info,
		c->judges.facts->control, c->judges.facts->version)) {
		c->judges.has_old_manifest = true;
		return MEMBERORDER_TREE;
	}

	if (kind == MEMBERORDER_INFO &&
	    (c->judges.facts->has_earlier_info ||
		(c->order.has_begun && c->order.last >= MEMBERORDER_TREE)))
		return MEMBERORDER_TREE;
	return kind;
}

int
checker_member(
    struct checker *c, const struct tar_entry *entry, uint64_t offset, struct error *err)
{
	struct passing *now = &c->now;
	const char *name = archivepart_plain(entry->name, c->judges.facts->info);

	if (archivepart_path(&c->part, name, is_one_archive(c), &now->path, err) ||
	    memberset_add(c->judges.members, buf_text(&now->path), &now->row, err))
		return -1;
	now->kind = kind_of(c, now->row->path, entry->type);
	now->row->size = entry->type == TAR_FILE ? entry->size : 0;
	now->row->offset = offset;
	now->row->type = entry->type;
	now->row->is_moved = strcmp(now->row->path, name) != 0;
	now->done = 0;
	now->is_kept = now->is_relation = now->is_segment = now->is_catalog = false;
	buf_clear(&now->text);
	if (c->judges.facts->control &&
	    memberorder_is_setting(name, c->judges.facts->info) &&
	    strcmp(name, MEMBERORDER_AUTO_CONF) != 0)
		c->judges.manifest.is_told_to_follow = true;
	c->count++;
	if (check_entry(c, entry, err) ||
	    proof_inplace_member(&c->judges.inplace, now->row, err))
		return -1;
	return entry->type == TAR_FILE ? begin_body(c, entry, err) : 0;
}

enum memberorder_kind
checker_member_kind(const struct checker *c)
{
	return c->now.kind;
}

const char *
checker_member_path(const struct checker *c)
{
	return buf_text(&c->now.path);
}

const char *
checker_member_fault(const struct checker *c)
{
	return c->now.fault;
}

/* ---- its body ---- */

int
checker_bytes(struct checker *c, const uint8_t *bytes, size_t len, struct error *err)
{
	struct passing *now = &c->now;

	for (size_t k = 0; k < PROOF_MANIFEST_DIGESTS; k++)
		if (now->digests[k] && digest_update(now->digests[k], bytes, len, err))
			return -1;
	if ((now->is_kept && buf_append(&now->text, bytes, len, err)) ||
	    (now->is_relation &&
		pagesuspect_bytes(
		    c->judges.pages, &now->relation, now->done, bytes, len, err)) ||
	    (now->is_segment && proof_wal_bytes(&c->judges.wal, bytes, len, err)) ||
	    (now->is_catalog &&
		catalogset_bytes(c->judges.catalogs, now->done, bytes, len, err)) ||
	    (now->kind == MEMBERORDER_MANIFEST &&
		proof_manifest_bytes(&c->judges.manifest, bytes, len, err)))
		return -1;
	proof_files_bytes(&c->judges.files, bytes, len);
	now->done += len;
	c->bytes += len;
	return 0;
}

static int
end_digests(struct checker *c, struct error *err)
{
	uint8_t result[DIGEST_MAX];
	size_t len;

	for (size_t k = 0; k < PROOF_MANIFEST_DIGESTS; k++)
		if (c->now.digests[k] &&
		    (digest_final(c->now.digests[k], result, &len, err) ||
			memberset_add_digest(c->judges.members, c->now.row,
			    (enum digest_kind)k, result, len, err)))
			return -1;
	return 0;
}

/*
 * If pg_basetar.info is that of an earlier backup, it is a file of the tree, which has begun with
 * it.
 */
static int
checker_take_text(struct checker *c, struct error *err)
{
	struct passing *now = &c->now;

	if (proof_text_take(&c->judges.text, now->row, now->kind, &now->text, err))
		return -1;
	if (now->kind == MEMBERORDER_INFO && c->judges.facts->has_earlier_info)
		c->order.last = MEMBERORDER_TREE;
	return 0;
}

int
checker_member_end(struct checker *c, struct error *err)
{
	struct passing *now = &c->now;
	int rc = 0;

	if (now->row->type == TAR_FILE) {
		rc = end_digests(c, err);
		if (rc == 0 && now->kind == MEMBERORDER_MANIFEST)
			rc = proof_manifest_bytes(&c->judges.manifest, NULL, 0, err);
		else if (rc == 0 && now->is_kept)
			rc = checker_take_text(c, err);
		else if (rc == 0 &&
		    proof_text_wants(&c->judges.text, now->kind, now->row->path))
			rc = proof_text_too_large(
			    &c->judges.text, now->row, now->kind, err);
		if (rc == 0)
			rc = proof_files_end(&c->judges.files, err);
	}
	forget_member(now);
	return rc;
}

int
checker_manifest(struct checker *c, const uint8_t *bytes, size_t len, struct error *err)
{
	return proof_manifest_beside(&c->judges.manifest, err) ||
		proof_manifest_bytes(&c->judges.manifest, bytes, len, err) ?
	    -1 :
	    0;
}

/* ---- the whole ---- */

int
checker_finish(struct checker *c, struct error *err)
{
	return judges_finish(&c->judges, err);
}

void
checker_break_off(struct checker *c, const struct error *why)
{
	struct error ignored = { 0 };

	/* of a release that is not known everything may look damaged */
	if (why->kind != ERROR_UNSUPPORTED)
		(void)!proof_content_tell_rest(&c->judges.content, &ignored);
}

bool
checker_next_location(
    const struct checker *c, size_t *at, uint32_t *oid, const char **location)
{
	const struct proof_replay_row *row;

	while ((row = proof_replay_next(&c->judges.replay, at)) != NULL) {
		if (row->location[0] == '\0')
			continue;
		*oid = row->space;
		*location = row->location;
		return true;
	}
	return false;
}

const struct facts *
checker_backup(const struct checker *c)
{
	return c->judges.facts;
}

struct checker_facts
checker_facts(const struct checker *c)
{
	const struct judges *j = &c->judges;
	struct facts f = facts_conclude(j->facts);

	f.range = (struct facts_range){ j->wal.start_lsn, j->wal.stop_lsn,
		j->wal.start_timeline, j->wal.stop_timeline };
	f.wal = j->wal.lineages ? FACTS_THERE : FACTS_ABSENT;
	f.manifest = j->manifest.is_whole ? FACTS_THERE : FACTS_ABSENT;
	f.digest = proof_manifest_main_digest(&j->manifest);
	f.archive.members = c->count;
	f.archive.bytes = c->bytes;
	return (struct checker_facts){ .backup = f,
		.wal_records = j->wal.records,
		.findings = j->findings.count,
		.pages = pagesuspect_sum(j->pages) };
}

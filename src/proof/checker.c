#include "proof/checker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/layout.h"
#include "lib/number.h"
#include "pg/cluster.h"
#include "proof/checker_internal.h"

int
checker_new(struct checker **out, const struct checker_options *opt, struct error *err)
{
	struct checker *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL)
		return error_memory(err);
	c->opt = *opt;
	c->findings.tell = opt->finding;
	if (memberset_new(&c->set, err) || pagesuspect_new(&c->pages, err) ||
	    checker_files_new(c, err)) {
		checker_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

static void
forget_member(struct checker_current *now)
{
	for (size_t k = 0; k < CHECKER_DIGESTS; k++) {
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
	checker_wal_free(c);
	manifest_parse_free(c->parse);
	free(c->ranges);
	infofile_free(&c->info);
	if (c->has_label)
		label_free(&c->label);
	buf_free(&c->map);
	oidset_free(&c->archives);
	checker_inplace_free(c);
	pagesuspect_free(c->pages);
	checker_files_free(c);
	checker_missing_free(c);
	checker_content_free(c);
	memberset_free(c->set);
	free(c);
}

struct findings *
checker_findings(struct checker *c)
{
	return &c->findings;
}

bool
checker_is_online(const struct checker *c)
{
	return !c->has_info || c->info.mode == INFOFILE_ONLINE;
}

/*
 * pg_basebackup -R puts the first, which is empty, or up to 11 the second behind pg_control, and
 * writes the third anew; the manifest knows nothing of that.
 */
bool
checker_is_setting(const struct checker *c, const char *path)
{
	static const char *const names[] = { "standby.signal", "recovery.conf",
		CHECKER_SETTINGS };

	for (size_t i = 0; !c->has_info && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(path, names[i]) == 0)
			return true;
	return false;
}

int
checker_archive(struct checker *c, const struct archivepart *part, struct error *err)
{
	c->part = *part;
	memberorder_free(&c->order);
	if (part->kind == ARCHIVEPART_WAL)
		c->has_wal_archive = true;
	if (part->kind != ARCHIVEPART_TABLESPACE)
		return 0;
	c->narchives++;
	return oidset_add_text(&c->archives, part->oid, err);
}

int
checker_archive_end(struct checker *c, struct error *err)
{
	bool is_told;

	if (c->part.kind == ARCHIVEPART_WAL && !c->has_wal)
		return findings_add(&c->findings, FINDINGS_MISSING, NULL, err,
		    "the archive \"pg_wal.tar\" has no segment of WAL");
	if (c->part.kind != ARCHIVEPART_ALONE && c->part.kind != ARCHIVEPART_BASE)
		return 0;
	if (c->label_error.kind != ERROR_NONE) {
		*err = c->label_error;
		c->label_error = (struct error){ 0 };
		return checker_content(c, c->bad_label, FINDINGS_LABEL, err);
	}
	if (checker_missing_is_told(c, LAYOUT_INFO, &is_told, err))
		return -1;
	/* with pg_basetar.info it is lost whether the server ran, and the manifest listed a label */
	if (!c->has_label && !c->has_bad_label && c->has_control && !is_told &&
	    (checker_is_online(c) || c->control.checkpoint_lsn == CONTROL_NO_CHECKPOINT))
		return checker_missing(c, LAYOUT_LABEL, NULL, err);
	return 0;
}

/* ---- a member begins ---- */

/*
 * Are tablespaces in pg_basetar_tblspc?  A cluster that was restored has such a directory too,
 * which pg_basebackup sends with the tree, and the tablespaces in archives of their own.
 */
static bool
is_one_archive(const struct checker *c)
{
	return c->has_info ? !c->info.is_split : !c->has_map && c->narchives == 0;
}

/* Links are those of tablespaces; where they must lead is known for our own archives. */
static const char *
link_fault(const struct checker *c, const struct tar_entry *entry)
{
	const char *oid = strrchr(entry->name, '/');
	uint64_t number;

	if (oid == NULL || strncmp(entry->name, "pg_tblspc/", 10) != 0 ||
	    oid != entry->name + 9 ||
	    !number_parse(oid + 1, strlen(oid + 1), UINT32_MAX, &number))
		return "a link that is none of a tablespace";
	if (!c->has_info)
		return NULL;
	if (infofile_tablespace(&c->info, oid + 1) == NULL)
		return "a link of a tablespace that pg_basetar.info does not tell of";
	return layout_is_link_target(entry->link, oid + 1) ?
	    NULL :
	    "a link that leads elsewhere than into the backup";
}

static int
check_entry(struct checker *c, const struct tar_entry *entry, struct error *err)
{
	const struct findings_place place = {
		.member = entry->name, .has_offset = true, .offset = c->now.row->offset
	};
	const char *fault =
	    memberorder_name_fault(archivepart_plain(entry->name, c->has_info));

	if (fault == NULL && entry->type == TAR_SYMLINK)
		fault = link_fault(c, entry);
	c->now.fault = fault;
	if (fault == NULL)
		fault = checker_access_entry(c, entry);
	if (fault && findings_add(&c->findings, FINDINGS_NAME, &place, err, "%s", fault))
		return -1;
	if (c->part.kind == ARCHIVEPART_WAL || c->part.kind == ARCHIVEPART_TABLESPACE ||
	    checker_is_setting(c, entry->name))
		return 0;
	if (memberorder_next(
		&c->order, c->now.kind, entry->name, c->has_info, &fault, err))
		return -1;
	return fault ?
	    findings_add(&c->findings, FINDINGS_STREAM, &place, err, "%s", fault) :
	    0;
}

/* Which digests of it will be compared with the manifest's? */
static unsigned
wanted_digests(const struct checker *c)
{
	const unsigned any = 1U << DIGEST_CRC32C | 1U << DIGEST_SHA256;

	/* the manifest of pg_basebackup -X fetch has the WAL as well, ours has not */
	if (c->now.kind == MEMBERORDER_MANIFEST ||
	    (c->has_info && c->now.kind == MEMBERORDER_SEGMENT))
		return 0;
	/* those before pg_basetar.info too, and pg_control, which has another than the rest */
	if (c->now.is_kept || c->now.kind == MEMBERORDER_CONTROL)
		return (1U << CHECKER_DIGESTS) - 1;
	if (c->opt.digests)
		return c->opt.digests;
	if (!c->has_info)
		return any;
	return c->info.has_manifest ? 1U << c->info.digest : 0;
}

static int
begin_digests(struct checker *c, struct error *err)
{
	const unsigned wanted = wanted_digests(c) & ~(1U << DIGEST_NONE);

	for (unsigned k = 0; k < CHECKER_DIGESTS; k++)
		if ((wanted & 1U << k) != 0 &&
		    digest_new(&c->now.digests[k], (enum digest_kind)k, err))
			return -1;
	return 0;
}

/* What its bytes are for. */
static int
begin_body(struct checker *c, const struct tar_entry *entry, struct error *err)
{
	struct checker_current *now = &c->now;
	const char *path = now->row->path;

	now->is_kept = checker_text_is_config(c, path, entry->size) ||
	    (checker_text_is_kept(c, now->kind, path) &&
		entry->size <= memberorder_text_most(now->kind, path));
	now->is_relation = pagesuspect_is_relation(path, &now->relation);
	now->relation.offset = now->row->offset + TAR_BLOCK;
	now->relation.row = now->row;
	checker_files_begin(c);
	if (begin_digests(c, err))
		return -1;
	if (now->kind == MEMBERORDER_MANIFEST)
		return checker_manifest_begin(c, err);
	return now->kind == MEMBERORDER_SEGMENT ? checker_wal_begin(c, entry, err) : 0;
}

/*
 * A cluster that was restored has the pg_basetar.info of that backup; pg_basebackup sends it
 * with the tree.  The first of them may stand where ours has its own: proof/text.c tells.
 */
static enum memberorder_kind
kind_of(struct checker *c, const char *path, char type)
{
	const enum memberorder_kind kind = memberorder_kind(path, type);

	if (memberorder_is_old_manifest(kind, c->has_info, c->has_control, c->version)) {
		c->has_old_manifest = true;
		return MEMBERORDER_TREE;
	}

	if (kind == MEMBERORDER_INFO &&
	    (c->has_earlier_info ||
		(c->order.has_begun && c->order.last >= MEMBERORDER_TREE)))
		return MEMBERORDER_TREE;
	return kind;
}

int
checker_member(
    struct checker *c, const struct tar_entry *entry, uint64_t offset, struct error *err)
{
	struct checker_current *now = &c->now;
	const char *name = archivepart_plain(entry->name, c->has_info);

	if (archivepart_path(&c->part, name, is_one_archive(c), &now->path, err) ||
	    memberset_add(c->set, buf_text(&now->path), &now->row, err))
		return -1;
	now->kind = kind_of(c, now->row->path, entry->type);
	now->row->size = entry->type == TAR_FILE ? entry->size : 0;
	now->row->offset = offset;
	now->row->type = entry->type;
	now->row->is_moved = strcmp(now->row->path, name) != 0;
	now->done = 0;
	now->is_kept = now->is_relation = now->is_segment = now->is_slru = false;
	now->state.kind = STATEFILE_NONE;
	buf_clear(&now->text);
	if (c->has_control && checker_is_setting(c, name) &&
	    strcmp(name, CHECKER_SETTINGS) != 0)
		c->is_told_to_follow = true;
	c->members++;
	if (check_entry(c, entry, err) || checker_inplace_member(c, entry, err))
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
	struct checker_current *now = &c->now;

	for (size_t k = 0; k < CHECKER_DIGESTS; k++)
		if (now->digests[k] && digest_update(now->digests[k], bytes, len, err))
			return -1;
	if ((now->is_kept && buf_append(&now->text, bytes, len, err)) ||
	    (now->is_relation &&
		pagesuspect_bytes(
		    c->pages, &now->relation, now->done, bytes, len, err)) ||
	    (now->is_segment && checker_wal_bytes(c, bytes, len, err)) ||
	    (now->kind == MEMBERORDER_MANIFEST && checker_manifest(c, bytes, len, err)))
		return -1;
	checker_files_bytes(c, bytes, len);
	now->done += len;
	c->bytes += len;
	return 0;
}

static int
end_digests(struct checker *c, struct error *err)
{
	uint8_t result[DIGEST_MAX];
	size_t len;

	for (size_t k = 0; k < CHECKER_DIGESTS; k++)
		if (c->now.digests[k] &&
		    (digest_final(c->now.digests[k], result, &len, err) ||
			memberset_add_digest(
			    c->set, c->now.row, (enum digest_kind)k, result, len, err)))
			return -1;
	return 0;
}

static int
is_too_large(struct checker *c, struct error *err)
{
	c->now.row->is_size_told = true;
	c->has_bad_label |= c->now.kind == MEMBERORDER_LABEL;
	return findings_add(&c->findings, FINDINGS_SIZE,
	    &(struct findings_place){ .member = c->now.row->path }, err,
	    "is implausibly large");
}

int
checker_member_end(struct checker *c, struct error *err)
{
	struct checker_current *now = &c->now;
	int rc = 0;

	if (now->row->type == TAR_FILE) {
		rc = end_digests(c, err);
		if (rc == 0 && now->kind == MEMBERORDER_MANIFEST)
			rc = checker_manifest(c, NULL, 0, err);
		else if (rc == 0 && now->is_kept)
			rc = checker_text_take(c, err);
		else if (rc == 0 && checker_text_is_kept(c, now->kind, now->row->path))
			rc = is_too_large(c, err);
		if (rc == 0)
			rc = checker_files_end(c, err);
	}
	forget_member(now);
	return rc;
}

/* ---- the whole ---- */

/* What every backup has. */
static int
check_complete(struct checker *c, struct error *err)
{
	struct memberset_row *row;

	if (c->version == NULL && memberset_find(c->set, "PG_VERSION", &row, err))
		return -1;
	if (c->version == NULL && row == NULL &&
	    checker_missing(c, "PG_VERSION", NULL, err))
		return -1;
	if (memberset_find(c->set, LAYOUT_CONTROL, &row, err))
		return -1;
	if (row == NULL && checker_missing(c, LAYOUT_CONTROL, NULL, err))
		return -1;
	/* the release was not known yet when it came */
	if (c->has_old_manifest && c->version && !c->version->sends_old_manifest &&
	    findings_add(&c->findings, FINDINGS_STREAM,
		&(struct findings_place){ .member = LAYOUT_MANIFEST }, err,
		"out of order: it belongs after pg_control"))
		return -1;
	for (unsigned n = 0; cluster_directory(n); n++) {
		if (memberset_find(c->set, cluster_directory(n), &row, err))
			return -1;
		if ((row == NULL || row->type != TAR_DIRECTORY) &&
		    (row || !cluster_directory_is_optional(n)) &&
		    checker_missing(c, cluster_directory(n),
			"required directory is missing (the server does not create it)",
			err))
			return -1;
	}
	return 0;
}

struct limits {
	struct pagesuspect_limits limits; /* first */
	const struct checker *c;
};

static bool
is_read(const struct pagesuspect_limits *limits, unsigned line, uint64_t end_lsn)
{
	return checker_wal_is_read(((const struct limits *)limits)->c, line, end_lsn);
}

static int
judge_pages(struct checker *c, struct error *err)
{
	const bool is_clean = c->has_control && c->control.state == CONTROL_SHUTDOWN;
	const struct limits limits = {
		.limits = { .is_replayed = checker_is_online(c) ||
			(c->info.mode == INFOFILE_SNAPSHOT && !is_clean),
		    .has_wal = c->lines != NULL,
		    .has_digests = c->is_manifest_sound,
		    .start_lsn = c->start_lsn,
		    .stop_lsn = c->stop_lsn,
		    .is_read = is_read },
		.c = c,
	};

	return pagesuspect_judge(
	    c->pages, &limits.limits, &c->findings, c->opt.benign, err);
}

int
checker_finish(struct checker *c, struct error *err)
{
	if (checker_content_faults(c, err) || checker_replay_sort(c, err) ||
	    check_complete(c, err) || checker_wal_judge(c, err) ||
	    checker_missing_judge(c, err) || checker_inplace_judge(c, err) ||
	    checker_agree(c, err) || checker_members_judge(c, err) ||
	    judge_pages(c, err) || checker_files_judge(c, err) ||
	    checker_config_judge(c, err) || checker_content_rest(c, err))
		return -1;
	checker_access_judge(c);
	findings_end(&c->findings);
	return 0;
}

static enum digest_kind
main_digest(const struct checker *c)
{
	enum digest_kind kind = DIGEST_NONE;

	for (unsigned k = 0; k < CHECKER_DIGESTS; k++)
		if (c->of_digest[k] > c->of_digest[kind])
			kind = (enum digest_kind)k;
	return kind;
}

struct checker_facts
checker_facts(const struct checker *c)
{
	return (struct checker_facts){
		.info = c->has_info ? &c->info : NULL,
		.label = c->has_label ? &c->label : NULL,
		.control = c->has_control ? &c->control : NULL,
		.version = c->version,
		.mode = infofile_mode_name(c->info.mode),
		.is_standby = c->has_label ? c->label.from_standby :
					     control_is_standby(&c->control),
		.has_manifest = c->is_manifest_whole,
		.digest = main_digest(c),
		.system_identifier = c->has_control ? c->control.system_identifier : 0,
		.start_lsn = c->start_lsn,
		.stop_lsn = c->stop_lsn,
		.start_timeline = c->start_timeline,
		.stop_timeline = c->stop_timeline,
		.has_wal = c->lines != NULL,
		.wal_records = c->wal_records,
		.members = c->members,
		.bytes = c->bytes,
		.findings = c->findings.count,
		.pages = pagesuspect_sum(c->pages),
	};
}

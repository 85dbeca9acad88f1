/*
 * Members pass once: the few that describe the backup are kept and parsed, the others are counted.
 * A fault in one of the few waits until the release of the server is known (keep_early()), because
 * a release that this program does not know may write the member otherwise.
 */
#include "format/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/facts.h"
#include "format/layout.h"
#include "format/memberorder.h"
#include "format/memberset.h"
#include "format/spacelist.h"
#include "lib/number.h"
#include "lib/oidset.h"
#include "pg/cluster.h"
#include "pg/manifest_parse.h"
#include "pg/tablespace_map.h"
#include "wal/histories.h"

struct summary {
	struct manifest_sink sink; /* first */
	struct manifest_parse *parse;

	struct archivepart part; /* the archive that is read */
	size_t narchives;        /* of tablespaces */
	bool is_in_tree;

	/* the member that passes */
	struct buf path; /* as PostgreSQL names it */
	enum memberorder_kind kind;
	bool is_kept;
	struct buf text; /* of one that is kept */

	struct facts_reader reader;
	struct tablespace_map links;
	struct histories histories; /* those that can be read */
	bool has_manifest;
	struct error early; /* a fault of what came before the release was known */

	uint64_t identifier; /* by the manifest */
	uint64_t stop_lsn;
	uint32_t stop_timeline;
	uint64_t of_digest[DIGEST_SHA512 + 1]; /* entries of the manifest */

	uint64_t members, files, bytes;
	struct {
		uint64_t files, bytes;
	} listed;   /* of these, in this archive, those that a manifest lists */
	bool skips; /* they do not all come: the manifest has them */
	bool has_skipped, base_is_skipped;
	struct oidset archives, skipped; /* of tablespaces */
	uint64_t wal_segments, wal_bytes;
	struct spacelist tablespaces;
	struct memberset *config; /* files in pg_basetar_config */
	bool *is_config_there;    /* of each row of info.config, after the end */
};

void
summary_free(struct summary *s)
{
	if (s == NULL)
		return;
	manifest_parse_free(s->parse);
	buf_free(&s->path);
	buf_free(&s->text);
	facts_free(&s->reader);
	tablespace_map_free(&s->links);
	histories_free(&s->histories);
	spacelist_free(&s->tablespaces);
	memberset_free(s->config);
	oidset_free(&s->archives);
	oidset_free(&s->skipped);
	free(s->is_config_there);
	free(s);
}

int
summary_archive(struct summary *s, const struct archivepart *part, struct error *err)
{
	s->part = *part;
	s->is_in_tree = s->skips = false;
	s->listed.files = s->listed.bytes = 0;
	if (part->kind != ARCHIVEPART_TABLESPACE)
		return 0;
	s->narchives++;
	return oidset_add_text(&s->archives, part->oid, err);
}

int
summary_skip(struct summary *s, struct error *err)
{
	s->files -= s->listed.files;
	s->bytes -= s->listed.bytes;
	s->skips = s->has_skipped = true;
	if (s->part.kind == ARCHIVEPART_TABLESPACE)
		return oidset_add_text(&s->skipped, s->part.oid, err);
	s->base_is_skipped = true;
	return 0;
}

bool
summary_is_in_manifest(const struct summary *s, bool is_beside)
{
	const struct infofile *info = s->reader.facts.info;

	return info && info->has_manifest && info->is_split == is_beside &&
	    s->is_in_tree && s->reader.facts.version;
}

bool
summary_is_in_tree(const struct summary *s)
{
	return s->is_in_tree && s->early.kind == ERROR_NONE;
}

/* pg_basetar.info tells; or tablespace_map, which depends on the version. */
bool
summary_knows_locations(const struct summary *s)
{
	return s->reader.facts.info || (s->is_in_tree && s->reader.facts.version);
}

/* ---- the manifest ---- */

static int
hear_identifier(struct manifest_sink *sink, uint64_t identifier, struct error *err)
{
	(void)err;
	((struct summary *)sink)->identifier = identifier;
	return 0;
}

/* Is it known by the manifest only? */
static bool
was_skipped(struct summary *s, const char *path)
{
	uint32_t oid;

	if (s->archives.count > 0 && spacelist_oid(path, &oid) &&
	    oidset_has(&s->archives, oid))
		return oidset_has(&s->skipped, oid);
	return s->base_is_skipped;
}

static int
summary_hear_file(
    struct manifest_sink *sink, const struct manifest_file *file, struct error *err)
{
	struct summary *s = (struct summary *)sink;

	s->of_digest[file->digest_kind]++;
	if (!was_skipped(s, file->path))
		return 0;
	s->files++;
	s->bytes += file->size;
	return spacelist_count(&s->tablespaces, file->path, file->size, err);
}

/* The newest timeline comes first. */
static int
hear_wal(struct manifest_sink *sink, uint32_t timeline, uint64_t start, uint64_t end,
    struct error *err)
{
	struct summary *s = (struct summary *)sink;

	(void)start;
	(void)err;
	if (s->stop_lsn == 0) {
		s->stop_lsn = end;
		s->stop_timeline = timeline;
	}
	return 0;
}

static const struct manifest_sink_ops sink_ops = {
	.identifier = hear_identifier,
	.file = summary_hear_file,
	.wal = hear_wal,
};

int
summary_new(struct summary **out, struct error *err)
{
	struct summary *s = calloc(1, sizeof(*s));

	*out = s;
	if (s == NULL)
		return error_memory(err);
	s->sink.ops = &sink_ops;
	return memberset_new(&s->config, err);
}

static int
end_manifest(struct summary *s, struct error *err)
{
	struct manifest_verdict ignored; /* whether it is right is asked of verify */
	int rc = manifest_parse_finish(s->parse, &ignored, err);

	manifest_parse_free(s->parse);
	s->parse = NULL;
	s->has_manifest = true;
	return rc;
}

int
summary_manifest(struct summary *s, const uint8_t *bytes, size_t len, struct error *err)
{
	if (s->parse == NULL && manifest_parse_new(&s->parse, &s->sink, err))
		return -1;
	return len > 0 ? manifest_parse_bytes(s->parse, bytes, len, err) :
			 end_manifest(s, err);
}

/* ---- members ---- */

/* A pg_basetar.info in the tree is a file like others. */
static bool
is_wanted(const struct summary *s)
{
	return facts_want(&s->reader.facts, s->kind, buf_text(&s->path)) &&
	    (s->kind != MEMBERORDER_INFO ||
		(!s->is_in_tree && !s->reader.facts.has_earlier_info));
}

/*
 * What is wrong with the member may be so because a release that is not known writes it
 * otherwise: as long as the release has not been told it waits, and is forgotten with the error
 * that names the release.  What tells the release itself is not kept waiting.
 */
static int
keep_early(struct summary *s, struct error *err)
{
	if (s->reader.facts.info || s->reader.facts.version ||
	    s->kind == MEMBERORDER_INFO || s->kind == MEMBERORDER_TREE ||
	    (err->kind != ERROR_FORMAT && err->kind != ERROR_UNSUPPORTED))
		return -1;
	if (s->early.kind == ERROR_NONE)
		s->early = *err;
	*err = (struct error){ 0 };
	return 0;
}

/* The release has been told, or nothing more comes. */
static int
tell_early(const struct summary *s, struct error *err)
{
	if (s->early.kind == ERROR_NONE)
		return 0;
	*err = s->early;
	return -1;
}

/* Will its bytes be wanted? */
static int
look_at_body(
    struct summary *s, const struct tar_entry *entry, bool *wanted, struct error *err)
{
	const size_t most = memberorder_text_most(s->kind, buf_text(&s->path));

	s->is_kept =
	    is_wanted(s) || (s->kind == MEMBERORDER_HISTORY && entry->size <= most);
	*wanted = s->is_kept || (s->kind == MEMBERORDER_MANIFEST && !s->has_manifest);
	if (!s->is_kept || entry->size <= most)
		return 0;
	s->is_kept = *wanted = false;
	error_set(err, ERROR_FORMAT, 0, "\"%s\" is implausibly large: %llu bytes",
	    entry->name, (unsigned long long)entry->size);
	return keep_early(s, err);
}

/* What a manifest lists comes before the WAL. */
static int
count_member(struct summary *s, char type, uint64_t size, struct error *err)
{
	const bool is_listed = s->kind < MEMBERORDER_SEGMENT;

	if (s->kind == MEMBERORDER_SEGMENT) {
		s->wal_segments++;
		s->wal_bytes += size;
	}
	if (is_listed && s->skips)
		return 0;
	s->files += type == TAR_FILE;
	s->bytes += size;
	if (is_listed) {
		s->listed.files += type == TAR_FILE;
		s->listed.bytes += size;
	}
	return spacelist_count(&s->tablespaces, buf_text(&s->path), size, err);
}

int
summary_member(
    struct summary *s, const struct tar_entry *entry, bool *wanted, struct error *err)
{
	const struct facts *f = &s->reader.facts;
	const bool is_whole = f->info ? !f->info->is_split : !f->map && s->narchives == 0;
	const char *name = archivepart_plain(entry->name, f->info);
	const uint64_t size = entry->type == TAR_FILE ? entry->size : 0;
	struct memberset_row *row;

	*wanted = false;
	if (archivepart_path(&s->part, name, is_whole, &s->path, err))
		return -1;
	buf_clear(&s->text);
	s->kind = memberorder_kind(buf_text(&s->path), entry->type);
	if (memberorder_is_old_manifest(s->kind, f->info, f->control, f->version))
		s->kind = MEMBERORDER_TREE;
	s->is_in_tree = s->is_in_tree || s->kind >= MEMBERORDER_TREE;
	s->members++;
	if (count_member(s, entry->type, size, err) ||
	    (s->kind == MEMBERORDER_CONFIG && entry->type == TAR_FILE &&
		memberset_add(s->config, buf_text(&s->path), &row, err)))
		return -1;
	return entry->type == TAR_FILE ? look_at_body(s, entry, wanted, err) : 0;
}

int
summary_bytes(struct summary *s, const uint8_t *bytes, size_t len, struct error *err)
{
	if (s->kind != MEMBERORDER_MANIFEST)
		return buf_append(&s->text, bytes, len, err);
	if (len == 0 || summary_manifest(s, bytes, len, err) == 0)
		return 0;
	return error_wrap(err, "\"%s\"", LAYOUT_MANIFEST);
}

static int
summary_take_text(struct summary *s, struct error *err)
{
	if (s->kind == MEMBERORDER_HISTORY)
		return histories_add(&s->histories, buf_text(&s->path), &s->text, err);
	if (facts_take(&s->reader, s->kind, &s->text, err))
		return -1;
	if (s->kind == MEMBERORDER_INFO && s->reader.facts.has_earlier_info)
		s->is_in_tree = true;
	return 0;
}

int
summary_member_end(struct summary *s, struct error *err)
{
	const int rc = s->is_kept           ? summary_take_text(s, err) :
	    s->kind == MEMBERORDER_MANIFEST ? summary_manifest(s, NULL, 0, err) :
					      0;

	if (rc) {
		error_wrap(err, "\"%s\"", buf_text(&s->path));
		return keep_early(s, err);
	}
	return s->reader.facts.info || s->reader.facts.version ? tell_early(s, err) : 0;
}

/* ---- the whole ---- */

static int
add_locations(struct summary *s, struct error *err)
{
	const struct facts *f = &s->reader.facts;
	const struct infofile_pairs *told = &s->reader.info.tablespaces;
	uint64_t oid;

	for (size_t i = 0; i < told->count; i++)
		if (number_parse(told->rows[i].name, strlen(told->rows[i].name),
			UINT32_MAX, &oid) &&
		    spacelist_add(
			&s->tablespaces, (uint32_t)oid, told->rows[i].path, err))
			return -1;
	if (f->info || f->version == NULL)
		return 0;
	if (tablespace_map_parse(
		buf_text(&s->reader.map), s->reader.map.len, f->version, &s->links, err))
		return error_wrap(err, "\"%s\"", LAYOUT_MAP);
	for (size_t i = 0; i < s->links.count; i++)
		if (spacelist_add(&s->tablespaces, s->links.rows[i].oid,
			s->links.rows[i].target, err))
			return -1;
	return 0;
}

/* Those that could not be read are listed as well, so that it is known what the original had. */
static int
look_for_config(struct summary *s, struct error *err)
{
	const struct infofile_pairs *told = &s->reader.info.config;
	struct buf path = { 0 };
	int rc = 0;

	s->is_config_there = calloc(told->count + 1, sizeof(*s->is_config_there));
	if (s->is_config_there == NULL)
		return error_memory(err);
	for (size_t i = 0; i < told->count && rc == 0; i++) {
		struct memberset_row *row = NULL;

		buf_clear(&path);
		rc = buf_printf(&path, err, "%s/%s", LAYOUT_CONFIG, told->rows[i].name);
		if (rc == 0)
			rc = memberset_find(s->config, buf_text(&path), &row, err);
		s->is_config_there[i] = row != NULL;
	}
	buf_free(&path);
	return rc;
}

int
summary_finish(struct summary *s, struct error *err)
{
	struct facts *f = &s->reader.facts;

	if (tell_early(s, err))
		return -1;
	if (!f->info && !f->label && !f->control) {
		error_set(err, ERROR_FORMAT, 0,
		    "this is not a base backup: it has neither backup_label nor pg_basetar.info nor pg_control");
		return error_hint(
		    err, "If the backup has several archives, name their directory.");
	}
	if (f->version == NULL && f->info)
		f->version = cluster_version(f->info->server_version);
	if (add_locations(s, err) || look_for_config(s, err))
		return -1;
	spacelist_merge(&s->tablespaces);
	/* the servers that send those in place, and ours, tell where all others are */
	if (f->info || (f->version && f->map && f->version->sends_in_place))
		spacelist_rest_in_place(&s->tablespaces);
	return 0;
}

static enum digest_kind
main_digest(const struct summary *s)
{
	const struct infofile *info = s->reader.facts.info;
	enum digest_kind kind = DIGEST_NONE;

	if (info && info->has_manifest)
		return info->digest;
	for (unsigned k = 0; k <= DIGEST_SHA512; k++)
		if (s->of_digest[k] > s->of_digest[kind])
			kind = (enum digest_kind)k;
	return kind;
}

static enum facts_presence
presence(bool is_known, bool is_there)
{
	if (!is_known)
		return FACTS_UNKNOWN;
	return is_there ? FACTS_THERE : FACTS_ABSENT;
}

/* What the headers of the members say, besides those few that were read. */
static struct facts
add_members(const struct summary *s, bool is_whole)
{
	const struct infofile *info = s->reader.facts.info;
	struct facts f = facts_conclude(&s->reader.facts);

	if (f.control == NULL)
		f.system_identifier = s->identifier;
	f.range.stop_lsn = s->stop_lsn;
	f.range.stop_timeline = s->stop_timeline;
	f.wal =
	    presence(is_whole || info, s->wal_segments > 0 || (info && info->has_wal));
	f.manifest = presence(is_whole || s->has_manifest || info,
	    s->has_manifest || (info && info->has_manifest));
	f.digest = main_digest(s);
	f.archive.members = s->members;
	f.archive.bytes = s->bytes;
	return f;
}

struct summary_facts
summary_facts(const struct summary *s, bool is_whole)
{
	return (struct summary_facts){
		.backup = add_members(s, is_whole),
		.is_whole = is_whole,
		.is_counted = is_whole && !s->has_skipped,
		.files = s->files,
		.wal_segments = s->wal_segments,
		.wal_bytes = s->wal_bytes,
		.tablespaces = s->tablespaces.rows,
		.ntablespaces = s->tablespaces.count,
		.histories = &s->histories,
		.is_config_there = is_whole || s->is_in_tree ? s->is_config_there : NULL,
	};
}

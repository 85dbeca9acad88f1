/* backup_manifest against the members that were seen. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/layout.h"
#include "proof/checker_internal.h"

static const struct findings_place at_manifest = { .member = LAYOUT_MANIFEST };

/* ---- what it says ---- */

static struct checker *
checker_of(struct manifest_sink *sink)
{
	return (struct checker *)((char *)sink - offsetof(struct checker, manifest_sink));
}

static int
hear_version(struct manifest_sink *sink, unsigned version, struct error *err)
{
	(void)err;
	checker_of(sink)->manifest_version = version;
	return 0;
}

static int
hear_identifier(struct manifest_sink *sink, uint64_t identifier, struct error *err)
{
	(void)err;
	checker_of(sink)->manifest_identifier = identifier;
	return 0;
}

static int
hear_wal(struct manifest_sink *sink, uint32_t timeline, uint64_t start, uint64_t end,
    struct error *err)
{
	struct checker *c = checker_of(sink);
	struct checker_range *ranges;

	if (c->nranges == CHECKER_TIMELINES)
		return error_set(err, ERROR_FORMAT, 0, "too many stretches of WAL");
	ranges = realloc(c->ranges, (c->nranges + 1) * sizeof(*ranges));
	if (ranges == NULL)
		return error_memory(err);
	c->ranges = ranges;
	ranges[c->nranges++] = (struct checker_range){ timeline, start, end };
	return 0;
}

static void
print_hex(char *out, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* Whether pg_basebackup -R did it is seen when all members are. */
static bool
is_rewritten(struct checker *c, const struct memberset_row *row)
{
	if (c->has_info || strcmp(row->path, CHECKER_SETTINGS) != 0)
		return false;
	c->has_other_settings = true;
	return true;
}

static int
compare(struct checker *c, struct memberset_row *row, enum digest_kind kind,
    const uint8_t *expected, const uint8_t *found, size_t len, struct error *err)
{
	char one[2 * DIGEST_MAX + 1], other[2 * DIGEST_MAX + 1];

	row->digest = FINDING_DIGEST_MATCHES;
	if (memcmp(expected, found, len) == 0)
		return 0;
	row->digest = FINDING_DIGEST_DIFFERS;
	if (is_rewritten(c, row))
		return 0;
	print_hex(one, expected, len);
	print_hex(other, found, len);
	return checker_content_digest(c, row, kind, one, other, err);
}

/* Compare the digest, if one of its kind was taken. */
static int
compare_digest(struct checker *c, struct memberset_row *row,
    const struct manifest_file *file, struct error *err)
{
	uint8_t crc[4];

	if (file->digest_kind == DIGEST_NONE) {
		c->without_digest = c->without_digest ? c->without_digest : row->path;
		return 0;
	}
	if (file->digest_kind == DIGEST_CRC32C && row->has_crc32c) {
		for (size_t i = 0; i < sizeof(crc); i++)
			crc[i] = (uint8_t)(row->crc32c >> 8 * i);
		return compare(
		    c, row, DIGEST_CRC32C, file->digest, crc, sizeof(crc), err);
	}
	for (const struct memberset_digest *d = row->digests; d; d = d->next)
		if (d->kind == file->digest_kind)
			return compare(
			    c, row, d->kind, file->digest, d->bytes, d->len, err);
	c->not_compared++;
	c->not_taken = file->digest_kind;
	return 0;
}

/* Then the digest is another, too: that would be a second finding of one cause. */
static int
differs_in_size(struct checker *c, struct memberset_row *row,
    const struct manifest_file *file, struct error *err)
{
	const bool is_told = row->is_size_told;

	if (is_rewritten(c, row) || is_told)
		return 0;
	row->is_size_told = true;
	return findings_add_size(&c->findings,
	    &(struct findings_place){
		.member = row->path, .has_offset = true, .offset = row->offset },
	    file->size, row->size, err);
}

static int
hear_file(struct manifest_sink *sink, const struct manifest_file *file, struct error *err)
{
	struct checker *c = checker_of(sink);
	struct memberset_row *row;

	c->of_digest[file->digest_kind]++;
	if (memberset_find(c->set, file->path, &row, err))
		return -1;
	if (row == NULL || row->type != TAR_FILE)
		return checker_missing_listed(c, file->path, err);
	if (row->is_listed)
		return findings_add(&c->findings, FINDINGS_MANIFEST, &at_manifest, err,
		    "tells twice of \"%s\"", file->path);
	row->is_listed = true;
	row->listed_size = file->size;
	if (row->size != file->size)
		return differs_in_size(c, row, file, err);
	return compare_digest(c, row, file, err);
}

static const struct manifest_sink_ops sink_ops = {
	.version = hear_version,
	.identifier = hear_identifier,
	.file = hear_file,
	.wal = hear_wal,
};

/* ---- its text ---- */

int
checker_manifest_begin(struct checker *c, struct error *err)
{
	if (c->has_manifest)
		return 0; /* a second one is a duplicate */
	c->has_manifest = true;
	c->manifest_sink.ops = &sink_ops;
	return manifest_parse_new(&c->parse, &c->manifest_sink, err);
}

/* What follows is passed over. */
static int
give_up(struct checker *c, struct error *err)
{
	manifest_parse_free(c->parse);
	c->parse = NULL;
	return findings_take(&c->findings, FINDINGS_MANIFEST, &at_manifest, err);
}

static int
end_manifest(struct checker *c, struct error *err)
{
	struct manifest_verdict verdict;
	char expected[2 * DIGEST_MAX + 1], found[2 * DIGEST_MAX + 1];

	if (manifest_parse_finish(c->parse, &verdict, err))
		return give_up(c, err);
	manifest_parse_free(c->parse);
	c->parse = NULL;
	c->is_manifest_whole = true;
	c->is_manifest_sound = verdict.is_sound;
	if (verdict.is_sound)
		return 0;
	print_hex(expected, verdict.borne, sizeof(verdict.borne));
	print_hex(found, verdict.computed, sizeof(verdict.computed));
	return findings_add(&c->findings, FINDINGS_MANIFEST,
	    &(struct findings_place){
		.member = LAYOUT_MANIFEST, .expected = expected, .found = found },
	    err, "its own checksum");
}

/* The one beside the archives; that one of them has its own was not to be. */
static int
begin_beside(struct checker *c, struct error *err)
{
	c->is_manifest_beside = true;
	if (c->has_manifest)
		return findings_add(&c->findings, FINDINGS_DUPLICATE, &at_manifest, err,
		    "in an archive, and beside it");
	return checker_manifest_begin(c, err);
}

int
checker_manifest(struct checker *c, const uint8_t *bytes, size_t len, struct error *err)
{
	if (c->now.row == NULL && !c->is_manifest_beside && begin_beside(c, err))
		return -1;
	if (c->parse == NULL)
		return 0;
	if (len == 0)
		return end_manifest(c, err);
	return manifest_parse_bytes(c->parse, bytes, len, err) ? give_up(c, err) : 0;
}

/* ---- the members, all of them ---- */

/* Nothing tells of these but their names and what is in them. */
static bool
is_listed_nowhere(const struct memberset_row *row)
{
	const enum memberorder_kind kind = memberorder_kind(row->path, row->type);

	return kind == MEMBERORDER_SEGMENT || kind == MEMBERORDER_HISTORY ||
	    kind == MEMBERORDER_MARK || kind == MEMBERORDER_MANIFEST;
}

/*
 * A mark without its WAL.  If the backup needs that, it is missing, which was told.  If not, the
 * copy starts as well: recovery does not ask for marks, and the archiver drops a .ready whose
 * segment is gone.  It is not nothing either: no backup sends one, and where the copy goes on in
 * that timeline a .done would let it remove a segment of that name before it is archived.  So
 * whoever restores it is warned.
 */
static int
warn_of_mark(struct checker *c, const struct memberset_row *row, const char *about,
    struct error *err)
{
	char text[192];
	bool is_told;

	if (checker_missing_is_told(c, about, &is_told, err))
		return -1;
	if (is_told)
		return 0;
	snprintf(text, sizeof(text),
	    "\"%.100s\" marks a WAL segment that is not in the backup", row->path);
	c->opt.warning(text);
	return 0;
}

/* "pg_wal/archive_status/NAME.done" or ".ready": empty, and pg_wal/NAME is there. */
static int
judge_mark(struct checker *c, const struct memberset_row *row,
    const struct findings_place *place, struct error *err)
{
	const char *name = strrchr(row->path, '/') + 1, *suffix = strrchr(name, '.');
	struct memberset_row *about = NULL;
	bool is_of_wal = false;
	char path[64];

	if (suffix && (strcmp(suffix, ".done") == 0 || strcmp(suffix, ".ready") == 0) &&
	    suffix - name < 32) {
		snprintf(
		    path, sizeof(path), LAYOUT_WAL "/%.*s", (int)(suffix - name), name);
		if (memberset_find(c->set, path, &about, err))
			return -1;
		is_of_wal = memberorder_is_wal(path);
	}
	if (about == NULL && !is_of_wal)
		return findings_add(&c->findings, FINDINGS_EXTRA, place, err,
		    "does not belong there: it is not the mark of a WAL segment");
	if (about == NULL && warn_of_mark(c, row, path, err))
		return -1;
	return row->size == 0 ? 0 :
				findings_add_size(&c->findings, place, 0, row->size, err);
}

static int
judge_row(struct checker *c, const struct memberset_row *row, struct error *err)
{
	const struct findings_place place = {
		.member = row->path, .has_offset = true, .offset = row->offset
	};

	if (row->type == TAR_FILE &&
	    memberorder_kind(row->path, row->type) == MEMBERORDER_MARK)
		return judge_mark(c, row, &place, err);
	if (row->type != TAR_FILE || row->is_listed || is_listed_nowhere(row) ||
	    checker_is_setting(c, row->path))
		return 0;
	if (c->is_manifest_whole)
		return findings_add(&c->findings, FINDINGS_EXTRA, &place, err,
		    "is not listed in the manifest");
	if (strncmp(row->path, LAYOUT_WAL "/", sizeof(LAYOUT_WAL)) == 0)
		return findings_add(&c->findings, FINDINGS_EXTRA, &place, err,
		    "a file that does not belong there");
	return 0;
}

/*
 * The directory ${path} of ${row}, which is a member too.  NULL: it need not be one: the
 * archive of a tablespace does not have the directory of its OID.
 */
static int
find_parent(struct checker *c, const struct memberset_row *row, const char *path,
    struct memberset_row **parent, bool *is_needed, struct error *err)
{
	const char *oid = strrchr(path, '/');
	char there[64];

	*is_needed = true;
	if (!row->is_moved || strncmp(path, "pg_tblspc/", 10) != 0 || oid != path + 9)
		return memberset_find(c->set, path, parent, err);
	*is_needed = c->narchives == 0;
	snprintf(there, sizeof(there), "%s%s", LAYOUT_TABLESPACES, oid);
	return memberset_find(c->set, there, parent, err);
}

/* Those of one directory come together: the last that was found is not looked for again. */
static int
judge_parent(struct checker *c, const struct memberset_row *row, struct buf *last,
    struct error *err)
{
	const char *slash = strrchr(row->path, '/');
	struct memberset_row *parent;
	bool is_needed;
	size_t len;

	if (slash == NULL)
		return 0;
	len = (size_t)(slash - row->path);
	if (last->len == len && strncmp(buf_text(last), row->path, len) == 0)
		return 0;
	buf_clear(last);
	if (buf_append(last, row->path, len, err) ||
	    find_parent(c, row, buf_text(last), &parent, &is_needed, err))
		return -1;
	if (parent ? parent->type == TAR_DIRECTORY : !is_needed)
		return 0;
	if (parent == NULL)
		return checker_missing(c, buf_text(last),
		    "directory is missing, files in it are there", err);
	return findings_add(&c->findings, FINDINGS_NAME,
	    &(struct findings_place){
		.member = row->path, .has_offset = true, .offset = row->offset },
	    err, "its parent is not a directory");
}

static int
judge_rows(struct checker *c, struct buf *last, struct error *err)
{
	struct memberset_row *const *rows;

	if (memberset_sorted(c->set, &rows, err))
		return -1;
	for (size_t i = 0; i < memberset_count(c->set); i++) {
		const bool is_second =
		    i > 0 && strcmp(rows[i - 1]->path, rows[i]->path) == 0;

		if (is_second &&
		    findings_add(&c->findings, FINDINGS_DUPLICATE,
			&(struct findings_place){ .member = rows[i]->path,
			    .has_offset = true,
			    .offset = rows[i]->offset },
			err, "there twice"))
			return -1;
		if (!is_second &&
		    (judge_row(c, rows[i], err) || judge_parent(c, rows[i], last, err)))
			return -1;
	}
	return 0;
}

static int
judge_settings(struct checker *c, struct error *err)
{
	if (!c->has_other_settings || c->is_told_to_follow)
		return 0;
	return findings_add(&c->findings, FINDINGS_DIGEST,
	    &(struct findings_place){ .member = CHECKER_SETTINGS }, err,
	    "not as in the manifest, and not by pg_basebackup -R, which tells the copy to follow");
}

/* Files whose digests are of another kind than was taken: nothing is known of them. */
static int
judge_not_compared(struct checker *c, struct error *err)
{
	if (c->not_compared == 0)
		return 0;
	if (c->has_info && c->opt.digests == 0)
		return findings_add(&c->findings, FINDINGS_INFO,
		    &(struct findings_place){ .member = LAYOUT_INFO,
			.expected = digest_name(c->not_taken),
			.found =
			    c->info.has_manifest ? digest_name(c->info.digest) : "none" },
		    err, "manifest_checksums");
	if (c->findings.count > 0 || c->waiting.first)
		return findings_add(&c->findings, FINDINGS_MANIFEST, &at_manifest, err,
		    "%" PRIu64 " digests were not compared: they are %s", c->not_compared,
		    digest_name(c->not_taken));
	error_set(err, ERROR_UNSUPPORTED, 0,
	    "%" PRIu64
	    " digests were not compared: the manifest, which comes last, has %s",
	    c->not_compared, digest_name(c->not_taken));
	return error_hint(
	    err, "Verify again with --manifest-checksums=%s.", digest_name(c->not_taken));
}

/* All files have a digest, or none. */
static int
judge_digests(struct checker *c, struct error *err)
{
	uint64_t count = 0;

	for (size_t k = DIGEST_NONE + 1; k < CHECKER_DIGESTS; k++)
		count += c->of_digest[k];
	if (count == 0 || c->without_digest == NULL)
		return judge_not_compared(c, err);
	if (findings_add(&c->findings, FINDINGS_MANIFEST, &at_manifest, err,
		"has \"%s\" without a digest, and others with one", c->without_digest))
		return -1;
	return judge_not_compared(c, err);
}

int
checker_members_judge(struct checker *c, struct error *err)
{
	struct buf last = { 0 };
	int rc = judge_rows(c, &last, err);

	buf_free(&last);
	return rc || judge_settings(c, err) || judge_digests(c, err) ? -1 : 0;
}

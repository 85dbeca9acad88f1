/* backup_manifest against the members that were seen. */
#include "proof/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/layout.h"

static const struct findings_location at_manifest = { .member = LAYOUT_MANIFEST };

/* ---- what it says ---- */

static int
hear_version(struct manifest_sink *sink, unsigned version, struct error *err)
{
	(void)err;
	((struct proof_manifest *)sink)->version = version;
	return 0;
}

static int
hear_identifier(struct manifest_sink *sink, uint64_t identifier, struct error *err)
{
	(void)err;
	((struct proof_manifest *)sink)->identifier = identifier;
	return 0;
}

static int
hear_wal(struct manifest_sink *sink, uint32_t timeline, uint64_t start, uint64_t end,
    struct error *err)
{
	struct proof_manifest *m = (struct proof_manifest *)sink;
	struct proof_manifest_range *ranges;

	if (m->nranges == PROOF_MANIFEST_RANGES)
		return error_set(err, ERROR_FORMAT, 0, "too many WAL ranges");
	ranges = realloc(m->ranges, (m->nranges + 1) * sizeof(*ranges));
	if (ranges == NULL)
		return error_memory(err);
	m->ranges = ranges;
	ranges[m->nranges++] = (struct proof_manifest_range){ timeline, start, end };
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
is_rewritten(struct proof_manifest *m, const struct memberset_row *row)
{
	if (m->facts->info || strcmp(row->path, MEMBERORDER_AUTO_CONF) != 0)
		return false;
	m->has_other_settings = true;
	return true;
}

static int
manifest_compare(struct proof_manifest *m, struct memberset_row *row,
    enum digest_kind kind, const uint8_t *expected, const uint8_t *found, size_t len,
    struct error *err)
{
	char one[2 * DIGEST_MAX + 1], other[2 * DIGEST_MAX + 1];

	row->digest = FINDING_DIGEST_MATCHES;
	if (memcmp(expected, found, len) == 0)
		return 0;
	row->digest = FINDING_DIGEST_DIFFERS;
	if (is_rewritten(m, row))
		return 0;
	print_hex(one, expected, len);
	print_hex(other, found, len);
	return proof_content_differs(m->content, row, kind, one, other, err);
}

/* Compare the digest, if one of its kind was taken. */
static int
compare_digest(struct proof_manifest *m, struct memberset_row *row,
    const struct manifest_file *file, struct error *err)
{
	uint8_t crc[4];

	if (file->digest_kind == DIGEST_NONE) {
		m->without_digest = m->without_digest ? m->without_digest : row->path;
		return 0;
	}
	if (file->digest_kind == DIGEST_CRC32C && row->has_crc32c) {
		for (size_t i = 0; i < sizeof(crc); i++)
			crc[i] = (uint8_t)(row->crc32c >> 8 * i);
		return manifest_compare(
		    m, row, DIGEST_CRC32C, file->digest, crc, sizeof(crc), err);
	}
	for (const struct memberset_digest *d = row->digests; d; d = d->next)
		if (d->kind == file->digest_kind)
			return manifest_compare(
			    m, row, d->kind, file->digest, d->bytes, d->len, err);
	m->not_compared++;
	m->not_taken = file->digest_kind;
	return 0;
}

/* Then the digest is another, too: that would be a second finding of one cause. */
static int
differs_in_size(struct proof_manifest *m, struct memberset_row *row,
    const struct manifest_file *file, struct error *err)
{
	const bool is_told = row->is_size_told;

	if (is_rewritten(m, row) || is_told)
		return 0;
	row->is_size_told = true;
	return findings_add_size(m->findings,
	    &(struct findings_location){
		.member = row->path, .has_offset = true, .offset = row->offset },
	    file->size, row->size, err);
}

static int
manifest_hear_file(
    struct manifest_sink *sink, const struct manifest_file *file, struct error *err)
{
	struct proof_manifest *m = (struct proof_manifest *)sink;
	struct memberset_row *row;

	m->of_digest[file->digest_kind]++;
	if (memberset_find(m->members, file->path, &row, err))
		return -1;
	if (row == NULL || row->type != TAR_FILE)
		return proof_missing_listed(m->missing, file->path, err);
	if (row->is_listed)
		return findings_add(m->findings, FINDINGS_MANIFEST, &at_manifest, err,
		    "lists \"%s\" twice", file->path);
	row->is_listed = true;
	row->listed_size = file->size;
	if (row->size != file->size)
		return differs_in_size(m, row, file, err);
	return compare_digest(m, row, file, err);
}

static const struct manifest_sink_ops sink_ops = {
	.version = hear_version,
	.identifier = hear_identifier,
	.file = manifest_hear_file,
	.wal = hear_wal,
};

/* ---- its text ---- */

unsigned
proof_manifest_digests(
    const struct proof_manifest *m, enum memberorder_kind kind, bool is_kept)
{
	const unsigned any = 1U << DIGEST_CRC32C | 1U << DIGEST_SHA256;

	/* the manifest of pg_basebackup -X fetch has the WAL as well, ours has not */
	if (kind == MEMBERORDER_MANIFEST ||
	    (m->facts->info && kind == MEMBERORDER_SEGMENT))
		return 0;
	/* those before pg_basetar.info too, and pg_control, which has another than the rest */
	if (is_kept || kind == MEMBERORDER_CONTROL)
		return (1U << PROOF_MANIFEST_DIGESTS) - 1;
	if (m->digests)
		return m->digests;
	if (m->facts->info == NULL)
		return any;
	return m->facts->info->has_manifest ? 1U << m->facts->info->digest : 0;
}

int
proof_manifest_begin(struct proof_manifest *m, struct error *err)
{
	if (m->has_come)
		return 0; /* a second one is a duplicate */
	m->has_come = true;
	m->sink.ops = &sink_ops;
	return manifest_parse_new(&m->parse, &m->sink, err);
}

/* What follows is passed over. */
static int
give_up(struct proof_manifest *m, struct error *err)
{
	manifest_parse_free(m->parse);
	m->parse = NULL;
	return findings_take(m->findings, FINDINGS_MANIFEST, &at_manifest, err);
}

static int
end_manifest(struct proof_manifest *m, struct error *err)
{
	struct manifest_verdict verdict;
	char expected[2 * DIGEST_MAX + 1], found[2 * DIGEST_MAX + 1];

	if (manifest_parse_finish(m->parse, &verdict, err))
		return give_up(m, err);
	manifest_parse_free(m->parse);
	m->parse = NULL;
	m->is_whole = true;
	m->content->are_digests_sound = verdict.is_sound;
	if (verdict.is_sound)
		return 0;
	print_hex(expected, verdict.borne, sizeof(verdict.borne));
	print_hex(found, verdict.computed, sizeof(verdict.computed));
	return findings_add(m->findings, FINDINGS_MANIFEST,
	    &(struct findings_location){
		.member = LAYOUT_MANIFEST, .expected = expected, .found = found },
	    err, "checksum of the manifest");
}

int
proof_manifest_beside(struct proof_manifest *m, struct error *err)
{
	if (m->is_beside)
		return 0;
	m->is_beside = true;
	if (m->has_come)
		return findings_add(m->findings, FINDINGS_DUPLICATE, &at_manifest, err,
		    "exists twice: in an archive and next to the archives");
	return proof_manifest_begin(m, err);
}

int
proof_manifest_bytes(
    struct proof_manifest *m, const uint8_t *bytes, size_t len, struct error *err)
{
	if (m->parse == NULL)
		return 0;
	if (len == 0)
		return end_manifest(m, err);
	return manifest_parse_bytes(m->parse, bytes, len, err) ? give_up(m, err) : 0;
}

/* ---- when all has come ---- */

static int
judge_settings(struct proof_manifest *m, struct error *err)
{
	if (!m->has_other_settings || m->is_told_to_follow)
		return 0;
	return findings_add(m->findings, FINDINGS_DIGEST,
	    &(struct findings_location){ .member = MEMBERORDER_AUTO_CONF }, err,
	    "does not match the manifest, and was not written by pg_basebackup -R");
}

/* Files whose digests are of another kind than was taken: nothing is known of them. */
static int
judge_not_compared(struct proof_manifest *m, struct error *err)
{
	if (m->not_compared == 0)
		return 0;
	if (m->facts->info && m->digests == 0)
		return findings_add(m->findings, FINDINGS_INFO,
		    &(struct findings_location){ .member = LAYOUT_INFO,
			.expected = digest_name(m->not_taken),
			.found = m->facts->info->has_manifest ?
			    digest_name(m->facts->info->digest) :
			    "none" },
		    err, "manifest_checksums");
	if (m->findings->count > 0 || m->content->first)
		return findings_add(m->findings, FINDINGS_MANIFEST, &at_manifest, err,
		    "%" PRIu64 " digests were not compared, because they are %s",
		    m->not_compared, digest_name(m->not_taken));
	error_set(err, ERROR_UNSUPPORTED, 0,
	    "%" PRIu64
	    " digests were not compared, because the manifest, which comes last, has %s",
	    m->not_compared, digest_name(m->not_taken));
	return error_hint(
	    err, "Verify again with --manifest-checksums=%s.", digest_name(m->not_taken));
}

/* All files have a digest, or none. */
static int
judge_digests(struct proof_manifest *m, struct error *err)
{
	uint64_t count = 0;

	for (size_t k = DIGEST_NONE + 1; k < PROOF_MANIFEST_DIGESTS; k++)
		count += m->of_digest[k];
	if (count == 0 || m->without_digest == NULL)
		return judge_not_compared(m, err);
	if (findings_add(m->findings, FINDINGS_MANIFEST, &at_manifest, err,
		"lists \"%s\" without a digest, but other files with one",
		m->without_digest))
		return -1;
	return judge_not_compared(m, err);
}

int
proof_manifest_judge(struct proof_manifest *m, struct error *err)
{
	return judge_settings(m, err) || judge_digests(m, err) ? -1 : 0;
}

enum digest_kind
proof_manifest_main_digest(const struct proof_manifest *m)
{
	enum digest_kind kind = DIGEST_NONE;

	for (unsigned k = 0; k < PROOF_MANIFEST_DIGESTS; k++)
		if (m->of_digest[k] > m->of_digest[kind])
			kind = (enum digest_kind)k;
	return kind;
}

void
proof_manifest_free(struct proof_manifest *m)
{
	manifest_parse_free(m->parse);
	free(m->ranges);
}

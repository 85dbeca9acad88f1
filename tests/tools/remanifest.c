/* The manifest made right again, so that only what looks deeper can find what is wrong. */
#include <string.h>

#include "format/layout.h"
#include "lib/digest.h"
#include "mutilate.h"
#include "pg/manifest_parse.h"
#include "pg/manifest_write.h"

struct range {
	uint32_t timeline;
	uint64_t start, end;
};

/* What the manifest says, but for its files. */
struct facts {
	struct manifest_sink sink; /* first */
	unsigned version;
	uint64_t identifier;
	enum digest_kind digest; /* of the first file */
	size_t nfiles, nranges;
	struct range ranges[16];
};

static int
hear_version(struct manifest_sink *sink, unsigned version, struct error *err)
{
	(void)err;
	((struct facts *)sink)->version = version;
	return 0;
}

static int
hear_identifier(struct manifest_sink *sink, uint64_t identifier, struct error *err)
{
	(void)err;
	((struct facts *)sink)->identifier = identifier;
	return 0;
}

static int
hear_file(struct manifest_sink *sink, const struct manifest_file *file, struct error *err)
{
	struct facts *f = (struct facts *)sink;

	(void)err;
	if (f->nfiles++ == 0)
		f->digest = file->digest_kind;
	return 0;
}

static int
hear_wal(struct manifest_sink *sink, uint32_t timeline, uint64_t start, uint64_t end,
    struct error *err)
{
	struct facts *f = (struct facts *)sink;

	(void)err;
	if (f->nranges < sizeof(f->ranges) / sizeof(f->ranges[0]))
		f->ranges[f->nranges++] = (struct range){ timeline, start, end };
	return 0;
}

static void
read_facts(const struct image *image, struct facts *f)
{
	static const struct manifest_sink_ops ops = { hear_version, hear_identifier,
		hear_file, hear_wal };
	const struct member *m = image_need(image, LAYOUT_MANIFEST);
	struct manifest_parse *parse;
	struct error err = { 0 };

	*f = (struct facts){ .sink = { &ops } };
	must(manifest_parse_new(&parse, &f->sink, &err), &err);
	must(manifest_parse_bytes(parse, m->body.data, m->body.len, &err), &err);
	manifest_parse_free(parse);
	if (f->nranges == 0)
		die("the manifest has no WAL-Ranges");
}

void
manifest_wal(
    const struct image *image, uint32_t *timeline, uint64_t *start, uint64_t *end)
{
	struct facts f;

	read_facts(image, &f);
	*timeline = f.ranges[0].timeline;
	*start = f.ranges[f.nranges - 1].start;
	*end = f.ranges[0].end;
}

/* The member's path as PostgreSQL knows it. */
static void
put_path(struct buf *path, const struct member *m)
{
	const size_t own = sizeof(LAYOUT_TABLESPACES) - 1;
	struct error err = { 0 };
	int rc;

	if (strncmp(m->name, LAYOUT_TABLESPACES "/", own + 1) == 0)
		rc = buf_printf(path, &err, "pg_tblspc%s", m->name + own);
	else
		rc = buf_printf(path, &err, "%s", m->name);
	must(rc, &err);
}

/* Is an earlier member of that name? */
static bool
is_second(const struct image *image, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(image->rows[i].name, image->rows[at].name) == 0)
			return true;
	return false;
}

static void
add_file(struct manifest *manifest, struct member *m, enum digest_kind kind)
{
	struct buf path = { 0 };
	struct digest *digest;
	struct error err = { 0 };
	struct tar_raw raw;
	uint8_t result[DIGEST_MAX];
	size_t len;

	put_path(&path, m);
	if (strcmp(m->name, LAYOUT_CONTROL) == 0 && kind == DIGEST_CRC32C)
		kind = DIGEST_SHA256;
	must(tar_header_decode(member_header(m), &raw, &err), &err);
	must(digest_new(&digest, kind, &err), &err);
	if (m->body.len > 0)
		must(digest_update(digest, m->body.data, m->body.len, &err), &err);
	must(digest_final(digest, result, &len, &err), &err);
	must(manifest_add_file(manifest, buf_text(&path), m->body.len, raw.mtime, kind,
		 result, len, &err),
	    &err);
	digest_free(digest);
	buf_free(&path);
}

static void
set_text(struct member *m, struct manifest *manifest)
{
	struct buf text = { 0 };
	struct error err = { 0 };

	must(manifest_finish(manifest, &err), &err);
	must(buf_reserve(&text, manifest_size(manifest), &err), &err);
	must(manifest_read(manifest, text.data, manifest_size(manifest), &text.len, &err),
	    &err);
	member_set_body(m, text.data, text.len);
	buf_free(&text);
}

void
manifest_rebuild(struct image *image)
{
	struct manifest *manifest;
	struct error err = { 0 };
	struct facts f;

	read_facts(image, &f);
	must(manifest_new(&manifest, cluster_version(f.version == 1 ? 16 : 18),
		 f.identifier, &err),
	    &err);
	for (size_t i = 0; i < image->count; i++) {
		struct member *m = &image->rows[i];

		if (m->type == TAR_FILE && strncmp(m->name, "pg_wal/", 7) != 0 &&
		    strcmp(m->name, LAYOUT_MANIFEST) != 0 && !is_second(image, i))
			add_file(manifest, m, f.digest);
	}
	for (size_t i = 0; i < f.nranges; i++)
		must(manifest_add_wal(manifest, f.ranges[i].timeline, f.ranges[i].start,
			 f.ranges[i].end, &err),
		    &err);
	set_text(image_need(image, LAYOUT_MANIFEST), manifest);
	manifest_free(manifest);
}

void
manifest_reseal(struct image *image)
{
	static const char key[] = "\"Manifest-Checksum\": \"";
	struct member *m = image_need(image, LAYOUT_MANIFEST);
	const char *text = buf_text(&m->body), *last = NULL;
	uint8_t result[DIGEST_MAX];
	struct digest *digest;
	struct error err = { 0 };
	size_t len;

	for (const char *at = text; (at = strstr(at, key)) != NULL; at++)
		last = at;
	if (last == NULL)
		die("the manifest has no checksum of its own");
	must(digest_new(&digest, DIGEST_SHA256, &err), &err);
	must(digest_update(digest, text, (size_t)(last - text), &err), &err);
	must(digest_final(digest, result, &len, &err), &err);
	digest_free(digest);
	for (size_t i = 0; i < len; i++) {
		char hex[3];

		snprintf(hex, sizeof(hex), "%02x", result[i]);
		memcpy(m->body.data + (last - text) + sizeof(key) - 1 + 2 * i, hex, 2);
	}
}

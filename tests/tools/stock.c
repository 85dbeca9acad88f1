/*
 * A backup of --split as pg_basebackup -Ft would have written it, of releases for which
 * there is no pg_basebackup here: without pg_basetar.info, with the checkpoint in
 * pg_control, the WAL where -X puts it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/crc32c.h"
#include "lib/digest.h"
#include "mutilate.h"
#include "pg/label.h"

#define MANIFEST "backup_manifest"
#define CONTROL "global/pg_control"

/* pg_control names the checkpoint that the label has. */
static void
set_checkpoint(struct image *base)
{
	const struct member *text = image_need(base, "backup_label");
	uint8_t *control = image_need(base, CONTROL)->body.data;
	const uint32_t version = get_u32native(control + 8);
	/* where the CRC is, from 13 to 17, in 18, and in 19 */
	const size_t crc_at = version >= 1905 ? 308 : version >= 1800 ? 292 : 288;
	struct label label;
	struct error err = { 0 };

	must(label_parse(buf_text(&text->body), text->body.len, &label, &err), &err);
	put_u64native(control + 32, label.checkpoint_lsn);
	put_u32native(control + crc_at, crc32c(0, control, crc_at));
	label_free(&label);
}

/* The digest in the manifest's line of pg_control, which is SHA-256. */
static void
set_digest(struct member *manifest, const struct member *control)
{
	static const char key[] = "\"Checksum\": \"";
	char *at = strstr((char *)manifest->body.data, "{ \"Path\": \"" CONTROL "\"");
	uint8_t result[DIGEST_MAX];
	struct digest *digest;
	struct error err = { 0 };
	size_t len;

	at = at ? strstr(at, key) : NULL;
	if (at == NULL)
		die("the manifest has no digest of pg_control");
	must(digest_new(&digest, DIGEST_SHA256, &err), &err);
	must(digest_update(digest, control->body.data, control->body.len, &err), &err);
	must(digest_final(digest, result, &len, &err), &err);
	digest_free(digest);
	for (size_t i = 0; i < len; i++) {
		char hex[3];

		snprintf(hex, sizeof(hex), "%02x", result[i]);
		memcpy(at + sizeof(key) - 1 + 2 * i, hex, 2);
	}
}

/* The line of a file that is not there any more. */
static void
forget(struct member *manifest, const char *path)
{
	char start[64], *text = (char *)manifest->body.data, *at, *end;

	snprintf(start, sizeof(start), "{ \"Path\": \"%s\"", path);
	at = strstr(text, start);
	end = at ? strchr(at, '\n') : NULL;
	if (end == NULL)
		die("the manifest does not tell of \"%s\"", path);
	member_splice(manifest, (size_t)(at - text), (size_t)(end + 1 - at), "");
}

static void
write_file(const char *dir, const char *name, const void *bytes, size_t len)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "wb");
	if (out == NULL || fwrite(bytes, 1, len, out) != len || fclose(out) == EOF)
		die("%s: %s", path, strerror(errno));
}

static void
write_image(struct image *image, const char *dir, const char *name)
{
	image_flatten(image);
	write_file(dir, name, image->flat.data, image->flat.len);
}

/* What is a file in pg_wal goes there. */
static void
move_wal(struct image *base, struct image *wal)
{
	static const uint8_t end[2 * TAR_BLOCK];
	struct error err = { 0 };

	for (size_t i = 0; i < base->count;) {
		struct member *m = &base->rows[i], copy;

		if (m->type != TAR_FILE || strncmp(m->name, "pg_wal/", 7) != 0) {
			i++;
			continue;
		}
		member_make(&copy,
		    &(struct tar_entry){ .name = m->name + 7,
			.type = TAR_FILE,
			.mode = 0600,
			.size = m->body.len },
		    m->body.data);
		*image_insert(wal, wal->count) = copy;
		image_remove(base, m);
	}
	must(buf_append(&wal->end, end, sizeof(end), &err), &err);
}

static void
read_split(const char *dir, struct image *base)
{
	struct image manifest = { 0 };
	struct member made;
	char path[4096];

	snprintf(path, sizeof(path), "%s/base.tar", dir);
	image_read(base, path);
	image_parse(base);
	snprintf(path, sizeof(path), "%s/" MANIFEST, dir);
	image_read(&manifest, path);
	member_make(&made,
	    &(struct tar_entry){ .name = MANIFEST,
		.type = TAR_FILE,
		.mode = 0600,
		.size = manifest.flat.len },
	    manifest.flat.data);
	*image_insert(base, base->count) = made;
	image_free(&manifest);
}

int
stock(const char *dir, const char *out, const char *method)
{
	struct image base = { 0 }, wal = { 0 };
	struct member *manifest;

	read_split(dir, &base);
	image_remove(&base, image_need(&base, "pg_basetar.info"));
	set_checkpoint(&base);
	manifest = image_need(&base, MANIFEST);
	forget(manifest, "pg_basetar.info");
	set_digest(manifest, image_need(&base, CONTROL));
	manifest_reseal(&base);
	if (strcmp(method, "stream") == 0) {
		move_wal(&base, &wal);
		write_image(&wal, out, "pg_wal.tar");
	}
	if (strcmp(method, "stdout") != 0) {
		manifest = image_need(&base, MANIFEST);
		write_file(out, MANIFEST, manifest->body.data, manifest->body.len);
		image_remove(&base, manifest);
	}
	write_image(&base, out, "base.tar");
	image_free(&base);
	image_free(&wal);
	return 0;
}

/*
 * A manifest next to its archives is compared after they were read, but which digests are to be
 * taken of their files must be known before.  So it is parsed twice, here for its algorithms only.
 */
#include "reading/manifestpeek.h"

#include <errno.h>
#include <stdint.h>

#include "format/backupset.h"
#include "pg/manifest_parse.h"
#include "stream/infile.h"

struct peek {
	struct manifest_sink sink; /* first */
	unsigned digests;
};

static int
manifestpeek_hear_file(
    struct manifest_sink *sink, const struct manifest_file *file, struct error *err)
{
	(void)err;
	((struct peek *)sink)->digests |= 1U << file->digest_kind;
	return 0;
}

static const struct manifest_sink_ops ops = { .file = manifestpeek_hear_file };

static int
parse(struct source *file, struct peek *peek, struct error *err)
{
	struct manifest_parse *parse = NULL;
	uint8_t bytes[64 * 1024];
	size_t got = 0;
	int rc = manifest_parse_new(&parse, &peek->sink, err);

	while (rc == 0) {
		rc = source_read(file, bytes, sizeof(bytes), &got, err);
		if (rc == 0 && got == 0)
			break;
		if (rc == 0)
			rc = manifest_parse_bytes(parse, bytes, got, err);
	}
	manifest_parse_free(parse);
	return rc;
}

int
manifestpeek_digests(
    int dirfd, struct cancel *cancel, unsigned *digests, struct error *err)
{
	struct peek peek = { .sink = { &ops } };
	struct source *file;
	int rc;

	*digests = 0;
	if (infile_open_at(&file, dirfd, BACKUPSET_MANIFEST, cancel, err)) {
		if (err->sys != ENOENT)
			return error_wrap(err, "%s", BACKUPSET_MANIFEST);
		*err = (struct error){ 0 };
		return 0;
	}
	/* what is no manifest becomes a finding when it is compared; its checksum is looked at then */
	rc = parse(file, &peek, err);
	source_free(file);
	if (rc == -1 && err->kind != ERROR_FORMAT && err->kind != ERROR_UNSUPPORTED)
		return error_wrap(err, "%s", BACKUPSET_MANIFEST);
	*err = (struct error){ 0 };
	*digests = rc == 0 ? peek.digests : 0;
	return 0;
}

/* A backup that is a directory: its archives, in their order, and the manifest next to them. */
#include "reading/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/message.h"
#include "codec/codec.h"
#include "format/backupset.h"
#include "reading/archive.h"
#include "stream/infile.h"

/* For --progress. */
static void
measure(struct reading *r, int dirfd, const struct backupset *set)
{
	struct stat st;

	for (size_t i = 0; i < set->count; i++)
		if (fstatat(dirfd, set->rows[i].name, &st, 0) == 0 && S_ISREG(st.st_mode))
			reading_add_size(r, (uint64_t)st.st_size);
}

/* It harms no restore, and may be what belongs elsewhere. */
static void
tell_others(const struct backupset *set)
{
	char text[512];

	for (size_t i = 0; i < set->nothers; i++) {
		snprintf(text, sizeof(text),
		    "\"%s\" is not part of the backup, although it is in the directory of its archives",
		    set->others[i]);
		message_warning(text);
	}
}

/*
 * One archive could come through a pipe, and then the hint says so; several cannot.  What else in an
 * archive is not supported, its members or its release, is no matter of its compression.
 */
static void
hint_of_compression(const struct reading *r, struct error *err)
{
	if (strstr(err->hint, " | pg_basetar ") == NULL)
		return;
	err->hint[0] = '\0';
	(void)!error_hint(err,
	    "First decompress the archives of the directory with \"%s -d\", and remove the compressed ones.",
	    codec_by_name(r->compression)->program);
}

static int
pass_rows(struct reading *r, int dirfd, const struct backupset *set, struct error *err)
{
	struct source *file;

	for (size_t i = 0; i < set->count; i++) {
		const struct backupset_row *row = &set->rows[i];

		if (infile_open_at(&file, dirfd, row->name, &r->cancel, err))
			return error_wrap(err, "%s", row->name);
		if (reading_archive(r, file, row->name, &row->part, err)) {
			hint_of_compression(r, err);
			return -1;
		}
	}
	return 0;
}

static int
pass_manifest(struct reading *r, int dirfd, struct error *err)
{
	struct source *file;
	uint8_t bytes[64 * 1024];
	size_t got = 0;
	int rc = 0;

	if (infile_open_at(&file, dirfd, BACKUPSET_MANIFEST, &r->cancel, err))
		return error_wrap(err, "%s", BACKUPSET_MANIFEST);
	do
		rc = source_read(file, bytes, sizeof(bytes), &got, err) ||
			r->ops->manifest(r, bytes, got, err) ?
		    -1 :
		    0;
	while (rc == 0 && got > 0);
	source_free(file);
	return rc == 0 ? 0 : error_wrap(err, "%s", BACKUPSET_MANIFEST);
}

int
reading_directory(struct reading *r, int dirfd, struct error *err)
{
	struct backupset set;
	int rc;

	if (backupset_read(dirfd, &set, err))
		return -1;
	measure(r, dirfd, &set);
	r->has_manifest = set.has_manifest;
	tell_others(&set);
	rc = pass_rows(r, dirfd, &set, err) ||
		(set.has_manifest && pass_manifest(r, dirfd, err)) ?
	    -1 :
	    0;
	backupset_free(&set);
	return rc;
}

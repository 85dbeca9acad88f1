/* A backup that is a directory: its archives, in their order, and the manifest beside them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "check/backupset.h"
#include "cmd/verify_internal.h"
#include "run/message.h"
#include "source/infile.h"

/* For --progress. */
static void
measure(struct verify *v, int dirfd, const struct backupset *set)
{
	struct stat st;

	for (size_t i = 0; i < set->count; i++)
		if (fstatat(dirfd, set->rows[i].name, &st, 0) == 0 && S_ISREG(st.st_mode))
			v->progress.total += (uint64_t)st.st_size;
}

/* It harms no restore, and may be what belongs elsewhere. */
static void
tell_others(const struct backupset *set)
{
	char text[512];

	for (size_t i = 0; i < set->nothers; i++) {
		snprintf(text, sizeof(text), "\"%s\" beside the archives is no part of the backup",
		    set->others[i]);
		message_warning(text);
	}
}

static int
check_rows(struct verify *v, int dirfd, const struct backupset *set, struct error *err)
{
	struct source *file;

	for (size_t i = 0; i < set->count; i++) {
		const struct backupset_row *row = &set->rows[i];

		if (infile_open_at(&file, dirfd, row->name, &v->cancel, err))
			return error_wrap(err, "%s", row->name);
		if (verify_archive(v, file, row->name, row->part,
			row->oid[0] ? row->oid : NULL, err))
			return -1;
	}
	return 0;
}

static int
check_manifest(struct verify *v, int dirfd, struct error *err)
{
	struct source *file;
	uint8_t bytes[64 * 1024];
	size_t got = 0;
	int rc = 0;

	if (infile_open_at(&file, dirfd, BACKUPSET_MANIFEST, &v->cancel, err))
		return error_wrap(err, "%s", BACKUPSET_MANIFEST);
	do
		rc = source_read(file, bytes, sizeof(bytes), &got, err) ||
			checker_manifest(v->checker, bytes, got, err) ?
		    -1 :
		    0;
	while (rc == 0 && got > 0);
	source_free(file);
	return rc == 0 ? 0 : error_wrap(err, "%s", BACKUPSET_MANIFEST);
}

int
verify_directory(struct verify *v, int dirfd, struct error *err)
{
	struct backupset set;
	int rc;

	if (backupset_read(dirfd, &set, err))
		return -1;
	measure(v, dirfd, &set);
	tell_others(&set);
	rc = check_rows(v, dirfd, &set, err) ||
		(set.has_manifest && check_manifest(v, dirfd, err)) ?
	    -1 :
	    0;
	backupset_free(&set);
	return rc;
}

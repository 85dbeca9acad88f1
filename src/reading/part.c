/*
 * A file that is one archive of a set, named without the others that lie next to it.  pg_basebackup
 * writes nothing into base.tar that says which others there are: those of tablespaces in place,
 * and pg_wal.tar, nothing asks for.
 *
 * A whole backup of pg_basetar may be called base.tar as well, and lie next to anything.  It has
 * pg_basetar.info before its tree.
 */
#include "reading/part.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "codec/decoded.h"
#include "format/backupset.h"
#include "format/layout.h"
#include "stream/infile.h"
#include "tar/reader.h"

/* Of one that cannot be read more is said later. */
static bool
begins_as_theirs(struct tar_reader *reader)
{
	struct tar_entry entry = { 0 };
	struct error ignored = { 0 };
	bool is_end = false;

	do
		if (tar_reader_next(reader, &entry, &is_end, &ignored) || is_end)
			return false;
	while (
	    strcmp(entry.name, LAYOUT_LABEL) == 0 || strcmp(entry.name, LAYOUT_MAP) == 0);
	return strcmp(entry.name, LAYOUT_INFO) != 0;
}

static bool
is_theirs(struct reading *r, const char *path)
{
	const char *compression;
	struct source *source;
	struct tar_reader *reader = NULL;
	struct error ignored = { 0 };
	bool is_it = false;

	if (infile_open(&source, path, &r->cancel, &ignored))
		return false;
	if (decoded_push(&source, &compression, &ignored) == 0 &&
	    tar_reader_open(&reader, source, &ignored) == 0)
		is_it = begins_as_theirs(reader);
	tar_reader_free(reader);
	source_free(source);
	return is_it;
}

int
reading_refuse_part(struct reading *r, struct error *err)
{
	const char *path = r->opt->input;
	char other[BACKUPSET_NAME], *directory = NULL;
	struct stat st;
	int rc = 0;

	/* what a pipe has given is gone */
	if (path == NULL || stat(path, &st) == -1 || !S_ISREG(st.st_mode))
		return 0;
	if (backupset_other(path, &directory, other, err))
		return -1;
	if (directory != NULL && is_theirs(r, path)) {
		error_set(err, ERROR_STATE, 0,
		    "%s: is one archive of a backup that has others: \"%s\" is in the same directory",
		    path, other);
		rc = error_hint(err, "Name the directory: \"%s\".", directory);
	}
	free(directory);
	return rc;
}

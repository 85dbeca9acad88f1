/*
 * The archives of a set are recognised by their names, and none is opened for that: the order in
 * which they have to be read is known before the first byte is.
 */
#include "format/backupset.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "datadir/dirlist.h"
#include "lib/number.h"
#include "lib/path.h"
#include "lib/sys.h"

static bool
is_suffix(const char *text)
{
	if (*text == '\0')
		return true;
	for (const struct codec *c = codecs; c->name; c++)
		if (c->suffixes[0] && strcmp(text, c->suffixes[0]) == 0)
			return true;
	return false;
}

/* Is ${name} that of an archive?  Then *row says which, but for the name itself. */
static bool
is_archive(const char *name, struct backupset_row *row)
{
	const size_t stem = strcspn(name, ".");
	uint64_t oid;

	*row = (struct backupset_row){ .part = { .kind = ARCHIVEPART_BASE } };
	if (strncmp(name + stem, ".tar", 4) != 0 || !is_suffix(name + stem + 4))
		return false;
	if (stem == 4 && strncmp(name, "base", stem) == 0)
		return true;
	row->part.kind = ARCHIVEPART_WAL;
	if (stem == 6 && strncmp(name, "pg_wal", stem) == 0)
		return true;
	row->part.kind = ARCHIVEPART_TABLESPACE;
	if (!number_parse(name, stem, UINT32_MAX, &oid))
		return false;
	snprintf(row->part.oid, sizeof(row->part.oid), "%.*s", (int)stem, name);
	return true;
}

static int
backupset_add_row(struct backupset *set, const struct backupset_row *row,
    const char *name, struct error *err)
{
	struct backupset_row *rows = realloc(set->rows, (set->count + 1) * sizeof(*rows));

	if (rows == NULL)
		return error_memory(err);
	set->rows = rows;
	rows[set->count] = *row;
	rows[set->count].name = strdup(name);
	return rows[set->count++].name ? 0 : error_memory(err);
}

static int
add_other(struct backupset *set, const char *name, struct error *err)
{
	char **others = realloc(set->others, (set->nothers + 1) * sizeof(char *));

	if (others == NULL)
		return error_memory(err);
	set->others = others;
	others[set->nothers] = strdup(name);
	return others[set->nothers++] ? 0 : error_memory(err);
}

static int
backupset_add(struct backupset *set, const char *name, struct error *err)
{
	struct backupset_row row;

	if (is_archive(name, &row))
		return backupset_add_row(set, &row, name, err);
	if (strcmp(name, BACKUPSET_MANIFEST) != 0)
		return add_other(set, name, err);
	set->has_manifest = true;
	return 0;
}

/* Tablespaces, base, WAL: each needs what the one before it tells. */
static int
backupset_compare(const void *a, const void *b)
{
	static const int ranks[] = { [ARCHIVEPART_TABLESPACE] = 0,
		[ARCHIVEPART_ALONE] = 1,
		[ARCHIVEPART_BASE] = 1,
		[ARCHIVEPART_WAL] = 2 };
	const struct backupset_row *one = a, *other = b;

	if (ranks[one->part.kind] != ranks[other->part.kind])
		return ranks[one->part.kind] - ranks[other->part.kind];
	return strcmp(one->part.oid, other->part.oid);
}

static int
check(const struct backupset *set, struct error *err)
{
	bool has_base = false;

	for (size_t i = 0; i < set->count; i++) {
		has_base = has_base || set->rows[i].part.kind == ARCHIVEPART_BASE;
		if (i == 0 || backupset_compare(&set->rows[i - 1], &set->rows[i]) != 0)
			continue;
		error_set(err, ERROR_STATE, 0,
		    "\"%s\" and \"%s\" belong to two different backups",
		    set->rows[i - 1].name, set->rows[i].name);
		return error_hint(err, "Remove the one that does not belong there.");
	}
	if (has_base)
		return 0;
	error_set(err, ERROR_STATE, 0, "archive \"base.tar\" is missing");
	return error_hint(err,
	    "Name a directory that --split or pg_basebackup -Ft made; pg_verifybackup checks an unpacked backup.");
}

int
backupset_read(int dirfd, struct backupset *out, struct error *err)
{
	struct dirlist list = { 0 };
	struct backupset set = { 0 };
	int rc = dirlist_read(dirfd, &list, err);

	for (size_t i = 0; i < list.count && rc == 0; i++)
		rc = sys_is_lost_found(dirfd, list.names[i]) ?
		    0 :
		    backupset_add(&set, list.names[i], err);
	dirlist_free(&list);
	if (rc == 0 && set.count > 0)
		qsort(set.rows, set.count, sizeof(*set.rows), backupset_compare);
	if (rc == 0)
		rc = check(&set, err);
	if (rc == -1)
		backupset_free(&set);
	*out = set;
	return rc;
}

bool
backupset_is_there(int dirfd)
{
	struct dirlist list = { 0 };
	struct backupset_row row;
	struct error ignored;
	bool is_there = false;

	if (dirlist_read(dirfd, &list, &ignored))
		return false;
	for (size_t i = 0; i < list.count && !is_there; i++)
		is_there = strcmp(list.names[i], BACKUPSET_MANIFEST) == 0 ||
		    (is_archive(list.names[i], &row) &&
			row.part.kind == ARCHIVEPART_BASE);
	dirlist_free(&list);
	return is_there;
}

void
backupset_free(struct backupset *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->rows[i].name);
	free(set->rows);
	for (size_t i = 0; i < set->nothers; i++)
		free(set->others[i]);
	free(set->others);
	*set = (struct backupset){ 0 };
}

/* base.tar is needed by all of them. */
static void
find_other(int dirfd, const char *name, char other[BACKUPSET_NAME])
{
	struct dirlist list = { 0 };
	struct backupset_row row;
	struct error ignored;

	/* without a list the archive is read as one that is alone, as the user named it */
	if (dirlist_read(dirfd, &list, &ignored))
		return;
	for (size_t i = 0; i < list.count; i++)
		if (strcmp(list.names[i], name) != 0 && is_archive(list.names[i], &row) &&
		    (other[0] == '\0' || row.part.kind == ARCHIVEPART_BASE))
			snprintf(other, BACKUPSET_NAME, "%s", list.names[i]);
	dirlist_free(&list);
}

int
backupset_other(
    const char *path, char **directory, char other[BACKUPSET_NAME], struct error *err)
{
	struct backupset_row row;
	char *name;
	int dirfd = -1;

	other[0] = '\0';
	if (path_split(path, directory, &name, err))
		return -1;
	if (is_archive(name, &row))
		dirfd = open(*directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd != -1) {
		find_other(dirfd, name, other);
		sys_close(dirfd);
	}
	free(name);
	if (other[0] == '\0') {
		free(*directory);
		*directory = NULL;
	}
	return 0;
}

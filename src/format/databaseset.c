/*
 * The directories of databases, and whether each database is whole.
 *
 * Where no list of databases is known, a directory without one of these files may be what a
 * CREATE or DROP DATABASE left that a crash interrupted, or that was at work when the backup
 * ended: no database, and nothing to lose.  Such a directory lacks many files.  One that has all
 * the relations that each database has from the beginning, and initdb's own, are databases, unless
 * the catalog says that they are not, or not any more: files are removed, and copied, in any order.
 */
#include "format/databaseset.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "pg/relfile.h"

/* The first OID that initdb does not give (FirstNormalObjectId in access/transam.h). */
#define FIRST_NORMAL_OID 16384U

static const char version_file[] = "PG_VERSION";
static const char map_file[] = "pg_filenode.map";
static const char shared_map[] = "global/pg_filenode.map";

struct directory {
	uint32_t space, database;
	/* relations that it has from initdb, by way of its template */
	uint32_t originals;
	uint16_t major; /* of its PG_VERSION */
	bool has_version, has_map;
	bool has_relation;
};

struct databaseset {
	struct directory *rows;
	size_t count, room;
	bool is_sorted;
	bool has_shared_map;
};

int
databaseset_new(struct databaseset **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : error_memory(err);
}

void
databaseset_free(struct databaseset *s)
{
	if (s == NULL)
		return;
	free(s->rows);
	free(s);
}

/*
 * The row of the directory: files of one come one after the other, so that it is the last but
 * for one that came twice, and is merged with the first at the end.
 */
static struct directory *
directory_of(struct databaseset *s, uint32_t space, uint32_t database, struct error *err)
{
	struct directory *last = s->count > 0 ? &s->rows[s->count - 1] : NULL;
	const size_t room = s->room ? s->room * 2 : 64;

	if (last && last->space == space && last->database == database)
		return last;
	if (s->rows == NULL || s->count == s->room) {
		struct directory *rows = realloc(s->rows, room * sizeof(*rows));

		if (rows == NULL) {
			error_memory(err);
			return NULL;
		}
		s->rows = rows;
		s->room = room;
	}
	s->is_sorted = false;
	s->rows[s->count] = (struct directory){ .space = space, .database = database };
	return &s->rows[s->count++];
}

int
databaseset_add(
    struct databaseset *s, const char *path, unsigned major, struct error *err)
{
	struct directory *d;
	struct relfile file;
	uint32_t space, database;
	const char *name;

	if (strcmp(path, shared_map) == 0)
		s->has_shared_map = true;
	if (!relfile_database_file(path, &space, &database, &name))
		return 0;
	d = directory_of(s, space, database, err);
	if (d == NULL)
		return -1;
	if (strcmp(name, version_file) == 0) {
		d->has_version = true;
		d->major = (uint16_t)major;
	} else if (strcmp(name, map_file) == 0) {
		d->has_map = true;
	} else if (relfile_parse(name, &file) && !file.is_temporary) {
		d->has_relation = true;
		if (file.relnode < FIRST_NORMAL_OID && file.fork == RELFILE_MAIN &&
		    file.segment == 0)
			d->originals++;
	}
	return 0;
}

static int
databaseset_compare(const void *a, const void *b)
{
	const struct directory *one = a, *other = b;

	if (one->database != other->database)
		return one->database < other->database ? -1 : 1;
	if (one->space != other->space)
		return one->space < other->space ? -1 : 1;
	return 0;
}

/* In order, each once. */
static void
databaseset_sort(struct databaseset *s)
{
	size_t kept = 0;

	if (s->is_sorted || s->count == 0)
		return;
	qsort(s->rows, s->count, sizeof(*s->rows), databaseset_compare);
	for (size_t i = 1; i < s->count; i++) {
		struct directory *d = &s->rows[kept], *next = &s->rows[i];

		if (databaseset_compare(d, next) != 0) {
			s->rows[++kept] = *next;
			continue;
		}
		d->originals += next->originals;
		d->has_relation |= next->has_relation;
		d->major = d->has_version ? d->major : next->major;
		d->has_version |= next->has_version;
		d->has_map |= next->has_map;
	}
	s->count = kept + 1;
	s->is_sorted = true;
}

static const struct directory *
databaseset_find(struct databaseset *s, uint32_t space, uint32_t database)
{
	const struct directory wanted = { .space = space, .database = database };

	databaseset_sort(s);
	return s->count > 0 ?
	    bsearch(&wanted, s->rows, s->count, sizeof(wanted), databaseset_compare) :
	    NULL;
}

/* ---- the verdict ---- */

struct judging {
	struct databaseset_judge *judge;
	const struct pg_version *version;
	uint32_t originals; /* of a whole database */
};

static int
fault(const struct judging *j, uint32_t space, uint32_t database, const char *file,
    const char *text, struct error *err)
{
	struct buf path = { 0 };
	int rc = relfile_database(&path, space, database, j->version, err) ||
		buf_printf(&path, err, "/%s", file) ?
	    -1 :
	    j->judge->fault(j->judge, buf_text(&path), text, err);

	buf_free(&path);
	return rc;
}

static int
missing(const struct judging *j, uint32_t space, uint32_t database, const char *file,
    struct error *err)
{
	return fault(j, space, database, file,
	    "is missing: without it no session can connect to this database", err);
}

static int
say_doubt(const struct judging *j, const struct directory *d, const char *file,
    bool is_known, struct error *err)
{
	struct buf text = { 0 };
	int rc = buf_printf(&text, err, "directory \"");

	if (rc == 0)
		rc = relfile_database(&text, d->space, d->database, j->version, err);
	if (rc == 0)
		rc = buf_printf(&text, err,
		    is_known ?
			"\" has no file \"%s\": an interrupted CREATE DATABASE or DROP DATABASE left it, and no session can connect to it" :
			"\" has no file \"%s\": either the database is damaged, or an interrupted CREATE DATABASE or DROP DATABASE left the directory",
		    file);
	if (rc == 0)
		j->judge->doubt(j->judge, buf_text(&text));
	buf_free(&text);
	return rc;
}

/* The file is not there: is it lost? */
static int
judge_lack(const struct judging *j, const struct directory *d, const char *file,
    struct error *err)
{
	if (j->judge->is_none(j->judge, d->database))
		return say_doubt(j, d, file, true, err);
	if (d->database < FIRST_NORMAL_OID ||
	    (j->originals > 0 && d->originals >= j->originals))
		return missing(j, d->space, d->database, file, err);
	return say_doubt(j, d, file, false, err);
}

/* Has it both files, or neither; and of this release? */
static int
judge_directory(const struct judging *j, const struct directory *d, struct error *err)
{
	char text[96];

	if (d->has_version != d->has_map)
		return judge_lack(j, d, d->has_map ? version_file : map_file, err);
	if (!d->has_version || d->major == 0 || d->major == j->version->major)
		return 0;
	snprintf(text, sizeof(text),
	    "is of another version than the cluster: %u expected, %u found",
	    j->version->major, (unsigned)d->major);
	return fault(j, d->space, d->database, version_file, text, err);
}

/* The ${count} directories of one database, of which none has a PG_VERSION or a map. */
static int
judge_none(const struct judging *j, const struct directory *rows, size_t count,
    struct error *err)
{
	const struct directory *best = NULL;

	for (size_t i = 0; i < count; i++)
		if (rows[i].has_relation &&
		    (best == NULL || rows[i].originals > best->originals))
			best = &rows[i];
	return best ? judge_lack(j, best, version_file, err) : 0;
}

/* The ${count} directories of one database. */
static int
judge_database(const struct judging *j, const struct directory *rows, size_t count,
    struct error *err)
{
	bool has_any = false;

	if (j->judge->is_exempt(j->judge, rows->database))
		return 0;
	for (size_t i = 0; i < count; i++) {
		has_any |= rows[i].has_version || rows[i].has_map;
		if (judge_directory(j, &rows[i], err))
			return -1;
	}
	return has_any ? 0 : judge_none(j, rows, count, err);
}

int
databaseset_judge_shared(
    const struct databaseset *s, struct databaseset_judge *judge, struct error *err)
{
	if (s->has_shared_map)
		return 0;
	return judge->fault(
	    judge, shared_map, "is missing: the server does not start without it", err);
}

static int
judge_all(struct databaseset *s, const struct pg_version *version,
    struct databaseset_judge *judge, bool only_none, struct error *err)
{
	struct judging j = { judge, version, 0 };
	size_t count;

	databaseset_sort(s);
	for (size_t i = 0; i < s->count; i++)
		if (s->rows[i].database < FIRST_NORMAL_OID &&
		    s->rows[i].originals > j.originals)
			j.originals = s->rows[i].originals;
	for (size_t i = 0; i < s->count; i += count) {
		for (count = 1; i + count < s->count &&
		     s->rows[i + count].database == s->rows[i].database;)
			count++;
		if (only_none && !judge->is_none(judge, s->rows[i].database))
			continue;
		if (judge_database(&j, &s->rows[i], count, err))
			return -1;
	}
	return 0;
}

int
databaseset_judge(struct databaseset *s, const struct pg_version *version,
    struct databaseset_judge *judge, struct error *err)
{
	return judge_all(s, version, judge, false, err);
}

int
databaseset_judge_none(struct databaseset *s, const struct pg_version *version,
    struct databaseset_judge *judge, struct error *err)
{
	return judge_all(s, version, judge, true, err);
}

int
databaseset_judge_one(struct databaseset *s, const struct pg_version *version,
    uint32_t space, uint32_t database, struct databaseset_judge *judge, struct error *err)
{
	const struct judging j = { judge, version, 0 };
	const struct directory *d = databaseset_find(s, space, database);

	if (d == NULL || !d->has_version)
		return missing(&j, space, database, version_file, err);
	return d->has_map ? 0 : missing(&j, space, database, map_file, err);
}

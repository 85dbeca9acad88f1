/*
 * A name is taken apart from left to right, by functions that move past what they know and return
 * false at anything else.  Results are written at the end only, so that a name which is right in
 * its first half has no effect.
 */
#include "pg/relfile.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "lib/number.h"

static const struct {
	const char *suffix;
	enum relfile_fork fork;
} forks[] = {
	{ "_fsm", RELFILE_FSM },
	{ "_vm", RELFILE_VM },
	{ "_init", RELFILE_INIT },
};

/* If ${prefix} stands at *at, move *at past it. */
static bool
relfile_take_prefix(const char **at, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(*at, prefix, len) != 0)
		return false;
	*at += len;
	return true;
}

/* The number of an object: 0 is not a valid one. */
static bool
take_oid(const char **at, uint32_t *oid)
{
	uint64_t number;

	if (!number_next(at, UINT32_MAX, &number) || number == 0)
		return false;
	*oid = (uint32_t)number;
	return true;
}

/* Backends are numbered from 0 on since 17, from 1 on before. */
static bool
take_backend(const char **at)
{
	uint64_t number;

	return number_next(at, INT32_MAX, &number) && relfile_take_prefix(at, "_");
}

bool
relfile_parse(const char *base, struct relfile *out)
{
	struct relfile r = { 0 };

	r.is_temporary = relfile_take_prefix(&base, "t");
	if (r.is_temporary && !take_backend(&base))
		return false;
	if (!take_oid(&base, &r.relnode))
		return false;
	for (size_t i = 0; i < sizeof(forks) / sizeof(forks[0]); i++)
		if (relfile_take_prefix(&base, forks[i].suffix)) {
			r.fork = forks[i].fork;
			break;
		}
	if (relfile_take_prefix(&base, ".") && !take_oid(&base, &r.segment))
		return false;
	if (*base != '\0')
		return false;
	*out = r;
	return true;
}

/* PG_MAJOR_CATALOG, of any release. */
static bool
take_version_dir(const char **at)
{
	uint32_t major, catalog;

	return relfile_take_prefix(at, "PG_") && take_oid(at, &major) &&
	    relfile_take_prefix(at, "_") && take_oid(at, &catalog);
}

bool
relfile_is_release(const char *name)
{
	uint32_t number;

	if (!relfile_take_prefix(&name, "PG_") || !take_oid(&name, &number))
		return false;
	/* until 2017 a release had two numbers */
	if (relfile_take_prefix(&name, ".") && !relfile_take_prefix(&name, "0") &&
	    !take_oid(&name, &number))
		return false;
	return relfile_take_prefix(&name, "_") && take_oid(&name, &number) &&
	    *name == '\0';
}

bool
relfile_is_of_release(const char *below, bool *is_directory)
{
	if (!take_version_dir(&below) || (*below != '\0' && *below != '/'))
		return false;
	*is_directory = *below == '\0';
	return true;
}

/* OIDs of the tablespaces that every cluster has (pg_tablespace.dat). */
enum { SPACE_DEFAULT = 1663 };

/* The directory that *at begins with, up to what follows its last number. */
static bool
take_directory(const char **at, uint32_t *space, uint32_t *database)
{
	*database = 0;
	*space = RELFILE_SHARED_SPACE;
	if (relfile_take_prefix(at, "global"))
		return true;
	*space = SPACE_DEFAULT;
	if (relfile_take_prefix(at, "pg_tblspc/")) {
		if (!take_oid(at, space) || !relfile_take_prefix(at, "/") ||
		    !take_version_dir(at) || !relfile_take_prefix(at, "/"))
			return false;
	} else if (!relfile_take_prefix(at, "base/"))
		return false;
	return take_oid(at, database);
}

bool
relfile_is_relation_dir(const char *path)
{
	uint32_t space, database;

	return take_directory(&path, &space, &database) && *path == '\0';
}

bool
relfile_locate(const char *path, struct relfile_location *out)
{
	struct relfile_location l;

	if (!take_directory(&path, &l.space, &l.database) ||
	    !relfile_take_prefix(&path, "/") || !relfile_parse(path, &l.file))
		return false;
	*out = l;
	return true;
}

int
relfile_database(struct buf *path, uint32_t space, uint32_t database,
    const struct pg_version *version, struct error *err)
{
	if (space == SPACE_DEFAULT)
		return buf_printf(path, err, "base/%" PRIu32, database);
	return buf_printf(path, err, "pg_tblspc/%" PRIu32 "/%s/%" PRIu32, space,
	    version->tablespace_dir, database);
}

bool
relfile_in_database(const char *path, uint32_t *space, uint32_t *database)
{
	uint32_t s, d;

	if (!take_directory(&path, &s, &d) || d == 0 || (*path != '\0' && *path != '/'))
		return false;
	*space = s;
	*database = d;
	return true;
}

bool
relfile_database_file(
    const char *path, uint32_t *space, uint32_t *database, const char **name)
{
	uint32_t s, d;

	if (!take_directory(&path, &s, &d) || d == 0 ||
	    !relfile_take_prefix(&path, "/") || strchr(path, '/'))
		return false;
	*space = s;
	*database = d;
	*name = path;
	return true;
}

bool
relfile_is_database(const char *path, uint32_t *space, uint32_t *database)
{
	const char *name;
	uint32_t s, d;

	if (!relfile_database_file(path, &s, &d, &name) ||
	    strcmp(name, "PG_VERSION") != 0)
		return false;
	*space = s;
	*database = d;
	return true;
}

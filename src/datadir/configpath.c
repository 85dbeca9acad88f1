/*
 * Where a configuration file lies, as seen from the data directory, and what it is called in the
 * archive: so that in a copy each is found by the ones that name it relative to themselves.
 */
#define _DEFAULT_SOURCE /* realpath() */
#include "datadir/configpath.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Below the directory of configuration files: those without a relative place there. */
#define ELSEWHERE "elsewhere"

/* ---- paths ---- */

int
configpath_normalize(const char *path, struct buf *out, struct error *err)
{
	buf_clear(out);
	while (*path) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 2 && strncmp(path, "..", 2) == 0) {
			while (out->len > 0 && out->data[--out->len] != '/')
				continue;
			if (out->data)
				out->data[out->len] = '\0';
		} else if (len > 0 && !(len == 1 && *path == '.') &&
		    (buf_append(out, "/", 1, err) || buf_append(out, path, len, err))) {
			return -1;
		}
		path += len;
	}
	return 0;
}

const char *
configpath_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	if (strncmp(path, directory, len) != 0)
		return NULL;
	if (path[len] == '\0')
		return path + len;
	return path[len] == '/' ? path + len + 1 : NULL;
}

static int
add_text(char ***texts, size_t *count, const char *text, struct error *err)
{
	char **more = realloc(*texts, (*count + 1) * sizeof(*more));

	if (more == NULL)
		return error_memory(err);
	*texts = more;
	more[*count] = strdup(text);
	if (more[*count] == NULL)
		return error_memory(err);
	++*count;
	return 0;
}

static bool
is_known(const struct configset *set, const char *path)
{
	if (set->opt.datadir && strcmp(set->opt.datadir, path) == 0)
		return true;
	for (size_t i = 0; i < set->naliases; i++)
		if (strcmp(set->aliases[i], path) == 0)
			return true;
	return false;
}

int
configpath_alias(struct configset *set, const char *path, struct error *err)
{
	struct buf normal = { 0 };
	int rc;

	if (path == NULL || path[0] != '/')
		return 0;
	rc = configpath_normalize(path, &normal, err);
	if (rc == 0 && normal.len > 0 && !is_known(set, buf_text(&normal)))
		rc = add_text(&set->aliases, &set->naliases, buf_text(&normal), err);
	buf_free(&normal);
	return rc;
}

/* By the server's names of the data directory; NULL: it is not in it by its name. */
static const char *
below_alias(const struct configset *set, const char *path)
{
	const char *found = configpath_below(path, set->opt.datadir);

	for (size_t i = 0; found == NULL && i < set->naliases; i++)
		found = configpath_below(path, set->aliases[i]);
	return found;
}

/* A path that leads into the data directory through links of its directories. */
static int
below_real(
    const struct configset *set, const char *path, struct buf *name, struct error *err)
{
	const char *last = strrchr(path, '/'), *found;
	char *directory = strndup(path, (size_t)(last - path) + 1), *real;
	int rc = 0;

	if (directory == NULL)
		return error_memory(err);
	real = realpath(directory, NULL);
	found = real ? configpath_below(real, set->opt.datadir) : NULL;
	if (found)
		rc =
		    buf_printf(name, err, "%s%s%s", found, found[0] ? "/" : "", last + 1);
	free(real);
	free(directory);
	return rc;
}

/* Does any part of ${name}, which is below the data directory, have a link in it? */
static bool
has_link(const struct configset *set, const char *name)
{
	char part[PATH_MAX];
	struct stat st;
	size_t len = 0;

	if (strlen(name) >= sizeof(part))
		return false;
	do {
		len += strcspn(name + len, "/");
		memcpy(part, name, len);
		part[len] = '\0';
		if (fstatat(set->opt.datadir_fd, part, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISLNK(st.st_mode))
			return true;
	} while (name[len++] != '\0');
	return false;
}

/* ---- names ---- */

static const char *const reserved[] = { "postgresql.conf", "pg_hba.conf", "pg_ident.conf",
	"pg_hosts.conf", ELSEWHERE };

/* May ${name} stand below the directory of configuration files, with all that are there? */
static bool
is_free(const struct configset *set, const char *name, bool is_directory)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct configset_row *row = &set->rows[i];

		if (row->where != CONFIGSET_OUTSIDE)
			continue;
		if (strcmp(row->name, name) == 0 ||
		    (configpath_below(row->name, name) && !is_directory) ||
		    (configpath_below(name, row->name) && !row->is_directory))
			return false;
	}
	return true;
}

static bool
is_reserved(const char *name)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (configpath_below(name, reserved[i]))
			return true;
	return false;
}

/* The longest of the bases that ${path} is below, and what it is called there. */
static const char *
below_base(const struct configset *set, const char *path)
{
	const char *shortest = NULL;

	for (size_t i = 0; i < set->nbases; i++) {
		const char *found = configpath_below(path, set->bases[i]);

		if (found && found[0] && (shortest == NULL || found > shortest))
			shortest = found;
	}
	return shortest;
}

/*
 * What a file outside is called: as the file that includes it wants, which says where it is
 * relative to itself; else by its place in the directory of one of the main files; else by its
 * whole path.  "": it has no name that can be given.
 */
static int
choose_name(const struct configset *set, const struct configset_wish *wish,
    const char *path, bool is_directory, struct buf *name, struct error *err)
{
	const char *candidates[] = { wish->name, below_base(set, path) };

	if (wish->fixed && is_free(set, wish->fixed, is_directory))
		return buf_printf(name, err, "%s", wish->fixed);
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++)
		if (candidates[i] && candidates[i][0] && !is_reserved(candidates[i]) &&
		    is_free(set, candidates[i], is_directory))
			return buf_printf(name, err, "%s", candidates[i]);
	if (buf_printf(name, err, "%s%s", ELSEWHERE, path))
		return -1;
	if (!is_free(set, buf_text(name), is_directory))
		buf_clear(name);
	return 0;
}

int
configpath_add_base(struct configset *set, const char *path, struct error *err)
{
	char *directory = strndup(path, (size_t)(strrchr(path, '/') - path));
	int rc = directory ? add_text(&set->bases, &set->nbases, directory, err) :
			     error_memory(err);

	free(directory);
	return rc;
}

/* ${normal} as configpath_normalize() makes it. */
static int
name_inside(
    const struct configset *set, const char *normal, struct buf *name, struct error *err)
{
	const char *found = below_alias(set, normal);

	if (found && found[0])
		return buf_printf(name, err, "%s", found);
	if (normal[0] && !set->opt.is_foreign)
		return below_real(set, normal, name, err);
	return 0;
}

int
configpath_inside(
    const struct configset *set, const char *path, struct buf *name, struct error *err)
{
	struct buf normal = { 0 };
	int rc = configpath_normalize(path, &normal, err);

	if (rc == 0)
		rc = name_inside(set, buf_text(&normal), name, err);
	buf_free(&normal);
	return rc;
}

int
configpath_locate(struct configset *set, const char *path,
    const struct configset_wish *wish, struct configset_row *row, struct error *err)
{
	struct buf normal = { 0 }, name = { 0 };
	int rc = configpath_normalize(path, &normal, err);

	if (rc == 0)
		rc = name_inside(set, buf_text(&normal), &name, err);
	row->where = name.len == 0         ? CONFIGSET_OUTSIDE :
	    has_link(set, buf_text(&name)) ? CONFIGSET_LINKED :
					     CONFIGSET_TREE;
	if (rc == 0 && name.len == 0)
		rc = choose_name(
		    set, wish, buf_text(&normal), row->is_directory, &name, err);
	if (rc == 0) {
		row->path = strdup(buf_text(&normal));
		row->name = strdup(buf_text(&name));
		if (row->path == NULL || row->name == NULL)
			rc = error_memory(err);
	}
	buf_free(&normal);
	buf_free(&name);
	return rc;
}

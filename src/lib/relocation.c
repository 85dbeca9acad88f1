/*
 * Locations are compared as text, and not looked up: OLD is a directory of the machine that was
 * backed up, and need not exist on this one.  Only slashes that mean nothing are squeezed out.
 */
#include "lib/relocation.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One slash for several, and none at the end; the root keeps its own. */
static void
squeeze(char *path)
{
	size_t to = 0;

	for (size_t i = 0; path[i] != '\0'; i++)
		if (path[i] != '/' || to == 0 || path[to - 1] != '/')
			path[to++] = path[i];
	if (to > 1 && path[to - 1] == '/')
		to--;
	path[to] = '\0';
}

/* Does ${path}, as it may be written, say what the squeezed ${one} does? */
static bool
is_same(const char *one, const char *path)
{
	for (; *one != '\0' && *one == *path; one++) {
		path++;
		while (one[0] == '/' && *path == '/')
			path++;
	}
	if (*one == '\0')
		path += strspn(path, "/");
	return *one == '\0' && *path == '\0';
}

/* A copy of the ${len} bytes at ${text} without the backslashes that protect a "=". */
static char *
unescape(const char *text, size_t len)
{
	char *path = malloc(len + 1);
	size_t to = 0;

	if (path == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\\' || i + 1 == len || text[i + 1] != '=')
			path[to++] = text[i];
	path[to] = '\0';
	squeeze(path);
	return path;
}

/* The first "=" in ${text} without a backslash before it; NULL if absent. */
static const char *
find_equals(const char *text)
{
	for (const char *at = strchr(text, '='); at; at = strchr(at + 1, '='))
		if (at == text || at[-1] != '\\')
			return at;
	return NULL;
}

static int
check_pair(
    const struct relocations *list, const struct relocation *pair, struct error *err)
{
	if (pair->old[0] == '\0')
		return error_set(err, ERROR_USAGE, 0, "OLD is empty in OLD=NEW");
	if (pair->new[0] != '/')
		return error_set(
		    err, ERROR_USAGE, 0, "\"%s\" is not an absolute path", pair->new);
	if (relocations_find(list, pair->old))
		return error_set(err, ERROR_USAGE, 0, "\"%s\" is given twice", pair->old);
	return 0;
}

static int
append(struct relocations *list, const struct relocation *pair, struct error *err)
{
	struct relocation *rows =
	    realloc(list->rows, (list->count + 1) * sizeof(*list->rows));

	if (rows == NULL)
		return error_memory(err);
	list->rows = rows;
	rows[list->count++] = *pair;
	return 0;
}

int
relocations_add(struct relocations *list, const char *text, struct error *err)
{
	const char *equals = find_equals(text);
	struct relocation pair;
	int rc = -1;

	if (equals == NULL || find_equals(equals + 1)) {
		error_set(err, ERROR_USAGE, 0, "\"%s\" is not of the form OLD=NEW", text);
		return error_hint(err, "A \"=\" in a name is written \"\\=\".");
	}
	pair.old = unescape(text, (size_t)(equals - text));
	pair.new = unescape(equals + 1, strlen(equals + 1));
	if (pair.old == NULL || pair.new == NULL)
		error_memory(err);
	else if (check_pair(list, &pair, err) == 0)
		rc = append(list, &pair, err);
	if (rc) {
		free(pair.old);
		free(pair.new);
	}
	return rc;
}

const char *
relocations_find(const struct relocations *list, const char *path)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_same(list->rows[i].old, path))
			return list->rows[i].new;
	return NULL;
}

void
relocations_free(struct relocations *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->rows[i].old);
		free(list->rows[i].new);
	}
	free(list->rows);
	*list = (struct relocations){ 0 };
}

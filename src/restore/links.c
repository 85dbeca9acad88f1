/*
 * A server that recovers from backup_label reads tablespace_map and makes the links in pg_tblspc
 * anew from it (read_tablespace_map() in src/backend/access/transam), whatever links it finds there.
 * So the map has to name the new locations as well, or the copy would write into the tablespaces of
 * the original.
 */
#include "restore/links.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/layout.h"
#include "pg/cluster.h"
#include "pg/tablespace_map.h"
#include "restore/tablespaces.h"
#include "restore/tree.h"

static int
write_links(
    struct restore_tree *tree, const struct restore_tablespaces *list, struct error *err)
{
	char path[32];

	for (size_t i = 0; i < list->count; i++) {
		const struct restore_tablespace *t = &list->rows[i];

		snprintf(path, sizeof(path), "pg_tblspc/%" PRIu32, t->oid);
		if (restore_tree_link(tree, path, t->location, err))
			return -1;
	}
	return 0;
}

/* The server makes the links anew by it: it must name where they lead now. */
static int
build_map(const struct restore_tablespaces *list, const struct pg_version *version,
    struct buf *text, struct error *err)
{
	struct tablespace_map map = { 0 };
	int rc = 0;

	for (size_t i = 0; i < list->count && rc == 0; i++)
		rc = tablespace_map_add(
		    &map, list->rows[i].oid, list->rows[i].location, err);
	if (rc == 0)
		rc = tablespace_map_build(text, &map, version, err);
	tablespace_map_free(&map);
	return rc;
}

/* Does that of the backup say what is so?  Then it stays, to the byte. */
static bool
is_map_right(const struct restore_links *links, const struct restore_tablespaces *list,
    const struct pg_version *version)
{
	struct tablespace_map map = { 0 };
	struct error ignored;
	bool is_it = tablespace_map_parse(buf_text(&links->map), links->map.len, version,
			 &map, &ignored) == 0 &&
	    map.count == list->count;

	for (size_t i = 0; i < list->count && is_it; i++) {
		const char *target = tablespace_map_find(&map, list->rows[i].oid);

		is_it = target && strcmp(target, list->rows[i].location) == 0;
	}
	tablespace_map_free(&map);
	return is_it;
}

static int
write_map(const struct restore_links *links, struct restore_tree *tree,
    const struct restore_tablespaces *list, const struct pg_version *version,
    time_t mtime, struct error *err)
{
	struct buf text = { 0 };
	int rc = 0;

	if (!links->has_map)
		return 0;
	if (version == NULL)
		return error_set(err, ERROR_FORMAT, 0,
		    "\"%s\" cannot be written: the backup does not name its release",
		    LAYOUT_MAP);
	if (!is_map_right(links, list, version))
		rc = build_map(list, version, &text, err);
	else
		rc = buf_append(&text, buf_text(&links->map), links->map.len, err);
	if (rc == 0)
		rc = restore_tree_text(tree, LAYOUT_MAP, &text, mtime, err);
	buf_free(&text);
	return rc;
}

int
restore_links_write(const struct restore_links *links, struct restore_tree *tree,
    const struct restore_tablespaces *list, const struct pg_version *version,
    time_t mtime, struct error *err)
{
	return write_links(tree, list, err) ||
		write_map(links, tree, list, version, mtime, err) ?
	    -1 :
	    0;
}

void
restore_links_free(struct restore_links *links)
{
	buf_free(&links->map);
}

/*
 * PostgreSQL's pg_tblspc/OID/... becomes the name that the archive has for it.  Readers go the
 * other way in archivepart.c.
 */
#include "format/layout.h"

#include <string.h>

int
layout_name(struct buf *name, enum layout_part part, const char *path, struct error *err)
{
	static const char prefix[] = "pg_tblspc";
	const size_t len = sizeof(prefix) - 1;
	const char *below = NULL;

	buf_clear(name);
	if (part != LAYOUT_TREE && strncmp(path, prefix, len) == 0)
		below = path + len;
	if (below && part == LAYOUT_TABLESPACE)
		return buf_printf(name, err, "%s%s", LAYOUT_TABLESPACES, below);
	/* what follows "/OID/" */
	if (below && below[0] == '/' && strchr(below + 1, '/'))
		path = strchr(below + 1, '/') + 1;
	return buf_append(name, path, strlen(path), err);
}

int
layout_link_target(struct buf *target, const char *oid, struct error *err)
{
	buf_clear(target);
	return buf_printf(target, err, "../%s/%s", LAYOUT_TABLESPACES, oid);
}

bool
layout_is_link_target(const char *target, const char *oid)
{
	static const char before[] = "../" LAYOUT_TABLESPACES "/";
	const size_t len = sizeof(before) - 1;

	return strncmp(target, before, len) == 0 && strcmp(target + len, oid) == 0;
}

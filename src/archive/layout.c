#include "archive/layout.h"

#include <string.h>

int
layout_name(struct buf *name, enum layout_part part, const char *path, struct error *err)
{
	static const char prefix[] = "pg_tblspc";

	buf_clear(name);
	if (part == LAYOUT_TABLESPACE && strncmp(path, prefix, sizeof(prefix) - 1) == 0)
		return buf_printf(name, err, "%s%s", LAYOUT_TABLESPACES,
		    path + sizeof(prefix) - 1);
	return buf_append(name, path, strlen(path), err);
}

int
layout_link_target(struct buf *target, const char *oid, struct error *err)
{
	buf_clear(target);
	return buf_printf(target, err, "../%s/%s", LAYOUT_TABLESPACES, oid);
}

/*
 * Names in an archive are relative to what it was made of, the data directory, a tablespace or
 * pg_wal; here they become what PostgreSQL calls the file.  layout.c has the other direction.
 */
#include "format/archivepart.h"

#include <string.h>

#include "format/layout.h"

const char *
archivepart_plain(const char *name, bool is_ours)
{
	return !is_ours && strncmp(name, "./", 2) == 0 ? name + 2 : name;
}

int
archivepart_path(const struct archivepart *part, const char *name, bool is_whole,
    struct buf *path, struct error *err)
{
	const size_t own = sizeof(LAYOUT_TABLESPACES) - 1;

	buf_clear(path);
	if (part->kind == ARCHIVEPART_TABLESPACE)
		return buf_printf(path, err, "pg_tblspc/%s/%s", part->oid, name);
	if (part->kind == ARCHIVEPART_WAL)
		return buf_printf(path, err, "%s/%s", LAYOUT_WAL, name);
	if (is_whole && strncmp(name, LAYOUT_TABLESPACES "/", own + 1) == 0 &&
	    strchr(name + own + 1, '/'))
		return buf_printf(path, err, "pg_tblspc%s", name + own);
	return buf_append(path, name, strlen(name), err);
}

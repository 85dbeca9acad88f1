/* The catalogs of a cluster that no server works on, out of their files. */
#include "datadir/catalogread.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "datadir/dirlist.h"
#include "lib/buf.h"
#include "lib/sys.h"

/* Bytes of a catalog: more than a cluster has that has ten thousands of databases. */
#define FILE_MOST ((size_t)32 * 1024 * 1024)

static int
catalogread_file(
    int datadir_fd, struct catalogset *set, const char *path, struct error *err)
{
	struct buf bytes = { 0 };
	struct error ignored = { 0 };
	int rc = 0;

	if (!catalogset_begin(set, path))
		return 0;
	if (sys_read_file(datadir_fd, path, FILE_MOST, &bytes, &ignored) == 0)
		rc = catalogset_bytes(set, 0, bytes.data, bytes.len, err);
	buf_free(&bytes);
	return rc;
}

static int
read_catalog(
    int datadir_fd, struct catalogset *set, enum catalogrow_kind kind, struct error *err)
{
	uint32_t relnode;
	char path[32];

	if (!catalogset_file(set, kind, &relnode))
		return 0;
	snprintf(path, sizeof(path), "global/%" PRIu32, relnode);
	return catalogread_file(datadir_fd, set, path, err);
}

/* Of pg_xact only the segments that rows ask for. */
static int
read_transactions(int datadir_fd, struct catalogset *set, struct error *err)
{
	const int fd = openat(datadir_fd, "pg_xact", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirlist list = { 0 };
	struct error ignored = { 0 };
	char path[64];
	int rc = 0;

	if (fd == -1)
		return 0;
	if (dirlist_read(fd, &list, &ignored) == 0)
		for (size_t i = 0; rc == 0 && i < list.count; i++)
			if (snprintf(path, sizeof(path), "pg_xact/%s", list.names[i]) <
			    (int)sizeof(path))
				rc = catalogread_file(datadir_fd, set, path, err);
	dirlist_free(&list);
	sys_close(fd);
	return rc;
}

int
catalogread(int datadir_fd, struct catalogset *set, struct error *err)
{
	return catalogread_file(datadir_fd, set, "global/pg_filenode.map", err) ||
		read_catalog(datadir_fd, set, CATALOGROW_TABLESPACE, err) ||
		read_catalog(datadir_fd, set, CATALOGROW_DATABASE, err) ||
		read_transactions(datadir_fd, set, err) ?
	    -1 :
	    0;
}

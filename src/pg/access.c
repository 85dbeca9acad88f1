/*
 * A server that cannot open a file fails at its start, or later, in the middle of its work.  So
 * what it needs is derived here from what it does with each path: the row of a file that it opens
 * for writing names the function of PostgreSQL that does so.
 */
#include "pg/access.h"

#include <string.h>

#include "pg/cluster.h"
#include "pg/relfile.h"

#define ALL (ACCESS_READ | ACCESS_WRITE | ACCESS_ENTER)

/*
 * Files that are opened for reading and writing even by a server that only recovers.  All
 * others are read, or written anew under another name.
 */
static const struct {
	/* with a slash at the end: all in that directory, else a file */
	const char *below;
	const char *reason;
} written[] = {
	{ "global/pg_control", "UpdateControlFile(), src/common/controldata_utils.c" },
	{ "pg_commit_ts/", "SlruPhysicalReadPage(), src/backend/access/transam/slru.c" },
	{ "pg_multixact/members/", "SlruPhysicalReadPage(), slru.c" },
	{ "pg_multixact/offsets/", "SlruPhysicalReadPage(), slru.c" },
	{ "pg_xact/", "SlruPhysicalReadPage(), slru.c" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_written(const char *path)
{
	struct relfile_location relation;

	for (size_t i = 0; i < COUNT(written); i++) {
		const size_t len = strlen(written[i].below);
		const bool is_directory = written[i].below[len - 1] == '/';

		if (is_directory ? strncmp(path, written[i].below, len) == 0 :
				   strcmp(path, written[i].below) == 0)
			return true;
	}
	/* mdopenfork(), src/backend/storage/smgr/md.c */
	return relfile_locate(path, &relation);
}

/* Is it one in which the server makes files, or looks for them? */
static bool
is_own_directory(const char *path)
{
	static const char spaces[] = "pg_tblspc/";
	bool is_release;

	for (unsigned n = 0; cluster_directory(n); n++)
		if (strcmp(path, cluster_directory(n)) == 0)
			return true;
	if (relfile_is_relation_dir(path) || strncmp(path, "pg_wal/", 7) == 0)
		return true;
	if (strncmp(path, spaces, sizeof(spaces) - 1) != 0)
		return false;
	path = strchr(path + sizeof(spaces) - 1, '/');
	return path == NULL ||
	    (relfile_is_of_release(path + 1, &is_release) && is_release);
}

unsigned
access_needed(const char *path, bool is_directory)
{
	if (is_directory)
		return is_own_directory(path) ? ALL : 0;
	return is_written(path) ? ACCESS_READ | ACCESS_WRITE : ACCESS_READ;
}

bool
access_is_kept_out(const char *path, bool is_directory, uint32_t mode, bool is_foreign)
{
	const unsigned needed = access_needed(path, is_directory);

	if (!is_foreign)
		return (mode >> 6 & needed) != needed;
	return (mode >> 3 & needed) != needed && (mode & needed) != needed;
}

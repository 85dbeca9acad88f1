/* O_TMPFILE, RENAME_NOREPLACE: what the file systems of these tests have not */
#define _GNU_SOURCE
#include "support/filesystem.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_LINKS \
	{ \
		SYS_linkat, 0, 0, 0, EPERM \
	}
#define NO_NOREPLACE \
	{ \
		SYS_renameat2, 4, RENAME_NOREPLACE, RENAME_NOREPLACE, EINVAL \
	}

struct filesystem filesystems[FILESYSTEMS] = {
	{ "a file system that can do all", true, 0, { { .call = 0 } } },
	{ "one without nameless files", false, 1, { FILESYSTEM_NO_NAMELESS } },
	{ "nor hard links", false, 2, { FILESYSTEM_NO_NAMELESS, NO_LINKS } },
	{ "nor a rename that does not replace", false, 3,
	    { FILESYSTEM_NO_NAMELESS, NO_LINKS, NO_NOREPLACE } },
};

bool
filesystem_run(const struct filesystem *fs, void (*run)(void *), void *arg)
{
	if (fs->count > 0)
		return refuse_run(fs->rows, fs->count, run, arg);
	run(arg);
	return true;
}

static int
is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

void
filesystem_names(const char *path, const char *prefix, char *into, size_t size)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_shown, alphasort);

	snprintf(into, size, "%s", n == -1 ? "-" : "");
	for (int i = 0; i < n; i++) {
		size_t len = strlen(into);

		if (strncmp(entries[i]->d_name, prefix, strlen(prefix)) == 0)
			snprintf(into + len, size - len, "%s%s", len > 0 ? " " : "",
			    entries[i]->d_name);
		free(entries[i]);
	}
	if (n != -1)
		free(entries);
}

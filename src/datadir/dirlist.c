/* d_type and DT_REG: what a name is without one more system call a file */
#define _DEFAULT_SOURCE
#include "datadir/dirlist.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/sys.h"

static const char *const kind_names[] = {
	[DIRLIST_UNKNOWN] = "file of unknown kind",
	[DIRLIST_FILE] = "file",
	[DIRLIST_DIRECTORY] = "directory",
	[DIRLIST_LINK] = "symbolic link",
	[DIRLIST_FIFO] = "fifo",
	[DIRLIST_SOCKET] = "socket",
	[DIRLIST_DEVICE] = "device",
	[DIRLIST_ADDED] = "directory",
	[DIRLIST_OTHER] = "file of unknown kind",
};

const char *
dirlist_kind_name(enum dirlist_kind kind)
{
	return kind_names[kind];
}

enum dirlist_kind
dirlist_kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return DIRLIST_FILE;
	case S_IFDIR:
		return DIRLIST_DIRECTORY;
	case S_IFLNK:
		return DIRLIST_LINK;
	case S_IFIFO:
		return DIRLIST_FIFO;
	case S_IFSOCK:
		return DIRLIST_SOCKET;
	case S_IFBLK:
	case S_IFCHR:
		return DIRLIST_DEVICE;
	default:
		return DIRLIST_OTHER;
	}
}

/* Not every system has d_type, and not every file system of those fills it in. */
static enum dirlist_kind
kind_of_entry(const struct dirent *entry)
{
#ifdef DT_UNKNOWN
	if (entry->d_type != DT_UNKNOWN)
		return dirlist_kind_of((mode_t)DTTOIF(entry->d_type));
#else
	(void)entry;
#endif
	return DIRLIST_UNKNOWN;
}

/* Each name as it comes: its kind in one byte, the name, a NUL. */
static int
read_names(DIR *dir, struct buf *text, size_t *count, struct error *err)
{
	*count = 0;
	for (;;) {
		struct dirent *entry;
		uint8_t kind;

		errno = 0;
		entry = readdir(dir);
		if (entry == NULL)
			break;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		kind = (uint8_t)kind_of_entry(entry);
		if (buf_append(text, &kind, 1, err) ||
		    buf_append(text, entry->d_name, strlen(entry->d_name) + 1, err))
			return -1;
		++*count;
	}
	/* Linux says ENOENT of a directory removed since it was opened: it is empty */
	if (errno != 0 && errno != ENOENT)
		return error_set(err, ERROR_IO, errno, "could not read directory");
	return 0;
}

static int
dirlist_compare_names(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;

	return strcmp(*a, *b);
}

/* Takes the memory of ${text}. */
static int
sort_names(struct buf *text, size_t count, struct dirlist *list, struct error *err)
{
	const char **names = malloc((count ? count : 1) * sizeof(*names));
	const char *at = (const char *)text->data;

	if (names == NULL)
		return error_memory(err);
	for (size_t i = 0; i < count; i++) {
		names[i] = at + 1;
		at += 1 + strlen(at + 1) + 1;
	}
	qsort(names, count, sizeof(*names), dirlist_compare_names);
	*list = (struct dirlist){
		.count = count, .names = names, .text = text->data, .text_len = text->len
	};
	*text = (struct buf){ 0 };
	return 0;
}

int
dirlist_read(int dirfd, struct dirlist *list, struct error *err)
{
	struct buf text = { 0 };
	size_t count;
	DIR *dir;
	int fd, rc = -1;

	/* a description of its own, so that no one else's reading moves this one */
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return error_set(err, ERROR_IO, errno, "could not open");
	dir = fdopendir(fd);
	if (dir == NULL) {
		sys_close(fd);
		return error_memory(err);
	}
	if (read_names(dir, &text, &count, err) == 0)
		rc = sort_names(&text, count, list, err);
	closedir(dir);
	buf_free(&text);
	return rc;
}

/* Where ${name} is, or else belongs. */
static size_t
place_of(const struct dirlist *list, const char *name, bool *is_there)
{
	size_t from = 0, to = list->count;

	*is_there = false;
	while (from < to && !*is_there) {
		const size_t middle = from + (to - from) / 2;
		const int order = strcmp(list->names[middle], name);

		*is_there = order == 0;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return to;
}

enum dirlist_kind
dirlist_kind_at(const struct dirlist *list, size_t number)
{
	const uintptr_t name = (uintptr_t)list->names[number];
	const uintptr_t text = (uintptr_t)list->text;

	if (name < text || name >= text + list->text_len)
		return DIRLIST_ADDED;
	return (enum dirlist_kind)list->text[name - text - 1];
}

int
dirlist_add(struct dirlist *list, const char *name, struct error *err)
{
	const char **names;
	bool is_there;
	const size_t at = place_of(list, name, &is_there);

	if (is_there)
		return 0;
	names = realloc(list->names, (list->count + 1) * sizeof(*names));
	if (names == NULL)
		return error_memory(err);
	memmove(&names[at + 1], &names[at], (list->count - at) * sizeof(*names));
	names[at] = name;
	list->names = names;
	list->count++;
	return 0;
}

void
dirlist_free(struct dirlist *list)
{
	free(list->names);
	free(list->text);
	*list = (struct dirlist){ 0 };
}

/* nftw(), realpath(), mkdtemp() */
#define _XOPEN_SOURCE 700
#include "support/faketree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PAGE = 8192 };

static void
give_up(const char *what, const char *path)
{
	fprintf(stderr, "faketree: %s \"%s\": %s\n", what, path, strerror(errno));
	abort();
}

/* The result is the caller's to free. */
static char *
join(const char *root, const char *path)
{
	size_t size = strlen(root) + strlen(path) + 2;
	char *joined = malloc(size);

	if (joined == NULL)
		give_up("memory", path);
	snprintf(joined, size, "%s/%s", root, path);
	return joined;
}

static void
make_directory(const char *path)
{
	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		give_up("mkdir", path);
}

static void
make_parents(char *path, size_t root_len)
{
	for (char *p = path + root_len + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		make_directory(path);
		*p = '/';
	}
}

static void
write_all(int fd, const void *bytes, size_t len, const char *path)
{
	if (write(fd, bytes, len) != (ssize_t)len)
		give_up("write", path);
}

static int
create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd == -1)
		give_up("create", path);
	return fd;
}

static void
make_text(const char *path, const char *text)
{
	int fd = create(path);

	write_all(fd, text, strlen(text), path);
	close(fd);
}

/* ${len} bytes in which each page begins with its number and is filled with one byte. */
static void
make_bytes(const char *path, size_t len)
{
	int fd = create(path);
	uint8_t page[PAGE];

	for (uint32_t n = 0; len > 0; n++) {
		size_t part = len < sizeof(page) ? len : sizeof(page);

		memset(page, 'A' + (int)(n % 26), sizeof(page));
		memcpy(page, &n, sizeof(n));
		write_all(fd, page, part, path);
		len -= part;
	}
	close(fd);
}

static void
make_link(const char *path, const char *target)
{
	if (symlink(target, path) == -1)
		give_up("symlink", path);
}

/* A socket's address is short: bind it by its last name from its own directory. */
static void
make_socket(char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char *slash = strrchr(path, '/');
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (here == -1 || fd == -1 || strlen(slash + 1) >= sizeof(address.sun_path))
		give_up("socket", path);
	memcpy(address.sun_path, slash + 1, strlen(slash + 1) + 1);
	*slash = '\0';
	if (chdir(path) == -1 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    fchdir(here) == -1)
		give_up("bind", path);
	*slash = '/';
	close(fd);
	close(here);
}

static void
make_special(const char *root, char *path, const char *word)
{
	char *target;

	switch (word[0]) {
	case 'p':
		make_bytes(path, strtoul(word + 1, NULL, 10) * PAGE);
		break;
	case 'b':
		make_bytes(path, strtoul(word + 1, NULL, 10));
		break;
	case 'l':
		make_link(path, word + 1);
		break;
	case 'r':
		target = join(root, word + 1);
		make_link(path, target);
		free(target);
		break;
	case 'd':
		make_directory(path);
		break;
	case 'f':
		if (mkfifo(path, 0600) == -1)
			give_up("mkfifo", path);
		break;
	case 's':
		make_socket(path);
		break;
	default:
		errno = EINVAL;
		give_up("word", path);
	}
}

void
faketree_put(const char *root, const char *path, const char *content)
{
	char *full = join(root, path);

	make_parents(full, strlen(root));
	if (unlink(full) == -1 && errno != ENOENT && errno != EISDIR && errno != EPERM)
		give_up("unlink", full);
	if (content[0] == '\001')
		make_special(root, full, content + 1);
	else
		make_text(full, content);
	free(full);
}

char *
faketree_new(const struct fake_file *files, size_t count)
{
	const char *below = getenv("TMPDIR");
	char *name = join(below && below[0] ? below : "/tmp", "faketree.XXXXXX");
	char *root;

	if (mkdtemp(name) == NULL)
		give_up("mkdtemp", name);
	root = realpath(name, NULL);
	if (root == NULL)
		give_up("realpath", name);
	free(name);
	for (size_t i = 0; i < count; i++)
		faketree_put(root, files[i].path, files[i].content);
	return root;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	if (remove(path) == -1 && errno != ENOENT)
		give_up("remove", path);
	return 0;
}

/* A test may have taken away the rights that are needed to remove the rest. */
static int
allow_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)at;
	if ((kind == FTW_D || kind == FTW_DNR) && chmod(path, 0700) == -1)
		give_up("chmod", path);
	return 0;
}

static void
remove_tree(const char *path)
{
	(void)nftw(path, allow_one, 16, FTW_PHYS);
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == -1 && errno != ENOENT)
		give_up("remove", path);
}

void
faketree_remove(const char *root, const char *path)
{
	char *full = join(root, path);

	remove_tree(full);
	free(full);
}

void
faketree_rename(const char *root, const char *from, const char *to)
{
	char *full_from = join(root, from), *full_to = join(root, to);

	if (rename(full_from, full_to) == -1)
		give_up("rename", full_from);
	free(full_from);
	free(full_to);
}

int
faketree_open(const char *root)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		give_up("open", root);
	return fd;
}

void
faketree_free(char *root)
{
	if (root)
		remove_tree(root);
	free(root);
}

/* ---- the tree that a test works in ---- */

static char *entered;

int
faketree_enter(char **root, const struct fake_file *files, size_t count)
{
	entered = *root = faketree_new(files, count);
	umask(022);
	return chdir(entered);
}

int
faketree_leave(void **state)
{
	(void)state;
	faketree_free(entered);
	return chdir("/");
}

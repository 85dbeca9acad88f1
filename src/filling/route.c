/*
 * A path is walked as the kernel walks it (path_resolution(7)), but a part at a time: the kernel
 * follows links in silence, and root must know which user's link chose the directory before it gives
 * that away.
 */
/* O_PATH */
#define _GNU_SOURCE
#include "filling/route.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/magic.h>
#include <sys/vfs.h>
#endif

#include "lib/buf.h"
#include "lib/sys.h"

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

/* As many links as the system itself follows in one path (path_resolution(7)). */
enum { LINKS_MOST = 40 };

struct going {
	struct route *route;
	int at;          /* the directory that was reached */
	struct buf rest; /* of the way, a string */
	int links;
	/* so many bytes at the end of the rest are of the path itself, not of a link's text */
	size_t own;
	bool is_made; /* what is missing is made */
};

/* ---- directories that are missing ---- */

/* A name of the path itself; root makes none where another user's link led. */
static bool
is_to_be_made(const struct going *g, const char *name, const char *after, int sys)
{
	return g->is_made && sys == ENOENT && strlen(name) + strlen(after) <= g->own &&
	    (!g->route->has_link || geteuid() != 0);
}

/* ${fd} is of the directory that was just made; it is the list's, even on failure. */
static int
note_made(struct route *route, int parent, int fd, const char *name, struct error *err)
{
	struct route_made *rows =
	    realloc(route->made, (route->nmade + 1) * sizeof(*route->made));
	struct route_made made = { .parent = -1, .fd = fd, .name = strdup(name) };

	if (rows)
		route->made = rows;
	made.parent = openat(parent, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rows == NULL || made.name == NULL || made.parent == -1) {
		error_set(err, ERROR_STATE, errno, "could not create directory");
		free(made.name);
		sys_close(made.parent);
		sys_close(fd);
		unlinkat(parent, name, AT_REMOVEDIR);
		return -1;
	}
	route->made[route->nmade++] = made;
	return 0;
}

/* Is nothing in it?  One that cannot be read is not. */
static bool
is_empty(int fd)
{
	const int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again == -1 ? NULL : fdopendir(again);
	size_t count = 0;

	if (dir == NULL) {
		sys_close(again);
		return false;
	}
	while (readdir(dir))
		count++;
	closedir(dir);
	return count <= 2; /* "." and ".." */
}

/*
 * Whoever may write to the directory that it is in could have put another there: one of root's, to be
 * given away.  There is nothing to gain by an empty one.
 */
static int
make_one(struct going *g, const char *name, struct error *err)
{
	struct stat st;
	int fd;

	if (mkdirat(g->at, name, 0700) == -1)
		return errno == EEXIST ?
		    0 :
		    error_set(err, ERROR_STATE, errno, "could not create directory");
	fd = openat(g->at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return error_set(err, ERROR_STATE, errno, "could not open");
	if (fstat(fd, &st) == -1 || st.st_uid != geteuid() || !is_empty(fd)) {
		sys_close(fd);
		return error_set(err, ERROR_STATE, EEXIST, "could not create directory");
	}
	return note_made(g->route, g->at, fd, name, err);
}

/* ---- the way ---- */

/* ${no_follow}: O_NOFOLLOW or 0. */
static int
move(struct going *g, const char *name, int no_follow, struct error *err)
{
	const int next =
	    openat(g->at, name, O_PATH | O_DIRECTORY | O_CLOEXEC | no_follow);

	if (next == -1)
		return error_set(err, ERROR_STATE, errno, "could not open");
	sys_close(g->at);
	g->at = next;
	return 0;
}

/* Through the directory ${name}: the rest, ${after}, is looked for in it. */
static int
pass(struct going *g, const char *name, int no_follow, const char *after,
    struct error *err)
{
	struct buf rest = { 0 };
	int rc = buf_append(&rest, after, strlen(after), err);

	if (rc == 0)
		rc = move(g, name, no_follow, err);
	if (rc && is_to_be_made(g, name, after, err->sys))
		rc = make_one(g, name, err) || move(g, name, O_NOFOLLOW, err) ? -1 : 0;
	if (rc) {
		buf_free(&rest);
		return -1;
	}
	buf_free(&g->rest);
	g->rest = rest;
	return 0;
}

static int
move_to_root(struct going *g, struct error *err)
{
	const int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root == -1)
		return error_set(err, ERROR_STATE, errno, "could not open");
	sys_close(g->at);
	g->at = root;
	return 0;
}

static void
note_link(struct route *route, uid_t uid)
{
	if (uid == 0)
		return;
	route->has_others |= route->has_link && route->link_uid != uid;
	route->has_link = true;
	route->link_uid = uid;
}

/*
 * Links of /proc lead to what is open, whatever it is called: the text of /proc/PID/root of a
 * container is a path of the container's own, "/", which is another directory here (proc(5)).
 */
static bool
is_of_proc(int directory)
{
#ifdef __linux__
	struct statfs fs;

	return fstatfs(directory, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
#else
	(void)directory;
	return false;
#endif
}

/* What the link ${name} says comes before the rest, ${after}. */
static int
route_follow(
    struct going *g, const char *name, uid_t uid, const char *after, struct error *err)
{
	struct buf rest = { 0 };
	char *target;
	int rc;

	if (++g->links > LINKS_MOST)
		return error_set(err, ERROR_STATE, ELOOP, "could not open");
	note_link(g->route, uid);
	if (g->own > strlen(after))
		g->own = strlen(after);
	if (is_of_proc(g->at))
		return pass(g, name, 0, after, err);
	if (sys_readlink(g->at, name, &target, err))
		return -1;
	rc = buf_printf(&rest, err, "%s/%s", target, after);
	if (rc == 0 && target[0] == '/')
		rc = move_to_root(g, err);
	free(target);
	buf_free(&g->rest);
	g->rest = rest;
	return rc;
}

/* One part: its name is taken out of the rest.  *is_end: it was the last one, and is no link. */
static int
step(struct going *g, char *name, bool *is_end, struct error *err)
{
	const char *rest = buf_text(&g->rest), *part = rest + strspn(rest, "/");
	const size_t len = strcspn(part, "/");
	const char *after = part + len + strspn(part + len, "/");
	struct stat st;

	*is_end = len == 0;
	if (*is_end) { /* slashes, or what was a link to the root */
		memcpy(name, ".", sizeof("."));
		return 0;
	}
	if (len > 255)
		return error_set(err, ERROR_STATE, ENAMETOOLONG, "could not open");
	memcpy(name, part, len);
	name[len] = '\0';
	if (fstatat(g->at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		return route_follow(g, name, st.st_uid, after, err);
	*is_end = *after == '\0' && strcmp(name, "..") != 0;
	return *is_end ? 0 : pass(g, name, O_NOFOLLOW, after, err);
}

static int
route_go(struct route *out, const char *path, bool is_made, struct error *err)
{
	struct route route = { .parent = -1 };
	struct going g = {
		.route = &route, .at = -1, .own = strlen(path), .is_made = is_made
	};
	char name[256];
	bool is_end = false;
	int rc;

	g.at = open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	rc = g.at == -1 ? error_set(err, ERROR_STATE, errno, "could not open") :
			  buf_append(&g.rest, path, strlen(path), err);
	while (rc == 0 && !is_end)
		rc = step(&g, name, &is_end, err);
	if (rc == 0) {
		route.name = strdup(name);
		rc = route.name ? 0 : error_memory(err);
	}
	buf_free(&g.rest);
	route.parent = g.at;
	if (rc) {
		route_unmake(&route);
		route_close(&route);
		return -1;
	}
	*out = route;
	return 0;
}

int
route_open(struct route *out, const char *path, struct error *err)
{
	return route_go(out, path, false, err);
}

int
route_make(struct route *out, const char *path, struct error *err)
{
	return route_go(out, path, true, err);
}

void
route_unmake(struct route *route)
{
	/* this removes an empty directory only: one that something is in stays */
	for (size_t i = route->nmade; i-- > 0;)
		unlinkat(route->made[i].parent, route->made[i].name, AT_REMOVEDIR);
}

void
route_close(struct route *route)
{
	for (size_t i = 0; i < route->nmade; i++) {
		sys_close(route->made[i].parent);
		sys_close(route->made[i].fd);
		free(route->made[i].name);
	}
	free(route->made);
	sys_close(route->parent);
	free(route->name);
	*route = (struct route){ .parent = -1 };
}

/* O_PATH */
#define _GNU_SOURCE
#include "extract/route.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/buf.h"
#include "util/sys.h"

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
};

static int
move(struct going *g, const char *name, struct error *err)
{
	const int next = openat(g->at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (next == -1)
		return error_set(err, ERROR_STATE, errno, "open");
	sys_close(g->at);
	g->at = next;
	return 0;
}

static int
move_to_root(struct going *g, struct error *err)
{
	const int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root == -1)
		return error_set(err, ERROR_STATE, errno, "open");
	sys_close(g->at);
	g->at = root;
	return 0;
}

/* What the link ${name} says comes before the rest, ${after}. */
static int
follow(struct going *g, const char *name, uid_t uid, const char *after, struct error *err)
{
	struct buf rest = { 0 };
	char *target;
	int rc;

	if (++g->links > LINKS_MOST)
		return error_set(err, ERROR_STATE, ELOOP, "open");
	if (uid != 0) {
		g->route->has_others |= g->route->has_link && g->route->link_uid != uid;
		g->route->has_link = true;
		g->route->link_uid = uid;
	}
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
	struct buf left = { 0 };
	struct stat st;

	*is_end = len == 0;
	if (*is_end) { /* slashes, or what was a link to the root */
		strcpy(name, ".");
		return 0;
	}
	if (len > 255)
		return error_set(err, ERROR_STATE, ENAMETOOLONG, "open");
	memcpy(name, part, len);
	name[len] = '\0';
	if (fstatat(g->at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		return follow(g, name, st.st_uid, after, err);
	*is_end = *after == '\0' && strcmp(name, "..") != 0;
	if (*is_end)
		return 0;
	if (buf_append(&left, after, strlen(after), err) || move(g, name, err)) {
		buf_free(&left);
		return -1;
	}
	buf_free(&g->rest);
	g->rest = left;
	return 0;
}

int
route_open(struct route *out, const char *path, struct error *err)
{
	struct route route = { .parent = -1 };
	struct going g = { .route = &route, .at = -1 };
	char name[256];
	bool is_end = false;
	int rc;

	g.at = open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	rc = g.at == -1 ? error_set(err, ERROR_STATE, errno, "open") :
			  buf_append(&g.rest, path, strlen(path), err);
	while (rc == 0 && !is_end)
		rc = step(&g, name, &is_end, err);
	if (rc == 0) {
		route.name = strdup(name);
		rc = route.name ? 0 : error_memory(err);
	}
	buf_free(&g.rest);
	if (rc) {
		free(route.name);
		sys_close(g.at);
		return -1;
	}
	route.parent = g.at;
	*out = route;
	return 0;
}

void
route_close(struct route *route)
{
	sys_close(route->parent);
	free(route->name);
	*route = (struct route){ .parent = -1 };
}

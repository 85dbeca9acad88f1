/*
 * What a configuration file leads to: the files that it includes, each by its kind.  Relative
 * names are relative to the directory of the file that has them (AbsoluteConfigLocation() in
 * src/backend/utils/misc/conffiles.c of PostgreSQL; guc-file.l and hba.c before 16).
 */
#include "datadir/configfollow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "datadir/dirlist.h"
#include "lib/sys.h"
#include "pg/conftext.h"
#include "pg/hbatext.h"

/* Of the settings in the files, those that somebody asks for. */
static const char *const kept_settings[CONFIGSET_SETTINGS_KEPT] = { "data_directory",
	"hba_file", "ident_file", "hosts_file", "log_directory", "ssl", "ssl_ca_file",
	"ssl_cert_file", "ssl_crl_dir", "ssl_crl_file", "ssl_dh_params_file",
	"ssl_key_file", "ssl_sni" };

/* A file that includes others, or a directory, with a slash at the end of both. */
struct includer {
	const char *path;
	/* that it has in the archive; NULL: it is in the data directory */
	const char *name;
	unsigned depth; /* of what it includes */
};

static int add_at(struct configset *set, enum configset_kind kind, const char *path,
    const struct configset_wish *wish, unsigned depth, struct error *err);

/* "${from}'s directory/${name}", of an absolute path */
static int
join(struct buf *out, const char *from, const char *name, struct error *err)
{
	const char *slash = strrchr(from, '/');

	if (buf_append(out, from, (size_t)(slash - from), err))
		return -1;
	return buf_printf(out, err, "/%s", name);
}

/* The parts of ${path} go onto ${name}.  False: it would lead above its beginning. */
static int
push_parts(
    struct buf *name, const char *path, size_t len, bool *is_inside, struct error *err)
{
	for (const char *end = path + len; path < end && *is_inside;) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		const size_t part = (size_t)((slash ? slash : end) - path);

		if (part == 2 && memcmp(path, "..", 2) == 0) {
			*is_inside = name->len > 0;
			while (name->len > 0 && name->data[--name->len] != '/')
				continue;
		} else if (part > 0 && !(part == 1 && path[0] == '.')) {
			if ((name->len > 0 && buf_append(name, "/", 1, err)) ||
			    buf_append(name, path, part, err))
				return -1;
		}
		path += part + 1;
	}
	return 0;
}

/*
 * The name in the archive at which ${from} finds a file that it calls ${path}; "": none does,
 * it would be above all of them.
 */
static int
wish_name(
    const struct includer *from, const char *path, struct buf *name, struct error *err)
{
	const char *slash = strrchr(from->name, '/');
	bool is_inside = true;

	if (push_parts(name, from->name, slash ? (size_t)(slash - from->name) : 0,
		&is_inside, err) ||
	    push_parts(name, path, strlen(path), &is_inside, err))
		return -1;
	if (!is_inside)
		buf_clear(name);
	else if (name->data)
		name->data[name->len] = '\0';
	return 0;
}

/* A file that ${from} calls ${path}. */
static int
add_named(struct configset *set, const struct includer *from, enum configset_kind kind,
    const char *path, enum configset_need need, struct error *err)
{
	struct configset_wish wish = { .need = need };
	struct buf absolute = { 0 }, name = { 0 };
	int rc = 0;

	/* a name of blanks would be the directory itself: the server refuses it */
	if (path[strspn(path, " \t\r\n")] == '\0')
		return 0;
	if (path[0] == '/')
		return add_at(set, kind, path, &wish, from->depth, err);
	if (from->name)
		rc = wish_name(from, path, &name, err);
	wish.name = buf_text(&name);
	if (rc == 0)
		rc = join(&absolute, from->path, path, err);
	if (rc == 0)
		rc = add_at(set, kind, buf_text(&absolute), &wish, from->depth, err);
	buf_free(&absolute);
	buf_free(&name);
	return rc;
}

/* ---- postgresql.conf and its like ---- */

/* ${name} is one of the above, and so has its place in the list but once. */
static int
keep_setting(
    struct configset *set, const char *name, const char *value, struct error *err)
{
	char *copy = strdup(value);
	size_t i = 0;

	if (copy == NULL)
		return error_memory(err);
	while (i < set->nsettings && set->settings[i].name != name)
		i++;
	if (i < set->nsettings)
		free(set->settings[i].value);
	else
		set->nsettings++;
	set->settings[i] = (struct configset_setting){ name, copy };
	return 0;
}

static int
take_setting(struct configset *set, const struct includer *from, const char *name,
    const char *value, struct error *err)
{
	static const struct {
		const char *name;
		enum configset_kind kind;
		enum configset_need need;
	} directives[] = {
		{ "include", CONFIGSET_SETTINGS, CONFIGSET_REQUIRED },
		{ "include_if_exists", CONFIGSET_SETTINGS, CONFIGSET_IF_EXISTS },
		{ "include_dir", CONFIGSET_SETTINGS_OF, CONFIGSET_REQUIRED },
	};

	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		if (strcmp(directives[i].name, name) == 0)
			return add_named(set, from, directives[i].kind, value,
			    directives[i].need, err);
	for (size_t i = 0; i < CONFIGSET_SETTINGS_KEPT; i++)
		if (strcmp(kept_settings[i], name) == 0)
			return keep_setting(set, kept_settings[i], value, err);
	return 0;
}

static int
follow_settings(struct configset *set, const struct includer *from,
    const struct buf *text, struct error *err)
{
	struct conftext c;
	const char *name, *value;
	int rc;

	conftext_begin(&c, buf_text(text), text->len);
	do {
		rc = conftext_next(&c, &name, &value, err);
		if (rc == 0 && name)
			rc = take_setting(set, from, name, value, err);
	} while (rc == 0 && name);
	conftext_end(&c);
	return rc;
}

/* ---- pg_hba.conf and its like ---- */

/*
 * What a line of pg_hosts.conf names the server opens where it works, in the data directory, and
 * does not start without (seen on 19rc1), if it serves them at all.
 */
static int
add_host_file(struct configset *set, enum hbatext_kind kind, const char *path,
    unsigned depth, struct error *err)
{
	const struct configset_wish wish = {
		.need = set->needs_hosts ? CONFIGSET_REQUIRED : CONFIGSET_IF_EXISTS
	};
	struct buf absolute = { 0 };
	int rc = 0;

	if (path[0] == '\0')
		return 0;
	set->has_hosts = true;
	if (path[0] != '/')
		rc = buf_printf(&absolute, err, "%s/", set->opt.datadir);
	if (rc == 0)
		rc = buf_printf(&absolute, err, "%s", path);
	if (rc == 0)
		rc = add_at(set, kind == HBATEXT_KEY ? CONFIGSET_SECRET : CONFIGSET_PLAIN,
		    buf_text(&absolute), &wish, depth, err);
	buf_free(&absolute);
	return rc;
}

/* ${own}: the kind of the file; ${directory}: of a directory of such. */
static int
follow_name(struct configset *set, const struct includer *from, enum configset_kind own,
    enum configset_kind directory, enum hbatext_kind kind, const char *name,
    struct error *err)
{
	switch (kind) {
	case HBATEXT_LIST:
	case HBATEXT_INCLUDE:
		return add_named(set, from, own, name, CONFIGSET_REQUIRED, err);
	case HBATEXT_INCLUDE_IF_EXISTS:
		return add_named(set, from, own, name, CONFIGSET_IF_EXISTS, err);
	case HBATEXT_INCLUDE_DIR:
		return add_named(set, from, directory, name, CONFIGSET_REQUIRED, err);
	default:
		return add_host_file(set, kind, name, from->depth, err);
	}
}

static int
follow_authentication(struct configset *set, const struct includer *from,
    enum configset_kind own, const struct buf *text, struct error *err)
{
	const bool is_hosts = own == CONFIGSET_HOSTS;
	struct hbatext h;
	enum hbatext_kind kind;
	const char *name;
	int rc;

	hbatext_begin(&h, buf_text(text), text->len,
	    is_hosts                  ? HBATEXT_HOSTS :
		set->opt.has_includes ? HBATEXT_WITH_INCLUDES :
					HBATEXT_WITHOUT_INCLUDES);
	do {
		rc = hbatext_next(&h, &kind, &name, err);
		if (rc == 0 && kind != HBATEXT_NONE)
			rc = follow_name(set, from, own,
			    is_hosts ? CONFIGSET_HOSTS_OF : CONFIGSET_AUTHENTICATION_OF,
			    kind, name, err);
	} while (rc == 0 && kind != HBATEXT_NONE);
	hbatext_end(&h);
	return rc;
}

/* ---- directories ---- */

/* GetConfFilesInDir() in conffiles.c: hidden files and what an editor leaves are not read. */
static bool
is_included(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 && strcmp(name + len - 5, ".conf") == 0;
}

static int
list_directory(const struct configset *set, const struct configset_row *row, int *fd,
    struct dirlist *list, struct error *err)
{
	if (row->where == CONFIGSET_OUTSIDE)
		*fd = open(row->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else
		*fd = openat(
		    set->opt.datadir_fd, row->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd == -1)
		return error_set(err, ERROR_IO, errno, "could not open");
	return dirlist_read(*fd, list, err);
}

/* ${from}: the directory, and the depth of what it has: a directory is no level of its own. */
static int
follow_names(struct configset *set, enum configset_kind kind, const struct includer *from,
    int fd, const struct dirlist *list, struct error *err)
{
	const enum configset_kind file = kind == CONFIGSET_SETTINGS_OF ?
	    CONFIGSET_SETTINGS :
	    kind == CONFIGSET_AUTHENTICATION_OF ? CONFIGSET_AUTHENTICATION :
	    kind == CONFIGSET_HOSTS_OF          ? CONFIGSET_HOSTS :
						  CONFIGSET_PLAIN;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < list->count; i++) {
		const char *name = list->names[i];
		struct stat st;

		if (kind != CONFIGSET_FILES_OF && !is_included(name))
			continue;
		if (fstatat(fd, name, &st, 0) == 0 && S_ISDIR(st.st_mode))
			continue;
		rc = add_named(set, from, file, name, CONFIGSET_REQUIRED, err);
	}
	return rc;
}

static int
follow_directory(struct configset *set, struct configset_row *row,
    const struct includer *from, struct error *err)
{
	struct dirlist list = { 0 };
	struct error why = { 0 };
	int fd = -1, rc = 0;

	if (list_directory(set, row, &fd, &list, &why) == 0) {
		rc = follow_names(set, row->kind, from, fd, &list, err);
	} else if (why.kind == ERROR_MEMORY) {
		*err = why;
		rc = -1;
	} else {
		configset_warn(set, row->path, why.text);
		row->is_there = false;
	}
	dirlist_free(&list);
	sys_close(fd);
	return rc;
}

/* ---- one file, and on ---- */

/*
 * What the row leads to, which is ${text} of the file ${path}: relative names are so to the path
 * that leads to it, wherever its links do.
 */
static int
follow_row(struct configset *set, size_t number, const char *path, const struct buf *text,
    unsigned depth, struct error *err)
{
	struct configset_row *row = &set->rows[number];
	const char *slash = row->is_directory ? "/" : "";
	struct buf at = { 0 }, name = { 0 };
	struct includer from = { .depth = row->is_directory ? depth : depth + 1 };
	int rc = -1;

	/* copies: the rows move when there are more */
	if (buf_printf(&at, err, "%s%s", path, slash) ||
	    buf_printf(&name, err, "%s%s", row->name, slash))
		goto out;
	from.path = buf_text(&at);
	from.name = row->where == CONFIGSET_OUTSIDE ? buf_text(&name) : NULL;
	if (row->is_directory)
		rc = follow_directory(set, row, &from, err);
	else if (row->kind == CONFIGSET_SETTINGS)
		rc = follow_settings(set, &from, text, err);
	else if (row->kind == CONFIGSET_AUTHENTICATION || row->kind == CONFIGSET_HOSTS)
		rc = follow_authentication(set, &from, row->kind, text, err);
	else
		rc = 0;
out:
	buf_free(&at);
	buf_free(&name);
	return rc;
}

static int
add_at(struct configset *set, enum configset_kind kind, const char *path,
    const struct configset_wish *wish, unsigned depth, struct error *err)
{
	struct buf text = { 0 };
	const size_t number = set->count;
	int rc;

	if (depth > CONFIGSET_DEPTH) {
		configset_warn(set, path,
		    "files include each other too deep, or it includes itself");
		return 0;
	}
	rc = configset_take(set, kind, path, wish, &text, err);
	if (rc == 0 && set->count > number && set->rows[number].is_there)
		rc = follow_row(set, number, path, &text, depth, err);
	buf_free(&text);
	return rc;
}

int
configfollow_add(struct configset *set, enum configset_kind kind, const char *path,
    const char *fixed, enum configset_need need, struct error *err)
{
	const struct configset_wish wish = { .fixed = fixed, .need = need };

	return path[0] == '/' ? add_at(set, kind, path, &wish, 0, err) : 0;
}

const char *
configfollow_setting(const struct configset *set, const char *name)
{
	for (size_t i = 0; i < set->nsettings; i++)
		if (strcmp(set->settings[i].name, name) == 0)
			return set->settings[i].value;
	return NULL;
}

/*
 * The server of a copy is started with "pg_ctl -D", and then reads postgresql.conf in that directory,
 * pg_hba.conf and pg_ident.conf next to it, and what these include.  Here each of them is read once,
 * as it was restored, and written anew where a line of it had to change.  A file of the backup that is
 * not configuration is never written anew, whatever includes it.
 */
#include "restore/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/message.h"
#include "cli/options.h"
#include "datadir/configpath.h"
#include "datadir/dirlist.h"
#include "format/layout.h"
#include "lib/sys.h"
#include "pg/cluster.h"
#include "pg/conftext.h"
#include "restore/directories.h"
#include "restore/ownership.h"
#include "restore/tree.h"

static const char main_name[] = "postgresql.conf";

/* As many, and as large, as are backed up (datadir/configset.h). */
enum { CONFIG_FILES = 2000, CONFIG_DEPTH = 10 };
#define CONFIG_FILE_MOST ((size_t)16 * 1024 * 1024)
#define CONFIG_BYTES_MOST ((size_t)64 * 1024 * 1024)

enum config_syntax { SYNTAX_SETTINGS, SYNTAX_AUTHENTICATION, SYNTAX_HOSTS };

/* A file whose lines are decided of. */
struct config_editing {
	struct configedit edit; /* first */
	struct restore_config *config;
	struct configfile file;
	enum config_syntax syntax;
	unsigned depth;
};

static int config_edit(struct restore_config *c, const char *path, const char *from,
    enum config_syntax syntax, unsigned depth, struct error *err);

static struct config_editing *
editing_of(struct configedit *edit)
{
	return (struct config_editing *)edit;
}

/* ---- files ---- */

static int
too_much(const char *path, const char *what, struct error *err)
{
	error_set(err, ERROR_FORMAT, 0, "configuration file \"%s\": %s", path, what);
	return error_hint(err,
	    "It is not installed.  With --config=keep the configuration is restored as the backup has it.");
}

/* The whole of it, and what it is. */
static int
config_read(struct restore_config *c, const char *path, struct buf *text, struct stat *st,
    struct error *err)
{
	size_t got = 0;
	int fd, rc = 0;

	if (beneath_file(&c->directories->datadir.beneath, path, O_RDONLY | O_NONBLOCK, 0,
		&fd, err))
		return error_wrap(err, "\"%s\"", path);
	if (fstat(fd, st) == -1)
		rc = error_set(err, ERROR_IO, errno, "\"%s\": could not stat", path);
	else if (!S_ISREG(st->st_mode))
		rc = too_much(path, "it is not a regular file", err);
	else if ((uint64_t)st->st_size > CONFIG_FILE_MOST ||
	    (c->nbytes += (size_t)st->st_size) > CONFIG_BYTES_MOST)
		rc = too_much(path, "it is implausibly large", err);
	else
		rc = buf_reserve(text, (size_t)st->st_size + 1, err);
	if (rc == 0 && sys_read(fd, text->data, (size_t)st->st_size, &got, NULL, err))
		rc = error_wrap(err, "\"%s\"", path);
	if (rc == 0) {
		text->len = got;
		text->data[got] = '\0';
	}
	sys_close(fd);
	return rc;
}

static int
config_write(struct restore_config *c, const char *path, const struct buf *text,
    const struct stat *st, struct error *err)
{
	const struct owner owner = { st->st_uid, st->st_gid };

	return restore_tree_file(c->tree, path, st->st_mode, owner, err) ||
		(text->len > 0 &&
		    restore_tree_bytes(c->tree, text->data, text->len, err)) ||
		restore_tree_file_end(c->tree, st->st_mtime, err) ?
	    -1 :
	    0;
}

/* Another text in the place of a file that was restored. */
static int
config_replace(struct restore_config *c, const char *path, const struct buf *text,
    const struct stat *st, struct error *err)
{
	if (beneath_remove(&c->directories->datadir.beneath, path, err))
		return error_wrap(err, "\"%s\"", path);
	return config_write(c, path, text, st, err);
}

/* Has it been read already?  If not, it counts from now on. */
static int
config_see(struct restore_config *c, const char *path, bool *is_new, struct error *err)
{
	const char *at = buf_text(&c->seen), *end = at + c->seen.len;

	*is_new = false;
	for (; at < end; at += strlen(at) + 1)
		if (strcmp(at, path) == 0)
			return 0;
	if (++c->nseen > CONFIG_FILES)
		return too_much(path, "there are too many", err);
	*is_new = true;
	return buf_append(&c->seen, path, strlen(path) + 1, err);
}

/* Is it of what a cluster has itself, and so no configuration? */
static bool
is_of_the_data(const char *path)
{
	for (unsigned n = 0; cluster_directory(n); n++)
		if (configpath_below(path, cluster_directory(n)))
			return true;
	return false;
}

/* ---- one file ---- */

/* The files NAME.conf of a directory, in the order in which the server reads them (conffiles.c). */
static int
follow_directory(struct config_editing *w, const char *path, struct error *err)
{
	struct dirlist list = { 0 };
	int fd, rc;

	if (beneath_file(&w->config->directories->datadir.beneath, path,
		O_RDONLY | O_DIRECTORY, 0, &fd, err))
		return error_wrap(err, "\"%s\"", path);
	rc = dirlist_read(fd, &list, err);
	sys_close(fd);
	for (size_t i = 0; rc == 0 && i < list.count; i++) {
		const char *name = list.names[i];
		const size_t len = strlen(name);
		struct buf file = { 0 };

		if (name[0] == '.' || len <= 5 || strcmp(name + len - 5, ".conf") != 0)
			continue;
		rc = buf_printf(&file, err, "%s/%s", path, name);
		if (rc == 0 &&
		    configfind_is_there(
			&w->config->directories->datadir, buf_text(&file), false))
			rc = config_edit(w->config, buf_text(&file), buf_text(&file),
			    w->syntax, w->depth + 1, err);
		buf_free(&file);
	}
	dirlist_free(&list);
	return rc;
}

/* What the line includes, if it does. */
static int
config_follow(struct config_editing *w, struct error *err)
{
	struct buf path = { 0 };
	int rc;

	if (w->config->rules.include.len == 0)
		return 0;
	/* a copy: the next file has includes of its own */
	rc = buf_printf(&path, err, "%s", buf_text(&w->config->rules.include));
	if (rc == 0)
		rc = w->config->rules.is_directory ?
		    follow_directory(w, buf_text(&path), err) :
		    config_edit(w->config, buf_text(&path), buf_text(&path), w->syntax,
			w->depth + 1, err);
	buf_free(&path);
	return rc;
}

static int
decide_setting(struct configedit *edit, const char *name, const char *value,
    struct configedit_change *change, struct error *err)
{
	struct config_editing *w = editing_of(edit);

	return configrules_setting(
		   &w->config->rules, &w->file, name, value, change, err) ||
		config_follow(w, err) ?
	    -1 :
	    0;
}

static int
decide_name(struct configedit *edit, enum hbatext_kind kind, const char *name,
    struct configedit_change *change, struct error *err)
{
	struct config_editing *w = editing_of(edit);

	return configrules_name(&w->config->rules, &w->file, kind, name, change, err) ||
		config_follow(w, err) ?
	    -1 :
	    0;
}

/* The text as the copy has it. */
static int
config_text(struct config_editing *w, const struct buf *text, struct buf *out,
    bool *is_changed, struct error *err)
{
	const struct pg_version *version = w->config->version;

	if (w->syntax == SYNTAX_SETTINGS)
		return configedit_settings(&w->edit, text, out, is_changed, err);
	return configedit_authentication(&w->edit,
	    w->syntax == SYNTAX_HOSTS                 ? HBATEXT_HOSTS :
		version && version->has_auth_includes ? HBATEXT_WITH_INCLUDES :
							HBATEXT_WITHOUT_INCLUDES,
	    text, out, is_changed, err);
}

/*
 * ${path} of the copy is made of ${from}, which may be itself: then it is written anew only if a line
 * changes.
 */
static int
config_edit(struct restore_config *c, const char *path, const char *from,
    enum config_syntax syntax, unsigned depth, struct error *err)
{
	struct config_editing w = { .edit = { decide_setting, decide_name },
		.config = c,
		.syntax = syntax,
		.depth = depth };
	struct buf text = { 0 }, out = { 0 }, was = { 0 };
	bool is_changed = false, is_new;
	struct stat st;
	int rc;

	/* the server refuses files that include each other so deep */
	if (depth > CONFIG_DEPTH || is_of_the_data(path))
		return 0;
	rc = config_see(c, path, &is_new, err);
	if (rc || !is_new)
		return rc;
	rc = config_read(c, from, &text, &st, err) ||
		configfind_was(&c->find, from, &was, err) ?
	    -1 :
	    0;
	w.file = (struct configfile){ .path = path, .was = buf_text(&was) };
	if (rc == 0)
		rc = config_text(&w, &text, &out, &is_changed, err);
	if (rc == 0 && path != from)
		rc = config_write(c, path, &out, &st, err);
	else if (rc == 0 && is_changed)
		rc = config_replace(c, path, &out, &st, err);
	buf_free(&text);
	buf_free(&out);
	buf_free(&was);
	return rc;
}

/* ---- all of them ---- */

/* One of that name which the server of the original did not read is in the way; it stays, renamed. */
static int
put_aside(struct restore_config *c, const char *name, struct error *err)
{
	struct beneath *beneath = &c->directories->datadir.beneath;
	char unused[40];

	if (!configfind_is_there(&c->directories->datadir, name, false))
		return 0;
	snprintf(unused, sizeof(unused), "%s.unused", name);
	if (beneath_rename(beneath, name, unused, err) == 0)
		return configrules_tell(&c->rules, 'n', err,
		    "\"%s\" of the backup, which the original did not use, is \"%s\" in the copy",
		    name, unused);
	if (err->sys != EEXIST)
		return error_wrap(err, "\"%s\"", name);
	/* of an earlier restore */
	*err = (struct error){ 0 };
	return beneath_remove(beneath, name, err) ? error_wrap(err, "\"%s\"", name) : 0;
}

/* Is it one of those that lay outside? */
static bool
is_carried(const struct restore_config *c, const char *name, char *path, size_t size)
{
	snprintf(path, size, LAYOUT_CONFIG "/%s", name);
	for (size_t i = 0; i < c->find.info->config.count; i++)
		if (strcmp(c->find.info->config.rows[i].name, name) == 0)
			return configfind_is_there(&c->directories->datadir, path, false);
	return false;
}

static int
install_file(struct restore_config *c, const char *name, enum config_syntax syntax,
    struct error *err)
{
	char from[sizeof(LAYOUT_CONFIG) + 32];

	if (is_carried(c, name, from, sizeof(from))) {
		c->ninstalled++;
		return put_aside(c, name, err) ||
			config_edit(c, name, from, syntax, 0, err) ?
		    -1 :
		    0;
	}
	if (!configfind_is_there(&c->directories->datadir, name, false))
		return 0;
	return config_edit(c, name, name, syntax, 0, err);
}

/* Of the original: what data_directory says in ${path}, the last line of it. */
static int
find_original(struct restore_config *c, const char *path, struct error *err)
{
	struct buf text = { 0 }, told = { 0 };
	const char *name, *value;
	struct conftext lines;
	struct stat st;
	int rc = path[0] ? config_read(c, path, &text, &st, err) : 0;

	conftext_begin(&lines, buf_text(&text), text.len);
	while (rc == 0 && (rc = conftext_next(&lines, &name, &value, err)) == 0 && name) {
		if (strcmp(name, "data_directory") != 0)
			continue;
		buf_clear(&told);
		rc = buf_printf(&told, err, "%s", value);
	}
	conftext_end(&lines);
	if (rc == 0)
		rc = configfind_original(
		    &c->find, told.len > 0 ? buf_text(&told) : NULL, err);
	buf_free(&text);
	buf_free(&told);
	return rc;
}

/* Where postgresql.conf is now, in *from, and where it will be. */
static int
find_main(struct restore_config *c, char *from, size_t size, struct error *err)
{
	const char *told = c->find.info->config_file;

	if (c->opt->config != CONFIG_METHOD_KEEP && is_carried(c, main_name, from, size))
		return buf_printf(&c->main, err, "%s", main_name);
	/* the original was started with one of another name */
	if (told == NULL || configpath_below(told, LAYOUT_CONFIG) ||
	    is_of_the_data(told) || strlen(told) >= size ||
	    !configfind_is_there(&c->directories->datadir, told, false))
		told = main_name;
	from[0] = '\0';
	if (!configfind_is_there(&c->directories->datadir, told, false))
		return 0;
	snprintf(from, size, "%s", told);
	return buf_printf(&c->main, err, "%s", told);
}

static int
install_all(struct restore_config *c, const char *from, struct error *err)
{
	const char *main_file = buf_text(&c->main);
	int rc = 0;

	if (c->main.len > 0 && strcmp(main_file, main_name) != 0)
		rc = config_edit(c, main_file, from, SYNTAX_SETTINGS, 0, err);
	else if (c->main.len > 0)
		rc = install_file(c, main_name, SYNTAX_SETTINGS, err);
	/* ALTER SYSTEM writes it, the server reads it last */
	if (rc == 0 &&
	    configfind_is_there(&c->directories->datadir, RECOVERY_SETTINGS, false))
		rc = config_edit(
		    c, RECOVERY_SETTINGS, RECOVERY_SETTINGS, SYNTAX_SETTINGS, 0, err);
	return rc || install_file(c, "pg_hba.conf", SYNTAX_AUTHENTICATION, err) ||
		install_file(c, "pg_ident.conf", SYNTAX_AUTHENTICATION, err) ||
		install_file(c, "pg_hosts.conf", SYNTAX_HOSTS, err) ?
	    -1 :
	    0;
}

int
restore_config_install(struct restore_config *c, const struct infofile *info,
    const struct pg_version *version, struct error *err)
{
	static const struct infofile none;
	char from[4096];

	c->version = version;
	c->find = (struct configfind){ .datadir = &c->directories->datadir,
		.info = info ? info : &none };
	c->rules.find = &c->find;
	c->rules.owner = restore_ownership_server(c->ownership);
	if (find_main(c, from, sizeof(from), err))
		return -1;
	if (c->opt->config == CONFIG_METHOD_KEEP)
		return 0;
	return restore_tree_drain(c->tree, err) || find_original(c, from, err) ||
		install_all(c, from, err) ?
	    -1 :
	    0;
}

/* ---- what was done ---- */

void
restore_config_say(const struct restore_config *c)
{
	const char *at = buf_text(&c->rules.told), *end = at + c->rules.told.len;

	if (c->ninstalled > 0)
		message_note(
		    "the configuration, which was outside of the data directory, is installed in \"%s\": as it was it is in \"%s\" there",
		    c->directories->datadir.path, LAYOUT_CONFIG);
	for (; at < end; at += strlen(at) + 1) {
		if (*at == 'w')
			message_warning(at + 1);
		else if (*at == 'n')
			message_note("%s", at + 1);
		else
			message_info("%s", at + 1);
	}
}

void
restore_config_free(struct restore_config *c)
{
	configfind_free(&c->find);
	configrules_free(&c->rules);
	buf_free(&c->main);
	buf_free(&c->seen);
}

/*
 * Which configuration files the cluster uses, wherever they lie.  Where the first ones are a
 * running server says, as far as it answers this role; else its command line in postmaster.opts
 * does, and the files themselves.  What they include they say: pg_file_settings and
 * pg_hba_file_rules name the same to superusers, but for each question the server opens all
 * of them, and one that it waits for, a fifo or a dead mount, would hold our session for ever.
 * All of it is read with the rights of the data directory's owner, whose word it is.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "backup/cluster.h"
#include "backup/config.h"
#include "backup/confighome.h"
#include "backup/source.h"
#include "cli/message.h"
#include "datadir/atwork.h"
#include "datadir/configfollow.h"
#include "datadir/configpath.h"
#include "format/layout.h"
#include "lib/sys.h"
#include "pg/conftext.h"
#include "pg/postmaster.h"

/* Who says where the files are. */
struct sayings {
	struct backup_config *config;
	struct configset *set;
	struct postmaster_opts opts; /* empty: there is no such file */
	bool has_opts;
	/* where the server looks for files that nothing says the place of */
	const char *directory;
	enum confighome home;
	struct buf home_directory; /* which shows that */
};

bool
backup_config_is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0');
}

/* Of what overrides what, the last: the server knows, its command line was obeyed. */
static const char *
setting(const struct sayings *s, const char *name)
{
	const struct online_server *server = s->config->source->server;
	const char *value = server ? online_setting(server, name) : NULL;

	if (value == NULL && s->has_opts)
		value = postmaster_opts_setting(&s->opts, name);
	return value ? value : configfollow_setting(s->set, name);
}

static bool
is_datadir(const struct backup_cluster *cluster, const char *path)
{
	struct stat st;

	return path && path[0] == '/' && stat(path, &st) == 0 &&
	    sys_is_same_file(&st, &cluster->datadir_stat);
}

/* "${directory}/${name}", or ${name} where that is absolute. */
static int
add_below(struct sayings *s, enum configset_kind kind, const char *directory,
    const char *name, const char *fixed, enum configset_need need, struct error *err)
{
	struct buf path = { 0 };
	int rc = name[0] == '/' ? buf_printf(&path, err, "%s", name) :
				  buf_printf(&path, err, "%s/%s", directory, name);

	if (rc == 0)
		rc = configfollow_add(s->set, kind, buf_text(&path), fixed, need, err);
	buf_free(&path);
	return rc;
}

/* ---- the main file ---- */

static bool
has_file(const struct backup_cluster *cluster, const char *name)
{
	struct stat st;

	return fstatat(cluster->datadir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A snapshot has the file of the server that worked on its original. */
static bool
is_of_pid_file(const struct backup_cluster *cluster, const char *path)
{
	return cluster->postmaster.datadir &&
	    strcmp(cluster->postmaster.datadir, path) == 0;
}

/*
 * -D may name a directory of nothing but configuration, which says where the data directory is.
 * On another host, or outside of the server's container, there may be something else by that
 * name: so it has to say that it is this one's, unless there is no other that could be meant.
 */
static int
is_of_ours(struct sayings *s, const char *directory, bool *is_ours, struct error *err)
{
	struct buf path = { 0 }, claim = { 0 };
	const char *datadir;
	int rc = buf_printf(&path, err, "%s/postgresql.conf", directory);

	if (rc == 0)
		rc = backup_confighome_claim(&s->set->opt, buf_text(&path), &claim, err);
	datadir = buf_text(&claim);
	*is_ours = rc == 0 && claim.len > 0 &&
	    (is_datadir(s->config->cluster, datadir) ||
		is_of_pid_file(s->config->cluster, datadir) ||
		!has_file(s->config->cluster, "postgresql.conf"));
	if (*is_ours) /* a snapshot's original, if it is not this very one */
		rc = configpath_alias(s->set, datadir, err);
	buf_free(&path);
	buf_free(&claim);
	return rc;
}

/* Where -D leads, if that says anything: to the data directory, or to its configuration. */
static int
find_directory(struct sayings *s, struct error *err)
{
	const char *directory = s->has_opts ? postmaster_opts_datadir(&s->opts) : NULL;
	bool is_ours;

	s->directory = s->config->cluster->datadir;
	if (directory == NULL || directory[0] != '/' ||
	    is_datadir(s->config->cluster, directory))
		return configpath_alias(s->set, directory, err);
	if (is_of_ours(s, directory, &is_ours, err))
		return -1;
	if (is_ours) {
		s->directory = directory;
		return 0;
	}
	/* a snapshot's original, or the name that a container has for it */
	return configpath_alias(s->set, directory, err);
}

/* Without a server, which has opened the files, they may be those of another cluster. */
static int
find_home(struct sayings *s, struct error *err)
{
	struct buf *why = &s->config->foreign_why;

	if (s->config->source->server)
		return 0;
	if (backup_confighome_find(s->config->cluster, &s->set->opt,
		s->has_opts ? &s->opts : NULL, &s->home, &s->home_directory, err))
		return -1;
	if (s->home != CONFIGHOME_OTHER)
		return 0;
	if (buf_printf(why, err,
		"it belongs to another cluster: \"%s\" is not the data directory of this cluster",
		buf_text(&s->home_directory)))
		return -1;
	s->set->opt.is_foreign = true;
	s->set->opt.foreign_why = buf_text(why);
	return 0;
}

/* Where in the archive the main file is. */
static int
note_main(
    struct backup_config *config, const struct configset_row *row, struct error *err)
{
	if (!row->is_there)
		return 0;
	if (row->where == CONFIGSET_OUTSIDE)
		return buf_printf(&config->main, err, "%s/%s", LAYOUT_CONFIG, row->name);
	return buf_printf(&config->main, err, "%s", row->name);
}

static int
add_main(struct sayings *s, struct error *err)
{
	const char *path = setting(s, "config_file");

	if (add_below(s, CONFIGSET_SETTINGS, s->directory,
		path ? path : "postgresql.conf", "postgresql.conf", CONFIGSET_REQUIRED,
		err) ||
	    (s->set->count > 0 && note_main(s->config, &s->set->rows[0], err)))
		return -1;
	/* ALTER SYSTEM writes it, the server reads it last */
	return add_below(s, CONFIGSET_SETTINGS, s->config->cluster->datadir,
	    "postgresql.auto.conf", NULL, CONFIGSET_IF_EXISTS, err);
}

/* ---- the files that it names ---- */

static const struct named_file {
	const char *setting;
	/* its name where none is set, and in the archive; NULL: neither */
	const char *fixed;
	enum configset_kind kind;
	enum configset_need need;
	bool is_of_host; /* a server of hosts with their own starts without it */
	const char *reason;
} named_files[] = {
	{ "hba_file", "pg_hba.conf", CONFIGSET_AUTHENTICATION, CONFIGSET_REQUIRED, false,
	    "the server does not start without it" },
	{ "ident_file", "pg_ident.conf", CONFIGSET_AUTHENTICATION, CONFIGSET_IF_OUTSIDE,
	    false, "a server without it has no maps of user names" },
	{ "hosts_file", "pg_hosts.conf", CONFIGSET_HOSTS, CONFIGSET_IF_OUTSIDE, false,
	    "releases that know it start without it, and serve no hosts by name" },
};

/* With ssl = on the server does not start without those that are set (of hosts: seen on 19rc1). */
static const struct named_file tls_files[] = {
	{ "ssl_cert_file", "server.crt", CONFIGSET_PLAIN, CONFIGSET_REQUIRED, true,
	    "the certificate of the server" },
	{ "ssl_key_file", "server.key", CONFIGSET_SECRET, CONFIGSET_REQUIRED, true,
	    "the private key of that certificate" },
	{ "ssl_ca_file", NULL, CONFIGSET_PLAIN, CONFIGSET_REQUIRED, true,
	    "certificate authorities that sign the certificates of clients" },
	{ "ssl_crl_file", NULL, CONFIGSET_PLAIN, CONFIGSET_REQUIRED, false,
	    "certificates that were revoked" },
	{ "ssl_crl_dir", NULL, CONFIGSET_FILES_OF, CONFIGSET_REQUIRED, false,
	    "certificates that were revoked, a file each" },
	{ "ssl_dh_params_file", NULL, CONFIGSET_PLAIN, CONFIGSET_REQUIRED, false,
	    "parameters of ciphers with ephemeral DH keys" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * What the files say and the server does not yet: it will with its next start, and so does the
 * server of a copy.  Or its command line overrides them, and it need not be there.
 */
static int
add_coming(struct sayings *s, const struct named_file *f, const char *directory,
    const char *value, struct error *err)
{
	const char *coming = configfollow_setting(s->set, f->setting);

	if (coming == NULL || coming[0] == '\0' || (value && strcmp(coming, value) == 0))
		return 0;
	return add_below(
	    s, f->kind, directory, coming, f->fixed, CONFIGSET_IF_EXISTS, err);
}

static int
add_named_files(struct sayings *s, struct error *err)
{
	s->set->needs_hosts =
	    conftext_is_on(setting(s, "ssl")) && conftext_is_on(setting(s, "ssl_sni"));
	for (size_t i = 0; i < COUNT(named_files); i++) {
		const struct named_file *f = &named_files[i];
		const char *value = setting(s, f->setting);

		if (f->kind == CONFIGSET_HOSTS &&
		    !s->config->cluster->version->has_hosts_file)
			continue;
		if (value && value[0] == '\0')
			value = NULL;
		if (add_below(s, f->kind, s->directory, value ? value : f->fixed,
			f->fixed, value ? f->need : CONFIGSET_IF_EXISTS, err) ||
		    add_coming(s, f, s->directory, value, err))
			return -1;
	}
	return 0;
}

static int
add_tls_file(struct sayings *s, const struct named_file *f, bool is_on, struct error *err)
{
	const char *value = setting(s, f->setting);
	/* its fixed name is one in the data directory, and none that it gets in the archive */
	const struct named_file coming = { f->setting, NULL, f->kind, f->need,
		f->is_of_host, f->reason };
	const bool is_needed =
	    is_on && !(f->is_of_host && s->set->needs_hosts && s->set->has_hosts);

	if (value == NULL)
		value = f->fixed;
	if (value && value[0] &&
	    add_below(s, f->kind, s->config->cluster->datadir, value, NULL,
		is_needed ? f->need : CONFIGSET_IF_EXISTS, err))
		return -1;
	return add_coming(s, &coming, s->config->cluster->datadir, value, err);
}

static int
add_tls_files(struct sayings *s, struct error *err)
{
	const bool is_on = conftext_is_on(setting(s, "ssl"));

	if (!is_on && !conftext_is_on(configfollow_setting(s->set, "ssl")))
		return 0;
	for (size_t i = 0; i < COUNT(tls_files); i++)
		if (add_tls_file(s, &tls_files[i], is_on, err))
			return -1;
	return 0;
}

/*
 * Links in the data directory by the names that such files have there, whether or not anything
 * says that they are in use: a copy without them may not start, and who made them knows why.
 */
static int
add_links(struct sayings *s, struct error *err)
{
	static const struct {
		const char *name;
		enum configset_kind kind;
	} known[] = {
		{ "pg_hba.conf", CONFIGSET_AUTHENTICATION },
		{ "pg_hosts.conf", CONFIGSET_HOSTS },
		{ "pg_ident.conf", CONFIGSET_AUTHENTICATION },
		{ "postgresql.auto.conf", CONFIGSET_PLAIN },
		{ "postgresql.conf", CONFIGSET_PLAIN },
		{ "recovery.conf", CONFIGSET_PLAIN },
		{ "root.crl", CONFIGSET_PLAIN },
		{ "root.crt", CONFIGSET_PLAIN },
		{ "server.crt", CONFIGSET_PLAIN },
		{ "server.key", CONFIGSET_SECRET },
	};
	struct stat st;

	for (size_t i = 0; i < COUNT(known); i++)
		if (fstatat(s->config->cluster->datadir_fd, known[i].name, &st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISLNK(st.st_mode) &&
		    add_below(s, known[i].kind, s->config->cluster->datadir,
			known[i].name, NULL, CONFIGSET_REQUIRED, err))
			return -1;
	return 0;
}

/* ---- all together ---- */

/* What the server says, and what the files do, which it may not have read yet. */
static int
note_log_directories(struct sayings *s, struct error *err)
{
	const char *const values[] = { setting(s, "log_directory"),
		configfollow_setting(s->set, "log_directory") };

	for (size_t i = 0; i < COUNT(values); i++) {
		struct buf *path = &s->config->log_directories[i];
		const char *value = values[i];
		int rc = 0;

		if (value && value[0] == '/')
			rc = buf_printf(path, err, "%s", value);
		else if (value && value[0])
			rc = buf_printf(
			    path, err, "%s/%s", s->config->cluster->datadir, value);
		if (rc == -1)
			return -1;
	}
	return 0;
}

static int
gather(struct sayings *s, struct error *err)
{
	const struct online_server *server = s->config->source->server;
	struct error ignored = { 0 };

	/* it is for people; a server runs without */
	s->has_opts =
	    postmaster_opts_read(s->config->cluster->datadir_fd, &s->opts, &ignored) == 0;
	return configpath_alias(s->set, s->config->cluster->postmaster.datadir, err) ||
		(server && configpath_alias(s->set, server->data_directory, err)) ||
		find_directory(s, err) || find_home(s, err) || add_main(s, err) ||
		add_named_files(s, err) || add_tls_files(s, err) || add_links(s, err) ||
		note_log_directories(s, err) ?
	    -1 :
	    0;
}

static void
say_rows(const struct configset *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct configset_row *row = &set->rows[i];

		if (row->is_there && row->where == CONFIGSET_OUTSIDE)
			message_info(
			    "\"%s\" is sent as %s/%s: it is not in the data directory",
			    row->path, LAYOUT_CONFIG, row->name);
		else if (row->is_there && row->where == CONFIGSET_LINKED)
			message_info(
			    "\"%s\" is a symbolic link: the file that it leads to is sent",
			    row->name);
	}
}

/* There is no other cluster whose they could be, and no proof that they are this one's. */
static void
warn_of_home(const struct sayings *s)
{
	char text[3 * PATH_MAX];

	for (size_t i = 0; s->home == CONFIGHOME_GONE && i < s->set->count; i++) {
		const struct configset_row *row = &s->set->rows[i];

		if (row->where == CONFIGSET_TREE || !row->is_there)
			continue;
		snprintf(text, sizeof(text),
		    "\"%s\" is sent as a configuration file of this cluster, although the data directory \"%s\" no longer exists: check that the file does not belong to another cluster",
		    row->path, buf_text(&s->home_directory));
		message_warning(text);
		return;
	}
}

/* The process that works on the directory tells which files are the server's. */
static const char *
find_root(struct backup_config *config)
{
	struct stat st;
	int64_t pid;

	if (config->source->server == NULL ||
	    atwork_find(&config->cluster->postmaster, &config->cluster->datadir_stat,
		&pid) != ATWORK_IS)
		return NULL;
	snprintf(config->server_root, sizeof(config->server_root),
	    "/proc/%" PRId64 "/root", pid);
	return stat(config->server_root, &st) == 0 ? config->server_root : NULL;
}

int
backup_config_find(struct backup_config *config, struct error *err)
{
	struct sayings s = { .config = config, .set = &config->set };
	const struct configset_options options = {
		.datadir = config->cluster->datadir,
		.datadir_fd = config->cluster->datadir_fd,
		.has_includes = config->cluster->version->has_auth_includes,
		.server_root = find_root(config),
		.is_foreign = config->source->server &&
		    !is_datadir(config->cluster, config->cluster->postmaster.datadir),
		.warn = message_warning,
	};
	int rc;

	configset_begin(s.set, &options);
	rc = gather(&s, err);
	configset_sort(s.set);
	say_rows(s.set);
	warn_of_home(&s);
	postmaster_opts_free(&s.opts);
	buf_free(&s.home_directory);
	return rc;
}

void
backup_config_free(struct backup_config *config)
{
	configset_free(&config->set);
	buf_free(&config->main);
	buf_free(&config->foreign_why);
	for (size_t i = 0; i < COUNT(config->log_directories); i++)
		buf_free(&config->log_directories[i]);
}

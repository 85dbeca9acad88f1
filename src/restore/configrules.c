/*
 * The table has a row for each setting that a copy cannot have as the original has it, with the
 * reason, which is also what the user is told.  All others stay.
 */
#include "restore/configrules.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datadir/configpath.h"
#include "format/layout.h"

enum rule_kind {
	RULE_DATADIR,        /* goes, unless it is right */
	RULE_PLACE,          /* where the server writes: goes if it is outside */
	RULE_AUTHENTICATION, /* a file of authentication: the installed one has its own place */
	RULE_SOCKETS,
	RULE_PORT,
	RULE_TLS, /* a file that the server reads where it works */
	RULE_TLS_DIRECTORY,
	RULE_INCLUDE,
	RULE_INCLUDE_IF_EXISTS,
	RULE_INCLUDE_DIRECTORY
};

#define REASON_MOVED "the file is there in the copy"

static const struct rule {
	const char *name;
	enum rule_kind kind;
	const char *reason;
} rules[] = {
	{ "data_directory", RULE_DATADIR,
	    "the server would work on that directory, not on the copy" },
	{ "external_pid_file", RULE_PLACE,
	    "the copy would write over the file of the original" },
	{ "log_directory", RULE_PLACE,
	    "the copy would write into the log files of the original" },
	{ "stats_temp_directory", RULE_PLACE,
	    "the copy would write over the statistics of the original" },
	{ "promote_trigger_file", RULE_PLACE,
	    "what promotes the original would promote the copy" },
	{ "hba_file", RULE_AUTHENTICATION, "the copy has that file itself" },
	{ "ident_file", RULE_AUTHENTICATION, "the copy has that file itself" },
	{ "hosts_file", RULE_AUTHENTICATION, "the copy has that file itself" },
	{ "unix_socket_directories", RULE_SOCKETS,
	    "the server cannot make its socket there on this host" },
	{ "port", RULE_PORT, "" },
	{ "ssl_cert_file", RULE_TLS, REASON_MOVED },
	{ "ssl_key_file", RULE_TLS, REASON_MOVED },
	{ "ssl_ca_file", RULE_TLS, REASON_MOVED },
	{ "ssl_crl_file", RULE_TLS, REASON_MOVED },
	{ "ssl_dh_params_file", RULE_TLS, REASON_MOVED },
	{ "ssl_crl_dir", RULE_TLS_DIRECTORY, REASON_MOVED },
	{ "include", RULE_INCLUDE, REASON_MOVED },
	{ "include_if_exists", RULE_INCLUDE_IF_EXISTS, REASON_MOVED },
	{ "include_dir", RULE_INCLUDE_DIRECTORY, REASON_MOVED },
};

static const struct rule *
find_rule(const char *name)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcmp(rules[i].name, name) == 0)
			return &rules[i];
	return NULL;
}

bool
configrules_is_main(const char *name)
{
	return strcmp(name, "postgresql.conf") == 0 || strcmp(name, "pg_hba.conf") == 0 ||
	    strcmp(name, "pg_ident.conf") == 0 || strcmp(name, "pg_hosts.conf") == 0;
}

/* ---- what is told ---- */

int
configrules_tell(
    struct configrules *r, char kind, struct error *err, const char *fmt, ...)
{
	char text[3072];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return buf_append(&r->told, &kind, 1, err) ||
		buf_append(&r->told, text, strlen(text) + 1, err) ?
	    -1 :
	    0;
}

static int
take_out(struct configrules *r, const struct configfile *file, const struct rule *rule,
    const char *value, struct configedit_change *change, struct error *err)
{
	change->fate = CONFIGEDIT_OUT;
	return configrules_tell(r, 'n', err, "\"%.700s\": %s = '%.700s' is taken out: %s",
	    file->path, rule->name, value, rule->reason);
}

static int
give_value(struct configrules *r, char kind, const struct configfile *file,
    const struct rule *rule, const char *value, const char *other,
    struct configedit_change *change, struct error *err)
{
	change->fate = CONFIGEDIT_VALUE;
	return buf_printf(&change->value, err, "%s", other) ||
		configrules_tell(r, kind, err,
		    "\"%.700s\": %s is '%.700s' instead of '%.700s': %s", file->path,
		    rule->name, other, value, rule->reason) ?
	    -1 :
	    0;
}

/* ---- places ---- */

static int
decide_place(struct configrules *r, const struct rule *rule,
    const struct configfile *file, const char *value, struct configedit_change *change,
    struct error *err)
{
	struct buf whole = { 0 }, normal = { 0 };
	const char *below;
	int rc;

	/* of a copy that is where the original was, that writes there no more */
	if (rule->kind == RULE_DATADIR ?
		value[0] == '/' && configfind_is_here(r->find, value) :
		r->find->is_in_place)
		return 0;
	/* a relative one is of where the server works, but data_directory of where it was started */
	if (rule->kind == RULE_DATADIR)
		return take_out(r, file, rule, value, change, err);
	rc = buf_printf(&whole, err, "%s%s%s",
	    value[0] == '/' ? "" : buf_text(&r->find->original),
	    value[0] == '/' ? "" : "/", value);
	if (rc == 0)
		rc = configpath_normalize(buf_text(&whole), &normal, err);
	below = configfind_below(r->find, buf_text(&normal));
	if (rc == 0 && !(below && below[0]))
		rc = take_out(r, file, rule, value, change, err);
	else if (rc == 0 && (value[0] == '/' || strstr(value, "..")))
		rc = give_value(r, 'n', file, rule, value, below, change, err);
	buf_free(&whole);
	buf_free(&normal);
	return rc;
}

/* Without the setting the server takes the file that is next to postgresql.conf. */
static int
decide_authentication(struct configrules *r, const struct rule *rule,
    const struct configfile *file, const char *value, struct configedit_change *change,
    struct error *err)
{
	struct buf found = { 0 }, absolute = { 0 };
	const char *name;
	int rc = configfind_path(r->find, NULL, value, false, &found, err);

	name = configpath_below(buf_text(&found), LAYOUT_CONFIG);
	if (rc == 0 && found.len > 0 && !(name && configrules_is_main(name)) &&
	    !configrules_is_main(buf_text(&found))) {
		/* a relative one would be of where the server is started */
		rc = buf_printf(
		    &absolute, err, "%s/%s", buf_text(&r->find->here), buf_text(&found));
		if (rc == 0)
			rc = give_value(
			    r, 'n', file, rule, value, buf_text(&absolute), change, err);
	} else if (rc == 0) {
		rc = take_out(r, file, rule, value, change, err);
	}
	buf_free(&found);
	buf_free(&absolute);
	return rc;
}

/* ---- sockets ---- */

/* May the owner of the copy make a file there?  By the mode alone, if that is another user. */
static bool
can_write(const struct configrules *r, const char *directory)
{
	const mode_t both = S_IWOTH | S_IXOTH;
	struct stat st;
	unsigned shift = 0;

	if (stat(directory, &st) == -1 || !S_ISDIR(st.st_mode))
		return false;
	if (geteuid() == r->owner.uid)
		return faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0;
	if (st.st_uid == r->owner.uid)
		shift = 6;
	else if (st.st_gid == r->owner.gid)
		shift = 3;
	return (st.st_mode & both << shift) == both << shift;
}

/* The next of the directories, which commas part; those of the abstract name space are no files. */
static const char *
next_directory(const char *at, char *out, size_t size)
{
	size_t len;

	at += strspn(at, ", \t\"");
	len = strcspn(at, ",\"");
	snprintf(out, size, "%.*s", (int)len, at);
	while (len > 0 && (out[len - 1] == ' ' || out[len - 1] == '\t') && len < size)
		out[--len] = '\0';
	return at + strcspn(at, ",");
}

/* Of several places those stay that will do. */
static int
decide_sockets(struct configrules *r, const struct rule *rule,
    const struct configfile *file, const char *value, struct configedit_change *change,
    struct error *err)
{
	struct buf good = { 0 };
	const char *at = value;
	char directory[108]; /* what a socket's path may have (sun_path in unix(7)) */
	bool is_bad = false;
	int rc = 0;

	while (rc == 0 && *at) {
		at = next_directory(at, directory, sizeof(directory));
		if (directory[0] && directory[0] != '@' && !can_write(r, directory))
			is_bad = true;
		else if (directory[0])
			rc = buf_printf(
			    &good, err, "%s%s", good.len > 0 ? ", " : "", directory);
	}
	if (rc == 0 && is_bad && good.len == 0)
		rc = buf_printf(&good, err, "/tmp");
	if (rc == 0 && is_bad)
		rc = give_value(r, 'n', file, rule, value, buf_text(&good), change, err);
	buf_clear(&r->sockets);
	if (rc == 0)
		rc = buf_printf(&r->sockets, err, "%s", is_bad ? buf_text(&good) : value);
	buf_free(&good);
	return rc;
}

/* ---- files that it reads ---- */

static int
decide_tls(struct configrules *r, const struct rule *rule, const struct configfile *file,
    const char *value, struct configedit_change *change, struct error *err)
{
	struct buf found = { 0 };
	struct stat st;
	int rc;

	if (value[0] != '/')
		return 0;
	rc = configfind_path(
	    r->find, NULL, value, rule->kind == RULE_TLS_DIRECTORY, &found, err);
	if (rc == 0 && found.len > 0)
		rc = give_value(r, 'n', file, rule, value, buf_text(&found), change, err);
	else if (rc == 0 && stat(value, &st) == -1)
		rc = configrules_tell(r, 'w', err,
		    "\"%.900s\": %s = '%.900s' is neither in the backup nor on this host: with ssl = on the copy does not start without it",
		    file->path, rule->name, value);
	buf_free(&found);
	return rc;
}

/* Does ${file}, where it is now, find ${path} by that name already? */
static int
leads_there(const struct configfile *file, const char *name, const char *path,
    bool *is_it, struct error *err)
{
	const char *slash = strrchr(file->path, '/');
	struct buf whole = { 0 }, normal = { 0 };
	int rc;

	*is_it = false;
	if (name[0] == '/')
		return 0;
	rc = buf_printf(&whole, err, "/%.*s/%s", (int)(slash ? slash - file->path : 0),
	    file->path, name);
	if (rc == 0)
		rc = configpath_normalize(buf_text(&whole), &normal, err);
	*is_it = rc == 0 && normal.len > 0 && strcmp(buf_text(&normal) + 1, path) == 0;
	buf_free(&whole);
	buf_free(&normal);
	return rc;
}

/* It is included, by the name that leads there from where ${file} is now. */
static int
include_found(struct configrules *r, const struct configfile *file,
    const struct rule *rule, const char *value, const char *path,
    struct configedit_change *change, struct error *err)
{
	struct buf call = { 0 };
	bool is_it;
	int rc;

	buf_clear(&r->include);
	if (buf_printf(&r->include, err, "%s", path) ||
	    leads_there(file, value, path, &is_it, err))
		return -1;
	if (is_it ||
	    (value[0] == '/' && r->find->is_in_place &&
		configpath_below(path, LAYOUT_CONFIG) == NULL))
		return 0;
	rc = configfind_call(file, path, &call, err);
	if (rc == 0)
		rc = give_value(r, 'i', file, rule, value, buf_text(&call), change, err);
	buf_free(&call);
	return rc;
}

static int
decide_include(struct configrules *r, const struct configfile *file,
    const struct rule *rule, const char *value, struct configedit_change *change,
    struct error *err)
{
	struct buf found = { 0 };
	int rc;

	r->is_directory = rule->kind == RULE_INCLUDE_DIRECTORY;
	rc = configfind_path(r->find, file, value, r->is_directory, &found, err);
	if (rc == 0 && found.len > 0)
		rc = include_found(r, file, rule, value, buf_text(&found), change, err);
	else if (rc == 0)
		change->fate = CONFIGEDIT_OUT;
	if (rc == 0 && found.len == 0 && rule->kind != RULE_INCLUDE_IF_EXISTS)
		rc = configrules_tell(r, 'w', err,
		    "\"%.700s\": %s '%.700s': it is not in the backup", file->path,
		    rule->name, value);
	buf_free(&found);
	return rc;
}

int
configrules_setting(struct configrules *r, const struct configfile *file,
    const char *name, const char *value, struct configedit_change *change,
    struct error *err)
{
	const struct rule *rule = find_rule(name);

	buf_clear(&r->include);
	if (rule == NULL || value[0] == '\0')
		return 0;
	switch (rule->kind) {
	case RULE_DATADIR:
	case RULE_PLACE:
		return decide_place(r, rule, file, value, change, err);
	case RULE_AUTHENTICATION:
		return decide_authentication(r, rule, file, value, change, err);
	case RULE_SOCKETS:
		return decide_sockets(r, rule, file, value, change, err);
	case RULE_PORT:
		buf_clear(&r->port);
		return buf_printf(&r->port, err, "%s", value);
	case RULE_TLS:
	case RULE_TLS_DIRECTORY:
		return decide_tls(r, rule, file, value, change, err);
	default:
		return decide_include(r, file, rule, value, change, err);
	}
}

/* It stands in a line without quotes of its own. */
static bool
is_word(const char *text)
{
	return text[strspn(text,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/+")] ==
	    '\0';
}

/*
 * A line of authentication is never taken out, as it may be one that rejects: what names a file that
 * is not there the server complains of.
 */
int
configrules_name(struct configrules *r, const struct configfile *file,
    enum hbatext_kind kind, const char *name, struct configedit_change *change,
    struct error *err)
{
	static const struct rule names[] = {
		[HBATEXT_LIST] = { "@", RULE_INCLUDE, REASON_MOVED },
		[HBATEXT_INCLUDE] = { "include", RULE_INCLUDE, REASON_MOVED },
		[HBATEXT_INCLUDE_IF_EXISTS] = { "include_if_exists",
		    RULE_INCLUDE_IF_EXISTS, REASON_MOVED },
		[HBATEXT_INCLUDE_DIR] = { "include_dir", RULE_INCLUDE_DIRECTORY,
		    REASON_MOVED },
		/* of pg_hosts.conf: opened where the server works */
		[HBATEXT_CERTIFICATE] = { "certificate", RULE_TLS, REASON_MOVED },
		[HBATEXT_KEY] = { "key", RULE_TLS, REASON_MOVED },
		[HBATEXT_AUTHORITY] = { "authority", RULE_TLS, REASON_MOVED },
	};
	int rc;

	buf_clear(&r->include);
	if (name[0] == '\0')
		return 0;
	rc = names[kind].kind == RULE_TLS ?
	    decide_tls(r, &names[kind], file, name, change, err) :
	    decide_include(r, file, &names[kind], name, change, err);
	if (change->fate == CONFIGEDIT_OUT || !is_word(buf_text(&change->value)))
		change->fate = CONFIGEDIT_STAYS;
	return rc;
}

void
configrules_free(struct configrules *r)
{
	buf_free(&r->port);
	buf_free(&r->sockets);
	buf_free(&r->include);
	buf_free(&r->told);
}

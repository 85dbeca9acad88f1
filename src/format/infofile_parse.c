/*
 * pg_basetar.info is parsed by a table of its keys: a row says how often the key may come, and
 * which function takes its value.  A key that is unknown is passed over, and a format that is
 * unknown refused (pg_basetar(5)).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/infofile_parse.h"
#include "lib/lsn.h"
#include "lib/number.h"

/* What reads the value of a key. */
struct reading {
	struct infofile *info;
	char *value; /* without escapes; a row may take it, and leaves NULL */
};

static int
bad_value(const struct reading *r, struct error *err)
{
	return error_set(err, ERROR_FORMAT, 0, "\"%s\" is not a valid value", r->value);
}

static int
take_format(struct reading *r, struct error *err)
{
	if (strcmp(r->value, "1") == 0)
		return 0;
	return error_set(err, ERROR_UNSUPPORTED, 0,
	    "version \"%s\" of the archive format is not supported by this release of pg_basetar",
	    r->value);
}

static int
take_version(struct reading *r, struct error *err)
{
	(void)err;
	r->info->version = r->value;
	r->value = NULL;
	return 0;
}

static int
take_label(struct reading *r, struct error *err)
{
	(void)err;
	r->info->label = r->value;
	r->value = NULL;
	return 0;
}

/* The number of ${value} among ${words}, which end with a NULL; -1: none of them. */
static int
which(const char *const *words, const char *value)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], value) == 0)
			return i;
	return -1;
}

static const char *const modes[] = { "online", "offline", "snapshot", NULL };

const char *
infofile_mode_name(enum infofile_mode mode)
{
	return modes[mode];
}

static int
take_mode(struct reading *r, struct error *err)
{
	int n = which(modes, r->value);

	if (n == -1)
		return bad_value(r, err);
	r->info->mode = (enum infofile_mode)n;
	return 0;
}

static int
take_start(struct reading *r, struct error *err)
{
	return lsn_parse(r->value, &r->info->start_lsn) ? 0 : bad_value(r, err);
}

static int
take_start_time(struct reading *r, struct error *err)
{
	(void)err;
	r->info->start_time = r->value;
	r->value = NULL;
	return 0;
}

static int
take_unix_time(struct reading *r, struct error *err)
{
	return number_parse(r->value, strlen(r->value), INT64_MAX, &r->info->unix_time) ?
	    0 :
	    bad_value(r, err);
}

static int
take_server(struct reading *r, struct error *err)
{
	uint64_t major;

	if (!number_parse(r->value, strlen(r->value), 999, &major))
		return bad_value(r, err);
	r->info->server_version = (unsigned)major;
	return 0;
}

static int
take_oldest_xid(struct reading *r, struct error *err)
{
	uint64_t xid;

	if (!number_parse(r->value, strlen(r->value), UINT32_MAX, &xid))
		return bad_value(r, err);
	r->info->oldest_xid = (uint32_t)xid;
	return 0;
}

/* "1,5,16384" */
static int
take_databases(struct reading *r, struct error *err)
{
	const char *at = r->value;
	uint64_t oid;

	do {
		if (!number_next(&at, UINT32_MAX, &oid))
			return bad_value(r, err);
		if (oidset_add(&r->info->databases, (uint32_t)oid, err))
			return -1;
	} while (*at++ == ',');
	return at[-1] == '\0' ? 0 : bad_value(r, err);
}

static int
take_digest(struct reading *r, struct error *err)
{
	/* NONE is a manifest without digests, none is no manifest */
	if (strcmp(r->value, "none") == 0)
		return 0;
	r->info->has_manifest = true;
	return digest_by_name(r->value, &r->info->digest) ? bad_value(r, err) : 0;
}

static int
take_wal(struct reading *r, struct error *err)
{
	static const char *const words[] = { "none", "fetch", NULL };
	int n = which(words, r->value);

	if (n == -1)
		return bad_value(r, err);
	r->info->has_wal = n == 1;
	return 0;
}

static int
take_layout(struct reading *r, struct error *err)
{
	static const char *const words[] = { "one", "split", NULL };
	int n = which(words, r->value);

	if (n == -1)
		return bad_value(r, err);
	r->info->is_split = n == 1;
	return 0;
}

/* The value begins with a name, and its path is at ${path}. */
static int
add_row(struct infofile_pairs *list, struct reading *r, char *path, struct error *err)
{
	/* a count of 2^n is full: the rows double */
	if ((list->count & (list->count - 1)) == 0) {
		const size_t room = list->count ? 2 * list->count : 1;
		struct infofile_pair *rows = realloc(list->rows, room * sizeof(*rows));

		if (rows == NULL)
			return error_memory(err);
		list->rows = rows;
	}
	/* one piece of memory: the name's */
	list->rows[list->count++] = (struct infofile_pair){ r->value, path };
	r->value = NULL;
	return 0;
}

/* "NAME PATH", with the blank between them at ${blank} */
static int
add_pair(struct infofile_pairs *list, struct reading *r, char *blank, struct error *err)
{
	if (blank == NULL || blank == r->value || blank[1] == '\0')
		return bad_value(r, err);
	*blank = '\0';
	return add_row(list, r, blank + 1, err);
}

static int
add_tablespace(struct infofile_pairs *list, struct reading *r, struct error *err)
{
	char *blank = strchr(r->value, ' ');
	uint64_t oid;

	if (blank == NULL ||
	    !number_parse(r->value, (size_t)(blank - r->value), UINT32_MAX, &oid))
		return bad_value(r, err);
	return add_pair(list, r, blank, err);
}

static int
take_tablespace(struct reading *r, struct error *err)
{
	return add_tablespace(&r->info->tablespaces, r, err);
}

static int
take_inside(struct reading *r, struct error *err)
{
	return add_tablespace(&r->info->inside, r, err);
}

static int
take_without(struct reading *r, struct error *err)
{
	return add_tablespace(&r->info->without, r, err);
}

static int
take_config(struct reading *r, struct error *err)
{
	return add_pair(&r->info->config, r, strstr(r->value, " /"), err);
}

/* It has one part alone. */
static int
take_datadir(struct reading *r, struct error *err)
{
	if (r->value[0] != '/')
		return bad_value(r, err);
	return add_row(&r->info->datadirs, r, r->value + strlen(r->value), err);
}

static int
take_config_file(struct reading *r, struct error *err)
{
	(void)err;
	r->info->config_file = r->value;
	r->value = NULL;
	return 0;
}

static const struct {
	const char *key;
	/* exactly one of it; one at most; any number */
	enum { ONE, PERHAPS, MANY } count;
	int (*take)(struct reading *, struct error *);
} keys[] = {
	{ "pg_basetar", ONE, take_format },
	{ "version", ONE, take_version },
	{ "mode", ONE, take_mode },
	{ "label", ONE, take_label },
	{ "start", PERHAPS, take_start }, /* not in the first archives */
	{ "start_time", PERHAPS, take_start_time },
	{ "unix_time", PERHAPS, take_unix_time },
	{ "server_version", ONE, take_server },
	{ "oldest_xid", PERHAPS, take_oldest_xid },
	{ "databases", PERHAPS, take_databases },
	{ "manifest_checksums", ONE, take_digest },
	{ "wal_method", ONE, take_wal },
	{ "layout", ONE, take_layout },
	{ "tablespace", MANY, take_tablespace },
	{ "without_tablespace", MANY, take_without },
	{ "config_file", PERHAPS, take_config_file },
	{ "tablespace_inside", MANY, take_inside },
	{ "config", MANY, take_config },
	{ "data_directory", MANY, take_datadir },
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

/* A backslash and ${letter}; NUL: that is nothing. */
static char
meant_by(char letter)
{
	switch (letter) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case '\\':
		return '\\';
	default:
		return '\0';
	}
}

/* Resolve the escapes of ${len} bytes into a string that the caller frees. */
static int
unescape(const char *from, size_t len, char **out, struct error *err)
{
	char *to = malloc(len + 1), *at = to;

	if (to == NULL)
		return error_memory(err);
	for (size_t i = 0; i < len; i++) {
		char byte = from[i];

		if (byte == '\\' && ++i < len)
			byte = meant_by(from[i]);
		else if (byte == '\\')
			byte = '\0';
		if (byte == '\0') {
			free(to);
			return error_set(err, ERROR_FORMAT, 0,
			    "the value has an invalid escape sequence");
		}
		*at++ = byte;
	}
	*at = '\0';
	*out = to;
	return 0;
}

/* One line, without its end. */
static int
read_line(struct infofile *info, unsigned *given, const char *line, size_t len,
    struct error *err)
{
	const char *colon = memchr(line, ':', len);
	size_t key = colon ? (size_t)(colon - line) : 0, n = 0;
	struct reading r = { .info = info };
	int rc;

	if (key == 0 || key + 1 >= len || colon[1] != ' ')
		return error_set(
		    err, ERROR_FORMAT, 0, "the line is not of the form \"KEY: VALUE\"");
	while (n < KEYS &&
	    (strlen(keys[n].key) != key || memcmp(keys[n].key, line, key) != 0))
		n++;
	/* a key of a later version, which the format allows (pg_basetar(5)) */
	if (n == KEYS)
		return 0;
	if (keys[n].count != MANY && *given & 1U << n)
		return error_set(
		    err, ERROR_FORMAT, 0, "\"%s\" is given twice", keys[n].key);
	*given |= 1U << n;
	if (unescape(colon + 2, len - key - 2, &r.value, err))
		return -1;
	rc = keys[n].take(&r, err);
	free(r.value);
	return rc;
}

static int
check_given(unsigned given, struct error *err)
{
	for (size_t n = 0; n < KEYS; n++)
		if (keys[n].count == ONE && (given & 1U << n) == 0)
			return error_set(
			    err, ERROR_FORMAT, 0, "\"%s\" is missing", keys[n].key);
	return 0;
}

/* OIDs are numbers without leading zeros. */
static int
compare_oids(const char *a, const char *b)
{
	const size_t one = strlen(a), other = strlen(b);

	return one != other ? (one > other) - (one < other) : strcmp(a, b);
}

static int
compare_pairs(const void *a, const void *b)
{
	return compare_oids(((const struct infofile_pair *)a)->name,
	    ((const struct infofile_pair *)b)->name);
}

static int
sort_tablespaces(struct infofile_pairs *list, struct error *err)
{
	if (list->count > 0)
		qsort(list->rows, list->count, sizeof(*list->rows), compare_pairs);
	for (size_t i = 1; i < list->count; i++)
		if (strcmp(list->rows[i - 1].name, list->rows[i].name) == 0)
			return error_set(err, ERROR_FORMAT, 0,
			    "tablespace %s is listed twice", list->rows[i].name);
	return 0;
}

static const char *
find_tablespace(const struct infofile_pairs *list, const char *oid)
{
	size_t from = 0, to = list->count;

	while (from < to) {
		const size_t middle = from + (to - from) / 2;
		const struct infofile_pair *row = &list->rows[middle];
		const int order = compare_oids(oid, row->name);

		if (order == 0)
			return row->path;
		if (order > 0)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

const char *
infofile_tablespace(const struct infofile *info, const char *oid)
{
	return find_tablespace(&info->tablespaces, oid);
}

const char *
infofile_inside(const struct infofile *info, const char *oid)
{
	return find_tablespace(&info->inside, oid);
}

int
infofile_parse(const char *text, size_t len, struct infofile *out, struct error *err)
{
	struct infofile info = { 0 };
	unsigned given = 0;
	size_t at = 0;
	int rc = 0;

	for (unsigned long number = 1; at < len && rc == 0; number++) {
		const char *end = memchr(text + at, '\n', len - at);

		if (end == NULL)
			rc = error_set(err, ERROR_FORMAT, 0, "the file is cut short");
		else
			rc = read_line(
			    &info, &given, text + at, (size_t)(end - text) - at, err);
		if (rc == -1)
			error_wrap(err, "line %lu", number);
		else
			at = (size_t)(end - text) + 1;
	}
	if (rc == 0)
		rc = check_given(given, err) ||
			sort_tablespaces(&info.tablespaces, err) ||
			sort_tablespaces(&info.inside, err) ?
		    -1 :
		    0;
	if (rc == -1)
		infofile_free(&info);
	else
		*out = info;
	return rc;
}

bool
infofile_is_earlier(const struct infofile *info, const struct label *label)
{
	if (info->start_lsn == 0 || label->start_lsn < info->start_lsn)
		return false;
	/* the backup of no running server has no label, and no START TIME */
	return label->start_lsn > info->start_lsn || info->start_time == NULL ||
	    strcmp(label->start_time, info->start_time) != 0;
}

static void
free_pairs(struct infofile_pairs *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->rows[i].name);
	free(list->rows);
}

void
infofile_free(struct infofile *info)
{
	free(info->version);
	free(info->label);
	free(info->start_time);
	free_pairs(&info->tablespaces);
	free_pairs(&info->config);
	free_pairs(&info->without);
	free(info->config_file);
	oidset_free(&info->databases);
	free_pairs(&info->inside);
	free_pairs(&info->datadirs);
	*info = (struct infofile){ 0 };
}

/*
 * Values are parsed as pg_basebackup spells them, and strictly: the whole text must be a value, and
 * nothing is rounded to one.  Compression alone has a grammar:
 *
 *	LEVEL | [client-|server-]METHOD[:LEVEL | :DETAIL[=VALUE][,...]]
 */
#include "cli/optvalue.h"

#include <string.h>
#include <strings.h>

#include "lib/number.h"

/* Bytes a second. */
#define RATE_LEAST ((uint64_t)32 << 10)
#define RATE_MOST ((uint64_t)1024 << 30)

/* The codec is known, and not written. */
static int
refuse_codec(const struct codec *codec, struct error *err)
{
	if (codec_is_left_out(codec)) {
		error_set(err, ERROR_USAGE, 0,
		    "compression \"%s\" is missing: this pg_basetar was built without %s",
		    codec->name, codec->library);
		return error_hint(err,
		    "Use \"gzip\", pipe the output through \"%s\", or build pg_basetar where pkg-config finds %s.",
		    codec->program, codec->library);
	}
	error_set(
	    err, ERROR_USAGE, 0, "compression \"%s\" is not supported", codec->name);
	if (codec->program == NULL)
		return error_hint(
		    err, "Name the output .tar, .tar.gz, .tar.zst or .tar.lz4.");
	return error_hint(
	    err, "Use \"gzip\", or pipe the output through \"%s\".", codec->program);
}

static bool
is_digits(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

int
optvalue_number(
    const char *text, unsigned min, unsigned max, unsigned *out, struct error *err)
{
	uint64_t value;

	if (!number_parse(text, strlen(text), max, &value) || value < min)
		return error_set(err, ERROR_USAGE, 0,
		    "\"%s\" is not a number from %u to %u", text, min, max);
	*out = (unsigned)value;
	return 0;
}

int
optvalue_rate(const char *text, uint64_t *out, struct error *err)
{
	static const char units[] = "kMG";
	size_t len = strspn(text, "0123456789");
	const char *unit = text[len] != '\0' ? strchr(units, text[len]) : units;
	uint64_t value = 0;

	/* a number that no unit makes overflow */
	if (unit && (text[len] == '\0' || text[len + 1] == '\0') &&
	    number_parse(text, len, UINT32_MAX, &value))
		value <<= 10 * (unit - units + 1);
	if (value < RATE_LEAST || value > RATE_MOST) {
		error_set(
		    err, ERROR_USAGE, 0, "\"%s\" is not a rate from 32k to 1024G", text);
		return error_hint(
		    err, "A rate is in kB/s, or has the unit k, M or G: 32M.");
	}
	*out = value;
	return 0;
}

/* The codec of a name of ${len} bytes, or an error that says why there is no such codec. */
static int
find_codec(const char *name, size_t len, const struct codec **codec, struct error *err)
{
	char word[16] = "", methods[CODEC_METHODS];
	const struct codec *found;

	if (len < sizeof(word))
		memcpy(word, name, len);
	found = codec_by_name(word);
	if (found && !codec_is_written(found))
		return refuse_codec(found, err);
	if (found == NULL) {
		error_set(
		    err, ERROR_USAGE, 0, "unknown compression \"%.*s\"", (int)len, name);
		return error_hint(
		    err, "The methods are: %s.", codec_print_methods(methods));
	}
	*codec = found;
	return 0;
}

static int
parse_level(const char *value, struct compression *c, struct error *err)
{
	unsigned number;

	if (optvalue_number(value, (unsigned)c->codec->level_min,
		(unsigned)c->codec->level_max, &number, err))
		return error_wrap(err, "level of \"%s\"", c->codec->name);
	c->level = (int)number;
	return 0;
}

static int
parse_workers(const char *value, struct compression *c, struct error *err)
{
	unsigned number;

	/* libzstd's own limits, where a pointer has 64 bits */
	if (optvalue_number(value, 0, 256, &number, err))
		return error_wrap(err, "workers of \"%s\"", c->codec->name);
	c->ignored |= COMPRESSION_WORKERS;
	return 0;
}

/* As pg_basebackup has it: without a value, or with one of a boolean. */
static int
parse_long(const char *value, struct compression *c, struct error *err)
{
	static const char *const words[] = { "", "1", "on", "true", "yes", "0", "off",
		"false", "no" };
	size_t i = 0;

	while (i < sizeof(words) / sizeof(words[0]) && strcasecmp(value, words[i]) != 0)
		i++;
	if (i == sizeof(words) / sizeof(words[0]))
		return error_set(err, ERROR_USAGE, 0,
		    "long of \"%s\": \"%s\" is neither \"on\" nor \"off\"",
		    c->codec->name, value);
	if (i < 5)
		c->ignored |= COMPRESSION_LONG;
	return 0;
}

/* What may stand after the colon, as pg_basebackup spells it. */
static const struct detail {
	const char *name;
	const char *codec; /* the only one that has it; NULL: each that has levels */
	int (*parse)(const char *value, struct compression *, struct error *);
} details[] = {
	{ "level", NULL, parse_level },
	{ "workers", "zstd", parse_workers },
	{ "long", "zstd", parse_long },
};

/* ${len} bytes: NAME, or NAME=VALUE. */
static int
parse_detail(const char *text, size_t len, struct compression *c, struct error *err)
{
	size_t name = strcspn(text, "=,");
	char value[32] = "";

	if (text[name] == '=' && len - name - 1 < sizeof(value))
		memcpy(value, text + name + 1, len - name - 1);
	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++) {
		const struct detail *d = &details[i];

		if (strlen(d->name) == name && strncmp(d->name, text, name) == 0 &&
		    (d->codec == NULL || strcmp(d->codec, c->codec->name) == 0))
			return d->parse(value, c, err);
	}
	error_set(err, ERROR_USAGE, 0, "compression \"%s\" has no setting \"%.*s\"",
	    c->codec->name, (int)len, text);
	return error_hint(err, "It takes a level; --jobs sets the number of threads.");
}

/* The part after the colon: a level, or details. */
static int
parse_details(const char *text, struct compression *c, struct error *err)
{
	if (c->codec->level_max == 0)
		return error_set(err, ERROR_USAGE, 0, "compression \"%s\" has no levels",
		    c->codec->name);
	if (strspn(text, "abcdefghijklmnopqrstuvwxyz") == 0)
		return parse_level(text, c, err);
	for (;;) {
		size_t len = strcspn(text, ",");

		if (parse_detail(text, len, c, err))
			return -1;
		if (text[len] == '\0')
			return 0;
		text += len + 1;
	}
}

static int
parse_bare_level(const char *text, struct compression *out, struct error *err)
{
	unsigned level;

	if (optvalue_number(text, 0, 9, &level, err))
		return error_wrap(err, "level");
	if (find_codec(level == 0 ? "none" : "gzip", 4, &out->codec, err))
		return -1;
	out->level = (int)level;
	return 0;
}

int
optvalue_compression(const char *text, struct compression *out, struct error *err)
{
	struct compression found = { 0 };
	const char *name = text;
	size_t len;

	if (*text == '\0')
		return error_set(err, ERROR_USAGE, 0, "the value is empty");
	if (is_digits(text))
		return parse_bare_level(text, out, err);
	if (strncmp(text, "server-", 7) == 0)
		found.ignored |= COMPRESSION_SERVER;
	if (strncmp(text, "server-", 7) == 0 || strncmp(text, "client-", 7) == 0)
		name += 7;
	len = strcspn(name, ":");
	if (find_codec(name, len, &found.codec, err))
		return -1;
	found.level = found.codec->level_default;
	if (name[len] == ':' && parse_details(name + len + 1, &found, err))
		return -1;
	*out = found;
	return 0;
}

int
optvalue_suffix(const char *path, struct compression *out, struct error *err)
{
	const struct codec *codec = codec_by_suffix(path);

	if (!codec_is_written(codec)) {
		refuse_codec(codec, err);
		return error_wrap(err, "output \"%s\"", path);
	}
	*out = (struct compression){ codec, codec->level_default, 0 };
	return 0;
}

int
optvalue_checkpoint(const char *text, bool *fast, struct error *err)
{
	if (strcasecmp(text, "fast") != 0 && strcasecmp(text, "spread") != 0)
		return error_set(err, ERROR_USAGE, 0,
		    "\"%s\" is neither \"fast\" nor \"spread\"", text);
	*fast = strcasecmp(text, "fast") == 0;
	return 0;
}

int
optvalue_wal_method(const char *text, enum wal_method *out, struct error *err)
{
	if (strcmp(text, "fetch") == 0 || strcmp(text, "f") == 0) {
		*out = WAL_FETCH;
		return 0;
	}
	if (strcmp(text, "none") == 0 || strcmp(text, "n") == 0) {
		*out = WAL_NONE;
		return 0;
	}
	return error_set(
	    err, ERROR_USAGE, 0, "\"%s\" is neither \"fetch\" nor \"none\"", text);
}

int
optvalue_archive_mode(const char *text, enum archive_mode *out, struct error *err)
{
	if (strcmp(text, "keep") != 0 && strcmp(text, "off") != 0)
		return error_set(
		    err, ERROR_USAGE, 0, "\"%s\" is neither \"keep\" nor \"off\"", text);
	*out = strcmp(text, "keep") == 0 ? ARCHIVE_MODE_KEEP : ARCHIVE_MODE_OFF;
	return 0;
}

int
optvalue_config(const char *text, enum config_method *out, struct error *err)
{
	if (strcmp(text, "install") != 0 && strcmp(text, "keep") != 0)
		return error_set(err, ERROR_USAGE, 0,
		    "\"%s\" is neither \"install\" nor \"keep\"", text);
	*out = strcmp(text, "keep") == 0 ? CONFIG_METHOD_KEEP : CONFIG_METHOD_INSTALL;
	return 0;
}

int
optvalue_sync_method(const char *text, enum sync_method *out, struct error *err)
{
	if (strcmp(text, "fsync") != 0 && strcmp(text, "syncfs") != 0)
		return error_set(err, ERROR_USAGE, 0,
		    "\"%s\" is neither \"fsync\" nor \"syncfs\"", text);
	*out = strcmp(text, "fsync") == 0 ? SYNC_METHOD_FSYNC : SYNC_METHOD_SYNCFS;
	return 0;
}

int
optvalue_digest(const char *text, enum digest_kind *out, struct error *err)
{
	if (digest_by_name(text, out) == 0)
		return 0;
	error_set(err, ERROR_USAGE, 0, "unknown digest \"%s\"", text);
	return error_hint(
	    err, "The digests are CRC32C, SHA224, SHA256, SHA384, SHA512 and NONE.");
}

int
optvalue_format(const char *text, struct error *err)
{
	if (strcmp(text, "tar") == 0 || strcmp(text, "t") == 0)
		return 0;
	error_set(err, ERROR_USAGE, 0, "unknown format \"%s\"", text);
	return error_hint(
	    err, "Tar is the only format; pg_basetar restore makes a directory of it.");
}

#include "cli/optvalue.h"

#include <string.h>
#include <strings.h>

#include "lib/number.h"

/* Bytes a second. */
#define RATE_LEAST ((uint64_t)32 << 10)
#define RATE_MOST ((uint64_t)1024 << 30)

static int
not_built_in(const struct codec *codec, struct error *err)
{
	error_set(err, ERROR_USAGE, 0, "compression \"%s\" is not built in", codec->name);
	return error_hint(
	    err, "Use \"gzip\", or pipe the output through a program that compresses.");
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

/* The codec of a name of ${len} bytes, or an error that says why there is none. */
static int
find_codec(const char *name, size_t len, const struct codec **codec, struct error *err)
{
	char word[16] = "", methods[CODEC_METHODS];
	const struct codec *found;

	if (len < sizeof(word))
		memcpy(word, name, len);
	found = codec_by_name(word);
	if (found && !codec_is_written(found))
		return not_built_in(found, err);
	if (found == NULL) {
		error_set(
		    err, ERROR_USAGE, 0, "unknown compression \"%.*s\"", (int)len, name);
		return error_hint(
		    err, "The methods are: %s.", codec_print_methods(methods));
	}
	*codec = found;
	return 0;
}

/* The part behind the colon: LEVEL or level=LEVEL. */
static int
parse_detail(const struct codec *codec, const char *detail, int *level, struct error *err)
{
	const char *value = strchr(detail, '=');
	unsigned number;

	if (codec->level_max == 0)
		return error_set(
		    err, ERROR_USAGE, 0, "compression \"%s\" has no levels", codec->name);
	if (!value) {
		value = detail;
	} else if (strncmp(detail, "level=", 6) == 0) {
		value++;
	} else {
		error_set(err, ERROR_USAGE, 0, "compression \"%s\" does not know \"%s\"",
		    codec->name, detail);
		return error_hint(
		    err, "It takes a level; --jobs sets the number of threads.");
	}
	if (optvalue_number(value, (unsigned)codec->level_min, (unsigned)codec->level_max,
		&number, err))
		return error_wrap(err, "level of \"%s\"", codec->name);
	*level = (int)number;
	return 0;
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
	struct compression found = { NULL, 0 };
	const char *name = text;
	size_t len;

	if (*text == '\0')
		return error_set(err, ERROR_USAGE, 0, "the value is empty");
	if (is_digits(text))
		return parse_bare_level(text, out, err);
	if (strncmp(text, "server-", 7) == 0) {
		error_set(err, ERROR_USAGE, 0,
		    "compression \"%s\": the server takes no part in this backup", text);
		return error_hint(err, "Leave out \"server-\".");
	}
	if (strncmp(text, "client-", 7) == 0)
		name += 7;
	len = strcspn(name, ":");
	if (find_codec(name, len, &found.codec, err))
		return -1;
	found.level = found.codec->level_default;
	if (name[len] == ':' &&
	    parse_detail(found.codec, name + len + 1, &found.level, err))
		return -1;
	*out = found;
	return 0;
}

int
optvalue_suffix(const char *path, struct compression *out, struct error *err)
{
	const struct codec *codec = codec_by_suffix(path);

	if (!codec_is_written(codec)) {
		not_built_in(codec, err);
		return error_wrap(err, "output \"%s\"", path);
	}
	out->codec = codec;
	out->level = codec->level_default;
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
	error_set(err, ERROR_USAGE, 0, "\"%s\" is neither \"fetch\" nor \"none\"", text);
	if (strcmp(text, "stream") == 0 || strcmp(text, "s") == 0)
		error_hint(err,
		    "Use \"fetch\": a replication slot holds the WAL until it is read.");
	return -1;
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
	return error_hint(err, "Tar is the only format.");
}

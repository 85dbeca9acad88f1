/* Each conversion is a row: only what is in the table is taken. */
#include "cli/outname.h"

#include <stdint.h>
#include <string.h>

#include "lib/number.h"

/* All fields of a moment at once, for strftime(). */
#define FIELDS "%Y %m %d %H %M %S %j %G %V %u"
enum { FIELDS_TEXT = sizeof("2026 12 01 03 00 00 335 2026 49 2") };

/* Where a field is among them, how many digits it has, and what they can be. */
static const struct outname_row {
	char letter;
	size_t at, width;
	unsigned least, most;
} rows[] = {
	{ 'Y', 0, 4, 1970, 9999 },
	{ 'm', 5, 2, 1, 12 },
	{ 'd', 8, 2, 1, 31 },
	{ 'H', 11, 2, 0, 23 },
	{ 'M', 14, 2, 0, 59 },
	{ 'S', 17, 2, 0, 60 }, /* a leap second */
	{ 'j', 20, 3, 1, 366 },
	{ 'G', 24, 4, 1969, 9999 }, /* the first of January may be of last year's week */
	{ 'V', 29, 2, 1, 53 },
	{ 'u', 32, 1, 1, 7 },
};

static const struct outname_row *
row_of(char letter)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

bool
outname_is_pattern(const char *text)
{
	return strchr(text, '%') != NULL;
}

static int
outname_refuse(const char *at, struct error *err)
{
	if (at[1] == '\0')
		error_set(err, ERROR_USAGE, 0, "the name ends with a \"%%\"");
	else
		error_set(
		    err, ERROR_USAGE, 0, "\"%.2s\" is not a conversion of a name", at);
	return error_hint(err,
	    "A name takes %%Y %%m %%d %%H %%M %%S %%F %%j %%G %%V %%u of strftime(3); a percent sign is %%%%.");
}

/* What one letter stands for: fields, and what is between them. */
static const char *
fields_of(const char *letter)
{
	return *letter == 'F' ? "Y-m-d" : letter;
}

/* How many of these characters they are. */
static size_t
fields_count(const char *letter)
{
	return *letter == 'F' ? strlen("Y-m-d") : 1;
}

/* Append the fields of the conversion that ends with ${letter}, of those in ${text}. */
static int
expand_fields(struct buf *out, const char *letter, const char *text, struct error *err)
{
	const char *fields = fields_of(letter);

	for (size_t i = 0; i < fields_count(letter); i++) {
		const struct outname_row *row = row_of(fields[i]);

		if (row ? buf_append(out, text + row->at, row->width, err) :
			  buf_append(out, &fields[i], 1, err))
			return -1;
	}
	return 0;
}

static bool
is_conversion(char letter)
{
	return letter == 'F' || row_of(letter) != NULL;
}

int
outname_expand(struct buf *out, const char *pattern, time_t when, struct error *err)
{
	char text[FIELDS_TEXT];
	struct tm tm;

	tzset();
	if (localtime_r(&when, &tm) == NULL ||
	    strftime(text, sizeof(text), FIELDS, &tm) != sizeof(text) - 1)
		return error_set(
		    err, ERROR_USAGE, 0, "the time of this host is not a valid one");
	for (const char *at = pattern; *at != '\0'; at++) {
		const bool is_percent = *at == '%';

		at += is_percent;
		if (is_percent && is_conversion(*at) ? expand_fields(out, at, text, err) :
			is_percent && *at != '%'     ? outname_refuse(at - 1, err) :
						       buf_append(out, at, 1, err))
			return -1;
	}
	return 0;
}

/* ---- the way back ---- */

/* The number that ${row} wants at *${name}, which then stands after it. */
static bool
match_field(const struct outname_row *row, const char **name)
{
	unsigned value = 0;

	for (size_t i = 0; i < row->width; i++, (*name)++) {
		if (**name < '0' || **name > '9')
			return false;
		value = value * 10 + (unsigned)(**name - '0');
	}
	return value >= row->least && value <= row->most;
}

static bool
match_fields(const char *letter, const char **name)
{
	const char *fields = fields_of(letter);

	for (size_t i = 0; i < fields_count(letter); i++) {
		const struct outname_row *row = row_of(fields[i]);

		if (row ? !match_field(row, name) : *(*name)++ != fields[i])
			return false;
	}
	return true;
}

bool
outname_matches(const char *pattern, const char *name)
{
	for (const char *at = pattern; *at != '\0' && *at != '/'; at++) {
		const bool is_percent = *at == '%';

		at += is_percent;
		if (is_percent && is_conversion(*at) ? !match_fields(at, &name) :
						       *name++ != *at)
			return false;
	}
	return *name == '\0';
}

bool
outname_has_year(const char *pattern)
{
	for (const char *at = pattern; *at != '\0'; at++)
		if (*at == '%' && *++at != '\0' && strchr("YGF", *at))
			return true;
	return false;
}

/*
 * Words are turned into a date, and what follows them stays; then the whole is read as any moment is
 * (timetext.h).  One without a zone is meant as the clock shows here: the server's zone may be another.
 */
/* tm_gmtoff */
#define _DEFAULT_SOURCE
#include "recovery/timewords.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "recovery/timetext.h"

/* ---- "10 minutes ago" ---- */

/* So many seconds has what ${at} begins with; 0: it is no unit.  *len: of the word. */
static int64_t
unit_of(const char *at, size_t *len)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = { { "second", 1 }, { "sec", 1 }, { "s", 1 }, { "minute", 60 },
		{ "min", 60 }, { "m", 60 }, { "hour", 3600 }, { "h", 3600 },
		{ "day", 86400 }, { "d", 86400 }, { "week", 604800 }, { "w", 604800 } };
	const size_t word =
	    strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	*len = word;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		const size_t name = strlen(units[i].name);

		if ((word == name || (word == name + 1 && (at[name] | 0x20) == 's')) &&
		    strncasecmp(at, units[i].name, name) == 0)
			return units[i].seconds;
	}
	return 0;
}

/* Seconds before now, ${most} at most; -1: it does not say that. */
static int64_t
ago(const char *at, int64_t most)
{
	int64_t total = 0;

	while (*at >= '0' && *at <= '9') {
		int64_t number = 0, unit;
		size_t len = strspn(at, "0123456789");

		if (len > 9)
			return -1;
		for (; len > 0; len--)
			number = number * 10 + (*at++ - '0');
		at += strspn(at, " ");
		unit = unit_of(at, &len);
		if (unit == 0)
			return -1;
		total += number * unit;
		if (total > most)
			return -1;
		at += len;
		at += strspn(at, " ");
	}
	return strcasecmp(at, "ago") == 0 && total > 0 ? total : -1;
}

/* ---- what is written ---- */

/* ${local}: seconds of the clock on the wall; ${fraction}: what its text has after the second. */
static void
print_moment(
    char out[TIMEWORDS_TEXT], int64_t local, const char *fraction, int64_t offset)
{
	const int64_t apart = offset < 0 ? -offset : offset;
	const time_t wall = (time_t)local;
	char text[40];
	struct tm tm;

	gmtime_r(&wall, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(out, TIMEWORDS_TEXT, "%s%.*s%c%02d:%02d", text,
	    (int)(fraction[0] == '.' ? 1 + strspn(fraction + 1, "0123456789") : 0),
	    fraction, offset < 0 ? '-' : '+', (int)(apart / 3600),
	    (int)(apart / 60 % 60));
}

/* Of what the clock on the wall shows here. */
static int64_t
offset_here(int64_t local)
{
	const time_t wall = (time_t)local;
	struct tm tm;

	gmtime_r(&wall, &tm);
	tm.tm_isdst = -1;
	return local - (int64_t)mktime(&tm);
}

/* A whole date, with a time or without: its zone is added if it has none. */
static enum timewords_verdict
resolve_date(const char *text, time_t now, bool is_today, char out[TIMEWORDS_TEXT])
{
	const char *fraction = strchr(text, '.');
	struct timetext t;

	/* one cut off would have another zone */
	if (timetext_parse(text, &t) != TIMETEXT_READ ||
	    strlen(text) >= TIMEWORDS_TEXT - 16)
		return TIMEWORDS_WRONG;
	if (t.zone[0] != '\0') {
		if (is_today && t.has_offset && t.local - t.offset > (int64_t)now)
			return TIMEWORDS_FUTURE;
		snprintf(out, TIMEWORDS_TEXT, "%s", text);
		return TIMEWORDS_RESOLVED;
	}
	t.offset = offset_here(t.local);
	if (is_today && t.local - t.offset > (int64_t)now)
		return TIMEWORDS_FUTURE;
	print_moment(out, t.local, fraction ? fraction : "", t.offset);
	return TIMEWORDS_RESOLVED;
}

/* ---- "yesterday 14:00" ---- */

/* ${rest}: a time and a zone, either may be missing; ${days} before today in that zone. */
static enum timewords_verdict
resolve_day(const char *rest, int days, time_t now, char out[TIMEWORDS_TEXT])
{
	char text[TIMEWORDS_TEXT + 16];
	struct timetext t;
	struct tm tm;
	time_t there;

	/* a word alone would be read as a zone */
	if (strlen(rest) > TIMEWORDS_TEXT - 16 ||
	    (rest[0] && strspn(rest, "0123456789") == 0))
		return TIMEWORDS_WRONG;
	snprintf(text, sizeof(text), "2000-01-01 %s", rest);
	if (timetext_parse(text, &t) != TIMETEXT_READ)
		return TIMEWORDS_WRONG;
	if (t.has_offset) {
		there = now + (time_t)t.offset - (time_t)days * 86400;
		gmtime_r(&there, &tm);
	} else {
		localtime_r(&now, &tm);
		tm.tm_mday -= days;
		tm.tm_hour = 12; /* on no day is it turned back or forward */
		tm.tm_isdst = -1;
		there = mktime(&tm);
		localtime_r(&there, &tm);
	}
	snprintf(text, sizeof(text), "%04d-%02d-%02d%s%s", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, rest[0] ? " " : "", rest);
	return resolve_date(text, now, days == 0, out);
}

/* Does ${text} begin with the word?  *rest: what follows it. */
static bool
is_word(const char *text, const char *word, const char **rest)
{
	const size_t len = strlen(word);

	if (strncasecmp(text, word, len) != 0 || (text[len] != ' ' && text[len] != '\0'))
		return false;
	*rest = text + len + strspn(text + len, " ");
	return true;
}

/* As far as can be told without the server: some year, or a date with its own marks. */
static bool
may_be_date(const char *text)
{
	const size_t len = strlen(text);

	if (len >= 3 && strcasecmp(text + len - 3, "ago") == 0)
		return false;
	for (; *text; text++)
		if (*text == '/' || *text == '.' || strspn(text, "0123456789") >= 4)
			return true;
	return false;
}

enum timewords_verdict
timewords_resolve(const char *text, time_t now, char out[TIMEWORDS_TEXT])
{
	const char *rest;
	struct timetext t;
	struct tm tm;
	time_t then = now;
	int64_t before;
	size_t digits;

	text += strspn(text, " ");
	digits = strspn(text, "0123456789");
	/* no backup is from before 1970 */
	before = is_word(text, "now", &rest) && rest[0] == '\0' ? 0 : ago(text, now);
	if (before >= 0) {
		then -= (time_t)before;
		localtime_r(&then, &tm);
		print_moment(out, (int64_t)then + tm.tm_gmtoff, "", tm.tm_gmtoff);
		return TIMEWORDS_RESOLVED;
	}
	if (is_word(text, "yesterday", &rest))
		return resolve_day(rest, 1, now, out);
	if (is_word(text, "today", &rest))
		return resolve_day(rest, 0, now, out);
	if (digits > 0 && digits <= 2 && text[digits] == ':')
		return resolve_day(text, 0, now, out);
	switch (timetext_parse(text, &t)) {
	case TIMETEXT_WRONG:
		return TIMEWORDS_WRONG;
	case TIMETEXT_UNKNOWN:
		return may_be_date(text) ? TIMEWORDS_KEPT : TIMEWORDS_WRONG;
	case TIMETEXT_READ:
		break;
	}
	return t.zone[0] ? TIMEWORDS_KEPT : resolve_date(text, now, false, out);
}

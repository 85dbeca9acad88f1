/* Moments as texts: read strictly what is plain, and leave the rest to the server. */
#include "recovery/timetext.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "lib/number.h"

/* What the text has that is still to be read; NULL: it was wrong. */
struct scan {
	const char *at;
};

/* The server takes no zone that is further from UTC (MAX_TZDISP_HOUR in timestamp.h). */
#define OFFSET_MOST ((int64_t)16 * 3600)

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ${least} to ${most} digits, and no other after them. */
static bool
next_number(struct scan *s, size_t least, size_t most, int64_t *out)
{
	size_t len = 0;

	*out = 0;
	while (len <= most && number_is_digit(s->at[len]))
		*out = *out * 10 + (s->at[len++] - '0');
	if (len < least || len > most)
		return false;
	s->at += len;
	return true;
}

static bool
next_char(struct scan *s, char c)
{
	if (*s->at != c)
		return false;
	s->at++;
	return true;
}

static void
skip_spaces(struct scan *s)
{
	while (*s->at == ' ')
		s->at++;
}

/* ---- the date ---- */

static bool
is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t
days_of_month(int64_t year, int64_t month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days since 1970-01-01, in the calendar that the server has for all times. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	const int64_t before = year - 1;
	int64_t days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;

	for (int64_t m = 1; m < month; m++)
		days += days_of_month(year, m);
	return days + day - 1;
}

static enum timetext_verdict
take_date(struct scan *s, int64_t *days)
{
	int64_t year, month, day;

	if (!next_number(s, 4, 6, &year) || !next_char(s, '-') ||
	    !next_number(s, 1, 2, &month) || !next_char(s, '-') ||
	    !next_number(s, 1, 2, &day))
		return TIMETEXT_UNKNOWN;
	if (year == 0 || month < 1 || month > 12 || day < 1 ||
	    day > days_of_month(year, month))
		return TIMETEXT_WRONG;
	*days = days_of(year, month, day);
	return TIMETEXT_READ;
}

/* ---- the time ---- */

/* Hours and minutes, perhaps seconds and a part of one; 24:00 and 23:59:60 are the next moment. */
static enum timetext_verdict
take_time(struct scan *s, int64_t *seconds)
{
	int64_t hour, minute, second = 0;

	if (!next_number(s, 1, 2, &hour) || !next_char(s, ':') ||
	    !next_number(s, 2, 2, &minute) ||
	    (next_char(s, ':') && !next_number(s, 2, 2, &second)))
		return TIMETEXT_UNKNOWN;
	if (next_char(s, '.'))
		while (number_is_digit(*s->at))
			s->at++;
	if (hour > 24 || minute > 59 || second > 60 ||
	    (hour == 24 && (minute > 0 || second > 0)))
		return TIMETEXT_WRONG;
	*seconds = hour * 3600 + minute * 60 + second;
	return TIMETEXT_READ;
}

/* ---- the zone ---- */

/* +H, +HH, +HHMM, +HH:MM, +HH:MM:SS */
static enum timetext_verdict
take_offset(struct scan *s, struct timetext *out)
{
	const int64_t sign = *s->at == '-' ? -1 : 1;
	int64_t hour, minute = 0, second = 0;
	size_t len;

	s->at++;
	len = strspn(s->at, "0123456789");
	if (!next_number(s, 1, 2, &hour)) {
		if (len != 4 || !next_number(s, 4, 4, &minute))
			return TIMETEXT_UNKNOWN;
		hour = minute / 100;
		minute %= 100;
	} else if (next_char(s, ':') &&
	    (!next_number(s, 2, 2, &minute) ||
		(next_char(s, ':') && !next_number(s, 2, 2, &second)))) {
		return TIMETEXT_UNKNOWN;
	}
	skip_spaces(s);
	if (*s->at != '\0')
		return TIMETEXT_UNKNOWN;
	if (hour > 15 || minute > 59 || second > 59)
		return TIMETEXT_WRONG;
	out->has_offset = true;
	out->offset = sign * (hour * 3600 + minute * 60 + second);
	return TIMETEXT_READ;
}

/* One word, which may be any zone; but none that turns the hours or the year around. */
static enum timetext_verdict
take_zone_name(struct scan *s, struct timetext *out)
{
	static const char *const utc[] = { "UTC", "GMT", "UCT", "Z", "Zulu", "Etc/UTC" };
	static const char *const others[] = { "AM", "PM", "BC", "AD" };
	const char *word = s->at;
	const size_t len = strcspn(word, " ");

	if (!is_letter(word[0]) || word[len] != '\0')
		return TIMETEXT_UNKNOWN;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcasecmp(word, others[i]) == 0)
			return TIMETEXT_UNKNOWN;
	for (size_t i = 0; i < sizeof(utc) / sizeof(utc[0]); i++)
		out->has_offset |= strcasecmp(word, utc[i]) == 0;
	return TIMETEXT_READ;
}

static enum timetext_verdict
take_zone(struct scan *s, struct timetext *out)
{
	skip_spaces(s);
	out->zone = s->at;
	if (*s->at == '\0')
		return TIMETEXT_READ;
	return *s->at == '+' || *s->at == '-' ? take_offset(s, out) :
						take_zone_name(s, out);
}

enum timetext_verdict
timetext_parse(const char *text, struct timetext *out)
{
	struct scan s = { text };
	struct timetext t = { .zone = "" };
	int64_t days, seconds = 0;
	enum timetext_verdict verdict;

	if (strpbrk(text, "0123456789") == NULL)
		return TIMETEXT_WRONG;
	skip_spaces(&s);
	verdict = take_date(&s, &days);
	if (verdict != TIMETEXT_READ)
		return verdict;
	if ((*s.at == 'T' && number_is_digit(s.at[1])) || *s.at == ' ')
		s.at++;
	skip_spaces(&s);
	if (number_is_digit(*s.at))
		verdict = take_time(&s, &seconds);
	if (verdict == TIMETEXT_READ)
		verdict = take_zone(&s, &t);
	if (verdict != TIMETEXT_READ)
		return verdict;
	t.local = days * 24 * 3600 + seconds;
	*out = t;
	return TIMETEXT_READ;
}

/* ---- order ---- */

enum timetext_order
timetext_before(const struct timetext *a, const struct timetext *b)
{
	const int64_t latest = a->local - (a->has_offset ? a->offset : -OFFSET_MOST),
		      earliest = b->local - (b->has_offset ? b->offset : OFFSET_MOST);

	if (latest < earliest)
		return TIMETEXT_BEFORE;
	if (a->has_offset && b->has_offset)
		return TIMETEXT_NOT_BEFORE;
	if (a->local >= b->local)
		return TIMETEXT_NOT_BEFORE;
	/* an abbreviation may stand for two zones, but hardly on one host */
	return a->zone[0] != '\0' && strcasecmp(a->zone, b->zone) == 0 ? TIMETEXT_BEFORE :
									 TIMETEXT_PERHAPS;
}

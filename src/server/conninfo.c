/*
 * Connection strings and URIs, which may hold a password.
 *
 * libpq repeats what it cannot read: all of a URI, or the word at which it gave up.  And it reads
 * what it should not: after a password with an unescaped "@" or "/" the rest of it is taken for
 * the host or the port, and the error of the connection names these.  Messages go to logs and
 * mail, so nothing of such a string is repeated.
 */
#include "server/conninfo.h"
#include "server/conninfo_check.h"

#include <string.h>

static const char *const schemes[] = { "postgresql://", "postgres://" };

/* What follows the scheme of a URI; NULL if it is not one. */
static const char *
after_scheme(const char *text)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
			return text + strlen(schemes[i]);
	return NULL;
}

bool
conninfo_is_string(const char *dbname)
{
	return strchr(dbname, '=') != NULL || after_scheme(dbname) != NULL;
}

static int
bad_escape(struct error *err)
{
	error_set(err, ERROR_USAGE, 0,
	    "connection URI: the user name or the password has an unescaped \"@\" or \"/\"");
	return error_hint(err, "Write them as %%40 and %%2F in a URI.");
}

/* Is what follows the host of ${authority}, "HOST:PORT", something else than a port? */
static bool
has_bad_port(const char *authority, size_t len)
{
	const char *colon = memchr(authority, ':', len);

	/* an IPv6 address has colons; several hosts have ports of their own */
	if (colon == NULL || authority[0] == '[' || memchr(authority, ',', len))
		return false;
	return strspn(colon + 1, "0123456789") < len - (size_t)(colon + 1 - authority);
}

/* libpq would read it, but not as it was meant. */
static int
check_uri(const char *rest, struct error *err)
{
	const size_t len = strcspn(rest, "/?");
	const char *at = memchr(rest, '@', len);
	const char *end = rest + strcspn(rest, "?");

	/* no host has one in its name */
	if (at && memchr(at + 1, '@', len - (size_t)(at + 1 - rest)))
		return bad_escape(err);
	if (at == NULL && memchr(rest + len, '@', (size_t)(end - rest) - len) &&
	    has_bad_port(rest, len))
		return bad_escape(err);
	return 0;
}

/*
 * ${why} without what it quotes of the string; single characters are libpq's own.  It ends its
 * sentences with the quoted text, or goes on after it.
 */
static int
put_reason(struct error *err, const char *why)
{
	const size_t len = strcspn(why, "\n");
	const char *from = why, *to = why + len;

	while (from < to && !(*from == '"' && !(from + 2 < to && from[2] == '"')))
		from += *from == '"' ? 3 : 1;
	while (to > from && *to != '"')
		to--;
	if (from >= to)
		return error_set(
		    err, ERROR_USAGE, 0, "connection string: %.*s", (int)len, why);
	error_set(err, ERROR_USAGE, 0, "connection string: %.*s\"...%.*s",
	    (int)(from - why), why, (int)(why + len - to), to);
	return error_hint(
	    err, "The wrong part is not shown, because it may be a password.");
}

int
conninfo_parse(const char *conninfo, PQconninfoOption **options, struct error *err)
{
	const char *rest = after_scheme(conninfo);
	char *why = NULL;

	*options = NULL;
	if (rest && check_uri(rest, err))
		return -1;
	*options = PQconninfoParse(conninfo, &why);
	if (*options)
		return 0;
	(void)!put_reason(err, why ? why : "out of memory");
	PQfreemem(why);
	return -1;
}

/*
 * The words are libpq's (conninfo_storeval() in fe-connect.c), in English as long as no one calls
 * setlocale().
 */
int
conninfo_check(const char *conninfo, bool *is_unknown, struct error *err)
{
	static const char *const unknown[] = { "invalid connection option",
		"invalid URI query parameter" };
	PQconninfoOption *options;

	*is_unknown = false;
	if (conninfo_parse(conninfo, &options, err) == 0) {
		PQconninfoFree(options);
		return 0;
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		*is_unknown = *is_unknown || strstr(err->text, unknown[i]);
	return *is_unknown ? 0 : -1;
}

int
conninfo_check_dbname(const char *dbname, struct error *err)
{
	const char *colon = strstr(dbname, ":/");

	if (conninfo_is_string(dbname) || colon == NULL || strchr(colon, '@') == NULL)
		return 0;
	error_set(err, ERROR_USAGE, 0, "the database looks like a URI, but is not one");
	return error_hint(err, "A connection URI begins with \"postgresql://\".");
}

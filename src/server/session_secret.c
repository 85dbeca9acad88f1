/* The passwords of a connection, which no message may repeat. */
#include "server/session_secret.h"

#include <string.h>

#include "lib/secret.h"
#include "server/session_internal.h"

/* Parameters of a connection that are secrets, in any release of libpq; and its password. */
static const char *const keywords[] = { "password", "sslpassword", "oauth_client_secret",
	"scram_client_key", "scram_server_key" };

enum { KEYWORDS = sizeof(keywords) / sizeof(keywords[0]) };

static bool
is_secret(const char *keyword)
{
	for (size_t i = 0; i < KEYWORDS; i++)
		if (strcmp(keyword, keywords[i]) == 0)
			return true;
	return false;
}

/*
 * A password that is the name of the user or the database too is no secret where the name is
 * said, and hidden there it would be told.
 */
static bool
is_said_openly(const PQconninfoOption *of, const char *value)
{
	for (; of && of->keyword; of++)
		if (!is_secret(of->keyword) && of->val && strcmp(of->val, value) == 0)
			return true;
	return false;
}

bool
session_secret_mask(
    const struct session *s, char *out, size_t size, const char *text, size_t len)
{
	PQconninfoOption *of = s->conn ? PQconninfo(s->conn) : NULL;
	const char *password = s->conn ? PQpass(s->conn) : NULL; /* of a file, too */
	const char *known[KEYWORDS + 1];
	size_t count = 0;
	bool has_form;

	for (const PQconninfoOption *o = of; o && o->keyword; o++)
		if (count < KEYWORDS && o->val && is_secret(o->keyword) &&
		    !is_said_openly(of, o->val))
			known[count++] = o->val;
	if (password && !is_said_openly(of, password))
		known[count++] = password;
	has_form = secret_mask(out, size, text, len, known, count);
	PQconninfoFree(of);
	return has_form;
}

void
session_secret_hide(const struct session *s, struct error *err)
{
	char text[sizeof(err->text)], hint[sizeof(err->hint)];

	session_secret_mask(s, text, sizeof(text), err->text, strlen(err->text));
	session_secret_mask(s, hint, sizeof(hint), err->hint, strlen(err->hint));
	memcpy(err->text, text, sizeof(text));
	memcpy(err->hint, hint, sizeof(hint));
}

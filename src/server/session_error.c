/*
 * What libpq and the server say, as errors and messages of ours.  Either may repeat a part of the
 * connection string: passwords are hidden before anything else is done with a text.
 */
#include "server/session_error.h"

#include <stdio.h>
#include <string.h>

#include "server/session_internal.h"
#include "server/session_secret.h"

/* Message texts of the server are of any length; what is over that is cut. */
#define MESSAGE 768

/* Blanks may go, a mask may come. */
#define RAW (4 * MESSAGE)

/* Put ${text} on one line: a run of blanks and control bytes is a space. */
static const char *
join_lines(char out[MESSAGE], const char *text, size_t len)
{
	size_t used = 0;

	for (size_t i = 0; i < len && used + 1 < MESSAGE; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c > ' ' && c != 0x7f)
			out[used++] = (char)c;
		else if (used > 0 && out[used - 1] != ' ')
			out[used++] = ' ';
	}
	while (used > 0 && out[used - 1] == ' ')
		used--;
	out[used] = '\0';
	return out;
}

static const char *
one_line(const struct session *s, char out[MESSAGE], const char *text, size_t len)
{
	char raw[RAW];

	session_secret_mask(s, raw, sizeof(raw), text, len);
	return join_lines(out, raw, strlen(raw));
}

static const char *
first_line(const struct session *s, char out[MESSAGE], const char *text)
{
	char raw[RAW];

	session_secret_mask(s, raw, sizeof(raw), text, strlen(text));
	return join_lines(out, raw, strcspn(raw, "\n"));
}

static const char *
field(const PGresult *result, int code)
{
	const char *text = PQresultErrorField(result, code);

	return text ? text : "";
}

/* The level as the server's source spells it; severity itself is translated. */
static const char *
level(const PGresult *message)
{
	return field(message, PG_DIAG_SEVERITY_NONLOCALIZED);
}

/* After these the server hangs up; that of a crash (57P02) is a mere WARNING. */
static bool
is_farewell(const PGresult *message)
{
	return strcmp(level(message), "FATAL") == 0 ||
	    strcmp(level(message), "PANIC") == 0 ||
	    strncmp(field(message, PG_DIAG_SQLSTATE), "57P", 3) == 0;
}

/* Why the connection is going to be gone; better than "closed unexpectedly". */
static void
remember_farewell(struct session *s, const PGresult *message)
{
	const char *primary = field(message, PG_DIAG_MESSAGE_PRIMARY);
	char line[MESSAGE];

	one_line(s, line, primary, strlen(primary));
	snprintf(
	    s->farewell, sizeof(s->farewell), "%.*s", (int)sizeof(s->farewell) - 1, line);
}

void
session_error_notice(void *session, const PGresult *message)
{
	struct session *s = session;
	const char *primary = field(message, PG_DIAG_MESSAGE_PRIMARY);
	char line[MESSAGE], text[MESSAGE + 16];

	if (is_farewell(message)) {
		remember_farewell(s, message);
		return;
	}
	if (s->notice == NULL || *primary == '\0')
		return;
	snprintf(text, sizeof(text), "%.12s: %s",
	    *level(message) ? level(message) : "NOTICE",
	    one_line(s, line, primary, strlen(primary)));
	s->notice(text);
}

int
session_error_result(struct session *s, const PGresult *result, struct error *err)
{
	const char *primary = field(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = field(result, PG_DIAG_MESSAGE_DETAIL);
	const char *hint = field(result, PG_DIAG_MESSAGE_HINT);
	char line[MESSAGE], more[MESSAGE];

	snprintf(
	    s->sqlstate, sizeof(s->sqlstate), "%.5s", field(result, PG_DIAG_SQLSTATE));
	if (is_farewell(result))
		remember_farewell(s, result);

	/* libpq's own errors have no fields */
	if (*primary != '\0')
		one_line(s, line, primary, strlen(primary));
	else
		first_line(s, line, PQresultErrorMessage(result));
	error_set(err, ERROR_SERVER, 0, "%s", line);
	if (*detail != '\0') {
		size_t len = strlen(detail);

		/* a sentence there, the end of a line here */
		len -= detail[len - 1] == '.';
		error_set(
		    err, ERROR_SERVER, 0, "%s: %s", line, one_line(s, more, detail, len));
	}
	if (*hint != '\0')
		error_hint(err, "%s", one_line(s, more, hint, strlen(hint)));
	return -1;
}

int
session_error_lost(struct session *s, struct error *err)
{
	char line[MESSAGE];

	if (s->farewell[0] == '\0' && s->conn) {
		first_line(s, line, PQerrorMessage(s->conn));
		snprintf(s->farewell, sizeof(s->farewell), "%.*s",
		    (int)sizeof(s->farewell) - 1, line);
	}
	error_set(err, ERROR_SERVER, 0, "the connection to the server was lost: %s",
	    s->farewell[0] ? s->farewell : "it was closed");
	return error_hint(err, "The server's log may say more.");
}

/*
 * libpq explains itself in several lines: one for each address it tried, and advice on
 * lines of their own that begin with a tab.
 */
int
session_error_connect(const struct session *s, struct error *err)
{
	char text[sizeof(err->text)] = "", line[MESSAGE], advice[MESSAGE] = "", raw[RAW];
	const char *why = PQerrorMessage(s->conn);
	const bool has_form = session_secret_mask(s, raw, sizeof(raw), why, strlen(why));
	size_t used = 0;

	for (const char *at = raw; *at != '\0';) {
		size_t len = strcspn(at, "\n");

		join_lines(line, at, len);
		if (at[0] == '\t' && advice[0] == '\0')
			memcpy(advice, line, sizeof(advice));
		else if (at[0] != '\t' && line[0] != '\0' && used < sizeof(text)) {
			int n = snprintf(text + used, sizeof(text) - used, "%s%s",
			    used ? "; " : "", line);

			used += n > 0 ? (size_t)n : 0;
		}
		at += len + (at[len] == '\n');
	}
	error_set(err, ERROR_SERVER, 0, "%s", text[0] ? text : "could not connect");
	if (has_form)
		error_hint(err,
		    "Give a connection string or URI with -d, not as part of another option.  Parts that may be a password are not shown.");
	if (advice[0] != '\0')
		error_hint(err, "%s", advice);
	return -1;
}

int
session_error_interrupted(struct error *err)
{
	return error_set(err, ERROR_CANCELLED, 0, "interrupted");
}

/*
 * What a session is told before its first query: the settings of a role or a database
 * (ALTER ROLE ... SET) are in force by then, and may make every query fail.  Those of the
 * connection's options take their place (process_startup_options() in
 * src/backend/utils/init/postinit.c; PGC_S_CLIENT is stronger than PGC_S_USER).
 */
#include "server/session_startup.h"

#include <stdlib.h>
#include <string.h>

#include "server/conninfo.h"

/* Known to all releases; a blank within a value has a backslash in front. */
static const struct {
	const char *setting, *why;
} settings[] = {
	{ "statement_timeout=0", "the start waits for a checkpoint, for minutes" },
	{ "lock_timeout=0", "likewise" },
	{ "idle_in_transaction_session_timeout=0", "it would end the backup" },
	{ "default_transaction_isolation=read\\ committed",
	    "serializable is an error on a standby, and may wait when deferrable" },
	{ "default_transaction_deferrable=off", "the same" },
	{ "default_transaction_read_only=off", "nothing is written, but positions move" },
	{ "search_path=pg_catalog",
	    "nothing may be meant for another schema's function" },
	{ "client_min_messages=notice",
	    "what the server says of the backup is passed on" },
};

static const char *
value_of(const PQconninfoOption *options, const char *keyword)
{
	for (; options && options->keyword; options++)
		if (strcmp(options->keyword, keyword) == 0 && options->val &&
		    options->val[0] != '\0')
			return options->val;
	return NULL;
}

/* What a service says only libpq can look up, and says it of a connection that was begun. */
static int
look_up(const char *dbname, struct buf *text, struct error *err)
{
	const char *keywords[] = { "dbname", NULL }, *values[] = { dbname, NULL }, *found;
	PGconn *conn = PQconnectStartParams(keywords, values, 1);
	PQconninfoOption *of = conn ? PQconninfo(conn) : NULL;
	int rc = 0;

	found = value_of(of, "options");
	if (found)
		rc = buf_printf(text, err, "%s ", found);
	PQconninfoFree(of);
	PQfinish(conn);
	return rc;
}

/* What the user says, in the connection string of -d, a service or PGOPTIONS. */
static int
take_user_options(const char *dbname, struct buf *text, struct error *err)
{
	PQconninfoOption *of = NULL;
	const char *found;
	bool is_service = false;
	int rc = 0;

	if (dbname && conninfo_is_string(dbname)) {
		if (conninfo_parse(dbname, &of, err))
			return -1;
		is_service = value_of(of, "service") != NULL;
	}
	found = value_of(of, "options");
	if (found == NULL && is_service)
		rc = look_up(dbname, text, err);
	if (found == NULL && !is_service) {
		PQconninfoFree(of);
		of = PQconndefaults();
		found = value_of(of, "options");
	}
	if (found)
		rc = buf_printf(text, err, "%s ", found);
	PQconninfoFree(of);
	return rc;
}

int
session_startup_options(const struct session_options *options, bool with_release,
    struct buf *text, struct error *err)
{
	const char *more = with_release ? options->release_settings : NULL;

	if (take_user_options(options->dbname, text, err))
		return -1;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (buf_printf(text, err, "%s-c %s", i ? " " : "", settings[i].setting))
			return -1;
	return more ? buf_printf(text, err, " %s", more) : 0;
}

bool
session_startup_is_refused(const struct session_options *options, const char *message)
{
	char name[64];

	/* names are not translated: unrecognized configuration parameter "NAME" */
	for (const char *at = options->release_settings; at && (at = strstr(at, "-c "));
	     at++) {
		size_t len = strcspn(at + 3, "=");

		if (len + 1 > sizeof(name))
			continue;
		memcpy(name, at + 3, len);
		name[len] = '\0';
		if (strstr(message, name))
			return true;
	}
	return false;
}

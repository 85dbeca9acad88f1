/*
 * The server of a data directory writes the port and the socket directory that it listens on into
 * postmaster.pid, so that neither has to be given.  What the user did give comes first, and that is
 * looked up before the connection: libpq reports the values that it used, not where each came from.
 */
#include "server/locate.h"

#include <errno.h>
#include <libpq-fe.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/buf.h"
#include "server/conninfo.h"

struct given {
	bool host, port;
};

static bool
is_set(const char *value)
{
	return value != NULL && *value != '\0';
}

/* What -h, -p and -d say. */
static int
given_by_options(
    const struct session_options *options, struct given *given, struct error *err)
{
	PQconninfoOption *of;

	given->host = is_set(options->host);
	given->port = is_set(options->port);
	if (!is_set(options->dbname) || !conninfo_is_string(options->dbname))
		return 0;
	if (conninfo_parse(options->dbname, &of, err))
		return -1;
	for (const PQconninfoOption *o = of; o->keyword; o++) {
		bool is_service = strcmp(o->keyword, "service") == 0;

		if (!is_set(o->val))
			continue;
		/* only libpq can look up what a service says */
		if (is_service || strcmp(o->keyword, "host") == 0 ||
		    strcmp(o->keyword, "hostaddr") == 0)
			given->host = true;
		if (is_service || strcmp(o->keyword, "port") == 0)
			given->port = true;
	}
	PQconninfoFree(of);
	return 0;
}

/* What the environment says, PGSERVICE's service included. */
static void
given_by_environment(struct given *given)
{
	PQconninfoOption *defaults = PQconndefaults();
	bool is_service = is_set(getenv("PGSERVICE"));

	if (is_set(getenv("PGPORT")))
		given->port = true;
	for (const PQconninfoOption *o = defaults; o && o->keyword; o++) {
		if (!is_set(o->val))
			continue;
		if (strcmp(o->keyword, "host") == 0 ||
		    strcmp(o->keyword, "hostaddr") == 0) {
			given->host = true;
			given->port |= is_service;
		}
		/* the compiled-in port is there when no one says one */
		if (strcmp(o->keyword, "port") == 0 &&
		    (o->compiled == NULL || strcmp(o->val, o->compiled) != 0))
			given->port = true;
	}
	PQconninfoFree(defaults);
}

/* The server of an empty socket directory listens on TCP alone. */
static int
locate_host(const struct postmaster *p, struct buf *host, struct error *err)
{
	const char *address = p->listen_addr ? p->listen_addr : "";

	if (is_set(p->socket_dir)) {
		/* a relative one is relative to the data directory; "@" is no file */
		if (strchr("/@", p->socket_dir[0]) == NULL &&
		    buf_printf(host, err, "%s/", p->datadir))
			return -1;
		return buf_printf(host, err, "%s", p->socket_dir);
	}
	if (*address == '\0') {
		error_set(err, ERROR_STATE, 0,
		    "postmaster.pid names no socket directory and no address to connect to");
		return error_hint(err,
		    "If the server is still starting, try again; otherwise name a host with -h.");
	}
	/* "any address" is one to listen on, not one to connect to */
	if (strcmp(address, "*") == 0 || strcmp(address, "0.0.0.0") == 0)
		address = "127.0.0.1";
	else if (strcmp(address, "::") == 0)
		address = "::1";
	return buf_printf(host, err, "%s", address);
}

int
locate_server(
    const struct postmaster *p, struct session_options *options, struct error *err)
{
	struct given given = { false, false };
	struct buf host = { 0 }, port = { 0 };
	int rc = -1;

	locate_free(options);
	if (given_by_options(options, &given, err))
		goto out;
	given_by_environment(&given);
	options->host_is_given = given.host;
	if (p && !given.host && locate_host(p, &host, err))
		goto out;
	if (p && !given.port && p->port != 0 && buf_printf(&port, err, "%u", p->port))
		goto out;
	options->located_host = (char *)host.data;
	options->located_port = (char *)port.data;
	host.data = port.data = NULL;
	rc = 0;
out:
	buf_free(&host);
	buf_free(&port);
	return rc;
}

int
locate_check_alive(const struct postmaster *postmaster,
    const struct session_options *options, const char *pgdata, struct error *err)
{
	if (options->host_is_given || postmaster_is_alive(postmaster))
		return 0;
	error_set(err, ERROR_STATE, 0,
	    "no server is running in \"%s\": postmaster.pid names process %lld, which is gone",
	    pgdata, (long long)postmaster->pid);
	return error_hint(err,
	    "Start the server; or use --snapshot if this directory is a snapshot, or if the server crashed and all its files are there.");
}

/* Something that cleans up /tmp took it away; or the server has a /tmp of its own (PrivateTmp). */
bool
locate_has_lost_socket(const struct postmaster *p, const struct session_options *options)
{
	char path[PATH_MAX];
	struct stat st;

	if (options->host_is_given || p->socket_dir == NULL || p->socket_dir[0] != '/')
		return false;
	snprintf(path, sizeof(path), "%s/.s.PGSQL.%u", p->socket_dir, p->port);
	return lstat(path, &st) == -1 && errno == ENOENT && postmaster_is_alive(p);
}

void
locate_free(struct session_options *options)
{
	free(options->located_host);
	free(options->located_port);
	options->located_host = options->located_port = NULL;
}

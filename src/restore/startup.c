/*
 * A copy is often restored next to its original, whose port it then has.  Where a server listens to
 * it, or holds the lock of its socket, another port is named for the start; the configuration stays as
 * it is, since the copy may take the place of the original later.
 */
#include "restore/startup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/number.h"
#include "lib/sys.h"
#include "pg/cluster.h"

/* ---- ports ---- */

/* As the server binds its own (StreamServerPort() in pqcomm.c). */
static bool
is_listened_to(int family, unsigned port)
{
	const struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	const struct sockaddr_in6 any6 = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port) };
	const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	int rc;

	if (fd == -1)
		return false;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	rc = family == AF_INET6 ? bind(fd, (const struct sockaddr *)&any6, sizeof(any6)) :
				  bind(fd, (const struct sockaddr *)&any, sizeof(any));
	/* a signal does not interrupt bind() */
	if (rc == -1 && errno != EADDRINUSE)
		rc = 0;
	sys_close(fd);
	return rc == -1;
}

/* A server that listens there has a file like .s.PGSQL.5432.lock (UNIXSOCK_PATH in pqcomm.h). */
static bool
has_socket(const char *directories, unsigned port)
{
	const char *at = directories;
	char path[256];
	struct stat st;

	while (*at) {
		size_t len;

		at += strspn(at, ", \t\"");
		len = strcspn(at, ", \t\"");
		snprintf(path, sizeof(path), "%.*s/.s.PGSQL.%u.lock", (int)len, at, port);
		if (len > 0 && lstat(path, &st) == 0)
			return true;
		at += len;
	}
	return false;
}

static bool
is_in_use(const char *directories, unsigned port)
{
	/* of the sources, and of Debian and Red Hat */
	if (directories[0] == '\0')
		directories = "/tmp, /var/run/postgresql";
	return is_listened_to(AF_INET, port) || is_listened_to(AF_INET6, port) ||
	    has_socket(directories, port);
}

/* 0: all of the next ones are taken. */
static unsigned
free_port(const char *directories, unsigned port)
{
	for (unsigned n = 1; n <= 100 && port + n <= 65535; n++)
		if (!is_in_use(directories, port + n))
			return port + n;
	return 0;
}

/* ---- the command ---- */

/* As a word of the shell. */
static int
put_word(struct buf *out, const char *word, struct error *err)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./+:@%,=-";

	if (word[0] && word[strspn(word, plain)] == '\0')
		return buf_printf(out, err, " %s", word);
	if (buf_printf(out, err, " '"))
		return -1;
	for (; *word; word++)
		if (*word == '\'' ? buf_printf(out, err, "'\\''") :
				    buf_append(out, word, 1, err))
			return -1;
	return buf_printf(out, err, "'");
}

/* Where Debian and the packages for Red Hat have the programs of a release. */
static int
put_program(struct buf *out, const struct pg_version *version, const char *name,
    struct error *err)
{
	static const char *const places[][2] = { { "/usr/lib/postgresql/", "/bin/" },
		{ "/usr/pgsql-", "/bin/" } };
	char path[128];

	for (size_t i = 0; version && i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s%u%s%s", places[i][0], version->major,
		    places[i][1], name);
		if (access(path, X_OK) == 0)
			return buf_printf(out, err, "%s", path);
	}
	return buf_printf(out, err, "%s", name);
}

/* The words that make it run as the owner; no server runs as root. */
static int
put_owner(struct buf *out, const struct owner *owner, struct error *err)
{
	const struct passwd *user;

	if (geteuid() == owner->uid)
		return 0;
	user = getpwuid(owner->uid);
	if (user == NULL)
		return buf_printf(out, err,
		    "setpriv --reuid=%lu --regid=%lu --clear-groups -- ",
		    (unsigned long)owner->uid, (unsigned long)owner->gid);
	return buf_printf(out, err, "runuser -u %s -- ", user->pw_name);
}

/* What is handed on to the server, in one word. */
static int
put_server_options(const struct restore_startup *s, struct buf *out, unsigned other_port,
    struct error *err)
{
	struct buf options = { 0 };
	int rc = 0;

	if (other_port > 0)
		rc = buf_printf(&options, err, "-p %u", other_port);
	if (rc == 0 && s->config_file)
		rc =
		    buf_printf(&options, err, "%s-c config_file=", other_port ? " " : "");
	/* pg_ctl puts it into a command line of its own */
	if (rc == 0 && s->config_file) {
		struct buf path = { 0 }, word = { 0 };

		rc = buf_printf(&path, err, "%s/%s", s->datadir, s->config_file) ||
			put_word(&word, buf_text(&path), err) ||
			buf_printf(&options, err, "%s", buf_text(&word) + 1) ?
		    -1 :
		    0;
		buf_free(&path);
		buf_free(&word);
	}
	if (rc == 0 && options.len > 0)
		rc = buf_printf(out, err, " -o") ||
			put_word(out, buf_text(&options), err) ?
		    -1 :
		    0;
	buf_free(&options);
	return rc;
}

int
restore_startup_command(const struct restore_startup *s, struct buf *command,
    unsigned *port, unsigned *other_port, struct error *err)
{
	struct buf log = { 0 };
	uint64_t number = RESTORE_STARTUP_PORT;
	int rc;

	if (!number_parse(s->port, strlen(s->port), 65535, &number) || number == 0)
		number = RESTORE_STARTUP_PORT;
	*port = (unsigned)number;
	*other_port = is_in_use(s->sockets, *port) ? free_port(s->sockets, *port) : 0;
	rc = put_owner(command, &s->owner, err) ||
		put_program(command, s->version, "pg_ctl", err) ||
		buf_printf(command, err, " -D") || put_word(command, s->datadir, err) ||
		buf_printf(&log, err, "%s/startup.log", s->datadir) ||
		buf_printf(command, err, " -l") ||
		put_word(command, buf_text(&log), err) ||
		put_server_options(s, command, *other_port, err) ||
		buf_printf(command, err, " start") ?
	    -1 :
	    0;
	buf_free(&log);
	return rc;
}

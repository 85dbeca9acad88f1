#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/locate.h"

/* What postmaster.pid says. */
struct pidfile {
	const char *socket_dir, *listen_addr, *datadir; /* NULL: not told */
	unsigned port;
};

#define SOCKET \
	{ \
		"/run/pg", "localhost", "/data", 5433 \
	}
#define NO_SOCKET(address) \
	{ \
		"", address, "/data", 5433 \
	}

static const struct row {
	const char *name;
	struct pidfile pidfile;
	struct session_options options;
	const char *variable, *value; /* of the environment */
	const char *host, *port;      /* located; NULL: not */
	bool host_is_given;
	const char *error;
} rows[] = {
	{ "nothing said", SOCKET, .host = "/run/pg", .port = "5433" },
	{ "empty words", SOCKET, { .host = "", .port = "", .dbname = "" },
	    .host = "/run/pg", .port = "5433" },
	{ "-h", SOCKET, { .host = "db" }, .port = "5433", .host_is_given = true },
	{ "-p", SOCKET, { .port = "1" }, .host = "/run/pg" },
	{ "-h and -p", SOCKET, { .host = "db", .port = "1" }, .host_is_given = true },
	{ "-d a name", SOCKET, { .dbname = "db" }, .host = "/run/pg", .port = "5433" },
	{ "-d a string without either", SOCKET, { .dbname = "user=me" },
	    .host = "/run/pg", .port = "5433" },
	{ "-d a string with host", SOCKET, { .dbname = "host=db" }, .port = "5433",
	    .host_is_given = true },
	{ "-d a string with hostaddr", SOCKET, { .dbname = "hostaddr=::1" },
	    .port = "5433", .host_is_given = true },
	{ "-d a string with port", SOCKET, { .dbname = "port=1" }, .host = "/run/pg" },
	{ "-d a string with service", SOCKET, { .dbname = "service=x" },
	    .host_is_given = true },
	{ "-d a URI", SOCKET, { .dbname = "postgresql://me@db:1/x" },
	    .host_is_given = true },
	{ "-d a short URI", SOCKET, { .dbname = "postgres:///x" }, .host = "/run/pg",
	    .port = "5433" },
	{ "-d is damaged", SOCKET, { .dbname = "host=a b" },
	    .error = "connection string: missing \"=\" after \"b\" in connection info "
		     "string" },
	{ "PGHOST", SOCKET, .variable = "PGHOST", .value = "db", .port = "5433",
	    .host_is_given = true },
	{ "PGHOST empty", SOCKET, .variable = "PGHOST", .value = "", .host = "/run/pg",
	    .port = "5433" },
	{ "PGHOSTADDR", SOCKET, .variable = "PGHOSTADDR", .value = "127.0.0.1",
	    .port = "5433", .host_is_given = true },
	{ "PGPORT", SOCKET, .variable = "PGPORT", .value = "1", .host = "/run/pg" },
	{ "PGPORT as compiled in", SOCKET, .variable = "PGPORT", .value = "5432",
	    .host = "/run/pg" },
	{ "PGSERVICE with both", SOCKET, .variable = "PGSERVICE", .value = "both",
	    .host_is_given = true },
	{ "PGSERVICE with host", SOCKET, .variable = "PGSERVICE", .value = "host",
	    .host_is_given = true },
	{ "PGSERVICE with port", SOCKET, .variable = "PGSERVICE", .value = "port",
	    .host = "/run/pg" },
	{ "PGSERVICE with neither", SOCKET, .variable = "PGSERVICE", .value = "user",
	    .host = "/run/pg", .port = "5433" },
	{ "abstract socket", { "@pg", "", "/data", 5433 }, .host = "@pg",
	    .port = "5433" },
	{ "relative socket directory", { "sock", "", "/data", 5433 },
	    .host = "/data/sock", .port = "5433" },
	{ "no socket, an address", NO_SOCKET("10.0.0.1"), .host = "10.0.0.1",
	    .port = "5433" },
	{ "no socket, any address", NO_SOCKET("*"), .host = "127.0.0.1", .port = "5433" },
	{ "no socket, any IPv4 address", NO_SOCKET("0.0.0.0"), .host = "127.0.0.1",
	    .port = "5433" },
	{ "no socket, any IPv6 address", NO_SOCKET("::"), .host = "::1", .port = "5433" },
	{ "nowhere", NO_SOCKET(""),
	    .error = "postmaster.pid names no socket directory and no address to connect "
		     "to" },
	{ "nowhere, not told", { NULL, NULL, "/data", 5433 },
	    .error = "postmaster.pid names no socket directory and no address to connect "
		     "to" },
	{ "nowhere, but -h", NO_SOCKET(""), { .host = "db" }, .port = "5433",
	    .host_is_given = true },
	{ "no port", { "/run/pg", "localhost", "/data", 0 }, .host = "/run/pg" },
};

static const char *const environment[] = { "PGHOST", "PGHOSTADDR", "PGPORT",
	"PGSERVICE" };
static char services[] = "/tmp/test_locate.XXXXXX";

static void
clear_environment(void)
{
	for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++)
		unsetenv(environment[i]);
}

static void
assert_text(const char *text, const char *expected)
{
	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
}

/* Its strings are borrowed, and nobody changes them. */
static struct postmaster
postmaster(const struct pidfile *f)
{
	return (struct postmaster){
		.socket_dir = (char *)(uintptr_t)f->socket_dir,
		.listen_addr = (char *)(uintptr_t)f->listen_addr,
		.datadir = (char *)(uintptr_t)f->datadir,
		.port = f->port,
	};
}

static void
check(void **state)
{
	const struct row *row = *state;
	const struct postmaster p = postmaster(&row->pidfile);
	struct session_options options = row->options;
	struct error err = { 0 };
	int rc;

	clear_environment();
	if (row->variable)
		setenv(row->variable, row->value, 1);
	rc = locate_server(&p, &options, &err);
	clear_environment();
	assert_int_equal(rc, row->error ? -1 : 0);
	assert_string_equal(err.text, row->error ? row->error : "");
	assert_text(options.located_host, row->host);
	assert_text(options.located_port, row->port);
	assert_int_equal(options.host_is_given, row->host_is_given);
	assert_ptr_equal(options.host, row->options.host);
	locate_free(&options);
	assert_null(options.located_host);
	locate_free(&options);
}

static void
without_postmaster(void **state)
{
	struct session_options options = { 0 };
	struct error err = { 0 };

	(void)state;
	clear_environment();
	assert_int_equal(locate_server(NULL, &options, &err), 0);
	assert_null(options.located_host);
	assert_null(options.located_port);
	assert_false(options.host_is_given);
}

/* The answer of before does not leak, nor stay. */
static void
twice(void **state)
{
	const struct pidfile first = SOCKET, second = { "/run/pg", "", "/data", 2 };
	const struct postmaster a = postmaster(&first), b = postmaster(&second);
	struct session_options options = { 0 };
	struct error err = { 0 };

	(void)state;
	clear_environment();
	assert_int_equal(locate_server(&a, &options, &err), 0);
	assert_int_equal(locate_server(&b, &options, &err), 0);
	assert_string_equal(options.located_port, "2");
	locate_free(&options);
}

static int
write_services(void **state)
{
	static const char text[] = "[both]\nhost=db\nport=7\n[host]\nhost=db\n"
				   "[port]\nport=7\n[user]\nuser=me\n";
	int fd = mkstemp(services);

	(void)state;
	if (fd == -1 || write(fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1)
		return -1;
	close(fd);
	return setenv("PGSERVICEFILE", services, 1);
}

static int
remove_services(void **state)
{
	(void)state;
	return unlink(services);
}

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* The process of postmaster.pid is gone: that says something only if nothing else names a host. */
static void
is_alive(void **state)
{
	static char nowhere[] = "/nowhere";
	struct session_options options = { .host_is_given = false };
	struct postmaster p = { .pid = getpid(), .socket_dir = nowhere, .port = 1 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(locate_check_alive(&p, &options, "/data", &err), 0);
	assert_true(locate_has_lost_socket(&p, &options));
	p.pid = INT32_MAX;
	assert_false(locate_has_lost_socket(&p, &options));
	assert_int_equal(locate_check_alive(&p, &options, "/data", &err), -1);
	assert_string_equal(err.text,
	    "no server is running in \"/data\": postmaster.pid names process 2147483647, which is gone");
	options.host_is_given = true;
	assert_int_equal(locate_check_alive(&p, &options, "/data", &err), 0);
	p.pid = getpid();
	assert_false(locate_has_lost_socket(&p, &options));
}

int
main(void)
{
	struct CMUnitTest tests[ROWS + 3] = { cmocka_unit_test(without_postmaster),
		cmocka_unit_test(twice), cmocka_unit_test(is_alive) };

	for (size_t i = 0; i < ROWS; i++)
		tests[i + 3] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests_name(
	    "locate", tests, write_services, remove_services);
}

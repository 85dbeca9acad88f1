/* The command that starts a copy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/sys.h"
#include "restore/startup.h"
#include "support/faketree.h"

static const struct restore_startup plain = {
	.datadir = "/srv/copy", .port = "", .sockets = "/nowhere"
};

static void
expect(struct restore_startup s, const char *text, unsigned port, unsigned other)
{
	struct error err = { 0 };
	struct buf command = { 0 };
	unsigned its, used;

	s.owner = (struct owner){ geteuid(), getegid() };
	assert_int_equal(restore_startup_command(&s, &command, &its, &used, &err), 0);
	if (text)
		assert_string_equal(buf_text(&command), text);
	assert_int_equal(its, port);
	assert_int_equal(used, other);
	buf_free(&command);
}

/* Ports that no one should have; but where one is, the test says nothing of it. */
static void
words(void **state)
{
	struct restore_startup s = plain;

	(void)state;
	s.port = "1777";
	expect(s, "pg_ctl -D /srv/copy -l /srv/copy/startup.log start", 1777, 0);
	s.datadir = "/srv/it's";
	expect(
	    s, "pg_ctl -D '/srv/it'\\''s' -l '/srv/it'\\''s/startup.log' start", 1777, 0);
	s = plain;
	s.port = "1777";
	s.config_file = "my.conf";
	expect(s,
	    "pg_ctl -D /srv/copy -l /srv/copy/startup.log -o '-c config_file=/srv/copy/my.conf' start",
	    1777, 0);
}

static void
listening(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(address);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct restore_startup s = plain;
	struct error err = { 0 };
	struct buf command = { 0 };
	unsigned its, used;
	char port[8];

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	snprintf(port, sizeof(port), "%u", ntohs(address.sin_port));
	s.port = port;
	s.owner = (struct owner){ geteuid(), getegid() };
	assert_int_equal(restore_startup_command(&s, &command, &its, &used, &err), 0);
	assert_int_equal(its, ntohs(address.sin_port));
	assert_true(used > its || its > 65400);
	if (used > its)
		assert_non_null(strstr(buf_text(&command), " -o '-p "));
	buf_free(&command);
	close(fd);
}

/* One that listens to its socket alone. */
static void
locked(void **state)
{
	static const struct fake_file files[] = { { ".s.PGSQL.1777.lock", "1\n" },
		{ ".s.PGSQL.1778.lock", "2\n" } };
	char *root = faketree_new(files, 2), sockets[600];
	struct restore_startup s = plain;

	(void)state;
	snprintf(sockets, sizeof(sockets), "/nowhere, %s", root);
	s.port = "1777";
	s.sockets = sockets;
	expect(s, "pg_ctl -D /srv/copy -l /srv/copy/startup.log -o '-p 1779' start", 1777,
	    1779);
	faketree_free(root);
}

/* Whoever restores as root starts it as the owner. */
static void
by_root(void **state)
{
	struct restore_startup s = plain;
	struct error err = { 0 };
	struct buf command = { 0 };
	unsigned its, used;

	(void)state;
	s.owner = (struct owner){ 4000000000, 4000000001 };
	s.port = "1777";
	assert_int_equal(restore_startup_command(&s, &command, &its, &used, &err), 0);
	assert_string_equal(buf_text(&command),
	    "setpriv --reuid=4000000000 --regid=4000000001 --clear-groups -- pg_ctl -D /srv/copy -l /srv/copy/startup.log start");
	buf_free(&command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(listening),
		cmocka_unit_test(locked),
		cmocka_unit_test(by_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

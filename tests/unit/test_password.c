/* A terminal of our own: posix_openpt() and its kin are X/Open's. */
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "server/password.h"

/*
 * The password is asked for in a child whose terminal is a pseudo-terminal, and the test
 * is the user in front of it.  What the child got, it writes into a pipe.
 */
struct child {
	pid_t pid;
	int screen;    /* the user's side of the terminal */
	int interrupt; /* a byte here is the signal */
	int result;
	bool keep; /* the screen is looked at afterwards */
};

static void
run_child(const char *terminal, int interrupt, int result)
{
	struct error err = { 0 };
	char *password, text[8192];
	int len;

	setsid();
	/* the first terminal that is opened becomes that of the session */
	if (terminal && open(terminal, O_RDWR) == -1)
		_exit(1);
	if (password_prompt("Secret? ", interrupt, &password, &err) == 0)
		len = snprintf(text, sizeof(text), "0 %s", password);
	else
		len = snprintf(text, sizeof(text), "%d %s%s", (int)err.kind, err.text,
		    password ? " and a password" : "");
	if (write(result, text, (size_t)len) != len)
		_exit(1);
	free(password);
	exit(0);
}

static struct child
start(bool has_terminal)
{
	struct child c = { .screen = -1 };
	const char *terminal = NULL;
	int interrupt[2], result[2];

	assert_int_equal(pipe(interrupt), 0);
	assert_int_equal(pipe(result), 0);
	if (has_terminal) {
		c.screen = posix_openpt(O_RDWR | O_NOCTTY);
		assert_int_not_equal(c.screen, -1);
		assert_int_equal(grantpt(c.screen), 0);
		assert_int_equal(unlockpt(c.screen), 0);
		terminal = ptsname(c.screen);
	}
	fflush(NULL); /* or the child would print it too */
	c.pid = fork();
	assert_int_not_equal(c.pid, -1);
	if (c.pid == 0)
		run_child(terminal, interrupt[0], result[1]);
	close(interrupt[0]);
	close(result[1]);
	c.interrupt = interrupt[1];
	c.result = result[0];
	return c;
}

/* Read the screen until ${text} is on it. */
static void
await_text(const struct child *c, const char *text)
{
	char screen[256] = "";
	size_t used = 0;

	while (strstr(screen, text) == NULL) {
		struct pollfd fd = { .fd = c->screen, .events = POLLIN };
		ssize_t got;

		assert_int_equal(poll(&fd, 1, 10000), 1);
		got = read(c->screen, screen + used, sizeof(screen) - used - 1);
		assert_true(got > 0);
		used += (size_t)got;
		screen[used] = '\0';
	}
}

static void
type(const struct child *c, const char *text)
{
	assert_int_equal(write(c->screen, text, strlen(text)), (ssize_t)strlen(text));
}

/* Wait for the child; ${expected} is what it got. */
static void
finish(struct child *c, const char *expected)
{
	char text[8192];
	size_t used = 0;
	ssize_t got;
	int status;

	while ((got = read(c->result, text + used, sizeof(text) - used - 1)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	assert_string_equal(text, expected);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	assert_int_equal(status, 0);
	close(c->interrupt);
	close(c->result);
	if (c->screen != -1 && !c->keep)
		close(c->screen);
}

static bool
has_echo(const struct child *c)
{
	struct termios t;

	assert_int_equal(tcgetattr(c->screen, &t), 0);
	return t.c_lflag & ECHO;
}

static void
a_password(void **state)
{
	struct child c = start(true);

	(void)state;
	await_text(&c, "Secret? ");
	assert_false(has_echo(&c));
	type(&c, "ope");
	type(&c, "n sesame\n");
	await_text(&c, "\n");
	finish(&c, "0 open sesame");
}

static void
echo_comes_back(void **state)
{
	struct child c = start(true);
	int keep;

	(void)state;
	await_text(&c, "Secret? ");
	/* the child's side stays open, and with it what is set there */
	keep = open(ptsname(c.screen), O_RDWR | O_NOCTTY);
	assert_int_not_equal(keep, -1);
	type(&c, "\n");
	c.keep = true;
	finish(&c, "0 ");
	assert_true(has_echo(&c));
	close(c.screen);
	close(keep);
}

static void
an_interrupt(void **state)
{
	struct child c = start(true);

	(void)state;
	await_text(&c, "Secret? ");
	assert_int_equal(write(c.interrupt, "", 1), 1);
	finish(&c, "8 interrupted");
}

static void
no_terminal(void **state)
{
	struct child c = start(false);

	(void)state;
	finish(&c,
	    "7 the server requires a password, and there is no terminal to ask for it");
}

static void
end_of_file(void **state)
{
	struct child c = start(true);

	(void)state;
	await_text(&c, "Secret? ");
	type(&c, "\x04"); /* control-D */
	finish(&c,
	    "7 the server requires a password, and there is no terminal to ask for it");
}

/* The terminal takes lines of 4095 bytes; control-D hands out what there is of one. */
static void
much_too_long(void **state)
{
	struct child c = start(true);
	char line[2048];

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 2] = '\x04';
	line[sizeof(line) - 1] = '\0';
	await_text(&c, "Secret? ");
	for (int i = 0; i < 3; i++)
		type(&c, line);
	finish(&c, "7 password is longer than 4096 bytes");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password),
		cmocka_unit_test(echo_comes_back),
		cmocka_unit_test(an_interrupt),
		cmocka_unit_test(no_terminal),
		cmocka_unit_test(end_of_file),
		cmocka_unit_test(much_too_long),
	};

	return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}

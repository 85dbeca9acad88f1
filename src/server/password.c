/*
 * libpq takes a password but never asks for one: that is left to each program.  The terminal is
 * polled together with the interrupt, so that Ctrl-C ends the question and the echo is switched on
 * again.
 */
#include "server/password.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/sys.h"

/* More than any server takes. */
#define LONGEST 4096

static int
no_terminal(struct error *err)
{
	return error_set(err, ERROR_STATE, 0,
	    "the server requires a password, and there is no terminal to ask for it");
}

/* Wait until something was typed. */
static int
await_typing(int tty, int interrupt_fd, struct error *err)
{
	struct pollfd fds[2] = { { .fd = tty, .events = POLLIN },
		{ .fd = interrupt_fd, .events = POLLIN } };

	while (poll(fds, 2, -1) == -1)
		if (errno != EINTR)
			return error_set(err, ERROR_IO, errno, "could not poll");
	if (fds[1].revents != 0)
		return error_set(err, ERROR_CANCELLED, 0, "interrupted");
	return 0;
}

/* A line without its end.  The terminal hands out whole lines. */
static int
read_line(int tty, int interrupt_fd, struct buf *line, struct error *err)
{
	while (line->len <= LONGEST) {
		char piece[256];
		const char *end;
		ssize_t got;

		if (await_typing(tty, interrupt_fd, err))
			return -1;
		got = read(tty, piece, sizeof(piece));
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return no_terminal(err);
		end = memchr(piece, '\n', (size_t)got);
		if (buf_append(
			line, piece, end ? (size_t)(end - piece) : (size_t)got, err))
			return -1;
		if (end)
			return 0;
	}
	return error_set(
	    err, ERROR_STATE, 0, "password is longer than %d bytes", LONGEST);
}

int
password_prompt(const char *prompt, int interrupt_fd, char **password, struct error *err)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), rc = -1;
	struct termios before, silent;
	struct buf line = { 0 };
	bool is_silent = false;

	*password = NULL;
	if (tty == -1 || tcgetattr(tty, &before) == -1) {
		no_terminal(err);
		goto out;
	}
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	silent.c_lflag |= ECHONL; /* the user sees that the line was taken */
	if (tcsetattr(tty, TCSAFLUSH, &silent) == -1) {
		no_terminal(err);
		goto out;
	}
	is_silent = true;
	if (sys_write(tty, prompt, strlen(prompt), NULL, err) ||
	    read_line(tty, interrupt_fd, &line, err) || buf_append(&line, "", 0, err))
		goto out;
	*password = (char *)line.data;
	line.data = NULL;
	rc = 0;
out:
	/* the outcome stands by now, even if the terminal is not there any more */
	if (is_silent)
		(void)tcsetattr(tty, TCSAFLUSH, &before);
	buf_free(&line);
	sys_close(tty);
	return rc;
}

/*
 * All messages are written here, under one lock: workers warn while the main thread redraws the
 * progress line, and each line has to come out whole.  A write to standard error that fails is not
 * looked at, since there is no other place to say so.
 */
#include "cli/message.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/advice.h"
#include "lib/utf8.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum message_level level = MESSAGE_NORMAL;
static size_t drawn; /* columns of a progress line on the terminal, or 0 */
static struct message_listener *listener;
static size_t findings; /* that were said */

void
message_set_level(enum message_level l)
{
	level = l;
}

void
message_listen(struct message_listener *l)
{
	pthread_mutex_lock(&lock);
	listener = l;
	pthread_mutex_unlock(&lock);
}

/* With the lock held. */
static void
wipe_progress(void)
{
	if (drawn > 0)
		fprintf(stderr, "\r%*s\r", (int)drawn, "");
	drawn = 0;
}

static void say(const char *kind, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

static void
say(const char *kind, const char *fmt, va_list args)
{
	char raw[2048], text[2 * sizeof(raw)];

	vsnprintf(raw, sizeof(raw), fmt, args);
	utf8_defuse(text, sizeof(text), raw);
	pthread_mutex_lock(&lock);
	wipe_progress();
	fprintf(stderr, "pg_basetar: %s%s\n", kind, text);
	fflush(stderr);
	pthread_mutex_unlock(&lock);
}

const char *
message_hint(const struct error *err)
{
	return err->hint[0] ? err->hint : advice_for(err);
}

/* ${raw_hint} NULL if absent. */
static void
say_with_hint(const char *kind, const struct error *err, const char *raw_hint)
{
	char text[2 * sizeof(err->text)], hint[2 * sizeof(err->hint)];

	utf8_defuse(text, sizeof(text), err->text);
	utf8_defuse(hint, sizeof(hint), raw_hint ? raw_hint : "");
	pthread_mutex_lock(&lock);
	wipe_progress();
	fprintf(stderr, "pg_basetar: %s%s\n", kind, text);
	if (raw_hint)
		fprintf(stderr, "hint: %s\n", hint);
	fflush(stderr);
	pthread_mutex_unlock(&lock);
}

void
message_error(const struct error *err)
{
	say_with_hint("", err, message_hint(err));
}

void
message_mishap(const struct error *err)
{
	say_with_hint("warning: ", err, err->hint[0] ? err->hint : NULL);
}

static void say_as(const char *kind, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
say_as(const char *kind, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(kind, fmt, args);
	va_end(args);
}

static void
tell_warning(const char *text)
{
	pthread_mutex_lock(&lock);
	if (listener)
		listener->warning(listener, text);
	pthread_mutex_unlock(&lock);
}

void
message_failure(const struct error *err)
{
	tell_warning(err->text);
	message_mishap(err);
}

void
message_warning(const char *text)
{
	tell_warning(text);
	if (level >= MESSAGE_NORMAL)
		say_as("warning: ", "%s", text);
}

void
message_unsynced(const char *path)
{
	struct error text = { 0 };

	error_set(&text, ERROR_IO, 0,
	    "could not fsync the directory of \"%s\", because this user may not read it: after a crash of the system the file may be missing",
	    path);
	message_warning(text.text);
}

void
message_finding(const struct finding *f)
{
	pthread_mutex_lock(&lock);
	findings++;
	if (listener)
		listener->finding(listener, f);
	pthread_mutex_unlock(&lock);
	say_as("", "%s", f->text);
}

size_t
message_findings(void)
{
	size_t count;

	pthread_mutex_lock(&lock);
	count = findings;
	pthread_mutex_unlock(&lock);
	return count;
}

void
message_info(const char *fmt, ...)
{
	va_list args;

	if (level < MESSAGE_VERBOSE)
		return;
	va_start(args, fmt);
	say("", fmt, args);
	va_end(args);
}

void
message_note(const char *fmt, ...)
{
	va_list args;

	if (level < MESSAGE_NORMAL)
		return;
	va_start(args, fmt);
	say("", fmt, args);
	va_end(args);
}

/* A line that wraps stays where it is; where the terminal does not tell, that is not known. */
size_t
message_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_col < 2)
		return 0;
	return size.ws_col - 1U;
}

static size_t
columns_that_fit(size_t wanted)
{
	const size_t columns = message_columns();

	return columns > 0 && wanted > columns ? columns : wanted;
}

void
message_progress(const char *raw)
{
	bool terminal = isatty(STDERR_FILENO);
	char line[512];

	utf8_defuse(line, sizeof(line), raw);
	pthread_mutex_lock(&lock);
	if (terminal) {
		size_t columns = columns_that_fit(strlen(line));

		/* blanks over what the longer line before has left */
		drawn = columns_that_fit(columns < drawn ? drawn : columns);
		fprintf(
		    stderr, "\r%.*s%*s", (int)columns, line, (int)(drawn - columns), "");
	} else {
		fprintf(stderr, "pg_basetar: %s\n", line);
	}
	fflush(stderr);
	pthread_mutex_unlock(&lock);
}

void
message_progress_end(void)
{
	pthread_mutex_lock(&lock);
	if (drawn > 0)
		fputc('\n', stderr);
	drawn = 0;
	pthread_mutex_unlock(&lock);
}

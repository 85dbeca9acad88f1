/*
 * The texts of an error are put together inside its struct: nothing here takes memory or can fail,
 * as an error may be about the lack of it.  A text that does not fit is cut, and the cut is marked;
 * the cause, at its end, is what is lost then.
 */
#include "lib/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Mark a text that did not fit, so that no one takes the cut for the whole. */
static void
mark_cut(char *text, size_t size, int wanted)
{
	if (wanted >= 0 && (size_t)wanted >= size)
		memcpy(text + size - 4, "...", 4);
}

/* The message a thread may ask for at the same time as another: strerror() is not safe. */
static void
append_cause(char *text, size_t size, int sys)
{
	char cause[128];
	size_t used = strlen(text);

	if (strerror_r(sys, cause, sizeof(cause)) != 0)
		snprintf(cause, sizeof(cause), "error %d", sys);
	mark_cut(
	    text + used, size - used, snprintf(text + used, size - used, ": %s", cause));
}

int
error_set(struct error *err, enum error_kind kind, int sys, const char *fmt, ...)
{
	va_list args;

	err->kind = kind;
	err->sys = sys;
	err->hint[0] = '\0';
	va_start(args, fmt);
	mark_cut(err->text, sizeof(err->text),
	    vsnprintf(err->text, sizeof(err->text), fmt, args));
	va_end(args);
	/* a text that fills the struct leaves no room for the cause */
	if (sys != 0 && strlen(err->text) + 8 < sizeof(err->text))
		append_cause(err->text, sizeof(err->text), sys);
	return -1;
}

int
error_wrap(struct error *err, const char *fmt, ...)
{
	char inner[sizeof(err->text)];
	va_list args;
	size_t used;

	memcpy(inner, err->text, sizeof(inner));
	/* 8 bytes are left for the inner text, or for the mark that it was cut */
	va_start(args, fmt);
	mark_cut(err->text, sizeof(err->text) - 8,
	    vsnprintf(err->text, sizeof(err->text) - 8, fmt, args));
	va_end(args);
	used = strlen(err->text);
	mark_cut(err->text + used, sizeof(err->text) - used,
	    snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner));
	return -1;
}

int
error_hint(struct error *err, const char *fmt, ...)
{
	va_list args;

	if (err->hint[0] != '\0')
		return -1;
	va_start(args, fmt);
	mark_cut(err->hint, sizeof(err->hint),
	    vsnprintf(err->hint, sizeof(err->hint), fmt, args));
	va_end(args);
	return -1;
}

int
error_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, 0, "out of memory");
}

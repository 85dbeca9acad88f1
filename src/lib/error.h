#ifndef PG_BASETAR_LIB_ERROR_H
#define PG_BASETAR_LIB_ERROR_H

/*
 * An error is a value.  The function that meets the cause sets it once; those it
 * passes on the way up add where they were; main() alone prints it, as
 *
 *	pg_basetar: WHERE: WHERE: WHAT: CAUSE
 *	hint: WHAT THE USER CAN DO
 *
 * Text is lower case without a full stop, names are quoted; a hint is a sentence.
 * The struct is of fixed size, so that "out of memory" needs none.
 */

#if defined(__GNUC__)
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define MUST_CHECK
#define PRINTF_LIKE(fmt, args)
#endif

enum error_kind {
	ERROR_NONE = 0,
	ERROR_USAGE,       /* the command line asks for what cannot be */
	ERROR_IO,          /* a system call failed; .sys has errno */
	ERROR_MEMORY,      /* no memory */
	ERROR_FORMAT,      /* bytes we read are damaged */
	ERROR_UNSUPPORTED, /* bytes are sound but of a kind we do not know */
	ERROR_SERVER,      /* the server refused, vanished or is another */
	ERROR_STATE,       /* the cluster or output is not in a state to do this */
	ERROR_CANCELLED    /* a signal, or another thread's error, ended the work */
};

struct error {
	enum error_kind kind;
	int sys;         /* errno of the cause, or 0 */
	char text[1536]; /* cut with "..." where it does not fit */
	char hint[512];  /* empty, or a sentence */
};

/*
 * Record the cause: text is fmt, followed by ": strerror(sys)" unless sys is 0.
 * Overwrites what ${err} held.  Always returns -1.  ${err} may not be NULL.
 */
int error_set(struct error *err, enum error_kind kind, int sys, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* Put "fmt: " in front of the text.  Always returns -1. */
int error_wrap(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Say what the user can do, unless a lower level said it already.  Always returns -1. */
int error_hint(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* error_set(ERROR_MEMORY), in one word.  Always returns -1. */
int error_memory(struct error *err);

#endif

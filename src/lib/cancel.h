#ifndef PG_BASETAR_LIB_CANCEL_H
#define PG_BASETAR_LIB_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>

/*
 * A flag that ends the work of every thread.  Raised by one, looked at by all: after
 * each system call that came back with EINTR, and before each wait.
 */
struct cancel {
	atomic_bool raised;
};

static inline void
cancel_raise(struct cancel *c)
{
	atomic_store(&c->raised, true);
}

/* NULL is never raised. */
static inline bool
cancel_is_raised(const struct cancel *c)
{
	return c && atomic_load(&c->raised);
}

#endif

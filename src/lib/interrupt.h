#ifndef PG_BASETAR_LIB_INTERRUPT_H
#define PG_BASETAR_LIB_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

#include "lib/error.h"

/*
 * SIGINT, SIGTERM and SIGHUP ask the program to end; SIGUSR1 asks how far it is.  The
 * handlers only leave a mark and a byte in a pipe: the main thread looks at the mark,
 * and whoever waits in poll() waits for the pipe too.  Another of them, of any kind, that
 * comes 2 s or more after the first ends the program at once, whatever hangs.  SIGPIPE and
 * SIGXFSZ are ignored, so that a reader that went away and a file that grew too large are
 * errors of write().  A signal that the parent had us ignore (nohup) stays ignored.
 *
 * Signals are the process's, so this module has state.
 */

/* Once, before the first thread is started. */
MUST_CHECK int interrupt_install(struct error *err);

/* Readable once a signal asked us to end, and from then on; -1 before the install. */
int interrupt_fd(void);

/* The signal that asked us to end, or 0. */
int interrupt_signal(void);

/*
 * End by that signal, as if it had not been handled: the shell, systemd or whoever started us sees
 * which it was.  Of a signal that is blocked, as in its handler, it returns, and we end soon.
 */
void interrupt_die(int sig);

/* Did SIGUSR1 come since the last call? */
bool interrupt_took_report(void);

/* The signal that wakes a thread out of a system call (pthread_kill()), and no more. */
#define INTERRUPT_KICK SIGUSR2

#endif

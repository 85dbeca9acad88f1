#ifndef PG_BASETAR_SERVER_PASSWORD_H
#define PG_BASETAR_SERVER_PASSWORD_H

#include "lib/error.h"

/*
 * Ask for a password on the terminal (/dev/tty, whatever the standard streams are), with
 * its echo off while it is typed.  ERROR_STATE: there is no terminal, or it was hung up;
 * ERROR_CANCELLED: ${interrupt_fd} (-1: none) became readable.  The caller frees
 * *${password}, which is NULL on failure.
 */
MUST_CHECK int password_prompt(
    const char *prompt, int interrupt_fd, char **password, struct error *err);

#endif

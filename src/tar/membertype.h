#ifndef PG_BASETAR_TAR_MEMBERTYPE_H
#define PG_BASETAR_TAR_MEMBERTYPE_H

#include <stdbool.h>

#include "lib/error.h"

/*
 * Types of members that tar programs write and the reader refuses: no backup has them, but
 * an archive that was packed anew may, and then a hint says how to pack it without.
 */

/*
 * Does a header of this ${type} have no magic, nor numbers, in GNU tar's format?  So its
 * labels and the parts of files in later volumes.
 */
bool tar_membertype_lacks_magic(char type);

/* Refuse the member ${name}: ERROR_UNSUPPORTED.  Always returns -1. */
int tar_membertype_refuse(char type, const char *name, struct error *err);

#endif

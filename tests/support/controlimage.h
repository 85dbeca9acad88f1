#ifndef PG_BASETAR_SUPPORT_CONTROLIMAGE_H
#define PG_BASETAR_SUPPORT_CONTROLIMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "pg/control.h"

/*
 * A pg_control for tests, of any control version from 1002 to 1905.  The names of its
 * fields are those of fields[] in controlimage.c.
 */

/*
 * One that control_decode() takes: a standby of PostgreSQL 15's catalog, a value of its
 * own in each field that is decoded, rubbish in the others.
 */
void controlimage_make(uint8_t image[CONTROL_SIZE], unsigned version);

/* Give a field another value; the CRC is then wrong until controlimage_seal(). */
void controlimage_set(uint8_t *image, unsigned version, const char *name, uint64_t value);
void controlimage_seal(uint8_t *image, unsigned version);

/* Where the field lies; SIZE_MAX: the version has no such field. */
size_t controlimage_at(unsigned version, const char *name);

#endif

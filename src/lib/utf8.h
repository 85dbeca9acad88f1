#ifndef PG_BASETAR_LIB_UTF8_H
#define PG_BASETAR_LIB_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of the UTF-8 character at ${s}, 0 if absent.  The NUL at the end stops
 * every look ahead.
 */
size_t utf8_length(const char *s);

/*
 * The number of the character at ${s}, if it steers a terminal instead of being seen: the C1
 * controls (U+009B begins a sequence as ESC [ does), line separators, and the marks that turn
 * the direction of the text around them, so that a name reads as another.  Else 0.
 */
uint32_t utf8_steering(const char *s);

/*
 * ${text} as one line that is safe on a terminal, cut to ${size} bytes with the NUL.  A
 * control character is '?'; a byte of a character that steers, or that is no UTF-8, is
 * "\xNN", so that a file can still be recognized by its name.
 */
void utf8_defuse(char *out, size_t size, const char *text);

#endif

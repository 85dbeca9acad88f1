/*
 * What there is of ISA-L in a program that was built without it; else deflate_isal.c and
 * inflate_isal.c are.
 */
#include "codec/deflate.h"

const struct deflater deflate_isal = { 0 };
const struct inflater inflate_isal = { 0 };

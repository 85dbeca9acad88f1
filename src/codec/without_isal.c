/* What there is of ISA-L in a program that was built without it; else deflate_isal.c is. */
#include "codec/deflate.h"

const struct deflater deflate_isal = { 0 };

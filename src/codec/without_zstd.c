/* What there is of zstd in a program that was built without libzstd; else zstd.c, unzstd.c are. */
#include "codec/zstd.h"

const struct codec_methods zstd_methods = { 0 };

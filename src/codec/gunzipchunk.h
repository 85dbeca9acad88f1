#ifndef PG_BASETAR_CODEC_GUNZIPCHUNK_H
#define PG_BASETAR_CODEC_GUNZIPCHUNK_H

#include "codec/chunk.h"

/*
 * What a gzip member has between two full flushes, as ours have after each block, is a chunk.  So is
 * its header, which has no content.
 */
extern const struct chunk_methods gunzip_chunks;

#endif

#ifndef PG_BASETAR_CODEC_GZIP_H
#define PG_BASETAR_CODEC_GZIP_H

#include "codec/codec.h"

/* gzip (RFC 1952): one member, each block of the stream flushed to a byte. */

extern const struct codec_methods gzip_methods;

int gzip_encoder_new(struct encoder **, int level, struct error *);
void gzip_encoder_free(struct encoder *);
int gzip_encode(struct encoder *, const uint8_t *bytes, size_t len, struct buf *out,
    struct codec_sum *sum, struct error *);
size_t gzip_head(int level, uint8_t out[CODEC_EDGE]);
size_t gzip_tail(const struct codec_sum *, uint8_t out[CODEC_EDGE]);
void gzip_add(struct codec_sum *whole, const struct codec_sum *next);

#endif

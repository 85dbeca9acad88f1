#ifndef PG_BASETAR_READING_MANIFESTPEEK_H
#define PG_BASETAR_READING_MANIFESTPEEK_H

#include "lib/cancel.h"
#include "lib/error.h"

/*
 * Which digests the manifest in the directory ${dirfd} has, a bit 1 << enum digest_kind
 * each: what is to be taken of the files, which are read before it is compared.  0: there is
 * no manifest, or none that can be understood; that is reported when it is compared.
 */
MUST_CHECK int manifestpeek_digests(
    int dirfd, struct cancel *cancel, unsigned *digests, struct error *err);

#endif

/*
 * SHA-2 is libcrypto's.  CRC-32C is ours, because libcrypto has none, and because it can be
 * combined: its pieces are summed by the threads that read them.  NONE is a kind like the others,
 * so that no caller has to ask whether there is a digest at all.
 */
#include "lib/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/bytes.h"
#include "lib/crc32c.h"

static const struct {
	const char *name;
	const EVP_MD *(*md)(void); /* NULL: not libcrypto's */
} kinds[] = {
	[DIGEST_NONE] = { "NONE", NULL },
	[DIGEST_CRC32C] = { "CRC32C", NULL },
	[DIGEST_SHA224] = { "SHA224", EVP_sha224 },
	[DIGEST_SHA256] = { "SHA256", EVP_sha256 },
	[DIGEST_SHA384] = { "SHA384", EVP_sha384 },
	[DIGEST_SHA512] = { "SHA512", EVP_sha512 },
};

struct digest {
	enum digest_kind kind;
	uint32_t crc;
	EVP_MD_CTX *ctx; /* NULL unless SHA-2 */
};

_Static_assert(DIGEST_MAX >= EVP_MAX_MD_SIZE, "libcrypto may write that much");

const char *
digest_name(enum digest_kind kind)
{
	return kinds[kind].name;
}

int
digest_by_name(const char *name, enum digest_kind *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcasecmp(name, kinds[i].name) == 0) {
			*kind = (enum digest_kind)i;
			return 0;
		}
	return -1;
}

/* libcrypto keeps its reasons in a queue of its own; none of them helps a user. */
static int
refused(const struct digest *d, struct error *err)
{
	return error_set(
	    err, ERROR_STATE, 0, "libcrypto cannot compute %s", digest_name(d->kind));
}

int
digest_new(struct digest **out, enum digest_kind kind, struct error *err)
{
	struct digest *d = calloc(1, sizeof(*d));
	int rc = -1;

	*out = NULL;
	if (d == NULL)
		return error_memory(err);
	d->kind = kind;
	if (kinds[kind].md) {
		d->ctx = EVP_MD_CTX_new();
		if (d->ctx == NULL) {
			error_memory(err);
			goto out;
		}
		if (EVP_DigestInit_ex(d->ctx, kinds[kind].md(), NULL) != 1) {
			refused(d, err);
			goto out;
		}
	}
	*out = d;
	d = NULL;
	rc = 0;
out:
	digest_free(d);
	return rc;
}

int
digest_update(struct digest *d, const void *bytes, size_t len, struct error *err)
{
	if (d->kind == DIGEST_CRC32C)
		d->crc = crc32c(d->crc, bytes, len);
	else if (d->ctx && EVP_DigestUpdate(d->ctx, bytes, len) != 1)
		return refused(d, err);
	return 0;
}

void
digest_set_crc32c(struct digest *d, uint32_t crc)
{
	d->crc = crc;
}

int
digest_final(struct digest *d, uint8_t out[DIGEST_MAX], size_t *len, struct error *err)
{
	unsigned size = 0;

	if (d->kind == DIGEST_CRC32C) {
		put_u32le(out, d->crc);
		size = 4;
	} else if (d->ctx && EVP_DigestFinal_ex(d->ctx, out, &size) != 1) {
		return refused(d, err);
	}
	*len = size;
	return 0;
}

void
digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

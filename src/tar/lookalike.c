/*
 * Each kind of file is known by its first bytes, as its own specification has them.  The packets of
 * OpenPGP have few bits in common; of gpg's files the first one is a session key (RFC 4880, 4.2, 5.1
 * and 5.3), with a length of two bytes or of one, and its version.
 */
#include "tar/lookalike.h"

#include <string.h>

#define BYTES(text) sizeof(text) - 1, text

static const struct lookalike {
	const char *name, *filter;
	size_t len;
	const char *bytes;
	const char *mask; /* NULL: all bits count */
} lookalikes[] = {
	{ "data encrypted by gpg", "gpg -d", BYTES("-----BEGIN PGP "), NULL },
	{ "data encrypted by gpg", "gpg -d", BYTES("\x85\x00\x00\x03"),
	    "\xff\xf0\x00\xff" },
	{ "data encrypted by gpg", "gpg -d", BYTES("\x84\x00\x03"), "\xff\x00\xff" },
	{ "data encrypted by gpg", "gpg -d", BYTES("\x8c\x00\x04"), "\xff\x00\xff" },
	{ "data encrypted by age", "age -d", BYTES("age-encryption.org/v1"), NULL },
	{ "data encrypted by age", "age -d", BYTES("-----BEGIN AGE "), NULL },
	{ "data encrypted by openssl", "openssl enc -d", BYTES("Salted__"), NULL },
	{ "a dump of pg_dump", NULL, BYTES("PGDMP"), NULL },
	{ "a dump of pg_dump", NULL, BYTES("--\n-- PostgreSQL database"), NULL },
	{ "a backup_manifest", NULL, BYTES("{ \"PostgreSQL-Backup-Manifest"), NULL },
};

static const struct lookalike *
find(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < sizeof(lookalikes) / sizeof(lookalikes[0]); i++) {
		const struct lookalike *l = &lookalikes[i];
		size_t k = 0;

		while (k < l->len && k < len &&
		    (bytes[k] & (l->mask ? (uint8_t)l->mask[k] : 0xff)) ==
			(uint8_t)l->bytes[k])
			k++;
		if (k == l->len)
			return l;
	}
	return NULL;
}

const char *
lookalike_name(const uint8_t *bytes, size_t len)
{
	const struct lookalike *l = find(bytes, len);

	return l ? l->name : NULL;
}

const char *
lookalike_filter(const uint8_t *bytes, size_t len)
{
	const struct lookalike *l = find(bytes, len);

	return l ? l->filter : NULL;
}

#include "support/controlimage.h"

#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/crc32c.h"

/*
 * The server's struct once more, not as offsets but as the sequence of its fields, from
 * which the rules of alignment give the offsets: two ways to one fact.  Each field is of
 * the control versions first to last.
 */
enum { LAST = 1905 };
static const struct field {
	const char *name;
	unsigned size, first, last;
} fields[] = {
	{ "system_identifier", 8, 1002, LAST },
	{ "control_version", 4, 1002, LAST },
	{ "catalog_version", 4, 1002, LAST },
	{ "state", 4, 1002, LAST },
	{ "time", 8, 1002, LAST },
	{ "checkpoint", 8, 1002, LAST },
	{ "previous checkpoint", 8, 1002, 1002 },
	{ "redo", 8, 1002, LAST },
	{ "timeline", 4, 1002, LAST },
	{ "previous timeline", 4, 1002, LAST },
	{ "full page writes", 1, 1002, LAST },
	{ "wal_level at the checkpoint", 4, 1700, LAST },
	{ "logical decoding", 1, 1905, LAST },
	{ "epoch", 4, 1002, 1100 },
	{ "next xid, 32 bits", 4, 1002, 1100 },
	{ "next xid, 64 bits", 8, 1201, LAST },
	{ "next oid", 4, 1002, LAST },
	{ "next multi", 4, 1002, LAST },
	{ "next offset", 4, 1002, 1800 },
	{ "next offset", 8, 1905, LAST },
	{ "oldest xid", 4, 1002, LAST },
	{ "oldest xid's database", 4, 1002, LAST },
	{ "oldest multi", 4, 1002, LAST },
	{ "oldest multi's database", 4, 1002, LAST },
	{ "checkpoint time", 8, 1002, LAST },
	{ "oldest commit timestamp", 4, 1002, LAST },
	{ "newest commit timestamp", 4, 1002, LAST },
	{ "oldest active xid", 4, 1002, LAST },
	{ "unlogged lsn", 8, 1002, LAST },
	{ "min recovery", 8, 1002, LAST },
	{ "min recovery timeline", 4, 1002, LAST },
	{ "backup start", 8, 1002, LAST },
	{ "backup end", 8, 1002, LAST },
	{ "backup end required", 1, 1002, LAST },
	{ "wal_level", 4, 1002, LAST },
	{ "wal_log_hints", 1, 1002, LAST },
	{ "max_connections", 4, 1002, LAST },
	{ "max_worker_processes", 4, 1002, LAST },
	{ "max_wal_senders", 4, 1201, LAST },
	{ "max_prepared_transactions", 4, 1002, LAST },
	{ "max_locks_per_transaction", 4, 1002, LAST },
	{ "track_commit_timestamp", 1, 1002, LAST },
	{ "max align", 4, 1002, LAST },
	{ "float format", 8, 1002, LAST },
	{ "block size", 4, 1002, LAST },
	{ "segment blocks", 4, 1002, LAST },
	{ "slru pages", 4, 1905, LAST },
	{ "wal block size", 4, 1002, LAST },
	{ "wal segment size", 4, 1002, LAST },
	{ "name length", 4, 1002, LAST },
	{ "index keys", 4, 1002, LAST },
	{ "toast chunk", 4, 1002, LAST },
	{ "large object block", 4, 1002, LAST },
	{ "float4 by value", 1, 1002, 1201 },
	{ "float8 by value", 1, 1002, LAST },
	{ "data checksums of initdb", 4, 1905, LAST },
	{ "data checksums", 4, 1002, LAST },
	{ "char is signed", 1, 1800, LAST },
	{ "nonce", 32, 1002, LAST },
	{ "crc", 4, 1002, LAST },
};

size_t
controlimage_at(unsigned version, const char *name)
{
	size_t at = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		unsigned align = fields[i].size > 8 ? 1 : fields[i].size;

		if (version < fields[i].first || version > fields[i].last)
			continue;
		at = (at + align - 1) / align * align;
		if (strcmp(fields[i].name, name) == 0)
			return at;
		at += fields[i].size;
	}
	return SIZE_MAX;
}

void
controlimage_set(uint8_t *image, unsigned version, const char *name, uint64_t value)
{
	size_t at = controlimage_at(version, name);

	if (at == SIZE_MAX)
		abort(); /* the test is wrong */
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].name, name) != 0 || version < fields[i].first ||
		    version > fields[i].last)
			continue;
		if (fields[i].size == 8)
			put_u64native(image + at, value);
		else if (fields[i].size == 4)
			put_u32native(image + at, (uint32_t)value);
		else
			image[at] = (uint8_t)value;
	}
}

void
controlimage_seal(uint8_t *image, unsigned version)
{
	size_t at = controlimage_at(version, "crc");

	put_u32native(image + at, crc32c(0, image, at));
}

void
controlimage_make(uint8_t image[CONTROL_SIZE], unsigned version)
{
	memset(image, 0, CONTROL_SIZE);
	memset(image, 0xA5, controlimage_at(version, "crc"));
	controlimage_set(
	    image, version, "system_identifier", UINT64_C(7710953701937684148));
	controlimage_set(image, version, "control_version", version);
	controlimage_set(image, version, "catalog_version", 202209061);
	controlimage_set(image, version, "state", CONTROL_IN_ARCHIVE_RECOVERY);
	controlimage_set(image, version, "time", 1795348669);
	controlimage_set(image, version, "checkpoint", 0x1000000060);
	if (version == 1002)
		controlimage_set(image, version, "previous checkpoint", 0x0F00000060);
	controlimage_set(image, version, "redo", 0x1000000028);
	controlimage_set(image, version, "timeline", 3);
	controlimage_set(image, version, "previous timeline", 2);
	controlimage_set(image, version, "full page writes", 1);
	if (version < 1201) {
		controlimage_set(image, version, "epoch", 1);
		controlimage_set(image, version, "next xid, 32 bits", 800);
	} else {
		controlimage_set(
		    image, version, "next xid, 64 bits", UINT64_C(0x100000320));
	}
	controlimage_set(image, version, "next multi", 20);
	controlimage_set(image, version, "next offset", 55);
	controlimage_set(image, version, "oldest xid", 700);
	controlimage_set(image, version, "oldest xid's database", 1);
	controlimage_set(image, version, "oldest multi", 9);
	controlimage_set(image, version, "oldest multi's database", 5);
	controlimage_set(image, version, "oldest commit timestamp", 710);
	controlimage_set(image, version, "newest commit timestamp", 790);
	controlimage_set(image, version, "oldest active xid", 795);
	controlimage_set(image, version, "track_commit_timestamp", 1);
	controlimage_set(image, version, "checkpoint time", 1795348600);
	controlimage_set(image, version, "min recovery", 0x1100000000);
	controlimage_set(image, version, "min recovery timeline", 4);
	controlimage_set(image, version, "backup start", 0x0E00000028);
	controlimage_set(image, version, "backup end", 0x0E00000100);
	controlimage_set(image, version, "backup end required", 1);
	controlimage_set(image, version, "wal_level", 2);
	controlimage_set(image, version, "max align", 8);
	controlimage_set(image, version, "block size", 8192);
	controlimage_set(image, version, "segment blocks", 131072);
	controlimage_set(image, version, "wal block size", 16384);
	controlimage_set(image, version, "wal segment size", 64 << 20);
	controlimage_set(image, version, "data checksums", 1);
	controlimage_seal(image, version);
}

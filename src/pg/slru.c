/* Names and sizes of SLRU segments. */
#include "pg/slru.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/bytes.h"

/*
 * Names have four digits and more when those are not enough, but the members of a release that
 * counts them with 64 bits: clog.h, multixact.c and commit_ts.c in src/backend/access/transam.
 */
enum { DIGITS = 4, DIGITS_MOST = 6, DIGITS_LONG = 15 };

static const char *const directories[SLRU_KINDS] = {
	[SLRU_XACT] = "pg_xact/",
	[SLRU_OFFSETS] = "pg_multixact/offsets/",
	[SLRU_MEMBERS] = "pg_multixact/members/",
	[SLRU_COMMIT_TS] = "pg_commit_ts/",
};

/* As "%04X" and "%015X" write it. */
static bool
parse_segment(const char *name, uint64_t *segment)
{
	const size_t len = strlen(name);
	uint64_t value = 0;

	if (strspn(name, "0123456789ABCDEF") != len || len < DIGITS ||
	    (len > DIGITS && len != DIGITS_LONG && (len > DIGITS_MOST || name[0] == '0')))
		return false;
	for (size_t i = 0; i < len; i++)
		value = value << 4 |
		    (uint64_t)(name[i] <= '9' ? name[i] - '0' : name[i] - 'A' + 10);
	*segment = value;
	return true;
}

bool
slru_locate(const char *path, enum slru_kind *kind, uint64_t *segment)
{
	for (unsigned k = 0; k < SLRU_KINDS; k++) {
		const size_t len = strlen(directories[k]);

		if (strncmp(path, directories[k], len) != 0)
			continue;
		if (!parse_segment(path + len, segment))
			return false;
		*kind = (enum slru_kind)k;
		return true;
	}
	return false;
}

void
slru_path(char path[SLRU_PATH], enum slru_kind kind, uint64_t segment,
    const struct pg_version *version)
{
	snprintf(path, SLRU_PATH, "%s%0*" PRIX64, directories[kind],
	    kind == SLRU_MEMBERS ? version->member_digits : DIGITS, segment);
}

uint64_t
slru_page_numbers(
    enum slru_kind kind, uint32_t block_size, const struct pg_version *version)
{
	switch (kind) {
	case SLRU_XACT:
		return (uint64_t)block_size * 4;
	case SLRU_OFFSETS:
		return block_size / version->offset_bytes;
	case SLRU_MEMBERS:
		return (uint64_t)(block_size / 20) * 4;
	default:
		return block_size / 10;
	}
}

uint64_t
slru_last_number(enum slru_kind kind, const struct pg_version *version)
{
	return kind == SLRU_MEMBERS && version->offset_bytes == 8 ? UINT64_MAX :
								    UINT32_MAX;
}

uint64_t
slru_first_member(const char *path, const uint8_t *bytes, size_t len, uint64_t multi,
    uint32_t block_size, const struct pg_version *version)
{
	const uint64_t per_page = slru_page_numbers(SLRU_OFFSETS, block_size, version);
	const size_t width = block_size / per_page;
	const uint64_t page = multi / per_page;
	const uint64_t at = page % SLRU_PAGES * block_size + multi % per_page * width;
	char wanted[SLRU_PATH];

	slru_path(wanted, SLRU_OFFSETS, page / SLRU_PAGES, version);
	if (strcmp(path, wanted) != 0 || at + width > len)
		return 0;
	return width == sizeof(uint64_t) ? get_u64native(bytes + at) :
					   get_u32native(bytes + at);
}

uint64_t
slru_xact_segment(uint32_t xid)
{
	return xid / (SLRU_XACT_SEGMENT_BYTES * 4);
}

enum slru_xact_status
slru_xact_status(const uint8_t *bytes, size_t len, uint32_t xid)
{
	const size_t at = xid / 4 % SLRU_XACT_SEGMENT_BYTES;

	if (at >= len)
		return SLRU_XACT_UNKNOWN;
	switch (bytes[at] >> xid % 4 * 2 & 3) {
	case 1:
		return SLRU_XACT_COMMITTED;
	case 2:
		return SLRU_XACT_ABORTED;
	default:
		return SLRU_XACT_UNKNOWN;
	}
}

/* Names and sizes of SLRU segments. */
#include "pg/slru.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * clog.h, multixact.c and commit_ts.c in src/backend/access/transam of PostgreSQL 10 to 18, and
 * for 19 those of its first release candidate: offsets of members have 64 bits there, and the
 * names of their segments 15 digits.
 */
enum { MAJOR_LONG_OFFSETS = 19, DIGITS = 4, DIGITS_MOST = 6, DIGITS_LONG = 15 };

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
slru_path(char path[SLRU_PATH], enum slru_kind kind, uint64_t segment, unsigned major)
{
	const bool is_long = kind == SLRU_MEMBERS && major >= MAJOR_LONG_OFFSETS;

	snprintf(path, SLRU_PATH, "%s%0*" PRIX64, directories[kind],
	    is_long ? DIGITS_LONG : DIGITS, segment);
}

uint64_t
slru_page_numbers(enum slru_kind kind, uint32_t block_size, unsigned major)
{
	switch (kind) {
	case SLRU_XACT:
		return (uint64_t)block_size * 4;
	case SLRU_OFFSETS:
		return block_size / (major >= MAJOR_LONG_OFFSETS ? 8 : 4);
	case SLRU_MEMBERS:
		return (uint64_t)(block_size / 20) * 4;
	default:
		return block_size / 10;
	}
}

uint64_t
slru_last_number(enum slru_kind kind, unsigned major)
{
	return kind == SLRU_MEMBERS && major >= MAJOR_LONG_OFFSETS ? UINT64_MAX :
								     UINT32_MAX;
}

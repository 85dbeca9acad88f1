#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/walcopies.h"

#include <stdio.h>

enum { DATABASE = 4, TABLESPACE = 5, HEAP = 10 };

/* A record of ${n} numbers, at LSN ${at}. */
static void
tell(struct waldatabases *w, unsigned lineage, uint8_t rmid, uint8_t info, uint64_t at,
    const uint32_t *numbers, size_t n)
{
	uint8_t bytes[2 + 64] = { 255, (uint8_t)(4 * n) };
	struct walrecord rec = { .lsn = at,
		.end_lsn = at + 1,
		.rmid = rmid,
		.info = info,
		.version = cluster_version(15),
		.data = bytes,
		.len = 2 + 4 * n };
	struct error err = { 0 };

	memcpy(bytes + 2, numbers, 4 * n);
	assert_int_equal(waldatabases_record(w, lineage, &rec, &err), 0);
}

void
walcopies_step(struct waldatabases *w, uint64_t at, const char *text)
{
	unsigned lineage = 0, a = 0, s = 0, b = 0, t = 0;
	int n;

	if (text[0] >= '0' && text[0] <= '9')
		lineage = (unsigned)(*text++ - '0');
	n = sscanf(text + 1, "%u@%u %u@%u", &a, &s, &b, &t);
	switch (text[0]) {
	case 'C':
		tell(w, lineage, DATABASE, 0, at, (uint32_t[]){ a, s, b, t }, 4);
		break;
	case 'E':
		tell(w, lineage, DATABASE, 0x10, at, (uint32_t[]){ a, s }, 2);
		break;
	case 'R':
		tell(w, lineage, DATABASE, 0x20, at,
		    (uint32_t[]){ a, n > 2 ? 2 : 1, s, t }, n > 2 ? 4 : 3);
		break;
	case 'S':
		tell(w, lineage, TABLESPACE, 0x10, at, (uint32_t[]){ a }, 1);
		break;
	case 'H':
	case 'B':
		tell(w, lineage, text[0] == 'H' ? 0 : HEAP, text[0] == 'H' ? 0xA0 : 0, at,
		    &a, 1);
		waldatabases_block(w, s, a, at);
		break;
	default:
		fail_msg("%s", text);
	}
}

/* The records of a pax header, of anybody: what is accepted is built and read again alike. */
#include <stdlib.h>
#include <string.h>

#include "tar/pax.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct tar_pax pax = { 0 }, again = { 0 };
	struct error err = { 0 };
	struct buf text = { 0 };

	if (tar_pax_parse(bytes, len, &pax, &err)) {
		if (err.text[0] == '\0' || pax.path || pax.link)
			abort();
		return 0;
	}
	/* a record more, hdrcharset, may make what filled the header to the last byte too long */
	if (tar_pax_build(&text, pax.path, pax.link, &err)) {
		if (err.kind != ERROR_UNSUPPORTED)
			abort();
	} else if (tar_pax_parse(text.data, text.len, &again, &err) ||
	    !is_same(pax.path, again.path) || !is_same(pax.link, again.link))
		abort();
	tar_pax_free(&pax);
	tar_pax_free(&again);
	buf_free(&text);
	return 0;
}

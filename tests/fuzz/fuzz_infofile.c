/* pg_basetar.info of anybody: read, or refused with an error. */
#include <stdlib.h>
#include <string.h>

#include "format/infofile_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = malloc(len + 1);
	struct infofile info;
	struct error err = { 0 };

	memcpy(text, bytes, len);
	if (infofile_parse(text, len, &info, &err) == 0) {
		if (info.label == NULL || info.version == NULL)
			abort();
		infofile_free(&info);
	} else if (err.kind != ERROR_FORMAT && err.kind != ERROR_UNSUPPORTED)
		abort();
	free(text);
	return 0;
}

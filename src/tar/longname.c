/* The bodies of GNU tar's 'L' and 'K' members. */
#include "tar/longname.h"

#include <stdlib.h>
#include <string.h>

int
tar_longname_parse(
    const uint8_t *body, size_t len, const char *what, char **out, struct error *err)
{
	const uint8_t *nul = len > 0 ? memchr(body, '\0', len) : NULL;
	char *text;

	if (len == 0 || nul == body)
		return error_set(err, ERROR_FORMAT, 0, "%s is empty", what);
	if (nul == NULL)
		return error_set(err, ERROR_FORMAT, 0, "%s does not end in a NUL", what);
	/* some programs take the text up to the NUL, others all of it: two names for a member */
	if (nul != body + len - 1)
		return error_set(err, ERROR_FORMAT, 0, "%s has a NUL in it", what);
	text = strdup((const char *)body);
	if (text == NULL)
		return error_memory(err);
	*out = text;
	return 0;
}

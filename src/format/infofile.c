/*
 * Values are escaped: a label and a path may hold a line feed, and what follows it would be read as
 * a key.
 */
#include "format/infofile.h"

static int
add_escaped(struct buf *text, const char *value, struct error *err)
{
	for (; *value; value++) {
		const char *escape = *value == '\\' ? "\\\\" :
		    *value == '\n'                  ? "\\n" :
		    *value == '\r'                  ? "\\r" :
						      NULL;
		int rc = escape ? buf_append(text, escape, 2, err) :
				  buf_append(text, value, 1, err);

		if (rc == -1)
			return -1;
	}
	return 0;
}

int
infofile_add(struct buf *text, const char *key, const char *value, struct error *err)
{
	if (buf_printf(text, err, "%s: ", key) || add_escaped(text, value, err))
		return -1;
	return buf_append(text, "\n", 1, err);
}

#include "support/manualpage.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/sys.h"

void
manualpage_read(const char *name, struct buf *page)
{
	struct error err = { 0 };

	if (sys_read_file(AT_FDCWD, name, 1 << 20, page, &err) ||
	    buf_append(page, "", 1, &err))
		fail_msg("%s, from the top of the tree: %s", name, err.text);
}

char *
manualpage_section(struct buf *page, const char *head, const char *next)
{
	char *from = strstr((char *)page->data, head), *to;

	if (from == NULL)
		fail_msg("no section %s", head);
	to = strstr(from + strlen(head), next);
	if (to != NULL)
		*to = '\0';
	return from;
}

void
manualpage_add_key(
    struct buf *keys, const char *in, size_t in_len, const char *key, size_t len)
{
	struct error err = { 0 };

	assert_int_equal(buf_printf(keys, &err, "%.*s%s%.*s\n", (int)in_len, in,
			     in_len ? "." : "", (int)len, key),
	    0);
}

void
manualpage_json_keys(struct buf *keys, const char *text)
{
	const char *array = "";
	size_t array_len = 0;

	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
		const char *end = strchr(line, '\n'), *at = line;
		const int is_element = strncmp(line, "    {", 5) == 0;

		while ((at = memchr(at, '"', (size_t)(end - at))) != NULL) {
			const char *close = strchr(at + 1, '"');
			const size_t len = (size_t)(close - at) - 1;

			if (close[1] == ':') {
				manualpage_add_key(keys, is_element ? array : "",
				    is_element ? array_len : 0, at + 1, len);
				if (!is_element) {
					array = at + 1;
					array_len = len;
				}
			}
			at = close + 1;
		}
	}
}

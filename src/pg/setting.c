/* What a configuration file says of one setting. */
#include "pg/setting.h"

#include <string.h>
#include <strings.h>

#include "pg/conftext.h"

static bool
is_include(const char *name)
{
	return strcmp(name, "include") == 0 || strcmp(name, "include_if_exists") == 0 ||
	    strcmp(name, "include_dir") == 0;
}

int
setting_read(const char *text, size_t len, const char *name, struct setting *out,
    struct error *err)
{
	struct conftext c;
	const char *found, *value;
	int rc;

	conftext_begin(&c, text, len);
	while ((rc = conftext_next(&c, &found, &value, err)) == 0 && found) {
		if (is_include(found))
			out->has_include = true;
		if (strcasecmp(found, name) == 0 && conftext_bool(value, &out->is_on))
			out->is_told = true;
	}
	conftext_end(&c);
	return rc;
}

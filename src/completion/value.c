/*
 * What a value can be is known by the name of its option (lists[]), or by what the usage calls it: words
 * in lower case are what it says, others are in kinds[].
 */
#include "completion/value.h"

#include <string.h>

#include "codec/codec.h"

/* By the name of the option. */
static const struct list {
	const char *name, *words;
} lists[] = {
	{ "manifest-checksums", "CRC32C SHA224 SHA256 SHA384 SHA512 NONE" },
	{ "sync-method", "fsync syncfs" },
	{ "target-action", "pause promote shutdown" },
};

/* By what the usage calls the value. */
static const struct kind {
	const char *value;
	enum value_kind kind;
} kinds[] = {
	{ "FILE", VALUE_FILE },
	{ "DIR", VALUE_DIRECTORY },
	{ "DIR|inside", VALUE_DIRECTORY },
	{ "USER[:GROUP]", VALUE_USER },
	{ "HOST", VALUE_HOST },
};

/* ${text} with blanks for what is between its words. */
static struct value
words_of(const char *text, const char *between)
{
	struct value v = { .kind = VALUE_WORDS };
	size_t len = 0;

	for (; *text != '\0' && len < sizeof(v.words) - 1; text++)
		if (strchr(between, *text) == NULL)
			v.words[len++] = *text;
		else if (len > 0 && v.words[len - 1] != ' ')
			v.words[len++] = ' ';
	return v;
}

struct value
value_of(const struct opttable_row *row)
{
	char methods[CODEC_METHODS];

	if (!row->value)
		return (struct value){ .kind = VALUE_NONE };
	if (row->kind == OPT_COMPRESS)
		return words_of(codec_print_methods(methods), ", ");
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcmp(row->name, lists[i].name) == 0)
			return words_of(lists[i].words, " ");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(row->value, kinds[i].value) == 0)
			return (struct value){ .kind = kinds[i].kind };
	if (row->value[0] >= 'a' && row->value[0] <= 'z')
		return words_of(row->value, "|");
	return (struct value){ .kind = VALUE_ANY };
}

bool
value_is_optional(const struct opttable_row *row)
{
	return row->value && row->value[0] == '[';
}

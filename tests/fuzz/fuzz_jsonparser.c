/* JSON of anybody: in one piece and in two it says the same, or is refused alike. */
#include <stdlib.h>
#include <string.h>

#include "lib/jsonparser.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct sum {
	struct jsonparser_sink sink;
	uint64_t told;
};

static int
add(struct jsonparser_sink *sink, unsigned kind, const char *text, size_t len)
{
	struct sum *s = (struct sum *)sink;

	s->told = s->told * 31 + kind;
	for (size_t i = 0; i < len; i++)
		s->told = s->told * 31 + (unsigned char)text[i];
	return 0;
}

static int
hear_open(struct jsonparser_sink *sink, char kind, struct error *err)
{
	(void)err;
	return add(sink, (unsigned)kind, NULL, 0);
}

static int
hear_close(struct jsonparser_sink *sink, char kind, struct error *err)
{
	(void)err;
	return add(sink, (unsigned)kind + 1000, NULL, 0);
}

static int
hear_key(struct jsonparser_sink *sink, const char *text, size_t len, struct error *err)
{
	(void)err;
	if (strlen(text) != len)
		abort();
	return add(sink, 2000, text, len);
}

static int
hear_value(struct jsonparser_sink *sink, char kind, const char *text, size_t len,
    struct error *err)
{
	(void)err;
	if (strlen(text) != len)
		abort();
	return add(sink, (unsigned)kind + 3000, text, len);
}

static const struct jsonparser_sink_ops ops = { hear_open, hear_close, hear_key,
	hear_value };

static int
parse(const uint8_t *bytes, size_t len, size_t at, uint64_t *told, struct error *err)
{
	struct sum s = { .sink = { &ops } };
	struct jsonparser *p;
	int rc;

	if (jsonparser_new(&p, &s.sink, err))
		abort();
	rc = jsonparser_bytes(p, bytes, at, err) ||
	    jsonparser_bytes(p, bytes + at, len - at, err) || jsonparser_finish(p, err);
	*told = s.told;
	jsonparser_free(p);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct error one = { 0 }, two = { 0 };
	uint64_t told_one, told_two;

	if (len == 0)
		return 0;
	if (parse(bytes + 1, len - 1, 0, &told_one, &one) !=
		parse(bytes + 1, len - 1, bytes[0] % len, &told_two, &two) ||
	    told_one != told_two || strcmp(one.text, two.text) != 0)
		abort();
	return 0;
}

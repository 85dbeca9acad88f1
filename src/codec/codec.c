#include "codec/codec.h"

#include <string.h>

const struct codec codecs[] = {
	{ .name = "none" },
	{
	    .name = "gzip",
	    .suffixes = { ".gz", ".tgz" },
	    .level_min = 1,
	    .level_max = 9,
	    /* zlib's own default costs twice the time of 2 for a twentieth less output */
	    .level_default = 2,
	    .encoder_new = gzip_encoder_new,
	    .encoder_free = gzip_encoder_free,
	    .encode = gzip_encode,
	    .head = gzip_head,
	    .tail = gzip_tail,
	    .add = gzip_add,
	},
	{ .name = NULL },
};

const struct codec *
codec_by_name(const char *name)
{
	for (const struct codec *c = codecs; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static int
ends_with(const char *text, const char *end)
{
	size_t have = strlen(text), want = strlen(end);

	return have > want && strcmp(text + have - want, end) == 0;
}

const struct codec *
codec_by_suffix(const char *path)
{
	for (const struct codec *c = codecs; c->name; c++)
		for (size_t i = 0; i < 2 && c->suffixes[i]; i++)
			if (ends_with(path, c->suffixes[i]))
				return c;
	return &codecs[0];
}

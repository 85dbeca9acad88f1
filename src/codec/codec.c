/* The table of compressions, and how to find a row of it. */
#include "codec/codec.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "codec/gzip.h"
#include "codec/lz4.h"
#include "codec/zstd.h"

/* "none", and what is neither written nor read. */
static const struct codec_methods no_methods = { 0 };

/* Names, suffixes and programs as those of the formats' own tools; magics, the specifications'. */
const struct codec codecs[] = {
	{ .name = "none", .methods = &no_methods },
	{
	    .name = "gzip",
	    .suffixes = { ".gz", ".tgz" },
	    .program = "gzip",
	    .magics = { { 2, { 0x1f, 0x8b }, { 0xff, 0xff } } }, /* RFC 1952, 2.3.1 */
	    .level_min = 1,
	    .level_max = 9,
	    /*
	     * zlib's own default, 6, is a tenth smaller, and costs sixteen times the time of 2 with
	     * ISA-L, twice the time with zlib alone.
	     */
	    .level_default = 2,
	    .methods = &gzip_methods,
	},
	{
	    .name = "zstd",
	    .suffixes = { ".zst", ".tzst" },
	    .program = "zstd",
	    .magics = { { 4, { 0x28, 0xb5, 0x2f, 0xfd }, { 0xff, 0xff, 0xff, 0xff } },
		/* a skippable frame (RFC 8878, 3.1.2), which lz4 has as well */
		{ 4, { 0x50, 0x2a, 0x4d, 0x18 }, { 0xf0, 0xff, 0xff, 0xff } },
		/* of old releases: not read, and named */
		{ 4, { 0x20, 0xb5, 0x2f, 0xfd }, { 0xf8, 0xff, 0xff, 0xff } } },
	    .library = "libzstd",
	    /* "zstd" wants --ultra for 20 to 22; the negative ones are no match for lz4 */
	    .level_min = 1,
	    .level_max = 19,
	    .level_default = 3, /* as zstd has it, and pg_basebackup */
	    .methods = &zstd_methods,
	},
	{
	    .name = "lz4",
	    .suffixes = { ".lz4" },
	    .program = "lz4",
	    .library = "liblz4",
	    .magics = { { 4, { 0x04, 0x22, 0x4d, 0x18 }, { 0xff, 0xff, 0xff, 0xff } },
		/* of old releases: not read, and named */
		{ 4, { 0x02, 0x21, 0x4c, 0x18 }, { 0xff, 0xff, 0xff, 0xff } } },
	    .level_min = 1,
	    .level_max = 12,
	    .level_default = 1, /* as lz4 has it, and pg_basebackup */
	    .methods = &lz4_methods,
	},
	{
	    .name = "xz",
	    .suffixes = { ".xz", ".txz" },
	    .program = "xz",
	    .magics = { { 6, { 0xfd, '7', 'z', 'X', 'Z', 0 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } } },
	    .methods = &no_methods,
	},
	{
	    .name = "bzip2",
	    .suffixes = { ".bz2", ".tbz" },
	    .program = "bzip2",
	    .magics = { { 3, { 'B', 'Z', 'h' }, { 0xff, 0xff, 0xff } } },
	    .methods = &no_methods,
	},
	/* archives of their own kind, which no filter of a pipe writes */
	{
	    .name = "zip",
	    .suffixes = { ".zip" },
	    /* APPNOTE.TXT 4.3.7 */
	    .magics = { { 4, { 'P', 'K', 3, 4 }, { 0xff, 0xff, 0xff, 0xff } } },
	    .methods = &no_methods,
	},
	{
	    .name = "7z",
	    .suffixes = { ".7z" },
	    /* 7zFormat.txt, "SignatureHeader" */
	    .magics = { { 6, { '7', 'z', 0xbc, 0xaf, 0x27, 0x1c },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } } },
	    .methods = &no_methods,
	},
	{ .name = NULL },
};

bool
codec_is_written(const struct codec *codec)
{
	return codec == &codecs[0] || codec->methods->encode != NULL;
}

bool
codec_is_left_out(const struct codec *codec)
{
	return codec->library != NULL && codec->methods->encode == NULL;
}

const struct codec *
codec_by_name(const char *name)
{
	for (const struct codec *c = codecs; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t have = strlen(text), want = strlen(end);

	return have > want && strcasecmp(text + have - want, end) == 0;
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

static bool
begins_with(const uint8_t *bytes, size_t len, const struct codec_magic *magic)
{
	if (magic->len == 0 || len < magic->len)
		return false;
	for (size_t i = 0; i < magic->len; i++)
		if ((bytes[i] & magic->mask[i]) != magic->bytes[i])
			return false;
	return true;
}

const struct codec *
codec_by_magic(const uint8_t *bytes, size_t len)
{
	for (const struct codec *c = codecs; c->name; c++)
		for (size_t i = 0; i < sizeof(c->magics) / sizeof(c->magics[0]); i++)
			if (begins_with(bytes, len, &c->magics[i]))
				return c;
	return &codecs[0];
}

const char *
codec_print_methods(char out[CODEC_METHODS])
{
	size_t used = 0;

	for (const struct codec *c = codecs; c->name; c++)
		if (codec_is_written(c))
			used += (size_t)snprintf(out + used, CODEC_METHODS - used, "%s%s",
			    used > 0 ? ", " : "", c->name);
	return out;
}

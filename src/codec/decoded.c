/*
 * The compression is known by the first bytes of the stream: standard input has no name, and the
 * name of a file may be wrong.
 */
#include "codec/decoded.h"

#include "codec/putback.h"

static int
peek(struct source *s, struct buf *bytes, struct error *err)
{
	size_t got;

	if (buf_reserve(bytes, CODEC_MAGIC, err))
		return -1;
	do {
		if (source_read(
			s, bytes->data + bytes->len, CODEC_MAGIC - bytes->len, &got, err))
			return -1;
		bytes->len += got;
	} while (got > 0 && bytes->len < CODEC_MAGIC);
	return bytes->len > 0 ? 0 : error_set(err, ERROR_FORMAT, 0, "empty");
}

int
decoded_look(struct source **s, const struct codec **codec, struct error *err)
{
	struct buf bytes = { 0 };
	int rc = peek(*s, &bytes, err);

	if (rc == 0) {
		*codec = codec_by_magic(bytes.data, bytes.len);
		rc = putback_push(s, &bytes, NULL, err);
	}
	buf_free(&bytes);
	return rc;
}

int
decoded_by(struct source **s, const struct codec *codec, struct error *err)
{
	if (codec == &codecs[0])
		return 0;
	if (codec->methods->decode)
		return codec->methods->decode(s, err);
	if (codec_is_left_out(codec))
		error_set(err, ERROR_UNSUPPORTED, 0,
		    "compressed with %s, and this pg_basetar was built without %s",
		    codec->name, codec->library);
	else
		error_set(err, ERROR_UNSUPPORTED, 0,
		    "compressed with %s, which this version does not read", codec->name);
	if (codec->program == NULL)
		return error_hint(err, "Take the tar archive out of it first.");
	return error_hint(
	    err, "Decode it on the way: %s -dc FILE | pg_basetar ... -", codec->program);
}

int
decoded_push(struct source **s, const char **name, struct error *err)
{
	const struct codec *codec;

	if (decoded_look(s, &codec, err))
		return -1;
	*name = codec->name;
	return decoded_by(s, codec, err);
}

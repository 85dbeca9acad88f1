/* backup_manifest of anybody: in one piece and in two it says the same, or is refused alike. */
#include <stdlib.h>
#include <string.h>

#include "pg/manifest_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct sum {
	struct manifest_sink sink;
	uint64_t told;
};

static int
hear_file(struct manifest_sink *sink, const struct manifest_file *f, struct error *err)
{
	struct sum *s = (struct sum *)sink;

	(void)err;
	if (f->path[0] == '\0' || f->path[0] == '/' || strstr(f->path, "/../") != NULL)
		abort();
	for (const char *c = f->path; *c; c++)
		s->told = s->told * 31 + (unsigned char)*c;
	s->told = s->told * 31 + f->size;
	if (f->digest_kind != DIGEST_NONE)
		s->told = s->told * 31 + f->digest[0];
	return 0;
}

static int
hear_wal(struct manifest_sink *sink, uint32_t timeline, uint64_t start, uint64_t end,
    struct error *err)
{
	(void)err;
	if (timeline == 0 || end < start)
		abort();
	((struct sum *)sink)->told += start ^ end;
	return 0;
}

static const struct manifest_sink_ops ops = { .file = hear_file, .wal = hear_wal };

static int
parse(const uint8_t *bytes, size_t len, size_t at, uint64_t *told, struct error *err)
{
	struct sum s = { .sink = { &ops } };
	struct manifest_verdict verdict;
	struct manifest_parse *p;
	int rc;

	if (manifest_parse_new(&p, &s.sink, err))
		abort();
	rc = manifest_parse_bytes(p, bytes, at, err) ||
	    manifest_parse_bytes(p, bytes + at, len - at, err) ||
	    manifest_parse_finish(p, &verdict, err);
	*told = s.told;
	manifest_parse_free(p);
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

/*
 * One finding is made into a line for people and into fields for the report in one place, so that
 * both say the same.
 */
#include "format/findings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/buf.h"

static const char *const words[FINDINGS_KINDS] = {
	[FINDINGS_STREAM] = "stream",
	[FINDINGS_NAME] = "name",
	[FINDINGS_DUPLICATE] = "duplicate",
	[FINDINGS_MISSING] = "missing",
	[FINDINGS_EXTRA] = "extra",
	[FINDINGS_SIZE] = "size",
	[FINDINGS_DIGEST] = "digest",
	[FINDINGS_CHECKSUM] = "checksum",
	[FINDINGS_NOT_ZERO] = "not_zero",
	[FINDINGS_LSN] = "lsn",
	[FINDINGS_STATE] = "state",
	[FINDINGS_MANIFEST] = "manifest",
	[FINDINGS_INFO] = "info",
	[FINDINGS_LABEL] = "label",
	[FINDINGS_CONTROL] = "control",
	[FINDINGS_TABLESPACE] = "tablespace",
	[FINDINGS_WAL] = "wal",
	[FINDINGS_TARGET] = "target",
};

const char *
findings_word(enum findings_kind kind)
{
	return words[kind];
}

/* `digest: "base/5/1259", block 3, at offset 1536: `, what of it is known */
static int
put_location(struct buf *text, enum findings_kind kind, const struct findings_location *p,
    struct error *err)
{
	if (buf_printf(text, err, "%s: ", words[kind]) ||
	    (p->member && buf_printf(text, err, "\"%s\"", p->member)) ||
	    (p->has_block && buf_printf(text, err, ", block %" PRIu64, p->block)) ||
	    (p->has_offset &&
		buf_printf(
		    text, err, "%sat offset %" PRIu64, p->member ? ", " : "", p->offset)))
		return -1;
	return p->member || p->has_offset ? buf_printf(text, err, ": ") : 0;
}

static int
put_conflict(struct buf *text, const struct findings_location *p, struct error *err)
{
	if (p->expected && buf_printf(text, err, ": %s expected", p->expected))
		return -1;
	if (p->found == NULL)
		return 0;
	return buf_printf(text, err, "%s %s found", p->expected ? "," : ":", p->found);
}

/*
 * The digest was taken of what the backup read, so that it tells whether the file was damaged
 * before or after.  It covers the whole file: of one page of it this says nothing.
 */
static int
put_digest(struct buf *text, enum finding_digest digest, struct error *err)
{
	switch (digest) {
	case FINDING_DIGEST_MATCHES:
		return buf_printf(text, err,
		    "; the digest of the file matches the manifest: it was like this when it was backed up");
	case FINDING_DIGEST_DIFFERS:
		return buf_printf(text, err,
		    "; the digest of the file does not match the manifest: it was changed after it was backed up");
	default:
		return 0;
	}
}

static int
findings_put(struct findings *f, enum findings_kind kind,
    const struct findings_location *p, const char *what, struct error *err)
{
	struct buf text = { 0 };
	int rc = put_location(&text, kind, p, err) ||
		buf_printf(&text, err, "%s", what) || put_conflict(&text, p, err) ||
		put_digest(&text, p->digest, err) ?
	    -1 :
	    0;

	if (rc == 0)
		f->tell(&(struct finding){ .text = buf_text(&text),
		    .kind = words[kind],
		    .file = p->member,
		    .has_block = p->has_block,
		    .block = p->block,
		    .has_offset = p->has_offset,
		    .offset = p->offset,
		    .expected = p->expected,
		    .found = p->found,
		    .digest = p->digest });
	buf_free(&text);
	return rc;
}

int
findings_add(struct findings *f, enum findings_kind kind,
    const struct findings_location *location, struct error *err, const char *fmt, ...)
{
	static const struct findings_location nowhere;
	char what[sizeof(err->text)];
	va_list args;

	f->count++;
	if (f->of_kind[kind]++ >= FINDINGS_TOLD)
		return 0;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return findings_put(f, kind, location ? location : &nowhere, what, err);
}

int
findings_add_size(struct findings *f, const struct findings_location *location,
    uint64_t expected, uint64_t found, struct error *err)
{
	struct findings_location sizes = *location;
	char one[32], other[32];

	snprintf(one, sizeof(one), "%" PRIu64 " bytes", expected);
	snprintf(other, sizeof(other), "%" PRIu64, found);
	sizes.expected = one;
	sizes.found = other;
	return findings_add(f, FINDINGS_SIZE, &sizes, err, "size");
}

bool
findings_is_fault(const struct error *err)
{
	return err->kind == ERROR_FORMAT || err->kind == ERROR_UNSUPPORTED ||
	    err->kind == ERROR_STATE || err->kind == ERROR_SERVER;
}

int
findings_take(struct findings *f, enum findings_kind kind,
    const struct findings_location *location, struct error *err)
{
	struct error why = *err;

	if (!findings_is_fault(err))
		return -1;
	*err = (struct error){ 0 };
	return findings_add(f, kind, location, err, "%s", why.text);
}

void
findings_end(struct findings *f)
{
	char text[128];

	for (size_t k = 0; k < FINDINGS_KINDS; k++) {
		if (f->of_kind[k] <= FINDINGS_TOLD)
			continue;
		snprintf(text, sizeof(text), "%s: %" PRIu64 " more", words[k],
		    f->of_kind[k] - FINDINGS_TOLD);
		f->tell(&(struct finding){ .text = text, .kind = "more" });
	}
}

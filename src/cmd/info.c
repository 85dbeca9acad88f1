#include "cmd/info.h"

#include <errno.h>
#include <stdio.h>

#include "cmd/info_internal.h"
#include "cmd/reading.h"

struct info {
	struct reading reading; /* first */
	struct summary *summary;
};

static struct summary *
summary_of(struct reading *reading)
{
	return ((struct info *)reading)->summary;
}

static int
begin(struct reading *reading, int dirfd, struct error *err)
{
	(void)dirfd;
	return summary_new(&((struct info *)reading)->summary, err);
}

/* A brief look is at one archive: the one that tells of the others. */
static int
archive(struct reading *reading, const struct archivepart *part, struct error *err)
{
	(void)err;
	summary_archive(summary_of(reading), part);
	reading->is_over = reading->opt->brief && part->kind != ARCHIVEPART_ALONE &&
	    part->kind != ARCHIVEPART_BASE;
	return 0;
}

static int
member(struct reading *reading, const struct tar_entry *entry, uint64_t offset, bool *is_wanted,
    struct error *err)
{
	(void)offset;
	if (summary_member(summary_of(reading), entry, is_wanted, err))
		return -1;
	reading->is_over = reading->opt->brief && summary_is_in_tree(summary_of(reading));
	return 0;
}

static int
bytes(struct reading *reading, const uint8_t *bytes, size_t len, struct error *err)
{
	return summary_bytes(summary_of(reading), bytes, len, err);
}

static int
member_end(struct reading *reading, struct error *err)
{
	return summary_member_end(summary_of(reading), err);
}

static int
archive_end(struct reading *reading, struct error *err)
{
	(void)reading;
	(void)err;
	return 0;
}

static int
manifest(struct reading *reading, const uint8_t *bytes, size_t len, struct error *err)
{
	return summary_manifest(summary_of(reading), bytes, len, err);
}

static int
finish(struct reading *reading, struct error *err)
{
	return summary_finish(summary_of(reading), err);
}

static const struct reading_ops ops = {
	.is_sparse = true,
	.begin = begin,
	.archive = archive,
	.member = member,
	.bytes = bytes,
	.member_end = member_end,
	.archive_end = archive_end,
	.manifest = manifest,
	.finish = finish,
};

static int
print(struct info *info, struct error *err)
{
	const struct options *opt = info->reading.opt;
	const struct info_facts facts = {
		.backup = summary_facts(info->summary, !opt->brief),
		.is_whole = !opt->brief,
		.compression = info->reading.compression,
		.raw = info->reading.raw,
		.size = reading_done(&info->reading),
	};
	struct buf text = { 0 };
	int rc = opt->json ? info_json(&text, &facts, err) : info_text(&text, &facts, err);

	if (rc == 0 && (fputs(buf_text(&text), stdout) == EOF || fflush(stdout) == EOF))
		rc = error_set(err, ERROR_IO, errno, "standard output");
	buf_free(&text);
	return rc;
}

int
info_run(const struct options *opt, struct error *err)
{
	struct info info = { 0 };
	int rc;

	reading_init(&info.reading, opt, &ops, "the backup was not looked at");
	rc = reading_run(&info.reading, "reading", err);
	if (rc == 0)
		rc = print(&info, err);
	else if (err->kind == ERROR_FORMAT)
		error_hint(err, "pg_basetar verify tells all that is wrong with it.");
	summary_free(info.summary);
	reading_free(&info.reading);
	return rc;
}

/* For people: a line for each thing that is known. */
#include "info/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/progress.h"
#include "format/layout.h"
#include "lib/lsn.h"
#include "lib/utf8.h"

enum { COLUMN = 20 };

/* The text, growing, and what failed first; after that nothing is added. */
struct lines {
	struct buf *out;
	struct error *err;
	int rc;
};

static void put(struct lines *l, const char *name, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static void
put(struct lines *l, const char *name, const char *fmt, ...)
{
	char raw[2 * 4096 + 128]; /* two paths are the longest */
	char text[4 * sizeof(raw)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	utf8_defuse(text, sizeof(text), raw);
	if (l->rc == 0)
		l->rc = buf_printf(l->out, l->err, "%-*s%s\n", COLUMN, name, text);
}

static void
put_position(struct lines *l, const char *name, uint64_t lsn, uint32_t timeline)
{
	char text[LSN_TEXT];

	if (lsn != 0)
		put(l, name, "%s, timeline %" PRIu32, lsn_print(text, lsn), timeline);
}

static void
put_checksums(struct lines *l, uint32_t version)
{
	if (version <= 1)
		put(l, "data checksums:", "%s", version == 1 ? "on" : "off");
	else
		put(l, "data checksums:", "of an unknown kind (%" PRIu32 ")", version);
}

static void
put_origin(struct lines *l, const struct facts *f)
{
	if (f->info)
		put(l, "made by:", "pg_basetar %s", f->info->version);
	if (f->source != FACTS_SOURCE_UNKNOWN)
		put(l, "mode:", "%s, of a %s", f->mode,
		    f->source == FACTS_STANDBY ? "standby" : "primary");
	else
		put(l, "mode:", "%s", f->mode);
	if (f->version)
		put(l, "server version:", "%u", f->version->major);
	if (f->system_identifier != 0)
		put(l, "system identifier:", "%" PRIu64, f->system_identifier);
	if (f->control)
		put_checksums(l, f->control->data_checksums);
}

static void
put_wal(struct lines *l, const struct summary_facts *f)
{
	const struct facts *b = &f->backup;
	char size[PROGRESS_BYTES_TEXT];

	put_position(l, "start position:", b->range.start_lsn, b->range.start_timeline);
	put_position(l, "stop position:", b->range.stop_lsn, b->range.stop_timeline);
	if (b->wal == FACTS_UNKNOWN)
		return;
	if (b->wal == FACTS_ABSENT)
		put(l, "WAL:", "not in the backup: the WAL archive must have it");
	else if (f->is_whole)
		put(l, "WAL:", "%" PRIu64 " segment%s, %s", f->wal_segments,
		    f->wal_segments == 1 ? "" : "s", progress_bytes(size, f->wal_bytes));
	else
		put(l, "WAL:", "in the backup");
}

static void
put_manifest(struct lines *l, const struct facts *b)
{
	if (b->manifest == FACTS_UNKNOWN)
		return;
	if (b->manifest == FACTS_ABSENT)
		put(l, "manifest:", "none");
	else if (b->digest == DIGEST_NONE)
		put(l, "manifest:", "without digests");
	else
		put(l, "manifest:", "%s", digest_name(b->digest));
}

static void
info_text_tablespaces(struct lines *l, const struct summary_facts *f)
{
	static const char not_told[] = "unknown location";
	char name[40], size[PROGRESS_BYTES_TEXT], in_place[SPACELIST_IN_PLACE];

	for (size_t i = 0; i < f->ntablespaces; i++) {
		const struct summary_tablespace *t = &f->tablespaces[i];
		const char *location = spacelist_location(t, in_place);

		snprintf(name, sizeof(name), "tablespace %" PRIu32 ":", t->oid);
		if (f->is_whole)
			put(l, name, "%s, %s", location ? location : not_told,
			    progress_bytes(size, t->bytes));
		else
			put(l, name, "%s", location ? location : not_told);
	}
	for (size_t i = 0; f->backup.info && i < f->backup.info->without.count; i++) {
		const struct infofile_pair *t = &f->backup.info->without.rows[i];

		snprintf(name, sizeof(name), "tablespace %s:", t->name);
		put(l, name, "left out, was at %s", t->path);
	}
}

/* Files that the original had outside of its data directory. */
static void
info_text_configuration(struct lines *l, const struct summary_facts *b)
{
	for (size_t i = 0; b->backup.info && i < b->backup.info->config.count; i++) {
		const struct infofile_pair *file = &b->backup.info->config.rows[i];
		const char *name = i == 0 ? "configuration:" : "";

		if (b->is_config_there && !b->is_config_there[i])
			put(l, name, "%s is not in the archive (could not be read)",
			    file->path);
		else
			put(l, name, "%s/%s, from %s", LAYOUT_CONFIG, file->name,
			    file->path);
	}
}

static void
put_size(struct lines *l, const struct summary_facts *f)
{
	char size[PROGRESS_BYTES_TEXT], unpacked[PROGRESS_BYTES_TEXT];

	put(l, "compression:", "%s", f->backup.archive.compression);
	if (f->is_whole)
		put(l, "size:", "%s, unpacked %s in %" PRIu64 " files",
		    progress_bytes(size, f->backup.archive.written),
		    progress_bytes(unpacked, f->backup.archive.bytes), f->files);
}

int
info_text(struct buf *out, const struct summary_facts *facts, struct error *err)
{
	const struct facts *b = &facts->backup;
	struct lines l = { out, err, 0 };

	if (b->called)
		put(&l, "label:", "%s", b->called);
	put_origin(&l, b);
	if (b->label)
		put(&l, "started:", "%s", b->label->start_time);
	put_wal(&l, facts);
	put_manifest(&l, b);
	info_text_tablespaces(&l, facts);
	info_text_configuration(&l, facts);
	put_size(&l, facts);
	return l.rc;
}

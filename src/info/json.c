/* For programs: the keys are those of the report, where they mean the same. */
#include "info/json.h"

#include <stdlib.h>

#include "format/facts_json.h"
#include "lib/json.h"

/* Of the keys. */
enum { INFO_VERSION = 1 };

static void
put_origin(struct json *j, const struct facts *f)
{
	facts_json(j, f, FACTS_LABEL);
	json_text(j, "made_by", f->info ? f->info->version : NULL);
	facts_json(j, f, FACTS_MODE);
	facts_json(j, f, FACTS_SOURCE);
	facts_json(j, f, FACTS_SERVER_VERSION);
	facts_json(j, f, FACTS_SYSTEM_IDENTIFIER);
	json_number_if(
	    j, "data_checksums", f->control, f->control ? f->control->data_checksums : 0);
	json_text(j, "start_time", f->label ? f->label->start_time : NULL);
}

static void
put_wal(struct json *j, const struct summary_facts *f)
{
	facts_json(j, &f->backup, FACTS_START_LSN);
	facts_json(j, &f->backup, FACTS_START_TIMELINE);
	facts_json(j, &f->backup, FACTS_STOP_LSN);
	facts_json(j, &f->backup, FACTS_STOP_TIMELINE);
	facts_json(j, &f->backup, FACTS_WAL_METHOD);
	json_number_if(j, "wal_segments", f->is_whole, f->wal_segments);
	json_number_if(j, "wal_bytes", f->is_whole, f->wal_bytes);
}

static void
info_json_tablespaces(struct json *j, const struct summary_facts *f)
{
	char in_place[SPACELIST_IN_PLACE];

	json_array(j, "tablespaces");
	for (size_t i = 0; i < f->ntablespaces; i++) {
		const struct summary_tablespace *t = &f->tablespaces[i];

		json_object(j, NULL);
		json_number(j, "oid", t->oid);
		json_text(j, "location", spacelist_location(t, in_place));
		json_number_if(j, "bytes_unpacked", f->is_whole, t->bytes);
		json_end(j);
	}
	json_end(j);
}

/* Those that were left out. */
static void
put_without(struct json *j, const struct infofile *info)
{
	json_array(j, "without_tablespaces");
	for (size_t i = 0; info && i < info->without.count; i++) {
		json_object(j, NULL);
		json_number(j, "oid", strtoull(info->without.rows[i].name, NULL, 10));
		json_text(j, "location", info->without.rows[i].path);
		json_end(j);
	}
	json_end(j);
}

/* As in the report: no name, if it is not in the archive. */
static void
info_json_configuration(struct json *j, const struct summary_facts *f)
{
	const struct infofile *info = f->backup.info;

	json_array(j, "configuration");
	for (size_t i = 0; info && i < info->config.count; i++) {
		const bool is_there = !f->is_config_there || f->is_config_there[i];

		json_object(j, NULL);
		json_text(j, "location", info->config.rows[i].path);
		json_text(j, "name", is_there ? info->config.rows[i].name : NULL);
		json_end(j);
	}
	json_end(j);
}

/* Sizes are known if all was read. */
static void
put_sizes(struct json *j, const struct summary_facts *f)
{
	const struct facts_archive *a = &f->backup.archive;

	facts_json(j, &f->backup, FACTS_COMPRESSION);
	json_number_if(j, "members", f->is_counted, a->members);
	json_number_if(j, "files", f->is_whole, f->files);
	json_number_if(j, "bytes_unpacked", f->is_whole, a->bytes);
	json_number_if(j, "bytes_raw", f->is_whole && a->raw != UINT64_MAX, a->raw);
	json_number_if(j, "bytes_written", f->is_whole, a->written);
}

int
info_json(struct buf *out, const struct summary_facts *facts, struct error *err)
{
	struct json j = { 0 };
	int rc;

	json_object(&j, NULL);
	json_number(&j, "pg_basetar_info", INFO_VERSION);
	put_origin(&j, &facts->backup);
	put_wal(&j, facts);
	facts_json(&j, &facts->backup, FACTS_MANIFEST_CHECKSUMS);
	info_json_tablespaces(&j, facts);
	put_without(&j, facts->backup.info);
	info_json_configuration(&j, facts);
	put_sizes(&j, facts);
	json_end(&j);
	rc = json_finish(&j, err);
	if (rc == 0)
		rc = buf_append(out, j.text.data, j.text.len, err);
	json_free(&j);
	return rc;
}
